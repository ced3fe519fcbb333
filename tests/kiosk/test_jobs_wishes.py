"""What parents allow, and staff who leave or change their PIN, by command."""

from pathlib import Path

import pytest
from desk import SCHOOL, Office, add_pupils, open_office

from accounts.staff import verify_pin


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)


def test_a_limit_and_a_block_are_set_apart_and_taken_back(office: Office) -> None:
    words = ("pupils", "limit", "1001", "--school", SCHOOL)
    said = office.done(*words, "--day-limit", "3,00")
    assert "3,00\xa0€" in said
    assert office.told(*words, "--block", "drink", "snack")["day_limit"] == "3.00"
    told = office.told(*words, "--no-day-limit")
    assert (told["day_limit"], told["blocked"]) == (None, ["drink", "snack"])
    assert office.told(*words, "--block")["blocked"] == []


def test_nobody_is_meant_by_a_strange_number(office: Office) -> None:
    assert office.reason("pupils", "limit", "9999", "--school", SCHOOL) == "unknown_pupil"


def test_dismissed_staff_are_no_longer_active(office: Office) -> None:
    office.done("staff", "add", "Küche", "--school", SCHOOL, "--pin-stdin", typed="2468\n")
    office.done("staff", "dismiss", "Küche", "--school", SCHOOL)
    assert office.rows("SELECT active FROM staff") == [(0,)]
    assert office.reason("staff", "dismiss", "Koch", "--school", SCHOOL) == "unknown_staff"


def test_another_pin_opens_and_the_old_one_does_not(office: Office) -> None:
    office.done("staff", "add", "Küche", "--school", SCHOOL, "--pin-stdin", typed="2468\n")
    office.done("staff", "pin", "Küche", "--school", SCHOOL, "--pin-stdin", typed="97531\n")
    ((kept,),) = office.rows("SELECT pin_hash FROM staff")
    assert verify_pin(str(kept), "97531")
    assert not verify_pin(str(kept), "2468")
