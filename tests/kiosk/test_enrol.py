"""A machine becomes a kiosk by one file: once, for good, and wherever it is cut off."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from builders import NOON
from desk import PEPPER, SCHOOL, Office
from fortress import set_clock
from ledgers import ENGINES
from postgresql_server import Server, run_server
from sqlalchemy.engine import make_url

import kiosk.enrolled as module
from accounts.clock import FixedClock
from accounts.database import DatabaseUnavailable, open_database
from accounts.door import Asked
from accounts.enrolment import EnrolmentRefusal, change_password
from accounts.enrolment_file import (
    Enrolment,
    FileFault,
    kiosks_url,
    read_enrolment,
    with_authority,
)
from accounts.settings import read_settings
from accounts.texts import Language, texts
from kiosk.compose import door_of, open_kiosk_journal
from kiosk.enrolled import EnrolFault, Enrolled, Place, enrol, ledger_of
from kiosk.sentences_kiosk import ENROLLING, MAKING
from kiosk.sync import Sync
from kiosk.vault import CREDENTIAL

KEY = bytes(range(32))
LOOK = Asked(pulse=None, epochs=(), wants=True)


@pytest.fixture(scope="module")
def walled() -> Iterator[Server]:
    """A server that asks everybody but its owner for a password, and logs what it is asked."""
    with run_server("log_statement=all", "password_encryption=scram-sha-256") as server:
        rules = f"local all {server.user} trust\nlocal all all scram-sha-256\n"
        (server.folder / "data" / "pg_hba.conf").write_text(rules)
        server.run("pg_ctl", "-D", str(server.folder / "data"), "reload")
        yield server


@pytest.fixture
def office(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """An office with one school, on the engine asked for."""
    engine = getattr(request, "param", "postgresql")
    url = ""
    if engine == "postgresql":
        server: Server = request.getfixturevalue("walled")
        url = server.url(server.create())
    (tmp_path / "office").mkdir()
    made = Office(tmp_path / "office", capsys, monkeypatch, url=url)
    made.done("db", "upgrade")
    made.done("school", "add", SCHOOL, "Gesamtschule Probe")
    if engine == "postgresql":
        with closing(made.database()) as database:
            set_clock(database, NOON)
    monkeypatch.setattr("accounts.clock.SystemClock", lambda: made.clock)
    return made


pg = pytest.mark.postgresql


def written(office: Office, name: str = "Ausgabe 1", *, deed: str = "add") -> Path:
    """The office writes a file."""
    at = ("--school", SCHOOL) if deed == "add" else ()
    path = office.folder / f"{deed}-{name}.json"
    office.done("kiosk-device", deed, name, *at, "--out", path)
    return path


def machine(folder: Path, name: str = "machine") -> tuple[Place, dict[str, str]]:
    """A machine with a key of its own."""
    root = folder / name
    (root / "credentials").mkdir(parents=True, exist_ok=True)
    (root / "credentials" / CREDENTIAL).write_bytes(KEY)
    (root / "tmp").mkdir(exist_ok=True)
    place = Place(root / "etc" / "kiosk.toml", root / "state", temporary=root / "tmp")
    return place, {"CREDENTIALS_DIRECTORY": str(root / "credentials")}


def become(
    file: Path, folder: Path, name: str = "machine", *, clock: FixedClock | None = None
) -> Enrolled | EnrolFault | FileFault:
    place, environment = machine(folder, name)
    return enrol(
        file,
        place,
        clock=clock or FixedClock(NOON),
        ask_passphrase=lambda: pytest.fail("a passphrase was asked for"),
        environment=environment,
    )


def serve_once(folder: Path, name: str = "machine") -> Any:
    """What the enrolled machine's door tells."""
    place, environment = machine(folder, name)
    settings = read_settings(place.settings, {})
    journal = open_kiosk_journal(
        settings, ask_passphrase=lambda: "no passphrase", environment=environment
    )
    with closing(journal), closing(ledger_of(settings, journal)) as database:
        assert settings.kiosk is not None
        door = door_of(database, origin_id=settings.kiosk.origin, clock=FixedClock(NOON))
        return door.news(LOOK)


