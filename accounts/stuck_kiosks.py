"""Kiosks that reach the ledger and yet have facts it does not get.

A kiosk says how much waits after it has brought what it could. What still waits then, while
nothing came in for an hour before, stands behind a gap: the ledger was restored from before what
the kiosk keeps, or rows of its journal are damaged. It tries again by itself and never leaves a
gap behind; so somebody has to look.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from accounts.database import Session
from accounts.tables import kiosks

QUIET = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A kiosk with ``waiting`` facts when it was heard of last.

    ``epoch`` and ``last`` are the newest fact the ledger has of it, ``came`` is when that came in;
    0 and None where it has none.
    """

    name: str
    waiting: int
    last_seen: datetime
    epoch: int
    last: int
    came: datetime | None


def stuck_kiosks(db: Session) -> tuple[Stuck, ...]:
    """The kiosks in service that stand behind a gap, by name."""
    kiosk, seen, fact = kiosks.origin.c, kiosks.kiosk_seen.c, kiosks.fact.c
    newest = (
        select(fact.origin_id, func.max(fact.id).label("id")).group_by(fact.origin_id).subquery()
    )
    rows = db.execute(
        select(kiosk.name, seen.waiting, seen.at_us, fact.epoch, fact.seq, fact.recorded_us)
        .join(kiosks.kiosk_seen, seen.origin_id == kiosk.id)
        .outerjoin(newest, newest.c.origin_id == kiosk.id)
        .outerjoin(kiosks.fact, fact.id == newest.c.id)
        .where(kiosk.kind == "kiosk", kiosk.revoked_us.is_(None), seen.waiting > 0)
        .order_by(kiosk.name)
    )
    return tuple(
        Stuck(name, waiting, at, epoch or 0, seq or 0, came)
        for name, waiting, at, epoch, seq, came in rows
        if came is None or came < at - QUIET
    )
