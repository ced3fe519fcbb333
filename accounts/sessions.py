"""Being signed in for a while: a random token at the user's desk, only its hash in the ledger.

A session ends after half an hour in which nothing was asked, after ten hours at the latest, with
a sign-out, with another password, and at once when its user is revoked. Sessions are no part of
the books: their rows change and go.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from accounts.database import Database
from accounts.sign_ins import SignedIn
from accounts.tables.rights import office_session, office_user

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
_NOTED = timedelta(minutes=1)
"""How exactly the last use is kept: a row is not written at every command."""


def open_session(db: Connection, *, user_id: int, at: datetime) -> str:
    """Begin a session; returns its token, which is nowhere in the ledger."""
    stale = office_session.c.since_us < at - LONGEST
    db.execute(delete(office_session).where(stale | office_session.c.until_us.is_not(None)))
    token = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(token), "user_id": user_id, "since_us": at, "used_us": at}
    db.execute(insert(office_session).values(values))
    return token


def user_of(database: Database, *, token: str, at: datetime) -> SignedIn | None:
    """Who is signed in by this token now; its use is noted."""
    this = office_session.c.token_hash == _hash(token)
    asked = (
        select(office_user.c.id, office_user.c.name, office_session)
        .join(office_session, office_session.c.user_id == office_user.c.id)
        .where(this, office_session.c.until_us.is_(None), office_user.c.until_us.is_(None))
    )
    with database.read() as db:
        found = db.execute(asked).one_or_none()
    if found is None or at > found.used_us + IDLE or at > found.since_us + LONGEST:
        return None
    if at >= found.used_us + _NOTED:
        with database.write() as db:
            db.execute(update(office_session).where(this).values(used_us=at))
    return SignedIn(found.id, found.name)


def close_session(db: Connection, *, token: str, at: datetime) -> bool:
    """End a session; False where there was none."""
    this = (office_session.c.token_hash == _hash(token)) & office_session.c.until_us.is_(None)
    ended = update(office_session).where(this).values(until_us=at)
    return db.execute(ended).rowcount > 0


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
