"""A city's months in a ledger, written in bulk: what its kiosks would have brought.

A hundred schools with one kiosk and four hundred children each; every child eats one lunch a day.
Facts, entries, transfers, lines, sums of the day, balances, numbers and hash chains are what the
guarded way in would have made of it, so ``verify`` holds; only the guards sleep meanwhile.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from builders import MONDAY, School, row
from sqlalchemy import insert, text

from accounts import chain
from accounts.clock import microseconds
from accounts.database import Database
from accounts.tables import kiosks, meals, people
from bench.ledger_asleep import Row, asleep, go_on

SCHOOLS, CHILDREN = 100, 400
PRICE = 420
_CHUNK = 20_000
_COLUMNS = {
    "fact": "id, origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us, items, chain",
    "entry": "id, origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us, recorded_us,"
    " actor, transfers, lines, content",
    "transfer": "id, entry_id, no, debit_id, credit_id, cents",
    "line": "entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents, share_cents,"
    " tax_key, rate_permille",
}
_SERIES = {
    "sqlite": "WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {m})",
    "postgresql": "WITH s AS (SELECT generate_series(0, {m} - 1) AS n)",
}
_PEOPLE = (
    "INSERT INTO pupil (id, kind) {series} SELECT {first} + n, 'pupil' FROM s",
    """INSERT INTO membership (pupil_id, school_id, class_name, valid_from) {series}
    SELECT {first} + n, {school} + n / {each}, '5a', '2020-08-01' FROM s""",
    """INSERT INTO account (id, name, kind, pupil_id) {series}
    SELECT {account} + n, 'pupil:' || ({first} + n), 'pupil', {first} + n FROM s""",
    "INSERT INTO balance (account_id, cents, transfer_id) {series} SELECT {account} + n, 0, 0 FROM s",
)


@dataclass(slots=True)
class City:
    """Numbers of its rows, and how far it is filled."""

    database: Database
    full: int
    revenue: int
    operator: int
    school: int
    kiosk: int
    pupil: int
    account: int
    filled: int = 0
    links: list[bytes] = field(default_factory=list)
    eaten: list[int] = field(default_factory=lambda: [0] * (SCHOOLS * CHILDREN))
    last: list[int] = field(default_factory=lambda: [0] * (SCHOOLS * CHILDREN))

    def day(self, number: int) -> date:
        """The numbered day of its history; the tests' Monday comes after all of them."""
        return MONDAY - timedelta(days=150 - number)


def found_city(database: Database, school: School) -> City:
    """Schools, kiosks, children, accounts, in a ledger that has a first school."""
    with database.write() as db:
        schools = [
            row(db, people.school, number=f"2{n:05}", name=f"Schule {n}") for n in range(SCHOOLS)
        ]
        first = schools[0]
        long_ago = datetime(2020, 8, 1, tzinfo=UTC)
        tills = [
            row(
                db, kiosks.origin, kind="kiosk", name=f"kiosk {n}", school_id=first + n,
                enrolled_us=long_ago,
            )
            for n in range(SCHOOLS)
        ]  # fmt: skip
        highest = {
            table: int(db.execute(text(f"SELECT max(id) FROM {table}")).scalar_one()) + 1
            for table in ("pupil", "account")
        }
        series = _SERIES[db.dialect.name].format(m=SCHOOLS * CHILDREN)
        for statement in _PEOPLE:
            words = {
                "series": series, "first": highest["pupil"], "school": first, "each": CHILDREN,
                "account": highest["account"],
            }  # fmt: skip
            db.execute(text(statement.format(**words)))
        if not database.is_sqlite:
            go_on(lambda query: db.execute(text(query)), ("pupil", "account"))
        revenue = db.execute(
            text("SELECT id FROM account WHERE name = :name"),
            {"name": f"revenue:{school.operator}:6"},
        ).scalar_one()
    return City(
        database=database, full=school.full, revenue=revenue, operator=school.operator,
        school=first, kiosk=tills[0], pupil=highest["pupil"], account=highest["account"],
        links=[chain.genesis(origin_id=till, epoch=1) for till in tills],
    )  # fmt: skip


@dataclass(slots=True)
class _Pages:
    """Rows to be written, and the last numbers that were given."""

    numbers: dict[str, int]
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in _COLUMNS})
    sums: dict[tuple[int, str], int] = field(default_factory=dict)


