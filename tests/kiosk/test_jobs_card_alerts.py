"""Alerts by command: what kiosks noticed, by the card's printed number, and that it was looked into."""

from pathlib import Path

import pytest
from builders import NOON
from desk import PEPPER, SCHOOL, Office, add_pupils, open_office

from accounts.card_alerts import Alert, AlertKind, keep_alerts
from accounts.card_numbers import format as in_threes
from accounts.clock import SystemClock
from accounts.holdings import card_hash

UID = "04A1B2C3D4E5F6"


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)


def noticed(office: Office, *kinds: AlertKind) -> None:
    """A kiosk brings these, of the card of UID."""
    office.done("kiosk-device", "add", "Kasse 1", "--school", SCHOOL)
    database = office.database()
    with database.write() as db:
        kiosk = db.exec_driver_sql("SELECT id FROM origin WHERE kind = 'kiosk'").scalar_one()
        card = card_hash(PEPPER.encode(), UID)
        told = [Alert(1, seq, NOON, kind.value, card) for seq, kind in enumerate(kinds, start=1)]
        keep_alerts(db, kiosk, told, now=SystemClock().now())
    database.close()


def test_nothing_noticed_is_said_so(office: Office) -> None:
    assert "nichts" in office.done("card", "alerts")
    assert office.told("card", "alerts") == {"alerts": []}


def test_what_was_noticed_is_listed_by_card_and_kiosk_and_names_no_child(office: Office) -> None:
    told = office.told("card", "assign", UID, "--school", SCHOOL, "--pupil", "1001")
    noticed(office, AlertKind.WRONG_KEY, AlertKind.BLOCKED_SHOWN)
    said = office.done("card", "alerts", "--school", SCHOOL)
    assert "Kopie?" in said
    assert "gesperrte Karte" in said
    assert in_threes(str(told["card"])) in said
    assert "Kasse 1" in said
    for (name,) in office.rows("SELECT last_name FROM identity"):
        assert str(name) not in said
    first, second = office.told("card", "alerts")["alerts"]
    assert {first["kind"], second["kind"]} == {"wrong_key", "blocked_shown"}
    assert {first["card"], second["card"]} == {told["card"]}


def test_an_alert_that_was_looked_into_is_listed_on_demand_only(office: Office) -> None:
    noticed(office, AlertKind.BROKEN)
    office.done("card", "seen", "a1", "--note", "Karte war nass")
    assert office.told("card", "alerts") == {"alerts": []}
    assert "Karte war nass" in office.done("card", "alerts", "--all")
    assert office.reason("card", "seen", "a1", "--note", "x") == "already_seen"
    assert office.reason("card", "seen", "a77", "--note", "x") == "unknown_alert"
    assert office.reason("card", "seen", "f1", "--note", "x") == "unknown_alert"


def test_days_that_are_no_number_are_wrong_usage(office: Office) -> None:
    for word in ("0", "x", "99999"):
        assert office.run("card", "alerts", "--days", word).code == 2
