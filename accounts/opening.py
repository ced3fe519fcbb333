"""What pupils had before this ledger began (Anfangsbestand), each taken over at most once.

All opening balances are entries of one origin of their own, "go-live"; a pupil's are the epoch
with the pupil's number, so their keys tell whose they are and the ledger holds one under each.
As long as an opening balance is not reversed, asking for the same again books nothing and
asking for another amount is refused. A list is booked whole or not at all.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from accounts.database import Session
from accounts.ledger import Booked, Draft, EntryKind, Move, book, next_key
from accounts.money import ZERO, Money
from accounts.office import office_origin
from accounts.tables.journal import account, entry, transfer

ORIGIN = "go-live"


class OpeningRefusal(enum.Enum):
    """Why a list of opening balances was not booked."""

    NAMED_TWICE = "named_twice"
    OTHER_AMOUNT = "other_amount"  # another one is in the ledger


@dataclass(frozen=True, slots=True)
class Opening:
    """What one pupil had; below zero what the parents owed."""

    pupil_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The opening balance that stands against the whole list; ``booked`` is what is there."""

    at: int
    reason: OpeningRefusal
    booked: Money | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What was booked now, what was in the ledger before, and how many had nothing."""

    booked: int
    total: Money
    repeated: int
    empty: int


def book_openings(
    db: Session, openings: Sequence[Opening], *, actor: str, now: datetime
) -> Opened | tuple[Doubtful, ...]:
    """Book all that are not in the ledger yet, or name those that stand against it.

    ``Doubtful.at`` counts the list from 0; nothing is booked then. Raises what ``book`` raises.
    """
    origin_id = office_origin(db, name=ORIGIN, at=now)
    known = _known(db)
    doubtful: list[Doubtful] = []
    seen: set[int] = set()
    for at, one in enumerate(openings):
        there = known.get(one.pupil_id)
        if one.pupil_id in seen:
            doubtful.append(Doubtful(at, OpeningRefusal.NAMED_TWICE))
        elif there is not None and there != one.amount:
            doubtful.append(Doubtful(at, OpeningRefusal.OTHER_AMOUNT, there))
        seen.add(one.pupil_id)
    if doubtful:
        return tuple(doubtful)
    new = [one for one in openings if one.amount and one.pupil_id not in known]
    for one in new:
        _book(db, one, origin_id, actor=actor, now=now)
    return Opened(
        booked=len(new),
        total=sum((one.amount for one in new), start=ZERO),
        repeated=sum(one.pupil_id in known for one in openings),
        empty=sum(not one.amount for one in openings),
    )


def _known(db: Session) -> dict[int, Money]:
    """The opening balances that stand, by pupil."""
    taken_back = select(entry.c.reverses).where(entry.c.reverses.is_not(None))
    standing = (
        select(entry.c.pupil_id, account.c.kind, transfer.c.cents)
        .join_from(entry, transfer, transfer.c.entry_id == entry.c.id)
        .join(account, account.c.id == transfer.c.debit_id)
        .where(entry.c.kind == EntryKind.OPENING.value, entry.c.id.not_in(taken_back))
    )
    return {
        row.pupil_id: Money(-row.cents if row.kind == "pupil" else row.cents)
        for row in db.execute(standing)
    }


def _book(db: Session, one: Opening, origin_id: int, *, actor: str, now: datetime) -> None:
    theirs = f"pupil:{one.pupil_id}"
    owed = one.amount < ZERO
    move = Move(theirs, "opening", -one.amount) if owed else Move("opening", theirs, one.amount)
    draft = Draft(
        key=next_key(db, origin_id, epoch=one.pupil_id),
        kind=EntryKind.OPENING,
        occurred_at=now,
        actor=actor,
        moves=(move,),
        pupil_id=one.pupil_id,
    )
    booked = book(db, draft, now=now)
    if not isinstance(booked, Booked):
        raise TypeError(f"an opening balance has no limit, yet: {booked}")
