"""Taking a kiosk's snapshot from the ledger: a fixed number of statements, whatever the size.

They run as one consistent read. Nothing of another school is selected: a child that moved away
is there as a card that is at the wrong school, without a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text

from accounts.clock import school_day
from accounts.database import Session
from accounts.snapshot import CardRow, OfferRow, PersonRow, SchoolRules, Snapshot, StaffRow
from accounts.tables import journal, kiosks, meals, people

DAYS_AHEAD = 7


@dataclass(frozen=True, slots=True)
class Pulse:
    """The newest numbers of what a school's snapshot shows; equal means nothing has changed."""

    entry: int
    change: int


def pulse(db: Session, school_id: int) -> Pulse:
    """What tells a kiosk whether to fetch; it costs three index lookups."""
    entry, change = journal.entry.c, kiosks.change.c
    newest = select(func.max(change.id))
    row = db.execute(
        select(
            select(func.max(entry.id)).where(entry.school_id == school_id).scalar_subquery(),
            newest.where(change.school_id == school_id).scalar_subquery(),
            newest.where(change.school_id.is_(None)).scalar_subquery(),
        )
    ).one()
    return Pulse(row[0] or 0, max(row[1] or 0, row[2] or 0))


def take_snapshot(
    db: Session, *, origin_id: int, epochs: Sequence[int], at: datetime
) -> Snapshot | None:
    """The snapshot of the kiosk's school now; None where the kiosk is unknown or revoked.

    Call it in ``Database.read``, so that all of it is of one moment. ``epochs`` are those the
    kiosk still holds facts of.
    """
    school = _school_of(db, origin_id, at)
    if school is None:
        return None
    day = school_day(at)
    until = day + timedelta(days=DAYS_AHEAD)
    return Snapshot(
        taken_at=at,
        day=day,
        school=school,
        offers=_offers(db, school.id, day, until),
        prices=_prices(db, school.id, day, until),
        closed=_closed(db, school.id, day, until),
        people=_people(db, school.id, day),
        cards=_cards(db, school.id, day),
        staff=_staff(db, school.id),
        counts=_counts(db, school.id, day),
        marks=_marks(db, origin_id, epochs),
    )


def _school_of(db: Session, origin_id: int, at: datetime) -> SchoolRules | None:
    school, origin = people.school.c, kiosks.origin.c
    row = db.execute(
        select(people.school)
        .join(kiosks.origin, origin.school_id == school.id)
        .where(
            origin.id == origin_id,
            origin.kind == "kiosk",
            or_(origin.revoked_us.is_(None), origin.revoked_us > at),
        )
    ).one_or_none()
    if row is None:
        return None
    return SchoolRules(
        id=row.id,
        number=row.number,
        name=row.name,
        floor_cents=row.floor_cents,
        accepts=tuple(row.accepts.split(",")),
        shows_first_name=bool(row.shows_first_name),
        language=row.language,
    )


def _offers(db: Session, school_id: int, day: date, until: date) -> tuple[OfferRow, ...]:
    offer = meals.offer.c
    found = db.execute(
        select(offer.id, offer.day, offer.code, offer.title, offer.item_class)
        .where(offer.school_id == school_id, offer.day.between(day, until))
        .order_by(offer.day, offer.code)
    )
    return tuple(
        OfferRow(row.id, row.day.isoformat(), row.code, row.title, row.item_class) for row in found
    )


def _prices(
    db: Session, school_id: int, day: date, until: date
) -> tuple[tuple[int, int, int, int], ...]:
    price, offer = meals.price.c, meals.offer.c
    found = db.execute(
        select(price.offer_id, price.tariff_id, price.price_cents, price.share_cents)
        .join_from(meals.price, meals.offer, offer.id == price.offer_id)
        .where(offer.school_id == school_id, offer.day.between(day, until))
        .order_by(price.offer_id, price.tariff_id)
    )
    return tuple((row[0], row[1], row[2], row[3]) for row in found)


def _closed(db: Session, school_id: int, day: date, until: date) -> tuple[str, ...]:
    closed = people.closed_day.c
    found = db.execute(
        select(closed.day).where(closed.school_id == school_id, closed.day.between(day, until))
    )
    return tuple(sorted(one.isoformat() for one in found.scalars()))


def _people(db: Session, school_id: int, day: date) -> tuple[PersonRow, ...]:
    member = people.membership.c
    found = db.execute(
        select(
            people.pupil,
            people.identity.c.first_name,
            people.identity.c.last_name,
            member.class_name,
            journal.balance.c.cents,
            meals.tariff.c.id.label("base_id"),
        )
        .join_from(people.membership, people.pupil, people.pupil.c.id == member.pupil_id)
        .join(journal.account, journal.account.c.pupil_id == people.pupil.c.id)
        .join(journal.balance, journal.balance.c.account_id == journal.account.c.id)
        .join(
            meals.tariff,
            and_(meals.tariff.c.person_kind == people.pupil.c.kind, meals.tariff.c.base == 1),
        )
        .outerjoin(people.identity, people.identity.c.pupil_id == people.pupil.c.id)
        .where(member.school_id == school_id, _lasts(member, day))
        .order_by(people.pupil.c.id)
    ).all()
    entitled = _entitlements(db, school_id, day)
    eaten = _eaten(db, school_id, day)
    return tuple(
        PersonRow(
            id=row.id,
            kind=row.kind,
            first_name=row.first_name or "",
            last_name=row.last_name or "",
            class_name=row.class_name,
            tariff_id=entitled.get(row.id, (row.base_id, False))[0],
            base_tariff_id=row.base_id,
            funded=entitled.get(row.id, (row.base_id, False))[1],
            balance_cents=row.cents,
            lunches=eaten.get(row.id, (0, 0))[0],
            spent_cents=eaten.get(row.id, (0, 0))[1],
            day_limit_cents=row.day_limit_cents,
            blocked_classes=tuple(filter(None, row.blocked_classes.split(","))),
        )
        for row in found
    )


