"""Users, passwords, locks and sessions: who is let in, and who no longer."""

import threading
from datetime import timedelta

import pytest
from builders import NOON, School
from sqlalchemy import text

from accounts import passwords
from accounts.database import Database
from accounts.passwords import PasswordFault, fault_of, is_password, nobodys, password_hash
from accounts.rights import Role
from accounts.sessions import IDLE, LONGEST, close_session, open_session, user_of
from accounts.sign_ins import (
    FREE_FAILURES,
    LOCKS,
    NotSignedIn,
    SignedIn,
    SignInRefusal,
    sign_in_by_password,
)
from accounts.users import (
    Granted,
    UserRefusal,
    add_user,
    end_role,
    find_user,
    grant,
    has_users,
    revoke_user,
    set_password,
    users,
)

GOOD, BAD = "rosa Elefant am See", "blauer Elefant am See"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs of a test's password; what they are for real is tested below."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)
    nobodys.cache_clear()


@pytest.fixture
def chef(database: Database) -> int:
    with database.write() as db:
        made = add_user(
            db, name="chef", password=GOOD, role=Role.ADMINISTRATOR, school_id=None, at=NOON
        )
    assert isinstance(made, int)
    return made


def enter(
    database: Database, password: str, minutes: float = 0, name: str = "chef"
) -> SignedIn | NotSignedIn:
    at = NOON + timedelta(minutes=minutes)
    return sign_in_by_password(database, name=name, password=password, at=at)


def test_a_password_is_kept_as_salted_argon2id_with_a_servers_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    nobodys.cache_clear()
    first, second = password_hash(GOOD), password_hash(GOOD)
    assert first != second
    assert is_password(first, GOOD)
    assert not is_password(first, BAD)
    costs = dict(part.split("=") for part in first.split("$")[3].split(","))
    assert first.startswith("$argon2id$v=19$")
    assert int(costs["m"]) >= 19456
    assert int(costs["t"]) >= 2
    # Somebody who is not there costs what somebody costs who is.
    assert nobodys().split("$")[:4] == first.split("$")[:4]
    nobodys.cache_clear()


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("elf zeichen", PasswordFault.TOO_SHORT),
        ("zwölfzeichen", None),
        ("aaaaaaaaaaaa", None),
        ("x" * 256, None),
        ("x" * 257, PasswordFault.TOO_LONG),
    ],
)
def test_only_the_length_of_a_password_counts(password: str, fault: PasswordFault | None) -> None:
    assert fault_of(password) is fault


def test_the_same_letters_typed_otherwise_are_the_same_password() -> None:
    assert is_password(password_hash("Übergrößenträger"), "U\u0308bergro\u0308\u00dfentra\u0308ger")


def test_nobodys_password_is_never_right() -> None:
    assert not is_password(None, "")
    with pytest.raises(ValueError, match="Argon2id"):
        is_password("plain", GOOD)


def test_the_first_user_is_an_administrator_for_all_schools(school: School) -> None:
    with school.database.write() as db:
        assert not has_users(db)
        for role, place in ((Role.TREASURY, None), (Role.ADMINISTRATOR, school.id)):
            made = add_user(db, name="eva", password=GOOD, role=role, school_id=place, at=NOON)
            assert made is UserRefusal.FIRST_IS_ADMINISTRATOR
        assert not has_users(db)


@pytest.mark.parametrize(
    "name", ["Eva", "e", "", "eva müller", "eva@amt", "-eva", "1eva", "e" * 33]
)
def test_a_name_that_is_none_is_refused(database: Database, chef: int, name: str) -> None:
    with database.write() as db:
        made = add_user(db, name=name, password=GOOD, role=Role.AUDITOR, school_id=None, at=NOON)
        assert made is UserRefusal.BAD_NAME
        assert [one.id for one in users(db)] == [chef]


