"""A school's key at its kiosks: it comes by the enrolment or by a file, once, and stays sealed."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from desk import SCHOOL, Office
from key_station import BOTH, OTHER, by, make, masters_of, open_station

from accounts import chain
from accounts.door import Asked
from accounts.enrolment_file import Enrolment, read_enrolment
from accounts.snapshot import to_bytes
from accounts.texts import Language, texts
from cards.masters import fresh_masters
from cards.school_key import SchoolKeyFault, SchoolKeyFile
from kiosk.compose import door_of
from kiosk.enrolled import Enrolled, Place, enrol
from kiosk.journal import Journal, open_journal
from kiosk.school_keys import AT_MOST, Taken, TakingFault, keep_key, kept_keys, take_file
from kiosk.sentences_kiosk import TAKING
from kiosk.vault import CREDENTIAL

KEY = bytes(range(32))


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_station(empty_sqlite, tmp_path, capsys, monkeypatch)


def test_an_enrolment_brings_the_schools_key_and_no_other_schools(
    office: Office, tmp_path: Path
) -> None:
    masters = masters_of(make(office, *BOTH), *BOTH)
    out = office.folder / "school.key"
    export = ("card", "keys", "export-school", "--school")
    office.done(*export, SCHOOL, out, *by(office, *BOTH))
    office.done(*export, OTHER, office.folder / "other.key", *by(office, *BOTH))
    add = ("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL, "--out", tmp_path / "kiosk.json")
    for name, reason in {
        "other.key": "other_school",
        "pepper": "none_of_ours",
        "missing": "unreadable",
    }.items():
        assert office.reason(*add, "--school-key", office.folder / name) == reason
        assert office.told("kiosk-device", "list")["kiosks"] == []
        assert not (tmp_path / "kiosk.json").exists()
    told = office.told(*add, "--school-key", out)
    assert told["card_key"] is True
    journal = enrolled(tmp_path, office)
    with closing(journal):
        assert kept_keys(journal) == (masters.school_key(SCHOOL),)
    for path in (tmp_path / "machine").rglob("*"):
        if path.is_file():
            assert masters.school_key(SCHOOL).key not in path.read_bytes()


def test_without_a_key_the_enrolment_is_the_one_older_kiosks_read(
    office: Office, tmp_path: Path
) -> None:
    words = ("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL)
    assert office.told(*words, "--out", tmp_path / "kiosk.json")["card_key"] is False
    assert set(json.loads((tmp_path / "kiosk.json").read_bytes())) == {
        "file", "format", "digest", "origin", "name", "school", "language", "database", "password",
        "authority", "pepper", "until",
    }  # fmt: skip


def test_what_a_later_office_adds_to_the_enrolment_is_passed_over(
    office: Office, tmp_path: Path
) -> None:
    words = ("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL)
    office.done(*words, "--out", tmp_path / "kiosk.json")
    content = (tmp_path / "kiosk.json").read_bytes()
    head = {"file", "format", "digest"}
    told = {key: value for key, value in json.loads(content).items() if key not in head}
    told["later"] = "whatever"
    whole = {**json.loads(content), **told, "digest": chain.digest(told).hex()}
    now = office.clock.now()
    assert read_enrolment(json.dumps(whole).encode(), now=now) == read_enrolment(content, now=now)
    assert isinstance(read_enrolment(content, now=now), Enrolment)


def enrolled(folder: Path, office: Office) -> Journal:
    credentials = folder / "machine" / "credentials"
    credentials.mkdir(parents=True)
    (credentials / CREDENTIAL).write_bytes(KEY)
    place = Place(folder / "machine" / "kiosk.toml", folder / "machine" / "state", credentials)
    made = enrol(
        folder / "kiosk.json", place, clock=office.clock,
        ask_passphrase=lambda: pytest.fail("asked"),
        environment={"CREDENTIALS_DIRECTORY": str(credentials)},
    )  # fmt: skip
    assert isinstance(made, Enrolled)
    return open_journal(place.state / "journal.db", origin_id=made.origin, key=KEY)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal.db", origin_id=1, key=KEY)) as journal:
        yield journal


def test_a_kiosk_takes_its_key_once_and_keeps_the_one_before(
    journal: Journal, tmp_path: Path
) -> None:
    masters = fresh_masters()
    keys = [masters.school_key(SCHOOL)]
    for _ in range(AT_MOST):
        masters = masters.renew_school(SCHOOL)
        keys.append(masters.school_key(SCHOOL))
    path = tmp_path / "school.key"
    for key in keys:
        path.write_bytes(SchoolKeyFile(SCHOOL, key).to_bytes())
        assert take_file(journal, path) == Taken(SCHOOL, emptied=True)
        assert not path.exists()
    assert kept_keys(journal) == tuple(reversed(keys))[:AT_MOST]
    keep_key(journal, keys[-1])
    assert kept_keys(journal) == tuple(reversed(keys))[:AT_MOST]


def test_a_damaged_value_in_the_journal_is_no_key_and_gives_way_to_a_new_one(
    journal: Journal,
) -> None:
    key = fresh_masters().school_key(SCHOOL)
    for damaged in (b"", b"{}", b"[1]", b'[{"id": "00", "key": "00"}]', b'[{"id": 1, "key": 2}]'):
        journal.keep("card keys", damaged)
        assert kept_keys(journal) == ()
    keep_key(journal, key)
    assert kept_keys(journal) == (key,)


def test_a_file_that_brings_no_key_is_left_as_it_is(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "school.key"
    path.write_bytes(b"{}")
    assert take_file(journal, path) is SchoolKeyFault.NONE_OF_OURS
    assert path.read_bytes() == b"{}"
    assert kept_keys(journal) == ()


def test_a_kiosk_takes_its_key_by_command_and_not_another_schools(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(office, *BOTH)
    for school in (SCHOOL, OTHER):
        words = ("card", "keys", "export-school", "--school", school)
        office.done(*words, office.folder / f"{school}.key", *by(office, *BOTH))
    told = office.told("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL, "--out",
                       tmp_path / "kiosk.json")  # fmt: skip
    running = enrolled(tmp_path, office)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "machine" / "credentials"))
    take: tuple[Any, ...] = ("--config", tmp_path / "machine" / "kiosk.toml", "kiosk", "keys")
    monkeypatch.setattr("kiosk.journal._WAIT_SECONDS", 0.0)
    assert office.reason(*take, office.folder / f"{SCHOOL}.key") == "journal"
    running.keep("snapshot", snapshot_of(office, told["origin"]))
    running.close()
    assert office.reason(*take, office.folder / f"{OTHER}.key") == "other_school"
    assert office.reason(*take, office.folder / "missing.key") == "unreadable"
    assert office.reason(*take, office.folder / "pepper") == "none_of_ours"
    assert (office.folder / f"{OTHER}.key").read_bytes()
    assert SCHOOL in office.done(*take, office.folder / f"{SCHOOL}.key")
    assert not (office.folder / f"{SCHOOL}.key").exists()


def snapshot_of(office: Office, origin_id: int) -> bytes:
    """What the kiosk's school is told by the ledger."""
    with closing(office.database()) as database:
        door = door_of(database, origin_id=origin_id, clock=office.clock)
        news = door.news(Asked(pulse=None, epochs=(), wants=True))
    assert news.snapshot is not None
    return to_bytes(news.snapshot)


def test_every_fault_has_a_sentence_in_both_languages() -> None:
    assert set(TAKING) == {*SchoolKeyFault, *TakingFault}
    for fault, english in TAKING.items():
        german = texts(Language.GERMAN).say(english, path="x")
        assert german != texts(Language.ENGLISH).say(english, path="x"), fault
