"""Tiny builders, so that a test reads like the story it tells.

The school is open on Monday, 2026-11-23; noon there is 11:00 UTC. Its lunch costs 4.20 euro,
of which the funded child's parents pay nothing; a drink costs 1.00, a snack 1.50.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert

from accounts import chain
from accounts.charge import Choice, OverrideReason, VoidReason
from accounts.database import Database, Session
from accounts.facts import Fact, FactKind
from accounts.ledger import Booked, Draft, EntryKind, Move, book, next_key
from accounts.money import Money, read_money
from accounts.tables import journal, kiosks, meals, people

MONDAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def eur(text: str) -> Money:
    """``eur("3,90")`` is 390 cents."""
    amount = read_money(text)
    assert amount is not None, text
    return amount


@dataclass(slots=True)
class Kiosk:
    """A kiosk's pen: writes linked facts with the next numbers."""

    origin_id: int
    epoch: int = 1
    seq: int = 0
    last: bytes = b""

    def __post_init__(self) -> None:
        self.last = chain.genesis(origin_id=self.origin_id, epoch=self.epoch)

    def charge(  # says it itself
        self,
        pupil: int | None,
        *offers: int,
        at: datetime = NOON,
        override: OverrideReason | None = None,
    ) -> Fact:
        return self._next(
            FactKind.CHARGE,
            at,
            pupil_id=pupil,
            items=tuple(Choice(offer) for offer in offers),
            reason=override.value if override else None,
        )

    def void(self, fact: Fact, *, at: datetime | None = None) -> Fact:
        return self._next(
            FactKind.VOID,
            at or fact.occurred_at + timedelta(minutes=1),
            voids=(fact.epoch, fact.seq),
            reason=VoidReason.MISTAKE.value,
        )

    def _next(self, kind: FactKind, at: datetime, **fields: object) -> Fact:
        self.seq += 1
        fact = Fact(
            epoch=self.epoch,
            seq=self.seq,
            kind=kind,
            occurred_at=at,
            **fields,  # type: ignore[arg-type]  # the two callers above
        ).linked(origin_id=self.origin_id, before=self.last)
        self.last = fact.chain
        return fact


@dataclass(slots=True)
class School:
    """Numbers of the rows a test talks about."""

    database: Database
    id: int
    kiosk: Kiosk
    other_kiosk: Kiosk
    office: int
    operator: int
    body: int
    full: int
    funded: int
    lunch: int
    veggie: int
    drink: int
    snack: int
    payer: int
    guest_of_the_state: int
    tariffs: dict[str, int] = field(default_factory=dict)

    def pay_in(self, pupil: int, amount: Money) -> None:
        """Give a child something to begin with."""
        with self.database.write() as db:
            pay_in(db, self.office, pupil, amount)


def pay_in(db: Session, office: int, pupil: int, amount: Money) -> None:
    """What a child has to begin with, booked by the office."""
    draft = Draft(
        key=next_key(db, office),
        kind=EntryKind.TOPUP,
        occurred_at=NOON - timedelta(hours=4),
        actor="office",
        moves=(Move("opening", f"pupil:{pupil}", amount),),
        pupil_id=pupil,
    )
    assert isinstance(book(db, draft, now=NOON - timedelta(hours=4)), Booked)


def row(db: Session, table: object, **values: object) -> int:
    """Insert one row and return its number."""
    result = db.execute(insert(table).values(**values))  # type: ignore[arg-type]
    key = result.inserted_primary_key
    return key[0] if key and isinstance(key[0], int) else 0


def add_child(db: Session, school: int, name: str = "Kind", *, kind: str = "pupil") -> int:
    """A person of the school with an account, a balance and an invented name."""
    pupil = row(db, people.pupil, kind=kind)
    first, _, last = name.partition(" ")
    row(db, people.identity, pupil_id=pupil, first_name=first, last_name=last or "Muster")
    row(
        db,
        people.membership,
        pupil_id=pupil,
        school_id=school,
        class_name="5a",
        valid_from=date(2026, 8, 1),
    )
    account = row(db, journal.account, name=f"pupil:{pupil}", kind="pupil", pupil_id=pupil)
    row(db, journal.balance, account_id=account, cents=0, transfer_id=0)
    return pupil


def add_offer(
    db: Session, school: School, code: str, item_class: str, cents: int, *, day: date = MONDAY
) -> int:
    """An offer at one price for all, funded in full where it is a lunch."""
    offer = row(
        db,
        meals.offer,
        school_id=school.id,
        day=day,
        code=code,
        title=f"Angebot {code}",
        item_class=item_class,
        operator_id=school.operator,
    )
    row(
        db, meals.price, offer_id=offer, tariff_id=school.full, price_cents=cents,
        share_cents=cents,
    )  # fmt: skip
    if item_class == "lunch":
        row(
            db, meals.price, offer_id=offer, tariff_id=school.funded, price_cents=cents,
            share_cents=0,
        )  # fmt: skip
    return offer


def open_school(database: Database) -> School:
    """The school this module's docstring tells of, in an empty ledger."""
    with database.write() as db:
        school_id = row(db, people.school, number="165000", name="Gesamtschule Probe")
        enrolled = NOON - timedelta(days=100)
        kiosk_a, kiosk_b = (
            row(
                db, kiosks.origin, kind="kiosk", name=f"kiosk {name}", school_id=school_id,
                enrolled_us=enrolled,
            )
            for name in "ab"
        )  # fmt: skip
        office = row(db, kiosks.origin, kind="office", name="office", enrolled_us=enrolled)
        row(db, journal.account, name="opening", kind="opening")
        operator = row(
            db, meals.operator, name="Küche der Stadt", kind="public", settled_as="revenue"
        )
        for key in (1, 2, 6):
            row(
                db, journal.account, name=f"revenue:{operator}:{key}", kind="revenue",
                operator_id=operator, tax_key=key,
            )  # fmt: skip
        body = row(db, meals.funding_body, name="Jobcenter")
        row(
            db, journal.account, name=f"receivable:{body}", kind="receivable",
            funding_body_id=body,
        )  # fmt: skip
        full = row(db, meals.tariff, code="V", name="Voll", person_kind="pupil", base=1)
        row(db, meals.tariff, code="P", name="Personal", person_kind="staff", base=1)
        funded = row(
            db, meals.tariff, code="B", name="BuT", person_kind="pupil", base=0,
            funding_body_id=body,
        )  # fmt: skip
        for item_class in ("lunch", "snack", "drink"):
            row(
                db, meals.tax_rule, operator_kind="public", person_kind="pupil",
                item_class=item_class, service="dine_in", valid_from=date(2024, 1, 1),
                tax_key=6, rate_permille=0,
            )  # fmt: skip
        payer = add_child(db, school_id, "Änne Beispiel")
        poor = add_child(db, school_id, "Łukasz Beispiel")
        row(db, meals.entitlement, pupil_id=poor, tariff_id=funded, valid_from=date(2026, 8, 1))
        school = School(
            database=database, id=school_id, kiosk=Kiosk(kiosk_a), other_kiosk=Kiosk(kiosk_b),
            office=office, operator=operator, body=body, full=full, funded=funded, lunch=0,
            veggie=0, drink=0, snack=0, payer=payer, guest_of_the_state=poor,
        )  # fmt: skip
        school.lunch = add_offer(db, school, "1", "lunch", 420)
        school.veggie = add_offer(db, school, "2", "lunch", 400)
        school.drink = add_offer(db, school, "W", "drink", 100)
        school.snack = add_offer(db, school, "S", "snack", 150)
    return school
