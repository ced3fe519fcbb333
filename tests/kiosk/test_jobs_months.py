"""Closing months by command: what is open is named, and how two people go on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk import Office, add_prices, open_office

import kiosk.office.entitled
import kiosk.office.months
from accounts import passwords
from accounts.closed_months import ClosingRefusal
from accounts.open_matters import Why
from accounts.texts import Language, texts
from kiosk.office.months import MATTERS, SENTENCES

DECEMBER = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
SECRET = "rosa elefant am see"  # everybody's here


def _kiosk(office: Office) -> None:
    office.done("kiosk-device", "add", "Ausgabe", "--school", "199991")


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("MENSA_USER", raising=False)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)
    made = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_prices, _kiosk)
    for module in (kiosk.office.entitled, kiosk.office.months):
        monkeypatch.setattr(module, "SystemClock", lambda: made.clock)
    return made


@pytest.fixture
def december(office: Office) -> Office:
    office.clock.at = DECEMBER
    return office


def as_user(office: Office, name: str) -> tuple[object, ...]:
    path = office.write("secret", f"{SECRET}\n")
    path.chmod(0o600)
    return ("--user", name, "--password-file", path)


def add_users(office: Office) -> None:
    for name, role in (("chef", "administrator"), ("tom", "treasury"), ("ute", "treasury")):
        by = () if name == "chef" else as_user(office, "chef")
        as_user(office, name)
        words = ("user", "add", name, "--role", role, "--new-password-file")
        office.done(*words, office.folder / "secret", *by)


def revoke(office: Office) -> None:
    """The kiosk was never used: it goes, as if before the month."""
    database = office.database()
    with database.write() as db:
        db.exec_driver_sql("UPDATE origin SET revoked_us = enrolled_us, enrolled_us = 0")
        db.exec_driver_sql("UPDATE origin SET revoked_us = 1 WHERE kind = 'kiosk'")
    database.close()


def test_a_month_in_which_nothing_is_open_is_closed_and_listed(december: Office) -> None:
    revoke(december)
    assert "Noch kein Monat" in december.done("month", "list")
    said = december.done("month", "close", "2026-11")
    assert "endgültig abgeschlossen" in said
    assert "01.12.2026" in said
    told = december.told("month", "list")
    assert [it["month"] for it in told["closed"]] == ["2026-11"]
    assert told["closed"][0]["software"].startswith("mensakasse ")
    assert told["due"] == []
    assert "2026-11" in december.done("month", "list")
    assert december.reason("month", "close", "2026-11") == "already_closed"
    assert december.reason("month", "close", "2026-12") == "not_over"
    assert december.reason("month", "close", "12/2026") == "bad_month"


def test_the_months_order_is_told(december: Office) -> None:
    revoke(december)
    december.done("month", "close", "2026-09")
    assert december.reason("month", "close", "2026-11") == "not_next"
    assert "mensa month close 2026-10" in december.refused("month", "close", "2026-11")
    assert december.told("month", "list")["due"] == ["2026-10", "2026-11"]


def test_what_is_open_is_named_with_the_way_on(december: Office) -> None:
    said = december.refused("month", "close", "2026-11")
    assert "Ausgabe: noch nie etwas gehört" in said
    assert "mensa month close 2026-11 --override" in said
    assert december.reason("month", "close", "2026-11") == "still_open"
    assert december.reason("month", "close", "2026-11", "--override", "x") == "no_users"


def test_two_people_close_a_month_that_is_still_open(december: Office) -> None:
    add_users(december)
    ask = ("month", "close", "2026-11", "--override", "Kasse gestohlen")
    assert december.reason(*ask, *as_user(december, "chef")) == "no_right"
    told = december.told(*ask, *as_user(december, "tom"))
    number = told["request"]
    assert [it["what"] for it in told["open"]] == ["Ausgabe"]
    use = ("month", "close", "2026-11", "--request", number)
    assert december.reason(*use, *as_user(december, "tom")) == "request_unusable"
    assert december.reason("approve", number, *as_user(december, "tom")) == "own_request"
    said = december.done("approve", number, *as_user(december, "ute"))
    assert "2026-11" in said
    closed = december.told(*use, *as_user(december, "tom"))
    assert closed["request"] == number
    assert [it["why"] for it in closed["open"]] == ["never_seen"]
    assert closed["by"].startswith("user:")


def test_nobody_is_asked_to_override_what_is_not_open(december: Office) -> None:
    add_users(december)
    revoke(december)
    ask = ("month", "close", "2026-11", "--override", "x", *as_user(december, "tom"))
    assert december.reason(*ask) == "nothing_open"
    assert december.reason(*ask[:2], "2026-12", *ask[3:]) == "not_over"


def test_only_the_treasury_closes(december: Office) -> None:
    add_users(december)
    revoke(december)
    assert december.reason("month", "close", "2026-11") == "not_signed_in"
    assert december.reason("month", "close", "2026-11", *as_user(december, "chef")) == "no_right"
    assert "2026-11" in december.done("month", "close", "2026-11", *as_user(december, "tom"))


def test_an_override_and_a_request_at_once_are_wrong_usage(december: Office) -> None:
    assert december.misused("month", "close", "2026-11", "--override", "x", "--request", 1)


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    values = dict.fromkeys(("month", "next_month", "request", "what", "count", "seen"), "x")
    assert set(SENTENCES) == set(ClosingRefusal)
    assert set(MATTERS) == set(Why)
    for sentence in (*SENTENCES.values(), *MATTERS.values()):
        german = texts(Language.GERMAN).say(sentence, **values)
        assert german != texts(Language.ENGLISH).say(sentence, **values)
