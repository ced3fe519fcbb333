"""A kiosk's own role: made with a password nobody typed, changed by the kiosk, ended by the office.

Passwords are 256 random bits. PostgreSQL gets only their SCRAM verifier (RFC 5802, RFC 7677),
computed here by libpq, so neither the server nor its log ever sees one.
"""

import enum
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from accounts.database import Database, DatabaseUnavailable, Session
from accounts.door import Asked, DoorClosed, RoleDoor
from accounts.guards import JournalRefused, guarded

_PASSWORD_BYTES = 32
_VERIFIER = re.compile(r"SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
_MAY_NOT = "42501"
_NO_SUCH_ROLE = "42704"


class EnrolmentRefusal(enum.Enum):
    """Why no role was made for a kiosk, or why the ledger did not let it in."""

    NO_ROLES = "no_roles"  # the ledger's group roles are missing
    MAY_NOT = "may_not"  # whoever asks, or the ledger's owner, may make no roles
    NO_KIOSK = "no_kiosk"  # unknown, or revoked
    NOT_LET_IN = "not_let_in"  # the password is not the role's any more, or the role is ended


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """A role's name and password."""

    name: str
    password: str


def new_password() -> str:
    """A password nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def verifier_of(db: Session, password: str) -> str:
    """What PostgreSQL keeps instead of a password."""
    connection = db.connection.driver_connection
    if connection is None:
        raise TypeError("there is no connection to encrypt for")
    made: bytes = connection.pgconn.encrypt_password(password.encode(), b"", b"scram-sha-256")
    verifier = made.decode("ascii")
    if not _VERIFIER.fullmatch(verifier):
        raise ValueError("libpq made no SCRAM verifier")
    return verifier


def make_login(db: Session, *, origin_id: int) -> Login | EnrolmentRefusal:
    """Make the kiosk's role, or give it a new password and end the sessions it has.

    After a refusal the transaction can only be rolled back.
    """
    password = new_password()
    ask = {"origin": origin_id, "verifier": verifier_of(db, password)}
    try:
        with guarded():
            made = db.execute(text("SELECT enrol_login(:origin, :verifier)"), ask)
    except JournalRefused:
        return EnrolmentRefusal.NO_KIOSK
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _MAY_NOT:
            return EnrolmentRefusal.MAY_NOT
        if state == _NO_SUCH_ROLE:
            return EnrolmentRefusal.NO_ROLES
        raise
    return Login(str(made.scalar_one()), password)


def end_login(db: Session, *, origin_id: int) -> int:
    """Let nobody sign in as that kiosk any more; returns how many sessions were ended.

    The origin is to be revoked in the same transaction. 0 on SQLite and where there is no role.
    """
    if db.dialect.name == "sqlite":
        return 0
    ended = db.execute(text("SELECT revoke_login(:origin)"), {"origin": origin_id})
    return int(ended.scalar_one())


def try_login(database: Database, *, origin_id: int) -> EnrolmentRefusal | None:
    """Whether the ledger lets that kiosk in here. Raises DatabaseUnavailable."""
    try:
        with _passwords_named():
            RoleDoor(database, origin_id).news(Asked(pulse=None, epochs=(), wants=False))
    except _NotLetIn:
        return EnrolmentRefusal.NOT_LET_IN
    except DoorClosed:
        return EnrolmentRefusal.NO_KIOSK
    return None


def change_password(database: Database, password: str) -> None:
    """Give the role that is signed in here another password. Raises DatabaseUnavailable."""
    with database.write() as db:
        verifier = verifier_of(db, password)
        # A statement that takes no parameters; the verifier's form was just checked.
        db.exec_driver_sql(f"ALTER ROLE CURRENT_USER PASSWORD '{verifier}'")


class _NotLetIn(Exception):  # noqa: N818  # it names what happened
    """The server answered, asked for a password, and took none."""


@contextmanager
def _passwords_named() -> Iterator[None]:
    """Tell a refused password from a server that is not there: libpq knows whether it was asked."""
    try:
        yield
    except DatabaseUnavailable as error:
        cause = getattr(error.__cause__, "orig", None)
        refused = getattr(cause, "pgconn", None)
        if refused is not None and refused.used_password:
            raise _NotLetIn from error
        raise
