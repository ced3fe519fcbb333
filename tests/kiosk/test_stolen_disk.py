"""A stolen kiosk's disk, searched: what it tells without the machine's credential, and with it."""

import base64
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from desk import PEPPER, SCHOOL, Office, add_prices
from key_station import BOTH, OTHER, by, issue, make, masters_of, open_station

from accounts.holdings import card_hash
from accounts.settings import read_settings
from accounts.snapshot import Snapshot, from_bytes
from cards.layout import AID
from cards.masters import Masters
from cards.reader import Proof, Tap
from cards.school_key import open_sealed
from cards.secret import CardSecret
from kiosk.compose import door_of, open_kiosk_journal
from kiosk.enrolled import Enrolled, Place, enrol, ledger_of
from kiosk.journal import open_journal
from kiosk.journal_reading import place
from kiosk.key_book import KeyShelf
from kiosk.messages import Served
from kiosk.school_keys import kept_keys
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync
from kiosk.vault import CREDENTIAL

KEY = bytes(range(7, 39))
HERE_UID, THERE_UID = "04A1B2C3D4E5F6", "04A1B2C3D4E5F7"


@dataclass(frozen=True, slots=True)
class Theft:
    """A kiosk's disk after a lunch, and what the rest of the city would not want found on it."""

    disk: Path
    origin: int
    masters: Masters
    here: tuple[bytes, CardSecret]
    there: tuple[bytes, CardSecret]

    def files(self) -> bytes:
        """Every byte of every file, the credential's apart, and every name."""
        found = [path for path in self.disk.rglob("*") if path.is_file()]
        assert len(found) >= 4, "settings, pepper, journal and its log"
        return b"\n".join(path.read_bytes() + path.name.encode() for path in found)

    def opened(self) -> bytes:
        """Every value on the disk, opened with the machine's credential."""
        journal = open_journal(self.disk / "state" / "journal.db", origin_id=self.origin, key=KEY)
        with closing(journal):
            db, found = journal._db, []
            for (name,) in db.execute("SELECT name FROM about").fetchall():
                if name not in {"salt", "check"}:
                    found.append(journal.kept(name) or b"")
            for table, seals in (("fact", journal._facts), ("note", journal._notes)):
                rows = db.execute(f"SELECT epoch, seq, sealed FROM {table}").fetchall()
                assert rows
                found += [
                    seals.open(sealed, place=place((epoch, seq))) for epoch, seq, sealed in rows
                ]
            kept = journal.kept("snapshot")
            assert kept is not None
            for row in from_bytes(kept).keys:
                card, sealed = bytes.fromhex(row.hash), bytes.fromhex(row.sealed or "")
                secret = open_sealed(kept_keys(journal), sealed, card=card)
                assert secret is not None
                found.append(secret.to_bytes())
        return b"\n".join(found)


def forms(secret: bytes | str) -> Iterator[bytes]:
    """How a secret could lie on a disk."""
    if isinstance(secret, str):
        yield secret.encode()
        yield secret.encode("utf-16-le")
        yield secret.encode("latin-1")
        yield json.dumps(secret)[1:-1].encode()
        return
    yield secret
    yield secret[::-1]
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for shift in range(3):  # base64 of something it stands in the middle of
        text = base64.b64encode(bytes(shift) + secret)
        yield text[4 if shift else 0 : -4]


def assert_not_in(content: bytes, secrets: Iterable[bytes | str]) -> None:
    for number, secret in enumerate(secrets):
        for form in forms(secret):
            assert len(form) >= 4, number
            assert form not in content, number


def master_keys(masters: Masters) -> list[bytes]:
    generations = masters.by_generation.values()
    keys = [key for one in generations for key in (one.picc, one.application, one.read)]
    return [*keys, masters.escrow_key, masters.school_root, *(it.key for it in masters.holders)]


def issuing_keys(masters: Masters) -> list[bytes]:
    """Keys of single cards that write or take them over."""
    return [
        key
        for uid in (bytes.fromhex(HERE_UID), bytes.fromhex(THERE_UID))
        for key in (
            masters.picc_key(uid=uid, generation=1),
            masters.application_key(uid=uid, aid=AID, generation=1),
        )
    ]


