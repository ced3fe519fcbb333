"""Keeping, bringing back and carrying the ledger by command: what is said, and with which code."""

import json
from pathlib import Path

import pytest
from desk import Office, add_prices, open_office
from postgresql_server import Server

from accounts.database import check_schema, open_database


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_prices)


@pytest.fixture
def key(office: Office) -> Path:
    path = office.folder / "key"
    assert "Schlüssel" in office.done("db", "key", path)
    return path


def test_a_key_is_made_once(office: Office, key: Path) -> None:
    assert "gibt es schon" in office.refused("db", "key", key)
    assert office.reason("db", "key", key) == "taken"


def test_a_ledger_is_kept_looked_through_and_brought_back(office: Office, key: Path) -> None:
    file = office.folder / "backup"
    assert "Buchungen" in office.done("db", "backup", file, "--key-file", key)
    told = office.told("db", "backup", file, "--key-file", key, "--check")
    assert told["engine"] == "sqlite"
    assert told["entries"] == 0
    place = office.folder / "again.db"
    said = office.done(
        "db", "restore", file, "--key-file", key, "--into", f"sqlite:///{place}"
    )  # fmt: skip
    assert "35 Tage" in said
    assert "noch einmal" in said
    again = open_database(f"sqlite:///{place}")
    check_schema(again)
    again.close()


def test_what_cannot_be_restored_is_said_in_a_sentence(office: Office, key: Path) -> None:
    file = office.folder / "backup"
    into = ("--into", f"sqlite:///{office.folder / 'again.db'}")
    assert office.reason("db", "restore", file, "--key-file", key, *into) == "unreadable"
    office.done("db", "backup", file, "--key-file", key)
    assert office.reason("db", "backup", file, "--key-file", key) == "taken"
    assert office.reason("db", "restore", file, "--key-file", key) == "not_empty"
    assert office.reason("db", "restore", file, "--key-file", file, *into) == "bad_key_file"
    other = office.folder / "other"
    office.done("db", "key", other)
    assert "anderen Schlüssel" in office.refused("db", "restore", file, "--key-file", other, *into)
    seal = ("--seal", "ab" * 32)
    assert "älter als" in office.refused("db", "restore", file, "--key-file", key, *into, *seal)
    assert office.run(
        "db", "restore", file, "--key-file", key, *into, "--seal", "nonsense"
    ).code == 2  # fmt: skip
    file.write_bytes(file.read_bytes()[:-1])
    assert office.reason("db", "restore", file, "--key-file", key, *into) == "cut_short"
    assert not (office.folder / "again.db").exists()


def test_a_password_on_the_command_line_is_wrong_usage(office: Office, key: Path) -> None:
    url = "postgresql://kasse:geheim@localhost/ledger"
    answer = office.run("db", "restore", "x", "--key-file", key, "--into", url)
    assert answer.code == 2
    assert "pgpass" in answer.err
    assert "geheim" not in answer.err


@pytest.mark.postgresql
def test_a_ledger_is_carried_on_and_the_old_one_says_where_it_went(
    office: Office, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.url(postgresql.create())
    told = office.told("db", "move", url)
    assert told["tables"]["account"]["rows"] == office.rows("SELECT count(*) FROM account")[0][0]
    answer = office.run("school", "list")
    assert answer.code == 1
    assert "umgezogen" in answer.err
    assert url.partition("?")[0].rpartition("/")[2] in answer.err
    again = office.run("db", "move", url, "--json")
    assert (again.code, json.loads(again.out)["refused"]) == (1, "not_empty")
    monkeypatch.setenv("MENSA_DATABASE", url)
    assert "Gesamtschule Emscherblick" in office.done("school", "list")


@pytest.mark.postgresql
def test_a_machine_without_pg_dump_is_told_what_to_install(
    office: Office, key: Path, postgresql: Server, empty_postgresql: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MENSA_DATABASE", postgresql.url(postgresql.create(empty_postgresql)))
    monkeypatch.setattr("accounts.postgresql_programs.DEBIAN", office.folder)
    monkeypatch.setattr("shutil.which", lambda _: None)
    answer = office.run("db", "backup", office.folder / "b", "--key-file", key)
    assert answer.code == 69
    assert "apt-get install postgresql-client-" in answer.err
    assert not (office.folder / "b").exists()
