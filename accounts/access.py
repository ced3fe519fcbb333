"""Who looked at whose data: written down once, kept apart from the journal.

A kiosk writes its looks into its own journal first and brings them here later; their key is
(origin, epoch, seq), so bringing them twice writes them once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from accounts.database import Session
from accounts.tables import kiosks


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the actor ("staff:3"), the pupil (none for a search), when and what for."""

    epoch: int
    seq: int
    at: datetime
    actor: str
    pupil_id: int | None
    purpose: str


def log_looks(db: Session, origin_id: int, looks: Sequence[Look]) -> None:
    """Write down looks that are not written down yet."""
    log = kiosks.access_log.c
    for look in looks:
        known = select(log.id).where(
            log.origin_id == origin_id, log.epoch == look.epoch, log.seq == look.seq
        )
        if db.execute(known).first() is None:
            db.execute(
                kiosks.access_log.insert(),
                {
                    "origin_id": origin_id,
                    "epoch": look.epoch,
                    "seq": look.seq,
                    "at_us": look.at,
                    "actor": look.actor,
                    "pupil_id": look.pupil_id,
                    "purpose": look.purpose,
                },
            )
