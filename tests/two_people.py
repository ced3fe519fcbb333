"""Two people for what takes two, signed in without a password: one may everything, one approves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders import NOON
from desk import Office
from offices import hire
from sqlalchemy import insert, select

from accounts.rights import Role
from accounts.sessions import open_session
from accounts.tables import rights
from kiosk.office.signing_in import keep_token

FIRST, SECOND = "erste", "zweite"


def employ(office: Office, name: str, *roles: Role) -> None:
    """A user with these roles for all schools, or further roles for one who is there."""
    office.monkeypatch.setenv("XDG_RUNTIME_DIR", str(office.folder))
    office.monkeypatch.delenv("MENSA_USER", raising=False)
    database = office.database()
    with database.write() as db:
        known = db.execute(
            select(rights.office_user.c.id).where(rights.office_user.c.name == name)
        ).scalar_one_or_none()
        user = hire(db, name, roles[0]) if known is None else known
        for role in roles[1:] if known is None else roles:
            told = {"user_id": user, "role": role.value, "school_id": None, "since_us": NOON}
            db.execute(insert(rights.office_role).values(told))
    database.close()


def sign_in(office: Office, name: str) -> None:
    """From now on this user acts."""
    office.monkeypatch.setattr("kiosk.office.entitled.SystemClock", lambda: office.clock)
    database = office.database()
    with database.write() as db:
        this = select(rights.office_user.c.id).where(rights.office_user.c.name == name)
        token = open_session(db, user_id=db.execute(this).scalar_one(), at=office.clock.now())
    database.close()
    keep_token(database.url.render_as_string(hide_password=True), token)


def council(office: Office) -> None:
    """Both people of this module's docstring; the first acts."""
    employ(office, FIRST, Role.ADMINISTRATOR, Role.SCHOOL_OFFICE, Role.TREASURY, Role.KITCHEN)
    employ(office, SECOND, Role.TREASURY)
    sign_in(office, FIRST)


@contextmanager
def acting(office: Office, name: str) -> Iterator[None]:
    """That user acts for a while, then the first again."""
    sign_in(office, name)
    yield
    sign_in(office, FIRST)


def approve(office: Office, *words: object) -> dict[str, object]:
    """The second agrees."""
    with acting(office, SECOND):
        return office.told("approve", *words)


def take_over(office: Office, file: Path, total: str) -> dict[str, object]:
    """Opening balances from a file, by both people; what the booking says."""
    request = office.told("go-live", file, "--total", total)["request"]
    approve(office, request)
    return office.told("go-live", file, "--request", request)
