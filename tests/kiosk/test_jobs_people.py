"""Users, signing in, and a credit that takes two people, by command."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from desk import SCHOOL, Office, add_pupils, open_office

from accounts import passwords
from accounts.passwords import nobodys

SECRET = "rosa elefant am see"  # everybody's here
CLERK, TOM, UTE = "sekretariat", "tom", "ute"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)
    nobodys.cache_clear()
    yield
    nobodys.cache_clear()


def _users(office: Office) -> None:
    """An administrator, the school's office, two of the treasury."""
    for name, *role in (
        ("chef", "administrator"),
        (CLERK, "school_office", "--school", SCHOOL),
        (TOM, "treasury"),
        (UTE, "treasury"),
    ):
        words = ("user", "add", name, "--role", *role, "--new-password-file", secret(office))
        by = () if name == "chef" else as_user(office, "chef")
        office.done(*words, *by)


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("MENSA_USER", raising=False)
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils, _users)


@pytest.fixture
def fresh(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """A ledger without users."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("MENSA_USER", raising=False)
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)


def secret(office: Office, text: str = SECRET) -> Path:
    path = office.write("secret", f"{text}\n")
    path.chmod(0o600)
    return path


def as_user(office: Office, name: str, password: str = SECRET) -> tuple[object, ...]:
    """The words with which somebody acts who is not signed in."""
    path = office.write(f"secret-{name}", password)
    path.chmod(0o600)
    return ("--user", name, "--password-file", path)


def sign_in(office: Office, name: str) -> None:
    office.done("sign-in", *as_user(office, name))


def test_while_there_are_no_users_everybody_sets_up(fresh: Office) -> None:
    assert fresh.told("user", "list")["users"] == []
    assert "mensa user add" in fresh.done("user", "list")
    fresh.done("school", "add", "177777", "Neu")
    assert fresh.reason("sign-in") == "no_users"
    refused = ("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "x")
    assert fresh.reason(*refused) == "no_users"
    assert fresh.told("approve")["requests"] == []


def test_the_first_user_ends_that_and_says_so(fresh: Office) -> None:
    words = ("user", "add", "chef", "--new-password-file", secret(fresh), "--role")
    assert fresh.reason(*words, "treasury") == "first_is_administrator"
    assert fresh.reason(*words, "administrator", "--school", SCHOOL) == "first_is_administrator"
    assert "mensa sign-in --user chef" in fresh.done(*words, "administrator")
    assert fresh.reason("school", "list") == "not_signed_in"
    assert fresh.reason("school", "add", "188888", "Neu") == "not_signed_in"


def test_a_first_password_is_typed_twice(fresh: Office) -> None:
    words = ("user", "add", "chef", "--role", "administrator")
    assert fresh.reason(*words) == "no_password"
    fresh.sit_down(SECRET, "rosa elefant am teich")
    assert fresh.reason(*words) == "passwords_differ"
    fresh.sit_down("zu kurz", "zu kurz")
    assert fresh.reason(*words) == "password_too_short"
    fresh.sit_down(SECRET, SECRET)
    fresh.done(*words)
    fresh.sit_down(SECRET)
    assert len(fresh.told("user", "list", "--user", "chef")["users"]) == 1


def test_a_password_comes_from_a_prompt_a_private_file_or_an_open_one(office: Office) -> None:
    assert office.reason("school", "list", "--user", "chef") == "not_signed_in"
    private = secret(office)
    office.done("school", "list", "--user", "chef", "--password-file", private)
    handle = os.open(private, os.O_RDONLY)
    office.done("school", "list", "--user", "chef", "--password-fd", handle)
    os.close(handle)
    open_to_all = ("school", "list", "--user", "chef", "--password-file")
    private.chmod(0o644)
    assert office.reason(*open_to_all, private) == "unsafe_file"
    assert office.reason(*open_to_all, office.folder / "nowhere") == "unreadable"
    assert office.reason("school", "list", "--user", "chef", "--password-fd", 999) == "unreadable"
    office.sit_down(SECRET)
    office.done("school", "list", "--user", "chef")


def test_a_wrong_password_and_a_strange_name_are_told_the_same(office: Office) -> None:
    wrong = office.refused("school", "list", *as_user(office, "chef", "etwas ganz anderes"))
    strange = office.refused("school", "list", *as_user(office, "niemand", "etwas ganz anderes"))
    assert wrong == strange


def test_after_five_failures_a_user_is_locked_and_told_until_when(office: Office) -> None:
    for _ in range(5):
        wrong = as_user(office, "chef", "etwas ganz anderes")
        assert office.reason("school", "list", *wrong) == "wrong_password"
    assert "23.11.2026 12:01" in office.refused("school", "list", *as_user(office, "chef"))
    answer = office.run("school", "list", "--json", *as_user(office, "chef"))
    assert json.loads(answer.out)["until"] == "2026-11-23T11:01:00+00:00"
    office.clock.move(timedelta(minutes=1))
    office.done("school", "list", *as_user(office, "chef"))


def test_who_signed_in_is_known_for_a_while_and_acts_by_a_number(office: Office) -> None:
    sign_in(office, CLERK)
    (kept,) = (office.folder / "mensakasse").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    office.done("pupils", "list", "--school", SCHOOL)
    ((actor,),) = office.rows("SELECT actor FROM access_log ORDER BY id DESC LIMIT 1")
    ((number,),) = office.rows(f"SELECT id FROM office_user WHERE name = '{CLERK}'")
    assert actor == f"user:{number}"
    office.clock.move(timedelta(minutes=31))
    assert office.reason("pupils", "list", "--school", SCHOOL) == "not_signed_in"


def test_a_session_is_not_used_for_another_name_nor_from_an_open_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(office, "chef")
    office.done("school", "list")
    monkeypatch.setenv("MENSA_USER", CLERK)
    assert office.reason("school", "list") == "not_signed_in"
    monkeypatch.setenv("MENSA_USER", "chef")
    office.done("school", "list")
    (kept,) = (office.folder / "mensakasse").iterdir()
    kept.chmod(0o644)
    assert office.reason("school", "list") == "not_signed_in"


def test_a_sign_out_ends_the_session_in_the_ledger_too(office: Office) -> None:
    sign_in(office, "chef")
    (kept,) = (office.folder / "mensakasse").iterdir()
    token = kept.read_text()
    office.done("sign-out")
    kept.write_text(token)
    kept.chmod(0o600)
    assert office.reason("school", "list") == "not_signed_in"


def test_own_password_needs_the_old_one(office: Office) -> None:
    sign_in(office, CLERK)
    other = office.write("other", "ein neues langes wort")
    other.chmod(0o600)
    words = ("user", "password", "--new-password-file", other)
    assert office.reason(*words) == "not_signed_in"
    office.done(*words, *as_user(office, CLERK))
    assert office.reason("school", "list") == "not_signed_in"
    assert office.reason("school", "list", *as_user(office, CLERK)) == "wrong_password"
    office.done("school", "list", *as_user(office, CLERK, "ein neues langes wort"))


def test_a_forgotten_password_is_given_anew_by_an_administrator(office: Office) -> None:
    other = office.write("other", "ein neues langes wort")
    other.chmod(0o600)
    words = ("user", "reset", CLERK, "--new-password-file", other)
    assert office.reason(*words, *as_user(office, TOM)) == "no_right"
    office.done(*words, *as_user(office, "chef"))
    office.done("school", "list", *as_user(office, CLERK, "ein neues langes wort"))


def test_roles_are_granted_listed_and_taken_away(office: Office) -> None:
    sign_in(office, "chef")
    office.done("user", "grant", TOM, "--role", "kitchen", "--school", SCHOOL)
    assert office.reason("user", "grant", TOM, "--role", "treasury") == "has_role"
    assert office.reason("user", "grant", "niemand", "--role", "treasury") == "unknown_user"
    strange = ("user", "grant", TOM, "--role", "kitchen", "--school", "199998")
    assert office.reason(*strange) == "unknown_school"
    listed = {one["name"]: one for one in office.told("user", "list")["users"]}
    assert listed[TOM]["roles"] == [
        {"role": "treasury", "school": None},
        {"role": "kitchen", "school": SCHOOL},
    ]
    assert f"Küche (Schule {SCHOOL})" in office.done("user", "list")
    office.done("user", "revoke", TOM, "--role", "kitchen", "--school", SCHOOL)
    office.done("user", "revoke", TOM)
    listed = {one["name"]: one for one in office.told("user", "list")["users"]}
    assert listed[TOM]["until"] == "2026-11-23T11:00:00+00:00"
    assert office.reason("user", "revoke", "chef") == "last_administrator"
    add = ("user", "add", TOM, "--role", "auditor", "--new-password-file", secret(office))
    assert office.reason(*add) == "name_taken"


def test_a_right_that_is_missing_is_named_with_who_has_it(office: Office) -> None:
    sign_in(office, "chef")
    said = office.refused("pupils", "list", "--school", SCHOOL)
    assert "Schulbüro" in said
    assert "mensa user grant" in said
    answer = json.loads(office.run("pupils", "list", "--school", SCHOOL, "--json").out)
    assert answer["roles"] == ["school_office", "treasury", "auditor"]


def test_a_credit_takes_two_people_and_is_booked_when_the_second_agrees(office: Office) -> None:
    wanted = ("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "Essen kalt")
    sign_in(office, CLERK)
    request = office.told(*wanted)["request"]
    assert office.rows("SELECT count(*) FROM entry") == [(0,)]
    assert office.told("approve")["requests"] == []
    assert office.reason("approve", request) == "own_request"
    sign_in(office, TOM)
    (waiting,) = office.told("approve")["requests"]
    assert (waiting["amount"], waiting["by"], waiting["reason"]) == ("5.00", CLERK, "Essen kalt")
    done = office.told("approve", request)
    assert (done["booked"], done["balance"]) == (True, "5.00")
    ((actor, kind, used),) = office.rows("SELECT actor, kind, request_id FROM entry")
    ((tom,),) = office.rows(f"SELECT id FROM office_user WHERE name = '{TOM}'")
    assert (actor, kind, used) == (f"user:{tom}", "correction", request)
    assert office.rows(
        "SELECT d.kind, c.kind, t.cents FROM transfer t JOIN account d ON d.id = t.debit_id"
        " JOIN account c ON c.id = t.credit_id"
    ) == [("write_off", "pupil", 500)]
    sign_in(office, UTE)
    assert office.reason("approve", request) == "already_decided"
    assert office.reason("approve", 99) == "unknown_request"


def test_a_rejected_credit_is_booked_by_nobody(office: Office) -> None:
    sign_in(office, TOM)
    wanted = ("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "Essen kalt")
    request = office.told(*wanted)["request"]
    assert office.reason(*wanted[:2], "0,00", *wanted[3:]) == "no_amount"
    sign_in(office, UTE)
    assert "abgelehnt" in office.done("approve", request, "--reject", "schon erstattet")
    assert office.rows("SELECT approved, reason FROM decision") == [(0, "schon erstattet")]
    assert office.reason("approve", request) == "already_decided"
    assert office.rows("SELECT count(*) FROM entry") == [(0,)]


def test_a_request_that_waited_too_long_has_to_be_asked_anew(office: Office) -> None:
    sign_in(office, TOM)
    wanted = ("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "Essen kalt")
    request = office.told(*wanted)["request"]
    office.clock.move(timedelta(days=31))
    sign_in(office, UTE)
    assert office.told("approve")["requests"] == []
    assert office.reason("approve", request) == "request_too_old"


def test_whom_the_approver_is_shown_is_in_the_access_log(office: Office) -> None:
    sign_in(office, TOM)
    office.done("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "Essen kalt")
    sign_in(office, UTE)
    office.done("approve")
    looks = office.rows("SELECT purpose, pupil_id IS NOT NULL FROM access_log ORDER BY id")
    assert looks[-2:] == [("credit", 1), ("approve", 1)]


def test_every_write_of_a_user_names_them_in_the_history(office: Office) -> None:
    sign_in(office, "chef")
    office.done("school", "set", SCHOOL, "--first-name", "on")
    ((chef,),) = office.rows("SELECT id FROM office_user WHERE name = 'chef'")
    newest = "SELECT actor FROM history WHERE name = 'school' ORDER BY id DESC LIMIT 1"
    assert office.rows(newest) == [(f"user:{chef}",)]
    assert SECRET not in str(office.rows("SELECT * FROM history WHERE name = 'office_user'"))
