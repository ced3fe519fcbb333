"""What a school's kiosks need to let a card prove itself, sealed under that school's key.

The ledger holds sealed blobs and can open none of them. Each card has at most one per school;
sealed anew under another key, the new one takes its place. A card that is not active, or whose
holder is not of the school, has none in a kiosk's snapshot, whatever lies here.
"""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, insert, literal, or_, select, update

from accounts.card_register import CardState
from accounts.changes import note_change
from accounts.tables.cards import card_key, card_secret
from accounts.tables.people import card, membership, staff
from accounts.tables.types import Day


def secrets_to_seal(
    db: Connection, *, school_id: int, key_id: bytes, day: date | None = None
) -> tuple[tuple[int, bytes, bytes], ...]:
    """The active cards of a school whose secret is not sealed under this key yet.

    Each as (card id, HMAC of its number, escrow). Of the school is who belongs to it on ``day``
    or later, without a day whoever ever did.
    """
    sealed = card_key.c.key_id
    found = db.execute(
        select(card.c.id, card.c.uid_hmac, card_secret.c.escrow)
        .join(card_secret, card_secret.c.card_id == card.c.id)
        .outerjoin(
            card_key, (card_key.c.card_id == card.c.id) & (card_key.c.school_id == school_id)
        )
        .where(
            card.c.state == CardState.ACTIVE.value,
            _of_school(school_id, day),
            or_(sealed.is_(None), sealed != key_id),
        )
        .order_by(card.c.id)
    )
    return tuple((row.id, bytes(row.uid_hmac), bytes(row.escrow)) for row in found)


def put_keys(
    db: Connection, *, school_id: int, key_id: bytes, sealed: Mapping[int, bytes], at: datetime
) -> None:
    """Keep what was sealed for a school, by card id, instead of what was there before.

    The school's kiosks fetch it at once. A card without a secret is a fault.
    """
    for card_id, blob in sealed.items():
        _put(db, card_id=card_id, school_id=school_id, key_id=key_id, sealed=blob, at=at)
    if sealed:
        note_change(db, what="card", at=at, school_id=school_id)


def put_card_keys(
    db: Connection, *, card_id: int, sealed: Mapping[int, tuple[bytes, bytes]], at: datetime
) -> None:
    """Keep what was sealed of one card: by school id the key's id and what it sealed."""
    for school_id, (key_id, blob) in sealed.items():
        _put(db, card_id=card_id, school_id=school_id, key_id=key_id, sealed=blob, at=at)
        note_change(db, what="card", at=at, school_id=school_id)


def schools_of_holder(
    db: Connection, *, pupil_id: int | None, staff_id: int | None, day: date
) -> tuple[int, ...]:
    """The schools a holder belongs to on that day or later: whose kiosks need the card's key."""
    if staff_id is not None:
        where = select(staff.c.school_id).where(staff.c.id == staff_id)
    else:
        where = select(membership.c.school_id).where(membership.c.pupil_id == pupil_id, _lasts(day))
    return tuple(sorted(set(db.execute(where).scalars())))


def _put(
    db: Connection, *, card_id: int, school_id: int, key_id: bytes, sealed: bytes, at: datetime
) -> None:
    this = (card_key.c.card_id == card_id) & (card_key.c.school_id == school_id)
    values = {"key_id": key_id, "sealed": sealed, "at_us": at}
    if not db.execute(update(card_key).where(this).values(values)).rowcount:
        key = {"card_id": card_id, "school_id": school_id}
        db.execute(insert(card_key).values(**key, **values))


def _of_school(school_id: int, day: date | None) -> ColumnElement[bool]:
    members = select(membership.c.pupil_id).where(membership.c.school_id == school_id)
    if day is not None:
        members = members.where(_lasts(day))
    at_work = select(staff.c.id).where(staff.c.school_id == school_id, staff.c.active == 1)
    return or_(card.c.pupil_id.in_(members), card.c.staff_id.in_(at_work))


def _lasts(day: date) -> ColumnElement[bool]:
    return or_(membership.c.valid_to.is_(None), membership.c.valid_to >= literal(day, Day()))
