"""The journal of a revoked kiosk, brought by hand: opened as a copy, booked once, told in numbers."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import School, open_school
from desk import Office
from till import KEY, Till, add_staff, give_card, set_school

from accounts.database import open_database
from kiosk.journal import open_journal
from kiosk.messages import Served

PAYER = "04AAAAAAAAAAAA"


@pytest.fixture
def school(empty_sqlite: Path, tmp_path: Path) -> Iterator[School]:
    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    opened = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield open_school(opened)
    opened.close()


@pytest.fixture
def office(
    school: School,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """The office beside a kiosk that served two children's meals and then was cut off."""
    give_card(school, school.payer, PAYER)
    set_school(school, accepts="aes,uid")
    add_staff(school)
    till = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    till.sync.once()
    assert isinstance(till.tap(PAYER), Served)
    till.switch_off()
    (tmp_path / "key").write_bytes(KEY)
    return Office(tmp_path, capsys, monkeypatch)


def salvage(office: Office, *more: object) -> tuple[object, ...]:
    return ("kiosk-device", "salvage", "kiosk a", office.folder / "journal.db",
            *(more or ("--key-file", office.folder / "key")))  # fmt: skip


def test_what_a_revoked_kiosk_served_before_is_booked_once(office: Office) -> None:
    office.done("kiosk-device", "revoke", "kiosk a")
    file = office.folder / "journal.db"
    before = hashlib.sha256(file.read_bytes()).digest()
    told = office.told(*salvage(office))
    assert (told["booked"], told["quarantined"], told["known"], told["left"]) == (1, 0, 0, 0)
    assert office.rows("SELECT kind, actor FROM entry") == [("charge", f"kiosk:{told['origin']}")]
    assert hashlib.sha256(file.read_bytes()).digest() == before
    said = office.done(*salvage(office))
    assert said == ("Kasse kiosk a: 0 Vorgänge gebucht, 0 in Quarantäne, 1 waren schon bekannt.\n")
    assert len(office.rows("SELECT id FROM entry")) == 1


def test_who_read_the_journal_is_in_the_access_log(office: Office) -> None:
    office.done("kiosk-device", "revoke", "kiosk a")
    (kiosk,) = office.rows("SELECT id FROM origin WHERE name = 'kiosk a'")[0]
    office.done(*salvage(office))
    ((actor, purpose),) = office.rows("SELECT actor, purpose FROM access_log")
    assert actor.startswith("office:")
    assert purpose == f"salvage of kiosk {kiosk}"


def test_a_kiosk_that_still_serves_brings_its_facts_itself(office: Office) -> None:
    assert office.reason(*salvage(office)) == "not_revoked"
    assert office.rows("SELECT id FROM fact") == []


def test_another_key_opens_nothing(office: Office) -> None:
    office.done("kiosk-device", "revoke", "kiosk a")
    other = office.folder / "other"
    other.write_bytes(bytes(32))
    assert office.reason(*salvage(office, "--key-file", other)) == "wrong_key"
    other.write_bytes(b"short")
    assert office.reason(*salvage(office, "--key-file", other)) == "bad_key_file"


def test_another_kiosks_journal_opens_nothing(office: Office) -> None:
    office.done("kiosk-device", "revoke", "kiosk b")
    words = ["kiosk b" if word == "kiosk a" else word for word in salvage(office)]
    assert office.reason(*words) == "wrong_key"


def test_what_is_no_journal_is_named(office: Office) -> None:
    office.done("kiosk-device", "revoke", "kiosk a")
    (office.folder / "journal.db").write_bytes(b"no journal at all, but long enough" * 40)
    assert office.reason(*salvage(office)) == "no_journal"
    (office.folder / "journal.db").unlink()
    assert office.reason(*salvage(office)) == "unreadable"
    assert office.reason("kiosk-device", "salvage", "Hof", office.folder / "key",
                         "--key-file", office.folder / "key") == "unknown_kiosk"  # fmt: skip


def test_a_passphrase_is_typed_or_read_from_a_file(office: Office) -> None:
    (kiosk,) = office.rows("SELECT id FROM origin WHERE name = 'kiosk b'")[0]
    file = office.folder / "b.db"
    open_journal(file, origin_id=kiosk, passphrase="Lindenallee sieben").close()
    office.done("kiosk-device", "revoke", "kiosk b")
    secret = office.write("secret", "Lindenallee sieben\n")
    secret.chmod(0o600)
    words = ("kiosk-device", "salvage", "kiosk b", file)
    assert office.told(*words, "--passphrase-file", secret)["booked"] == 0
    office.sit_down("Lindenallee sieben")
    assert office.told(*words)["booked"] == 0
    office.sit_down("Lindenallee acht")
    assert office.reason(*words) == "wrong_key"
