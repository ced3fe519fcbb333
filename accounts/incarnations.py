"""The lives of a ledger: each has a number no other has, and a restore begins the next.

A kiosk that meets another number than it knows brings again what it still keeps, because the
copy may lack it. So a new life is begun when rows may be missing and never otherwise: a ledger
that was moved whole stays the one it was.
"""

import enum
import secrets
from datetime import datetime

from sqlalchemy import select

from accounts.database import Session
from accounts.tables.proofs import incarnation


class Why(enum.Enum):
    """What began a life."""

    MADE = "made"
    RESTORED = "restored"


def current(db: Session) -> int:
    """The number of the ledger's present life: 62 random bits, never 0."""
    newest = select(incarnation.c.number).order_by(incarnation.c.id.desc()).limit(1)
    return int(db.execute(newest).scalar_one())


def begin(db: Session, *, why: Why, actor: str, at: datetime) -> int:
    """Begin another life; returns its number."""
    number = secrets.randbits(62) + 1
    row = {"number": number, "at_us": at, "why": why.value, "actor": actor}
    db.execute(incarnation.insert(), row)
    return number
