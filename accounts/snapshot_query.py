"""Taking a kiosk's snapshot from the ledger: a fixed number of statements, whatever the size.

They run as one consistent read. Nothing of another school is selected: a child that moved away
is there as a card that is at the wrong school, without a name. PostgreSQL's ``kiosk_snapshot``
says the same in one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, text

from accounts.clock import school_day
from accounts.database import Session
from accounts.snapshot import OfferRow, SchoolRules, Snapshot
from accounts.snapshot_people import cards_of, keys_of, people_of, staff_of
from accounts.tables import journal, kiosks, meals, people, proofs
from accounts.tables.types import Day

DAYS_AHEAD = 7
NEWEST = 256
"""So many numbers tell whether there is a new one; a kiosk's set of facts has at most 200."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a school's snapshot shows, in short: equal means that nothing has changed.

    Each is the sum of the newest numbers, not the highest: PostgreSQL gives a row its number
    when it is written and shows it when its transaction ends, so a lower one may come after.
    """

    entry: int
    change: int


def pulse(db: Session, school_id: int) -> Pulse:
    """What tells a kiosk whether to fetch; it costs three short walks along an index."""
    entry, change = journal.entry.c, kiosks.change.c
    row = db.execute(
        select(
            _newest(entry.id, entry.school_id == school_id),
            _newest(change.id, change.school_id == school_id),
            _newest(change.id, change.school_id.is_(None)),
        )
    ).one()
    return Pulse(int(row[0]), int(row[1] + row[2]))


def _newest(number: ColumnElement[int], where: ColumnElement[bool]) -> Any:
    newest = select(number).where(where).order_by(number.desc()).limit(NEWEST).subquery()
    return select(func.coalesce(func.sum(newest.c.id), 0)).scalar_subquery()


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
        people=people_of(db, school.id, day, origin_id=origin_id),
        cards=cards_of(db, school.id, day),
        staff=staff_of(db, school.id),
        counts=_counts(db, school.id, day),
        marks=_marks(db, origin_id, epochs),
        seal=newest_seal(db),
        keys=keys_of(db, school.id, day),
        uid_day_limit_cents=_uid_day_limit(db, school.id),
    )


def newest_seal(db: Session) -> tuple[int, str] | None:
    """The ledger's newest seal: its number and its hash in hex."""
    seal = proofs.seal.c
    found = db.execute(select(seal.id, seal.hash).order_by(seal.id.desc()).limit(1)).one_or_none()
    return None if found is None else (int(found.id), bytes(found.hash).hex())


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


def _uid_day_limit(db: Session, school_id: int) -> int | None:
    school = people.school.c
    limit = db.execute(select(school.uid_day_limit_cents).where(school.id == school_id)).scalar()
    return None if limit is None else int(limit)


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


# A lunch whose child nobody could name waits in quarantine, and is eaten all the same.
_COUNTS = text("""
    SELECT g.offer_id, sum(g.quantity) FROM (
      SELECT l.offer_id, l.quantity FROM offer o
      JOIN line l ON l.offer_id = o.id JOIN standing_charge c ON c.id = l.entry_id
      WHERE o.school_id = :school AND o.day = :day
      UNION ALL
      SELECT o.id, i.quantity FROM fact f
      JOIN quarantine q ON q.fact_id = f.id AND q.reason = 'unassigned'
      JOIN fact_item i ON i.fact_id = f.id AND i.quantity BETWEEN 1 AND 1000000
      JOIN offer o ON o.id = i.offer_id AND o.school_id = :school AND o.day = :day
      WHERE f.pupil_id IS NULL AND f.day = :day
        AND NOT EXISTS (SELECT 1 FROM fact v WHERE v.pupil_id IS NULL AND v.day = :day
                        AND v.origin_id = f.origin_id AND v.voids_epoch = f.epoch
                        AND v.voids_seq = f.seq)) g
    GROUP BY g.offer_id ORDER BY g.offer_id""").bindparams(bindparam("day", type_=Day()))


def _counts(db: Session, school_id: int, day: date) -> tuple[tuple[int, int], ...]:
    """How many of each offer went out at the school that day, whichever kiosk gave them."""
    found = db.execute(_COUNTS, {"school": school_id, "day": day})
    return tuple((row[0], int(row[1])) for row in found)


def _marks(db: Session, origin_id: int, epochs: Sequence[int]) -> tuple[tuple[int, int], ...]:
    fact = kiosks.fact.c
    newest = select(func.max(fact.seq)).where(fact.origin_id == origin_id)
    marks = ((epoch, db.execute(newest.where(fact.epoch == epoch)).scalar()) for epoch in epochs)
    return tuple((epoch, int(seq)) for epoch, seq in marks if seq is not None)
