"""The people, cards and staff of a kiosk's snapshot; see ``accounts.snapshot_query``.

One statement each, three more for what people are entitled to and have eaten. Who is not of the
school that day has no row here but for a card without a name.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, text, union_all

from accounts.database import Session
from accounts.snapshot import CardRow, KeyRow, PersonRow, StaffRow
from accounts.tables import cards, journal, meals, people
from accounts.tables.types import Day


def people_of(db: Session, school_id: int, day: date, *, origin_id: int) -> tuple[PersonRow, ...]:
    """Whoever belongs to the school that day and has an account, by number.

    A lunch that this kiosk gave out and that waits in quarantine is eaten, too. Another kiosk's
    is not: a stolen one could have the whole school refused.
    """
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
    unbooked = _unbooked(db, school_id, day, origin_id)
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
            lunches=eaten.get(row.id, (0, 0))[0] + unbooked.get(row.id, 0),
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
    ORDER BY c.pupil_id, c.id, l.no""").bindparams(bindparam("day", type_=Day()))


def _eaten(db: Session, school_id: int, day: date) -> dict[int, tuple[int, int]]:
    """Pupil -> (lunches, cents spent on everything but the first lunch)."""
    told: dict[int, tuple[int, int]] = {}
    for pupil, item_class, quantity, share in db.execute(_EATEN, {"school": school_id, "day": day}):
        lunches, spent = told.get(pupil, (0, 0))
        is_lunch = item_class == "lunch"
        free = 1 if is_lunch and lunches == 0 else 0
        told[pupil] = (
            lunches + (quantity if is_lunch else 0),
            spent + share * (quantity - free),
        )
    return told


_UNBOOKED = text("""
    SELECT f.pupil_id, sum(i.quantity)
    FROM membership m
    JOIN fact f ON f.pupil_id = m.pupil_id AND f.day = :day AND f.origin_id = :origin
    JOIN quarantine q ON q.fact_id = f.id
    JOIN fact_item i ON i.fact_id = f.id AND i.quantity BETWEEN 1 AND 1000000
    JOIN offer o ON o.id = i.offer_id AND o.item_class = 'lunch'
    WHERE m.school_id = :school AND m.valid_from <= :day
      AND (m.valid_to IS NULL OR m.valid_to >= :day)
      AND NOT EXISTS (SELECT 1 FROM fact v WHERE v.pupil_id = f.pupil_id AND v.day = :day
                      AND v.origin_id = f.origin_id AND v.voids_epoch = f.epoch
                      AND v.voids_seq = f.seq)
    GROUP BY f.pupil_id""").bindparams(bindparam("day", type_=Day()))


def _unbooked(db: Session, school_id: int, day: date, origin_id: int) -> dict[int, int]:
    """Pupil -> lunches of this kiosk that the ledger did not book and nobody took back."""
    found = db.execute(_UNBOOKED, {"school": school_id, "day": day, "origin": origin_id})
    return {pupil: int(lunches) for pupil, lunches in found}


def cards_of(db: Session, school_id: int, day: date) -> tuple[CardRow, ...]:
    """The cards of whoever ever belonged to the school, and of its staff."""
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


def keys_of(db: Session, school_id: int, day: date) -> tuple[KeyRow, ...]:
    """The active cards with a secret, of whoever belongs to the school that day or works there."""
    card, member, key = people.card.c, people.membership.c, cards.card_key.c
    here = select(member.pupil_id).where(member.school_id == school_id, _lasts(member, day))
    at_work = select(people.staff.c.id).where(
        people.staff.c.school_id == school_id, people.staff.c.active == 1
    )
    # Each half by its own index: an OR over both would walk all cards of the city.
    active = union_all(
        *(
            select(card.id, card.uid_hmac).where(card.state == "active", theirs)
            for theirs in (card.pupil_id.in_(here), card.staff_id.in_(at_work))
        )
    ).subquery()
    found = db.execute(
        select(active.c.uid_hmac, cards.card_secret.c.medium, key.sealed)
        .join(cards.card_secret, cards.card_secret.c.card_id == active.c.id)
        .outerjoin(cards.card_key, and_(key.card_id == active.c.id, key.school_id == school_id))
        .order_by(active.c.id)
    )
    return tuple(
        KeyRow(row.uid_hmac.hex(), row.medium, None if row.sealed is None else row.sealed.hex())
        for row in found
    )


def staff_of(db: Session, school_id: int) -> tuple[StaffRow, ...]:
    """Who may sign in at the school's kiosks."""
    staff = people.staff.c
    found = db.execute(
        select(staff.id, staff.label, staff.pin_hash)
        .where(staff.school_id == school_id, staff.active == 1)
        .order_by(staff.id)
    )
    return tuple(StaffRow(row.id, row.label, row.pin_hash) for row in found)


def _lasts(columns: Any, day: date) -> ColumnElement[bool]:
    return and_(columns.valid_from <= day, or_(columns.valid_to.is_(None), columns.valid_to >= day))