def _entitlements(db: Session, school_id: int, day: date) -> dict[int, tuple[int, bool]]:
    """Pupil -> (tariff, funded); the newest entitlement that lasts that day."""
    entitled, member, tariff = meals.entitlement.c, people.membership.c, meals.tariff.c
    found = db.execute(
        select(entitled.pupil_id, entitled.tariff_id, tariff.funding_body_id)
        .join_from(meals.entitlement, meals.tariff, tariff.id == entitled.tariff_id)
        .join(people.membership, member.pupil_id == entitled.pupil_id)
        .where(member.school_id == school_id, _lasts(member, day), _lasts(entitled, day))
        .order_by(entitled.pupil_id, entitled.valid_from, entitled.id)
    )
    return {row[0]: (row[1], row[2] is not None) for row in found}


_EATEN = text("""
    SELECT c.pupil_id, l.item_class, l.quantity, l.share_cents
    FROM membership m
    JOIN standing_charge c ON c.pupil_id = m.pupil_id AND c.day = :day
    JOIN line l ON l.entry_id = c.id
    WHERE m.school_id = :school AND m.valid_from <= :day
      AND (m.valid_to IS NULL OR m.valid_to >= :day)
    ORDER BY c.pupil_id, c.id, l.no""")


def _eaten(db: Session, school_id: int, day: date) -> dict[int, tuple[int, int]]:
    """Pupil -> (lunches, cents spent on everything but the first lunch)."""
    told: dict[int, tuple[int, int]] = {}
    for pupil, item_class, quantity, share in db.execute(
        _EATEN, {"school": school_id, "day": _day(db, day)}
    ):
        lunches, spent = told.get(pupil, (0, 0))
        is_lunch = item_class == "lunch"
        free = 1 if is_lunch and lunches == 0 else 0
        told[pupil] = (
            lunches + (quantity if is_lunch else 0),
            spent + share * (quantity - free),
        )
    return told


def _cards(db: Session, school_id: int, day: date) -> tuple[CardRow, ...]:
    card, member = people.card.c, people.membership.c
    here = (
        select(member.pupil_id)
        .where(member.school_id == school_id, _lasts(member, day))
        .scalar_subquery()
    )
    ever_here = select(member.pupil_id).where(member.school_id == school_id).scalar_subquery()
    of_pupils = db.execute(
        select(card.uid_hmac, card.state, card.pupil_id, card.pupil_id.in_(here).label("here"))
        .where(card.pupil_id.in_(ever_here))
        .order_by(card.id)
    ).all()
    of_staff = db.execute(
        select(card.uid_hmac, card.state, card.staff_id)
        .join_from(people.card, people.staff, people.staff.c.id == card.staff_id)
        .where(people.staff.c.school_id == school_id, people.staff.c.active == 1)
        .order_by(card.id)
    ).all()
    return (
        *(
            CardRow(row[0].hex(), row[1], row[2], None)
            if row.here
            else CardRow(row[0].hex(), "wrong_school", None, None)
            for row in of_pupils
        ),
        *(CardRow(row[0].hex(), row[1], None, row[2]) for row in of_staff),
    )


def _staff(db: Session, school_id: int) -> tuple[StaffRow, ...]:
    staff = people.staff.c
    found = db.execute(
        select(staff.id, staff.label, staff.pin_hash)
        .where(staff.school_id == school_id, staff.active == 1)
        .order_by(staff.id)
    )
    return tuple(StaffRow(row.id, row.label, row.pin_hash) for row in found)


def _counts(db: Session, school_id: int, day: date) -> tuple[tuple[int, int], ...]:
    """How many of each offer went out at the school that day, whichever kiosk gave them."""
    found = db.execute(
        text("""
            SELECT l.offer_id, sum(l.quantity) FROM offer o
            JOIN line l ON l.offer_id = o.id JOIN standing_charge c ON c.id = l.entry_id
            WHERE o.school_id = :school AND o.day = :day GROUP BY l.offer_id
            ORDER BY l.offer_id"""),
        {"school": school_id, "day": _day(db, day)},
    )
    return tuple((row[0], int(row[1])) for row in found)


def _marks(db: Session, origin_id: int, epochs: Sequence[int]) -> tuple[tuple[int, int], ...]:
    fact = kiosks.fact.c
    newest = select(func.max(fact.seq)).where(fact.origin_id == origin_id)
    marks = ((epoch, db.execute(newest.where(fact.epoch == epoch)).scalar()) for epoch in epochs)
    return tuple((epoch, int(seq)) for epoch, seq in marks if seq is not None)


def _lasts(columns: Any, day: date) -> ColumnElement[bool]:
    return and_(columns.valid_from <= day, or_(columns.valid_to.is_(None), columns.valid_to >= day))


def _day(db: Session, day: date) -> Any:
    return day.isoformat() if db.dialect.name == "sqlite" else day
