"""What parents wish for their child beside the day's first lunch: a limit a day, no snacks.

Neither stops that lunch (feed first, ``accounts.charge``); a blocked lunch therefore stops
nothing. A kiosk hears of a wish as of any other change of its school.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from accounts.changes import note_pupil_change
from accounts.charge import ItemClass
from accounts.database import Session
from accounts.money import ZERO, Money
from accounts.tables.people import pupil


@dataclass(frozen=True, slots=True)
class Wishes:
    """``day_limit``: what a day's purchases but the first lunch may cost; None for no limit."""

    day_limit: Money | None = None
    blocked: frozenset[ItemClass] = frozenset()


def wishes_of(db: Session, pupil_id: int) -> Wishes:
    """What holds for the child now. Raises LookupError for nobody."""
    found = db.execute(
        select(pupil.c.day_limit_cents, pupil.c.blocked_classes).where(pupil.c.id == pupil_id)
    ).one_or_none()
    if found is None:
        raise LookupError(f"no pupil {pupil_id}")
    limit = found.day_limit_cents
    return Wishes(
        day_limit=None if limit is None else Money(limit),
        blocked=frozenset(ItemClass(name) for name in found.blocked_classes.split(",") if name),
    )


def set_wishes(db: Session, wishes: Wishes, *, pupil_id: int, at: datetime) -> bool:
    """Let this hold from now on; False where it did already.

    Raises LookupError for nobody and ValueError for a limit below zero.
    """
    if wishes.day_limit is not None and wishes.day_limit < ZERO:
        raise ValueError("a day's limit is not below zero")
    if wishes_of(db, pupil_id) == wishes:
        return False
    db.execute(
        update(pupil)
        .where(pupil.c.id == pupil_id)
        .values(
            day_limit_cents=None if wishes.day_limit is None else wishes.day_limit.cents,
            blocked_classes=",".join(sorted(one.value for one in wishes.blocked)),
        )
    )
    note_pupil_change(db, what="parents", at=at, pupil_id=pupil_id)
    return True
