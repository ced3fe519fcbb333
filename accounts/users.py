"""The office's users: a login name, a password, and roles for one school or for all.

- A name belongs to one person for ever: who left is revoked and never deleted, and nobody is
  called the same again, because entries name their actor.
- The first user is an administrator for all schools, and one at least remains; the database
  holds to that, whoever writes.
- While there is no user, whoever can open the ledger sets it up.
"""

import enum
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Executable, insert, select, update

from accounts.guards import JournalRefused, guarded
from accounts.passwords import password_hash
from accounts.rights import Role
from accounts.tables.people import school
from accounts.tables.rights import office_role, office_session, office_user

_NAME = re.compile(r"[a-z][a-z0-9.-]{1,31}", re.ASCII)


class UserRefusal(enum.Enum):
    """Why nothing about a user was written."""

    BAD_NAME = "bad_name"
    NAME_TAKEN = "name_taken"
    UNKNOWN_USER = "unknown_user"
    REVOKED = "revoked"
    FIRST_IS_ADMINISTRATOR = "first_is_administrator"
    LAST_ADMINISTRATOR = "last_administrator"
    HAS_ROLE = "has_role"
    LACKS_ROLE = "lacks_role"


@dataclass(frozen=True, slots=True)
class Granted:
    """A role for the school with that number; None for all schools."""

    role: Role
    school: str | None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of the office, and the roles that hold now."""

    id: int
    name: str
    since: datetime
    until: datetime | None
    roles: tuple[Granted, ...]

    @property
    def actor(self) -> str:
        """How the ledger names them wherever they wrote."""
        return actor_of(self.id)


def actor_of(user_id: int) -> str:
    """The word for a user as the actor of a row."""
    return f"user:{user_id}"


def has_users(db: Connection) -> bool:
    """Whether anybody was ever made a user; from then on every act needs a right."""
    return db.execute(select(office_user.c.id).limit(1)).first() is not None


def users(db: Connection) -> tuple[User, ...]:
    """Everybody who ever was a user, by name."""
    roles: dict[int, list[Granted]] = {}
    held = (
        select(office_role.c.user_id, office_role.c.role, school.c.number)
        .outerjoin(school, school.c.id == office_role.c.school_id)
        .where(office_role.c.until_us.is_(None))
        .order_by(office_role.c.id)
    )
    for row in db.execute(held):
        roles.setdefault(row.user_id, []).append(Granted(Role(row.role), row.number))
    return tuple(
        User(row.id, row.name, row.since_us, row.until_us, tuple(roles.get(row.id, ())))
        for row in db.execute(select(office_user).order_by(office_user.c.name))
    )


def find_user(db: Connection, *, name: str) -> User | None:
    """The user of that name, a revoked one too."""
    return next((one for one in users(db) if one.name == name), None)


def add_user(
    db: Connection,
    *,
    name: str,
    password: str,
    role: Role,
    school_id: int | None,
    at: datetime,
) -> int | UserRefusal:
    """Make somebody a user with one role; returns the id.

    The password is taken as it is: ``passwords.fault_of`` says beforehand what is wrong with it.
    """
    if not _NAME.fullmatch(name):
        return UserRefusal.BAD_NAME
    if not has_users(db) and (role is not Role.ADMINISTRATOR or school_id is not None):
        return UserRefusal.FIRST_IS_ADMINISTRATOR
    if db.execute(select(office_user.c.id).where(office_user.c.name == name)).first():
        return UserRefusal.NAME_TAKEN
    values = {"name": name, "password_hash": password_hash(password), "since_us": at}
    made = insert(office_user).values(values).returning(office_user.c.id)
    user_id = int(db.execute(made).scalar_one())
    _give(db, user_id=user_id, role=role, school_id=school_id, at=at)
    return user_id


def grant(
    db: Connection, *, user_id: int, role: Role, school_id: int | None, at: datetime
) -> UserRefusal | None:
    """Give a user another role, or the same for another school."""
    refusal = _standing(db, user_id)
    if refusal is not None:
        return refusal
    if _held(db, user_id, role, school_id) is not None:
        return UserRefusal.HAS_ROLE
    _give(db, user_id=user_id, role=role, school_id=school_id, at=at)
    return None


def end_role(
    db: Connection, *, user_id: int, role: Role, school_id: int | None, at: datetime
) -> UserRefusal | None:
    """Take one role away. A refusal leaves a transaction that must be rolled back."""
    refusal = _standing(db, user_id)
    if refusal is not None:
        return refusal
    held = _held(db, user_id, role, school_id)
    if held is None:
        return UserRefusal.LACKS_ROLE
    ended = update(office_role).where(office_role.c.id == held).values(until_us=at)
    return _unless_last(db, ended)


def revoke_user(db: Connection, *, user_id: int, at: datetime) -> UserRefusal | None:
    """From now on this user may do nothing. A refusal's transaction must be rolled back."""
    refusal = _standing(db, user_id)
    if refusal is not None:
        return refusal
    ended = update(office_user).where(office_user.c.id == user_id).values(until_us=at)
    refusal = _unless_last(db, ended)
    if refusal is None:
        _end_sessions(db, user_id, at)
    return refusal


def set_password(
    db: Connection, *, user_id: int, password: str, at: datetime
) -> UserRefusal | None:
    """Give a user another password, and end what they were signed in by."""
    refusal = _standing(db, user_id)
    if refusal is not None:
        return refusal
    hashed = password_hash(password)
    changed = update(office_user).where(office_user.c.id == user_id)
    db.execute(changed.values(password_hash=hashed))
    _end_sessions(db, user_id, at)
    return None


def _standing(db: Connection, user_id: int) -> UserRefusal | None:
    this = select(office_user.c.until_us).where(office_user.c.id == user_id)
    found = db.execute(this).one_or_none()
    if found is None:
        return UserRefusal.UNKNOWN_USER
    return None if found.until_us is None else UserRefusal.REVOKED


def _held(db: Connection, user_id: int, role: Role, school_id: int | None) -> int | None:
    here = (
        office_role.c.school_id.is_(None)
        if school_id is None
        else office_role.c.school_id == school_id
    )
    this = select(office_role.c.id).where(
        office_role.c.user_id == user_id,
        office_role.c.role == role.value,
        office_role.c.until_us.is_(None),
        here,
    )
    return db.execute(this).scalar()


def _give(db: Connection, *, user_id: int, role: Role, school_id: int | None, at: datetime) -> None:
    values = {"user_id": user_id, "role": role.value, "school_id": school_id, "since_us": at}
    db.execute(insert(office_role).values(values))


def _unless_last(db: Connection, ended: Executable) -> UserRefusal | None:
    try:
        with guarded():
            db.execute(ended)
    except JournalRefused as refused:
        if refused.code != "last_administrator":
            raise
        return UserRefusal.LAST_ADMINISTRATOR
    return None


def _end_sessions(db: Connection, user_id: int, at: datetime) -> None:
    theirs = (office_session.c.user_id == user_id) & office_session.c.until_us.is_(None)
    db.execute(update(office_session).where(theirs).values(until_us=at))