def test_roles_come_and_go_and_a_name_never_comes_back(school: School) -> None:
    with school.database.write() as db:
        add_user(db, name="chef", password=GOOD, role=Role.ADMINISTRATOR, school_id=None, at=NOON)
        eva = add_user(
            db, name="eva.m-2", password=GOOD, role=Role.SCHOOL_OFFICE, school_id=school.id, at=NOON
        )
        assert isinstance(eva, int)
        here, kitchen = {"school_id": school.id}, Role.KITCHEN
        assert grant(db, user_id=eva, role=kitchen, at=NOON, **here) is None
        assert grant(db, user_id=eva, role=kitchen, at=NOON, **here) is UserRefusal.HAS_ROLE
        found = find_user(db, name="eva.m-2")
        assert found is not None
        assert found.roles == (
            Granted(Role.SCHOOL_OFFICE, "165000"),
            Granted(Role.KITCHEN, "165000"),
        )
        assert end_role(db, user_id=eva, role=kitchen, at=NOON, **here) is None
        assert end_role(db, user_id=eva, role=kitchen, at=NOON, **here) is UserRefusal.LACKS_ROLE
        assert revoke_user(db, user_id=eva, at=NOON) is None
        assert revoke_user(db, user_id=eva, at=NOON) is UserRefusal.REVOKED
        assert grant(db, user_id=eva, role=Role.AUDITOR, at=NOON, **here) is UserRefusal.REVOKED
        assert grant(db, user_id=99, role=Role.AUDITOR, at=NOON, **here) is UserRefusal.UNKNOWN_USER
        again = add_user(
            db, name="eva.m-2", password=GOOD, role=Role.AUDITOR, school_id=None, at=NOON
        )
        assert again is UserRefusal.NAME_TAKEN


def test_the_last_administrator_stays(database: Database, chef: int) -> None:
    with database.write() as db:
        refusal = revoke_user(db, user_id=chef, at=NOON)
        assert refusal is UserRefusal.LAST_ADMINISTRATOR
        db.rollback()
    with database.write() as db:
        refusal = end_role(db, user_id=chef, role=Role.ADMINISTRATOR, school_id=None, at=NOON)
        assert refusal is UserRefusal.LAST_ADMINISTRATOR
        db.rollback()
    with database.write() as db:
        add_user(db, name="zwei", password=GOOD, role=Role.ADMINISTRATOR, school_id=None, at=NOON)
        assert revoke_user(db, user_id=chef, at=NOON) is None
    assert enter(database, GOOD) == NotSignedIn(SignInRefusal.WRONG)


