"""The composition: what settings stand for, and what a kiosk knows the moment it starts."""

import queue
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from canteen import KEY, PEPPER, Canteen, ShiftedClock, open_canteen

from accounts.database import Database, open_database
from accounts.door import DirectDoor
from accounts.settings import KioskSettings, ReaderEntry, Settings, SettingsError
from cards.reader import ScriptedReader
from cards.uid import Radix, UidForm
from kiosk import messages as say
from kiosk.compose import (
    Parts,
    assemble,
    open_kiosk_journal,
    read_pepper,
    reader_setting,
)
from kiosk.journal import open_journal
from kiosk.vault import CREDENTIAL, WrongKey

PATIENCE = 60


def settings_for(state: Path) -> Settings:
    return Settings(kiosk=KioskSettings(origin=1, state=state))


def never() -> str:
    pytest.fail("a passphrase was asked for")


def test_a_credential_opens_the_journal_and_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(KEY)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    settings = settings_for(tmp_path / "state")
    open_kiosk_journal(settings, ask_passphrase=never, environment=environment).close()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    open_kiosk_journal(settings, ask_passphrase=never, environment=environment).close()


def test_without_a_credential_a_passphrase_is_asked_for_and_has_to_be_the_same(
    tmp_path: Path,
) -> None:
    settings = settings_for(tmp_path)
    open_kiosk_journal(settings, ask_passphrase=lambda: "Lindenallee 7", environment={}).close()
    with pytest.raises(WrongKey):
        open_kiosk_journal(settings, ask_passphrase=lambda: "Lindenallee", environment={})


def test_a_machine_that_is_no_kiosk_has_no_journal() -> None:
    with pytest.raises(SettingsError, match="no kiosk"):
        open_kiosk_journal(Settings(), ask_passphrase=never, environment={})


def test_the_pepper_is_read_without_the_line_end_and_has_to_be_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "pepper"
    path.write_bytes(PEPPER + b"\n")
    assert read_pepper(path) == PEPPER
    path.write_bytes(b"short\n")
    with pytest.raises(SettingsError, match="16 bytes"):
        read_pepper(path)
    with pytest.raises(SettingsError, match="No such file"):
        read_pepper(tmp_path / "missing")
    with pytest.raises(SettingsError, match="pepper_file"):
        read_pepper(None)


def test_a_reader_of_the_settings_becomes_an_entry_of_the_allow_list() -> None:
    entry = ReaderEntry("Tastatur", "wedge", radix="decimal", reversed=True, length=4)
    made = reader_setting(entry)
    assert (made.label, made.kind) == ("Tastatur", "wedge")
    assert made.uid_form == UidForm(Radix.DECIMAL, reversed=True, length=4)


@pytest.mark.parametrize(
    "entry",
    [
        ReaderEntry("A", "usb", "x"),
        ReaderEntry("A"),
        ReaderEntry("A", match="("),
        ReaderEntry("A", match="x", radix="octal"),
        ReaderEntry("A", match="x", length=5),
        ReaderEntry("A", "wedge", radix="decimal"),
        ReaderEntry("", "wedge"),
    ],
)
def test_a_reader_that_can_be_none_is_an_error_in_words(entry: ReaderEntry) -> None:
    with pytest.raises(SettingsError):
        reader_setting(entry)


@pytest.fixture
def canteen(empty_sqlite: Path, tmp_path: Path) -> Iterator[Canteen]:
    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield open_canteen(database, children=4, by_number=True)
    database.close()


def kiosk(
    canteen: Canteen, folder: Path, database: Database
) -> tuple[Parts, ScriptedReader, "queue.SimpleQueue[say.Outcome]"]:
    heard: queue.SimpleQueue[say.Outcome] = queue.SimpleQueue()
    clock = ShiftedClock()
    reader = ScriptedReader("Ausgabe", clock.now)
    journal = open_journal(folder / "journal.db", origin_id=canteen.school.kiosk.origin_id, key=KEY)
    door = DirectDoor(database, canteen.school.kiosk.origin_id, clock)
    parts = assemble(door, journal, [reader], pepper=PEPPER, clock=clock, deliver=heard.put)
    return parts, reader, heard


def next_verdict(heard: "queue.SimpleQueue[say.Outcome]") -> say.Outcome:
    while True:
        outcome = heard.get(timeout=PATIENCE)
        if isinstance(outcome, say.Served | say.Refused):
            return outcome


def test_a_kiosk_that_starts_without_its_ledger_serves_by_what_it_knew_last(
    canteen: Canteen, tmp_path: Path
) -> None:
    card = next(iter(canteen.cards))
    parts, _, _ = kiosk(canteen, tmp_path, canteen.database)
    parts.sync.once()
    parts.close()
    gone = open_database(f"sqlite:///{tmp_path / 'away' / 'ledger.db'}")
    parts, reader, heard = kiosk(canteen, tmp_path, gone)
    parts.start()
    reader.insert(card)
    assert isinstance(next_verdict(heard), say.Served)
    reader.insert(card)
    assert isinstance(next_verdict(heard), say.Refused)
    while True:
        status = heard.get(timeout=PATIENCE)
        if isinstance(status, say.Status) and not status.ledger_reachable and status.waiting:
            break
    assert status.waiting == 1
    parts.close()


def test_a_kept_snapshot_of_another_version_is_passed_over(
    canteen: Canteen, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for content in (b"{}", b"[", b"null", b'{"taken_at": "x"}'):
        journal = open_journal(
            tmp_path / "journal.db", origin_id=canteen.school.kiosk.origin_id, key=KEY
        )
        journal.keep("snapshot", content)
        journal.close()
        parts, _, _ = kiosk(canteen, tmp_path, canteen.database)
        parts.close()
    assert caplog.text.count("another version") == 4