def fill(city: City, lunches: int) -> None:
    """Go on until so many lunches were eaten in all."""
    per_day = SCHOOLS * CHILDREN
    with asleep(city.database) as (write, run):
        numbered = (table for table in _COLUMNS if table != "line")
        pages = _Pages({n: run(f"SELECT coalesce(max(id), 0) FROM {n}") for n in numbered})
        while city.filled < lunches:
            number = city.filled // per_day
            offers = offers_of(city, city.day(number))
            end = min(lunches, (number + 1) * per_day, city.filled + _CHUNK)
            for one in range(city.filled, end):
                _eat(city, one, offers, pages)
            for table, columns in _COLUMNS.items():
                write(table, columns, pages.rows[table])
                pages.rows[table].clear()
            city.filled = end
        days: list[Row] = [(*key, cents) for key, cents in pages.sums.items()]
        write("kiosk_day", "origin_id, day, cents", days)
        moved: list[Row] = [
            (-PRICE * count, last, city.account + child)
            for child, (count, last) in enumerate(zip(city.eaten, city.last, strict=True))
            if count
        ]
        write("balance", "", moved)


def _eat(city: City, one: int, offers: int, pages: _Pages) -> None:
    """One lunch: all kiosks serve in turns, each its children one after another."""
    number, of_day = divmod(one, SCHOOLS * CHILDREN)
    turn, place = divmod(of_day, SCHOOLS)
    child = place * CHILDREN + turn
    kiosk, pupil, offer = city.kiosk + place, city.pupil + child, offers + place
    seq = number * CHILDREN + turn + 1
    day = city.day(number).isoformat()
    noon = datetime.combine(city.day(number), time(10, 0), UTC)
    occurred = microseconds(noon) + of_day * 90_000
    recorded = occurred + 400_000
    items = f"[[{offer},1]]"
    said = {
        "origin": kiosk, "epoch": 1, "seq": seq, "kind": "charge", "pupil": pupil, "day": day,
        "occurred": occurred, "items": items, "voids_epoch": None, "voids_seq": None,
        "staff": None, "reason": None,
    }  # fmt: skip
    link = city.links[place] = chain.link(city.links[place], said)
    numbers, rows, sums = pages.numbers, pages.rows, pages.sums
    for table in numbers:
        numbers[table] += 1
    entry = numbers["entry"]
    rows["fact"].append(
        (numbers["fact"], kiosk, 1, seq, "charge", pupil, day, occurred, recorded, items, link)
    )
    rows["entry"].append(
        (entry, kiosk, 1, seq, "charge", city.school + place, pupil, day, occurred, recorded,
         f"kiosk:{kiosk}", 1, 1, link)
    )  # fmt: skip
    rows["transfer"].append(
        (numbers["transfer"], entry, 1, city.account + child, city.revenue, PRICE)
    )
    rows["line"].append((entry, 1, offer, city.full, "lunch", 1, PRICE, PRICE, 6, 0))
    sums[kiosk, day] = sums.get((kiosk, day), 0) + PRICE
    city.eaten[child] += 1
    city.last[child] = numbers["transfer"]


def offers_of(city: City, day: date) -> int:
    """The number of the first school's offer that day; the others' follow. Made once."""
    with city.database.write() as db:
        known = db.execute(
            text("SELECT min(id) FROM offer WHERE day = :day AND school_id = :school"),
            {"day": day.isoformat(), "school": city.school},
        ).scalar_one()
        if known is not None:
            return int(known)
        first = int(db.execute(text("SELECT max(id) FROM offer")).scalar_one()) + 1
        db.execute(
            insert(meals.offer),
            [
                {
                    "id": first + n, "school_id": city.school + n, "day": day, "code": "1",
                    "title": "Mittagessen", "item_class": "lunch", "operator_id": city.operator,
                }
                for n in range(SCHOOLS)
            ],
        )  # fmt: skip
        db.execute(
            insert(meals.price),
            [
                {
                    "offer_id": first + n, "tariff_id": city.full, "price_cents": PRICE,
                    "share_cents": PRICE,
                }
                for n in range(SCHOOLS)
            ],
        )  # fmt: skip
    return first