def in_file(path: Path) -> Enrolment:
    told = read_enrolment(path.read_bytes(), now=NOON)
    assert isinstance(told, Enrolment)
    return told


@pytest.mark.parametrize("office", ENGINES, indirect=True)
def test_one_file_makes_a_machine_a_kiosk_that_serves(office: Office, tmp_path: Path) -> None:
    file = written(office)
    assert file.stat().st_mode & 0o777 == 0o600
    made = become(file, tmp_path)
    assert isinstance(made, Enrolled)
    assert made.emptied
    assert not file.exists()
    settings = read_settings(made.settings, {})
    assert settings.kiosk is not None
    assert settings.kiosk.origin == made.origin
    assert settings.kiosk.reader[0].match
    assert settings.pepper_file is not None
    assert settings.pepper_file.read_text() == PEPPER
    for path in (made.settings, settings.pepper_file):
        assert path.stat().st_mode & 0o777 == 0o600
    news = serve_once(tmp_path)
    assert news.snapshot.school.number == SCHOOL


@pg
def test_the_command_says_what_the_machine_is_now(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, environment = machine(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", environment["CREDENTIALS_DIRECTORY"])
    # A demo that runs beside this test is none on that machine.
    monkeypatch.setattr(module, "Place", partial(Place, temporary=place.temporary))
    words = ("--config", place.settings, "kiosk", "enrol")
    more = ("--state", place.state)
    said = office.done(*words, written(office), *more)
    assert "Ausgabe 1" in said
    assert "Gesamtschule Probe" in said
    assert str(place.settings) in said
    assert office.reason(*words, written(office, "Hof"), *more) == "other_kiosk"
    assert "schon eine Kasse" in office.refused(*words, office.folder / "add-Hof.json", *more)
    assert office.reason(*words, office.folder / "none.json", *more) == "unreadable"
    again = office.told(*words, written(office, "Ausgabe 1", deed="renew"), *more)
    assert again["emptied"]


@pg
def test_no_password_is_ever_in_the_servers_log_or_in_clear_on_the_machine(
    office: Office, walled: Server, tmp_path: Path
) -> None:
    file = written(office)
    told = in_file(file)
    assert told.password is not None
    made = become(file, tmp_path)
    assert isinstance(made, Enrolled)
    place, environment = machine(tmp_path)
    journal = open_kiosk_journal(
        read_settings(made.settings, {}), ask_passphrase=lambda: "", environment=environment
    )
    with closing(journal):
        kept, _ = json.loads(journal.kept(module.KEPT) or b"[]")
    secrets = {told.password, kept}
    assert len(secrets) == 2
    log = (walled.folder / "log").read_text(errors="replace")
    assert "enrol_login" in log
    on_disk = [path for path in place.settings.parents[1].rglob("*") if path.is_file()]
    assert len(on_disk) > 3
    for secret in secrets:
        assert secret not in log
        assert all(secret.encode() not in path.read_bytes() for path in on_disk)
        assert all(secret not in path.read_text(errors="replace") for path in
                   office.folder.rglob("*") if path.is_file())  # fmt: skip


@pg
def test_a_copy_of_the_file_lets_nobody_in_afterwards(office: Office, tmp_path: Path) -> None:
    file = written(office)
    copy = tmp_path / "copy.json"
    shutil.copy(file, copy)
    told = in_file(file)
    assert isinstance(become(file, tmp_path), Enrolled)
    url = make_url(told.database).set(drivername="postgresql", password=told.password)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.render_as_string(hide_password=False))
    assert become(copy, tmp_path, "another machine") is EnrolFault.USED
    assert not machine(tmp_path, "another machine")[0].settings.exists()
    assert copy.read_bytes()


@pg
@pytest.mark.parametrize("cut", ["change_password", "_toml", "emptied"])
def test_enrolling_that_is_cut_off_is_done_by_the_same_file_again(
    cut: str, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(office)
    with monkeypatch.context() as torn:
        torn.setattr(module, cut, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            become(file, tmp_path)
    assert isinstance(become(file, tmp_path), Enrolled)
    assert serve_once(tmp_path).snapshot is not None


@pg
def test_a_change_that_was_done_and_not_heard_of_is_found_by_the_same_file(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(office)
    change = change_password

    def unheard(*words: Any) -> None:
        change(*words)
        raise DatabaseUnavailable("the network has gone")

    with monkeypatch.context() as torn:
        torn.setattr(module, "change_password", unheard)
        with pytest.raises(DatabaseUnavailable):
            become(file, tmp_path)
    assert isinstance(become(file, tmp_path), Enrolled)
    assert serve_once(tmp_path).snapshot is not None


@pg
def test_a_new_file_ends_the_old_one_and_enrols_the_same_machine_again(
    office: Office, tmp_path: Path
) -> None:
    first = written(office)
    second = written(office, deed="renew")
    assert become(first, tmp_path) is EnrolFault.USED
    assert isinstance(become(second, tmp_path), Enrolled)
    before = machine(tmp_path)[0].settings.read_bytes()
    third = office.folder / "third.json"
    office.done("kiosk-device", "renew", "Ausgabe 1", "--out", third)
    with pytest.raises(DatabaseUnavailable):
        serve_once(tmp_path)
    assert isinstance(become(third, tmp_path), Enrolled)
    assert serve_once(tmp_path).snapshot is not None
    assert machine(tmp_path)[0].settings.read_bytes() == before


@pg
def test_a_revoked_kiosk_is_out_at_once_and_what_it_had_served_waits_on_its_disk(
    office: Office, tmp_path: Path
) -> None:
    assert isinstance(become(written(office), tmp_path), Enrolled)
    place, environment = machine(tmp_path)
    settings = read_settings(place.settings, {})
    journal = open_kiosk_journal(settings, ask_passphrase=lambda: "", environment=environment)
    assert settings.kiosk is not None
    with closing(journal), closing(ledger_of(settings, journal)) as database:
        door = door_of(database, origin_id=settings.kiosk.origin, clock=FixedClock(NOON))
        sync = Sync(
            door,
            journal,
            clock=FixedClock(NOON),
            learn=lambda _: None,
            tell=lambda _: None,
        )
        sync.once()
        with database.held() as connected:
            told = office.told("kiosk-device", "revoke", "Ausgabe 1")
            assert told["sessions_ended"] >= 1
            with pytest.raises(Exception, match=r"terminat|closed"):
                connected.exec_driver_sql("SELECT 1")
        from accounts.facts import Fact, FactKind

        journal.record(Fact(epoch=0, seq=0, kind=FactKind.VOID, occurred_at=NOON, voids=(1, 1),
                            reason="mistake"))  # fmt: skip
        with pytest.raises(DatabaseUnavailable):
            sync.once()
        assert journal.count_waiting() == 1
    assert office.reason("kiosk-device", "renew", "Ausgabe 1") == "already_revoked"


@pg
def test_a_file_of_a_kiosk_that_was_revoked_meanwhile_enrols_nothing(
    office: Office, tmp_path: Path
) -> None:
    file = written(office)
    office.done("kiosk-device", "revoke", "Ausgabe 1")
    assert become(file, tmp_path) is EnrolFault.USED
    assert file.exists()


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_the_same_beside_a_ledger_without_roles(office: Office, tmp_path: Path) -> None:
    file = written(office)
    office.done("kiosk-device", "revoke", "Ausgabe 1")
    assert become(file, tmp_path) is EnrolFault.REVOKED


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_file_that_is_wrong_old_or_damaged_enrols_nothing(office: Office, tmp_path: Path) -> None:
    good = written(office).read_bytes()
    told = json.loads(good)
    broken = {
        FileFault.NONE_OF_OURS: [b"{}", b"[1]", b"PK\x03\x04", b'{"file": "another"}'],
        FileFault.DAMAGED: [
            good[:-20],
            good.replace(b"Ausgabe", b"Ausgang"),
            json.dumps({**told, "pepper": "!"}).encode(),
            json.dumps({**told, "more": 1}).encode(),
            json.dumps({**told, "digest": None}).encode(),
        ],
        FileFault.NEWER: [json.dumps({**told, "format": 2}).encode()],
        FileFault.EMPTIED: [b"", b"\0" * 100, b"\n"],
    }
    file = tmp_path / "file.json"
    for fault, contents in broken.items():
        for content in contents:
            file.write_bytes(content)
            assert become(file, tmp_path) is fault, content[:40]
    file.write_bytes(good)
    late = FixedClock(NOON + timedelta(days=7, seconds=1))
    assert become(file, tmp_path, clock=late) is FileFault.OLD
    assert not machine(tmp_path)[0].settings.exists()
    assert not (tmp_path / "machine" / "state").exists()
    assert isinstance(become(file, tmp_path), Enrolled)


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_machine_that_shows_the_demo_is_no_kiosk(office: Office, tmp_path: Path) -> None:
    file = written(office)
    place, _ = machine(tmp_path)
    (place.temporary / "mensa-demo-x").mkdir()
    assert become(file, tmp_path) is EnrolFault.DEMO


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_file_that_may_not_be_emptied_has_to_be_destroyed(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(office)
    whole = Path.open

    def read_only(path: Path, mode: str = "r", *words: Any, **named: Any) -> Any:
        if mode == "r+b":
            raise PermissionError(13, "read-only file system", str(path))
        return whole(path, mode, *words, **named)

    monkeypatch.setattr(Path, "open", read_only)
    made = become(file, tmp_path)
    assert isinstance(made, Enrolled)
    assert not made.emptied
    assert file.exists()


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_file_that_is_there_is_not_written_over_and_nothing_is_enrolled(office: Office) -> None:
    taken = office.write("taken.json", "something else")
    words = ("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL, "--out", taken)
    assert office.reason(*words) == "unwritable"
    assert taken.read_text() == "something else"
    assert office.told("kiosk-device", "list")["kiosks"] == []


def test_a_kiosks_url_keeps_hosts_and_drops_what_is_the_offices_own(tmp_path: Path) -> None:
    office = open_database(
        "postgresql://anna:geheim@a.example:5432,b.example:5433/mensa?sslmode=verify-full"
        "&sslrootcert=/etc/ca.pem&sslcert=/home/anna/c.pem&sslkey=/home/anna/k.pem"
    ).url
    told, authority = kiosks_url(office, login="mensa_kiosk_4")
    assert authority == Path("/etc/ca.pem")
    assert "geheim" not in told
    assert "anna" not in told
    ready = open_database(with_authority(told, tmp_path / "ca.pem")).url
    assert ready.username == "mensa_kiosk_4"
    assert ready.query["host"] == office.query["host"]
    assert ready.query["port"] == office.query["port"]
    assert ready.query["sslmode"] == "verify-full"
    assert ready.query["sslrootcert"] == str(tmp_path / "ca.pem")
    assert kiosks_url(open_database("sqlite:////x/l.db").url, login=None)[1] is None


def test_every_fault_has_a_sentence_in_both_languages() -> None:
    for kind, said in ((EnrolFault, ENROLLING), (FileFault, ENROLLING), (EnrolmentRefusal, MAKING)):
        for fault in kind:
            if fault is EnrolmentRefusal.NOT_LET_IN:  # the kiosk's own word: EnrolFault.USED
                continue
            english, german = (
                texts(language).say(said[fault], settings="x", name="y")
                for language in (Language.ENGLISH, Language.GERMAN)
            )
            assert english
            assert german != english
