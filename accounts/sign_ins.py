"""Signing in: a name and a password, and locks that grow with failures.

- Every attempt that was judged is in table ``sign_in``. A lock is worked out from it and never
  stored: after five failures in a row the user waits one minute, and after each further failure
  longer; a good sign-in begins anew. NIST SP 800-63B-4, 3.2.2, asks for such a limit.
- While a lock lasts no password is judged, the right one neither, and nothing is written.
- A name that nobody has is answered like a wrong password, at the same cost.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from accounts.database import Database
from accounts.passwords import is_password
from accounts.tables.rights import office_user, sign_in

FREE_FAILURES = 5
LOCKS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""How long the fifth failure in a row locks, the sixth, the seventh, and every further one."""


class SignInRefusal(enum.Enum):
    """Why nobody was signed in."""

    WRONG = "wrong_password"  # or nobody of that name
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody gave the right password."""

    user_id: int
    name: str


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """``until``: the end of the lock, where there is one."""

    reason: SignInRefusal
    until: datetime | None = None


def sign_in_by_password(
    database: Database, *, name: str, password: str, at: datetime
) -> SignedIn | NotSignedIn:
    """Judge a password. No lock of the ledger is held while it is hashed."""
    this = select(office_user.c.id, office_user.c.password_hash).where(
        office_user.c.name == name, office_user.c.until_us.is_(None)
    )
    with database.read() as db:
        user = db.execute(this).one_or_none()
    right = is_password(user.password_hash if user else None, password)
    if user is None:
        return NotSignedIn(SignInRefusal.WRONG)
    with database.write() as db:
        # Held to the end, so that many attempts at once are judged one after the other: those
        # behind the fifth failure learn of the lock only, whatever they had guessed.
        now = db.execute(this.with_for_update()).one_or_none()
        until = locked_until(db, user_id=user.id)
        if until is not None and at < until:
            return NotSignedIn(SignInRefusal.LOCKED, until)
        right = right and now is not None and now.password_hash == user.password_hash
        db.execute(insert(sign_in).values(user_id=user.id, at_us=at, good=int(right)))
    return SignedIn(user.id, name) if right else NotSignedIn(SignInRefusal.WRONG)


def locked_until(db: Connection, *, user_id: int) -> datetime | None:
    """When the lock after the last failures ends or ended; None where there are too few."""
    newest = (
        select(sign_in.c.at_us, sign_in.c.good)
        .where(sign_in.c.user_id == user_id)
        .order_by(sign_in.c.id.desc())
        .limit(FREE_FAILURES + len(LOCKS))
    )
    failures: list[datetime] = []
    for row in db.execute(newest):
        if row.good:
            break
        failures.append(row.at_us)
    if len(failures) < FREE_FAILURES:
        return None
    nth = min(len(failures) - FREE_FAILURES, len(LOCKS) - 1)
    return failures[0] + LOCKS[nth]
