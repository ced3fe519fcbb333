"""The places of a world: schools with children, dishes, tariffs and kiosks, in ledger and model.

Whatever is written into the ledger's master data is told to the model in the same breath. Money
is never moved here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from builders import Kiosk, row
from sqlalchemy import insert, select
from world_model import Model
from world_words import Dish, Person, Writer

from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.city import CITY_ACCOUNTS, open_city_accounts
from accounts.database import Database, Session
from accounts.facts import Fact
from accounts.tables import bank, journal, kiosks, meals, people

LONG_AGO = date(2025, 8, 1)
IBAN = "DE89370400440532013000"
MENU: tuple[tuple[str, dict[str, tuple[int, int]]], ...] = (
    ("lunch", {"V": (420, 420), "B": (420, 0), "H": (420, 150), "P": (620, 620)}),
    ("lunch", {"V": (400, 400), "B": (400, 0), "P": (610, 610)}),
    ("drink", {"V": (100, 100), "P": (120, 120)}),
    ("snack", {"V": (150, 150), "B": (150, 0)}),
    ("lunch", {}),  # nobody priced it
)


@dataclass(slots=True)
class Pen:
    """A kiosk: what it wrote, and how much of that it has sent."""

    kiosk: Kiosk
    school: int
    told: list[Fact] = field(default_factory=list)
    sent: int = 0


@dataclass(slots=True)
class School:
    """A school's people, kiosks, and offers by day."""

    id: int
    pupils: list[int]
    pens: list[Pen]
    menus: dict[date, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class City:
    """What all schools share."""

    tariffs: dict[str, int]
    operators: Sequence[int]
    body: int
    bank: BankAccount


def noon(day: date) -> datetime:
    """11:00 UTC: lunch time in Germany, whatever the season."""
    return datetime.combine(day, time(11), tzinfo=UTC)


def found_city(database: Database, model: Model) -> City:
    """Caterers, tariffs, taxes and accounts in an empty ledger."""
    with database.write() as db:
        open_city_accounts(db)
        model.accounts |= set(CITY_ACCOUNTS)
        own = row(db, meals.operator, name="Küche der Stadt", kind="public", settled_as="revenue")
        firm = row(db, meals.operator, name="Firma", kind="commercial", settled_as="payable")
        model.settled = {own: "revenue", firm: "payable"}
        for key in (1, 6):
            name = f"revenue:{own}:{key}"
            row(db, journal.account, name=name, kind="revenue", operator_id=own, tax_key=key)
            model.accounts.add(name)
        row(db, journal.account, name=f"payable:{firm}", kind="payable", operator_id=firm)
        body = row(db, meals.funding_body, name="Jobcenter")
        row(db, journal.account, name=f"receivable:{body}", kind="receivable",
            funding_body_id=body)  # fmt: skip
        model.accounts |= {f"payable:{firm}", f"receivable:{body}"}
        tariffs = {
            code: row(db, meals.tariff, code=code, name=code, person_kind=kind, base=base,
                      funding_body_id=None if base else body)
            for code, kind, base in (
                ("V", "pupil", 1), ("P", "staff", 1), ("B", "pupil", 0), ("H", "pupil", 0),
            )
        }  # fmt: skip
        model.base = {"pupil": tariffs["V"], "staff": tariffs["P"]}
        model.bodies = {tariffs["B"]: body, tariffs["H"]: body}
        for operator, kind in ((own, "public"), (firm, "commercial")):
            for person in ("pupil", "staff"):
                for item in ("lunch", "snack", "drink"):
                    tax = (1, 190) if item == "drink" else (6, 0)
                    row(db, meals.tax_rule, operator_kind=kind, person_kind=person,
                        item_class=item, service="dine_in", valid_from=date(2024, 1, 1),
                        tax_key=tax[0], rate_permille=tax[1])  # fmt: skip
                    model.taxes[operator, person, item] = tax
        account = add_bank_account(db, iban=IBAN, holder="Stadt Probe", at=noon(LONG_AGO))
        assert isinstance(account, BankAccount), account
        model.writers[account.origin_id] = Writer("bank")
    return City(tariffs, (own, firm), body, account)


def add_office(database: Database, model: Model, name: str) -> int:
    """One more writer of the office."""
    with database.write() as db:
        office = row(db, kiosks.origin, kind="office", name=name, enrolled_us=noon(LONG_AGO))
    model.writers[office] = Writer("office")
    return office


def add_school(database: Database, model: Model, city: City, rng: Random, today: date) -> School:
    """A school with two kiosks and a handful of children; every ninth person is staff."""
    caps = rng.choice((3000, 3000, 1500)), rng.choice((1_000_000, 4500))
    with database.write() as db:
        number = f"{200_000 + len(model.caps)}"
        school = row(db, people.school, number=number, name="Probe",
                     pupil_day_cap_cents=caps[0], kiosk_day_cap_cents=caps[1])  # fmt: skip
        model.caps[school] = caps
        pens = [Pen(add_kiosk(db, model, school, today, rng), school) for _ in range(2)]
        pupils = [add_person(db, model, city, school, rng) for _ in range(8)]
    return School(school, pupils, pens)


def add_kiosk(db: Session, model: Model, school: int, today: date, rng: Random) -> Kiosk:
    """A kiosk that serves since yesterday or for long."""
    since = noon(rng.choice((LONG_AGO, LONG_AGO, today))) - timedelta(hours=1)
    name = f"kiosk {len(model.writers)}"
    origin = row(db, kiosks.origin, kind="kiosk", name=name, school_id=school, enrolled_us=since)
    model.writers[origin] = Writer("kiosk", school, since)
    return Kiosk(origin, epoch=rng.getrandbits(62) + 1)


def add_person(db: Session, model: Model, city: City, school: int, rng: Random) -> int:
    """A person of the school with an account and perhaps a tariff of their own."""
    kind = "staff" if rng.random() < 0.11 else "pupil"
    pupil = row(db, people.pupil, kind=kind)
    row(db, people.membership, pupil_id=pupil, school_id=school, class_name="5a",
        valid_from=LONG_AGO)  # fmt: skip
    account = row(db, journal.account, name=f"pupil:{pupil}", kind="pupil", pupil_id=pupil)
    row(db, journal.balance, account_id=account, cents=0, transfer_id=0)
    model.people[pupil] = Person(kind, [(school, (LONG_AGO, None))])
    model.accounts.add(f"pupil:{pupil}")
    if kind == "pupil" and rng.random() < 0.5:
        entitle(db, model, pupil, city.tariffs[rng.choice("BBH")], first=LONG_AGO, last=None)
    return pupil


def entitle(
    db: Session, model: Model, pupil: int, tariff: int, *, first: date, last: date | None
) -> None:
    """From now on this tariff counts in these days."""
    row(db, meals.entitlement, pupil_id=pupil, tariff_id=tariff, valid_from=first, valid_to=last)
    model.people[pupil].entitlements.append((tariff, (first, last)))


def move_pupil(db: Session, model: Model, pupil: int, school: int, day: date) -> None:
    """The pupil belongs to another school from that day on."""
    person = model.people[pupil]
    at, (first, last) = person.memberships[-1]
    if last is not None or first >= day:
        return
    before = day - timedelta(days=1)
    member = people.membership.c
    db.execute(
        people.membership.update()
        .where(member.pupil_id == pupil, member.valid_to.is_(None))
        .values(valid_to=before)
    )
    row(db, people.membership, pupil_id=pupil, school_id=school, class_name="6b", valid_from=day)
    person.memberships[-1] = (at, (first, before))
    person.memberships.append((school, (day, None)))


def revoke(db: Session, model: Model, pen: Pen, at: datetime) -> None:
    """The kiosk's time of service is over."""
    origin = kiosks.origin
    db.execute(origin.update().where(origin.c.id == pen.kiosk.origin_id).values(revoked_us=at))
    model.writers[pen.kiosk.origin_id].revoked = at


def open_day(database: Database, model: Model, city: City, school: School, day: date) -> None:
    """The school's menu of one day; the snack is a firm's."""
    with database.write() as db:
        menu = []
        prices = []
        for code, (item_class, by_tariff) in enumerate(MENU):
            operator = city.operators[item_class == "snack"]
            offer = row(db, meals.offer, school_id=school.id, day=day, code=str(code),
                        title="Probe", item_class=item_class, operator_id=operator)  # fmt: skip
            by_id = {city.tariffs[name]: cents for name, cents in by_tariff.items()}
            prices += [
                {"offer_id": offer, "tariff_id": tariff, "price_cents": price,
                 "share_cents": share}
                for tariff, (price, share) in by_id.items()
            ]  # fmt: skip
            model.dishes[offer] = Dish(school.id, day, item_class, operator, by_id)
            menu.append(offer)
        db.execute(insert(meals.price), prices)
    school.menus[day] = menu


def reading(
    db: Session, at: datetime, *, of: BankAccount | None = None, day: date | None = None
) -> int:
    """A statement that was read, as lines have to name one; one of an account proves its day."""
    if of is None:
        known = db.execute(select(bank.bank_reading.c.id).limit(1)).scalar_one_or_none()
        if known is not None:
            return int(known)
    file_id = db.execute(select(bank.bank_file.c.id).limit(1)).scalar_one_or_none() or row(
        db, bank.bank_file, at_us=at, source="file", format="camt", size=1,
        fingerprint=bytes(32), digest=bytes(32),
    )  # fmt: skip
    return row(db, bank.bank_reading, file_id=file_id, no=1, at_us=at, outcome="kept", detail="",
               bank_account_id=of and of.id, first_day=day, last_day=day, lines=10_000_000,
               new_lines=1)  # fmt: skip


def first_of_next_month(day: date) -> date:
    """The day after the month's last."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