@pytest.fixture
def theft(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Theft:
    """Two schools of one city, each with a child and a card; the first one's kiosk is stolen."""
    folder = tmp_path / "office"
    folder.mkdir()
    office = open_station(empty_sqlite, folder, capsys, monkeypatch)
    add_prices(office)
    office.done("tariff", "add", "H", "Härtefonds", "--kind", "pupil", "--body", "Jobcenter")
    there = office.write(
        "there.csv", "Nachname;Vorname;Klasse;Nummer\nXylander;Zacharias;1a;2001\n"
    )
    office.done("pupils", "import", there, "--school", OTHER, "--apply")
    office.done("entitle", "1001", "--school", SCHOOL, "--tariff", "H", "--from", "1.8.2026")
    office.done("offer", "add", "--school", SCHOOL, "--day", "23.11.2026", "--code", "1", "--title",
                "Kürbissuppe", "--class", "lunch", "--operator", "Küche", "--price", "V=4,20",
                "--price", "B=4,20/0,00", "--price", "H=4,20/1,00")  # fmt: skip
    masters = masters_of(make(office, *BOTH), *BOTH)
    cards = issue(office, masters, "1001", HERE_UID), issue(office, masters, "2001", THERE_UID)
    for school in (SCHOOL, OTHER):
        out = folder / f"{school}.key"
        office.done("card", "keys", "export-school", "--school", school, out, *by(office, *BOTH))
    told = office.told("kiosk-device", "add", "Ausgabe 1", "--school", SCHOOL, "--school-key",
                       folder / f"{SCHOOL}.key", "--out", tmp_path / "kiosk.json")  # fmt: skip
    disk = tmp_path / "disk"
    _serve_a_lunch(office, tmp_path / "kiosk.json", tmp_path / "machine", stolen=disk)
    return Theft(disk, told["origin"], masters, *cards)


def _serve_a_lunch(office: Office, file: Path, disk: Path, *, stolen: Path) -> None:
    """The machine becomes the kiosk and serves until its plug is pulled; its key lies elsewhere."""
    credentials = file.parent / "credentials"
    credentials.mkdir()
    (credentials / CREDENTIAL).write_bytes(KEY)
    environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
    place = Place(disk / "etc" / "kiosk.toml", disk / "state", credentials)
    made = enrol(file, place, clock=office.clock, ask_passphrase=str, environment=environment)
    assert isinstance(made, Enrolled)
    settings = read_settings(made.settings, {})
    journal = open_kiosk_journal(settings, ask_passphrase=str, environment=environment)

    def hashed(uid: str) -> str:
        return card_hash(PEPPER.encode(), uid).hex()

    with closing(journal), closing(ledger_of(settings, journal)) as database:
        shelf = KeyShelf(kept_keys(journal), card_hash=hashed)
        staff = StaffSession(journal, clock=office.clock, check_pin=str.__eq__)
        counter = StaffedCounter(
            journal, clock=office.clock, card_hash=hashed, staff=staff, keys=shelf
        )
        door = door_of(database, origin_id=made.origin, clock=office.clock)
        heard: list[Snapshot] = []
        Sync(door, journal, clock=office.clock, learn=heard.append, tell=lambda _: None).once()
        counter.learn(heard[0])
        assert shelf.secret_of(HERE_UID) is not None, "the kiosk can ask the card for its proof"
        tap = Tap(HERE_UID, Proof.AES, "Ausgabe", office.clock.now(), 0)
        assert isinstance(counter.tap(tap), Served)
        journal.write_note(at_us=1, actor="staff:1", pupil_id=1, purpose="search")
        assert journal.count_waiting() == 1
        shutil.copytree(disk, stolen)


def test_without_the_credential_the_disk_tells_no_key_no_name_and_no_tariff(theft: Theft) -> None:
    masters, disk = theft.masters, theft.files()
    keys = [*master_keys(masters), *issuing_keys(masters), KEY]
    for school in (SCHOOL, OTHER):
        keys += [masters.school_key(school).key, masters.school_key(school).id]
    for card, secret in (theft.here, theft.there):
        keys += [card, secret.read_key, secret.token, secret.to_bytes()]
    assert_not_in(disk, keys)
    assert_not_in(disk, [bytes.fromhex(HERE_UID), bytes.fromhex(THERE_UID)])
    assert_not_in(disk, ["Kowalczyk", "Xylander", "Zacharias", "Kürbissuppe", "Härtefonds"])
    assert_not_in(disk, ["Gesamtschule", "Grundschule", "tariff", "balance", "lunch", SCHOOL])


def test_the_search_finds_what_is_there(theft: Theft) -> None:
    """Else the other tests here would hold for a disk nobody ever wrote to."""
    opened = theft.opened()
    assert b"Kowalczyk" in opened
    assert theft.masters.school_key(SCHOOL).key.hex().encode() in opened
    assert theft.here[1].read_key in opened
    for secret in ("Kowalczyk", theft.masters.school_key(SCHOOL).key, theft.here[1].read_key):
        with pytest.raises(AssertionError):
            assert_not_in(opened, [secret])


def test_with_the_credential_it_tells_no_master_key_and_nothing_of_another_school(
    theft: Theft,
) -> None:
    masters, found = theft.masters, theft.files() + theft.opened()
    assert_not_in(found, master_keys(masters))
    assert_not_in(found, issuing_keys(masters))
    other = masters.school_key(OTHER)
    card, secret = theft.there
    assert_not_in(found, [other.key, other.id, card, secret.read_key, secret.token])
    assert_not_in(found, ["Xylander", "Zacharias", "Grundschule", OTHER])
    assert_not_in(found, [bytes.fromhex(HERE_UID), bytes.fromhex(THERE_UID)])


def test_what_it_tells_of_a_card_reads_that_card_and_writes_none(theft: Theft) -> None:
    """Whoever has both disk and credential can play this school's cards until they are renewed."""
    masters, uid = theft.masters, bytes.fromhex(HERE_UID)
    assert theft.here[1].read_key == masters.read_key(uid=uid, aid=AID, key_no=1, generation=1)
    renewed = masters.rotate()
    assert renewed.read_key(uid=uid, aid=AID, key_no=1, generation=2) not in (
        theft.files() + theft.opened()
    )
