"""A canteen full of children around whole kiosks, and what must be true of its books.

The school is that of ``builders``, with more children, a staff card and the installation's own
way to hash card numbers. Time runs, shifted so that it is the tests' Monday, about noon.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from builders import NOON, School, add_child, eur, open_school, row
from fortress import fortify
from keyed_cards import keyed_card_in
from sqlalchemy import text

from accounts.database import Database, Session
from accounts.holdings import card_hash
from accounts.tables import people
from accounts.verify import verify
from cards.virtual.image import Image, Kind

PEPPER = b"pepper of the tests"
KEY = bytes(range(32))
STAFF_CARD = "04FFFFFFFFFFFF"
STRANGE_CARD = "04F00DF00DF00D"
SHIFT = NOON - datetime.now(UTC)
_KINDS = (Kind.EV2, Kind.EV3, Kind.NTAG424, Kind.EV1)


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """The machine's clock, so much ahead or behind."""

    shift: timedelta = SHIFT

    def now(self) -> datetime:
        """The told time, which runs."""
        return datetime.now(UTC) + self.shift


@dataclass(slots=True)
class Canteen:
    """The school, and who holds which card.

    ``cards`` are the children's by their numbers, ``chips`` all that may lie on a reader here.
    """

    school: School
    by_number: bool = False
    cards: dict[str, int] = field(default_factory=dict)
    chips: dict[str, Image] = field(default_factory=dict)

    @property
    def rich(self) -> str:
        """The card of a child that can buy drinks for long."""
        return [*self.cards][-1 if (len(self.cards) - 1) % 3 else -2]

    @property
    def database(self) -> Database:
        """The school's ledger."""
        return self.school.database


def open_canteen(database: Database, *, children: int = 40, by_number: bool = False) -> Canteen:
    """Open the school; every child has a card, money for some days, and a class.

    The cards prove themselves and nothing else is taken; ``by_number`` the children's have
    nothing but a number, which this school takes. On PostgreSQL the ledger has its roles, and its clock is the canteen's.
    """
    school = open_school(database)
    if not database.is_sqlite:
        fortify(database, at=SHIFT)
    canteen = Canteen(school, by_number)
    canteen.chips[STRANGE_CARD] = Image(Kind.NUMBER, bytes.fromhex(STRANGE_CARD))
    with database.write() as db:
        # Forty children eat all they can: no cap is meant to be met here.
        db.execute(
            people.school.update().values(
                accepts="aes,uid" if by_number else "aes",
                pupil_day_cap_cents=10**9,
                kiosk_day_cap_cents=10**9,
            )
        )
        staff = row(db, people.staff, school_id=school.id, label="Küche", pin_hash=None)
        _card(canteen, db, STAFF_CARD, staff_id=staff)
        pupils = [school.payer, school.guest_of_the_state]
        pupils += [add_child(db, school.id, f"Kind{n} Muster") for n in range(children - 2)]
        for number, pupil in enumerate(pupils):
            uid = f"04{number:012X}"
            _card(canteen, db, uid, pupil_id=pupil)
            canteen.cards[uid] = pupil
    for number, pupil in enumerate(pupils):
        if number % 3:
            school.pay_in(pupil, eur("9") * number)
    return canteen


def _card(
    canteen: Canteen,
    db: Session,
    uid: str,
    *,
    pupil_id: int | None = None,
    staff_id: int | None = None,
) -> None:
    hashed = card_hash(PEPPER, uid)
    if canteen.by_number and staff_id is None:
        canteen.chips[uid] = Image(Kind.NUMBER, bytes.fromhex(uid))
        row(
            db, people.card, uid_hmac=hashed, issue_no=1, printed_no=uid, state="active",
            pupil_id=pupil_id, staff_id=staff_id,
        )  # fmt: skip
        return
    kind = _KINDS[len(canteen.chips) % len(_KINDS)]
    canteen.chips[uid] = keyed_card_in(
        db, uid, hashed=hashed, school_id=canteen.school.id, pupil_id=pupil_id,
        staff_id=staff_id, kind=kind,
    ).image  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booked:
    """A fact in the ledger and what became of it."""

    key: tuple[int, int]
    at_us: int
    entries: int
    quarantined: str | None


def booked(database: Database, origin_id: int) -> list[Booked]:
    """Every fact of a kiosk, in the order of its arrival."""
    with database.read() as db:
        rows = db.execute(
            text("""
                SELECT f.epoch, f.seq, f.occurred_us, q.reason,
                       (SELECT count(*) FROM entry e WHERE e.origin_id = f.origin_id
                        AND e.epoch = f.epoch AND e.seq = f.seq) AS entries
                FROM fact f LEFT JOIN quarantine q ON q.fact_id = f.id
                WHERE f.origin_id = :origin ORDER BY f.id"""),
            {"origin": origin_id},
        ).all()
    return [Booked((r.epoch, r.seq), r.occurred_us, r.entries, r.reason) for r in rows]


def assert_books_hold(
    database: Database, origin_id: int, acknowledged: Iterable[int], *, quarantined: set[str]
) -> list[Booked]:
    """Every acknowledged tap (its time in microseconds) is booked once, and the ledger holds."""
    found = booked(database, origin_id)
    times = Counter(fact.at_us for fact in found)
    told = Counter(acknowledged)
    assert not {at for at, count in told.items() if count > 1}, "two taps told with one time"
    lost = [at for at in told if at not in times]
    assert not lost, f"{len(lost)} acknowledged taps are not in the ledger"
    twice = [at for at, count in times.items() if count > 1]
    assert not twice, f"{len(twice)} taps are in the ledger more than once"
    for fact in found:
        assert fact.entries == (1 if fact.quarantined is None else 0), fact
    strange = {fact.quarantined for fact in found} - {None} - quarantined
    assert not strange
    assert_proof_holds(database)
    return found


def assert_proof_holds(database: Database) -> None:
    """`mensa verify` finds nothing, and no alarm was raised."""
    with database.read() as db:
        proof = verify(db)
        alarms = db.execute(text("SELECT count(*) FROM alarm")).scalar_one()
    assert proof.holds, [check for check in proof.checks if not check.holds]
    assert alarms == 0