@pytest.mark.postgresql
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_two_administrators_who_revoke_each_other_at_once_leave_one(
    database: Database, chef: int
) -> None:
    with database.write() as db:
        other = add_user(
            db, name="zwei", password=GOOD, role=Role.ADMINISTRATOR, school_id=None, at=NOON
        )
    assert isinstance(other, int)
    said: list[UserRefusal | None] = []
    both = threading.Barrier(2)

    def end(user_id: int) -> None:
        with database.write() as db:
            db.execute(text("SELECT 1"))
            both.wait(30)
            answer = revoke_user(db, user_id=user_id, at=NOON)
            if answer is not None:
                db.rollback()
        said.append(answer)

    threads = [threading.Thread(target=end, args=(one,)) for one in (chef, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said, key=str) == [None, UserRefusal.LAST_ADMINISTRATOR]
    with database.read() as db:
        assert sum(one.until is None for one in users(db)) == 1


def test_the_right_password_opens_and_a_wrong_one_looks_like_no_name(
    database: Database, chef: int
) -> None:
    assert enter(database, GOOD) == SignedIn(chef, "chef")
    assert enter(database, BAD) == NotSignedIn(SignInRefusal.WRONG)
    assert enter(database, GOOD, name="niemand") == NotSignedIn(SignInRefusal.WRONG)


def test_a_lock_grows_with_each_failure_and_ends_with_a_good_sign_in(
    database: Database, chef: int
) -> None:
    for _ in range(FREE_FAILURES):
        assert enter(database, BAD) == NotSignedIn(SignInRefusal.WRONG)
    now = 0.0
    for lock in [*LOCKS, LOCKS[-1]]:
        until = NOON + timedelta(minutes=now) + lock
        before = now + lock.total_seconds() / 60 - 0.01
        locked = NotSignedIn(SignInRefusal.LOCKED, until)
        assert enter(database, GOOD, before) == locked
        assert enter(database, BAD, before) == locked
        now += lock.total_seconds() / 60
        assert enter(database, BAD, now) == NotSignedIn(SignInRefusal.WRONG)
    now += 60
    assert enter(database, GOOD, now) == SignedIn(chef, "chef")
    for _ in range(FREE_FAILURES - 1):
        enter(database, BAD, now)
    assert enter(database, GOOD, now) == SignedIn(chef, "chef")


def test_another_users_failures_lock_nobody_else(database: Database, chef: int) -> None:
    with database.write() as db:
        add_user(db, name="eva", password=GOOD, role=Role.AUDITOR, school_id=None, at=NOON)
    for _ in range(FREE_FAILURES):
        enter(database, BAD, name="eva")
    assert enter(database, GOOD, name="eva").__class__ is NotSignedIn
    assert enter(database, GOOD) == SignedIn(chef, "chef")


def test_many_guesses_at_once_are_no_more_guesses(database: Database, chef: int) -> None:
    said: list[SignedIn | NotSignedIn] = []

    def guess() -> None:
        said.append(enter(database, BAD))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(one == NotSignedIn(SignInRefusal.WRONG) for one in said) == FREE_FAILURES
    with database.read() as db:
        counted = text("SELECT count(*) FROM sign_in WHERE user_id = :chef")
        assert db.execute(counted, {"chef": chef}).scalar_one() == FREE_FAILURES


def test_another_password_ends_the_old_one_and_every_session(database: Database, chef: int) -> None:
    with database.write() as db:
        token = open_session(db, user_id=chef, at=NOON)
    assert user_of(database, token=token, at=NOON) == SignedIn(chef, "chef")
    with database.write() as db:
        assert set_password(db, user_id=chef, password=BAD, at=NOON) is None
    assert user_of(database, token=token, at=NOON) is None
    assert isinstance(enter(database, GOOD), NotSignedIn)
    assert enter(database, BAD) == SignedIn(chef, "chef")


def test_a_session_ends_idle_and_at_the_latest_after_ten_hours(
    database: Database, chef: int
) -> None:
    with database.write() as db:
        token = open_session(db, user_id=chef, at=NOON)
        kept = db.execute(text("SELECT token_hash FROM office_session")).scalar_one()
    assert token.encode() not in bytes(kept)
    at = NOON
    while at + IDLE <= NOON + LONGEST:
        at += IDLE
        assert user_of(database, token=token, at=at) is not None
    assert user_of(database, token=token, at=NOON + LONGEST + timedelta(seconds=1)) is None
    with database.write() as db:
        token = open_session(db, user_id=chef, at=NOON)
    assert user_of(database, token=token, at=NOON + IDLE + timedelta(seconds=1)) is None
    assert user_of(database, token="strange", at=NOON) is None


def test_a_session_ends_with_a_sign_out_and_with_its_user(database: Database, chef: int) -> None:
    with database.write() as db:
        add_user(db, name="zwei", password=GOOD, role=Role.ADMINISTRATOR, school_id=None, at=NOON)
        tokens = [open_session(db, user_id=chef, at=NOON) for _ in range(2)]
        assert close_session(db, token=tokens[0], at=NOON)
        assert not close_session(db, token=tokens[0], at=NOON)
    assert user_of(database, token=tokens[0], at=NOON) is None
    assert user_of(database, token=tokens[1], at=NOON) is not None
    with database.write() as db:
        revoke_user(db, user_id=chef, at=NOON)
    assert user_of(database, token=tokens[1], at=NOON) is None
