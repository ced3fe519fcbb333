"""Which card is whose: the register of all cards ever issued, as it is read.

A card has exactly one holder for its whole life, and the register forgets none: a replaced card
is still found, and found replaced.
"""

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from accounts import card_numbers
from accounts.tables.people import card


class CardState(enum.Enum):
    """What a card is good for."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Card:
    """A card and its holder: exactly one of ``pupil_id`` and ``staff_id`` is given.

    ``issue_no`` counts the holder's cards from 1; ``printed_no`` is what stands on it.
    """

    id: int
    pupil_id: int | None
    staff_id: int | None
    issue_no: int
    printed_no: str
    state: CardState


def holder_of(db: Connection, *, uid_hmac: bytes) -> Card | None:
    """The card with this number's HMAC, in whatever state, and so whose it is."""
    return _found(db, card.c.uid_hmac == uid_hmac)


def card_of(db: Connection, *, card_id: int) -> Card | None:
    """The card with this id."""
    return _found(db, card.c.id == card_id)


def printed_card(db: Connection, *, printed_no: str) -> Card | None:
    """The card with this number on it, however it was typed."""
    return _found(db, card.c.printed_no == card_numbers.compact(printed_no))


def cards_of(db: Connection, *, pupil_id: int) -> tuple[Card, ...]:
    """All cards a pupil ever had, the newest first."""
    theirs = select(card).where(card.c.pupil_id == pupil_id).order_by(card.c.issue_no.desc())
    return tuple(read_card(row) for row in db.execute(theirs))


def _found(db: Connection, which: ColumnElement[bool]) -> Card | None:
    row = db.execute(select(card).where(which).limit(1)).first()
    return None if row is None else read_card(row)


def read_card(row: Row[Any]) -> Card:
    """The card of a row of the table."""
    return Card(
        id=row.id,
        pupil_id=row.pupil_id,
        staff_id=row.staff_id,
        issue_no=row.issue_no,
        printed_no=row.printed_no,
        state=CardState(row.state),
    )
