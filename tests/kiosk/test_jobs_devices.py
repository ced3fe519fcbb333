"""Kiosks by command, and the command's own frame."""

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import NOON
from desk import PEPPER, SCHOOL, Office, open_office

from accounts.enrolment_file import Enrolment, read_enrolment
from kiosk import jobs


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch)


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Every parser of the command, from the whole down to each job."""
    whole = argparse.ArgumentParser(prog="mensa")
    added = whole.add_subparsers()
    for add in jobs.ALL:
        add(added)
    waiting = [whole]
    while waiting:
        parser = waiting.pop()
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()


def test_every_job_can_say_how_it_is_used() -> None:
    assert len([parser.format_help() for parser in parsers()]) > 30


def test_every_deed_a_job_names_is_there() -> None:
    named = {
        deed
        for parser in parsers()
        for deed in getattr(parser.get_default("job"), "deeds", ())
        if deed is not None
    }
    assert len(named) > 25
    for deed in named:
        module, _, function = deed.partition(":")
        assert callable(getattr(importlib.import_module(f"kiosk.office.{module}"), function))


def test_every_job_of_the_office_takes_json() -> None:
    for parser in parsers():
        if parser.get_default("job") is not None and parser.prog != "mensa kiosk":
            assert any("--json" in action.option_strings for action in parser._actions), parser.prog


def test_a_new_kiosk_gets_one_file_and_the_way_to_use_it(office: Office) -> None:
    told = office.told("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL)
    file = office.folder / told["file"]
    assert file.stat().st_mode & 0o777 == 0o600
    enrolment = read_enrolment(file.read_bytes(), now=NOON)
    assert isinstance(enrolment, Enrolment)
    assert enrolment.origin == told["origin"]
    assert enrolment.database == f"sqlite:///{office.folder / 'ledger.db'}"
    assert enrolment.password is None
    assert enrolment.pepper == PEPPER.encode()
    assert told["until"] == "2026-11-30T11:00:00+00:00"
    said = office.done("kiosk-device", "add", "Ausgabe 2", "--school", SCHOOL)
    assert "mensa kiosk enrol kasse-" in said
    assert "30.11.2026 12:00" in said
    assert "systemd-creds encrypt --name=mensa-kiosk-key" in said


def test_a_name_belongs_to_one_kiosk(office: Office) -> None:
    office.done("kiosk-device", "add", "Ausgabe", "--school", SCHOOL)
    assert office.reason("kiosk-device", "add", "Ausgabe", "--school", SCHOOL) == "name_taken"
    assert office.reason("kiosk-device", "add", " ", "--school", SCHOOL) == "name_missing"


def test_a_revoked_kiosk_stays_in_the_list(office: Office) -> None:
    office.done("kiosk-device", "add", "Ausgabe", "--school", SCHOOL)
    office.done("kiosk-device", "revoke", "Ausgabe")
    (listed,) = office.told("kiosk-device", "list")["kiosks"]
    assert listed["revoked"] == "2026-11-23T11:00:00+00:00"
    assert "23.11.2026 12:00" in office.done("kiosk-device", "list")
    assert office.reason("kiosk-device", "revoke", "Ausgabe") == "already_revoked"
    assert office.reason("kiosk-device", "revoke", "Hof") == "unknown_kiosk"


def test_who_acts_behind_sudo_is_the_person(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "sekretariat")
    file = office.write("f.csv", "Nachname;Vorname;Klasse\nWeber;Ida;1a\n")
    office.done("pupils", "import", file, "--school", SCHOOL)
    assert office.rows("SELECT actor FROM access_log") == [("office:sekretariat",)]


def test_a_ledger_without_its_tables_says_what_to_do(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSA_DATABASE", f"sqlite:///{office.folder / 'empty.db'}")
    assert "mensa db upgrade" in office.refused("school", "list")


def test_without_a_database_the_settings_are_at_fault(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MENSA_DATABASE")
    assert "MENSA_DATABASE" in office.misused("school", "list")
