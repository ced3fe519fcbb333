"""From blank cards to the first lunch, as docs/cards.md tells it: by commands alone, on a real stack.

Everything is typed as a city types it. Station and kiosk have a virtual reader each, the chips
are blank; the kiosk knows nothing but what its enrolment brought and its ledger tells.
"""

import json
import os
import queue
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar

import pytest
from builders import NOON
from desk import SAMPLES, SCHOOL, Office
from fortress import set_clock
from key_station import by, quick_argon, typed
from ledgers import ENGINES
from postgresql_server import Server
from two_people import council, take_over

from accounts.clock import FixedClock
from accounts.settings import StationSettings, read_settings
from accounts.verify import verify
from cards.station import Station
from cards.virtual.image import Image, Kind, copied, factory
from cards.virtual.stack import VirtualCards
from cards.watched import WatchedReader
from kiosk import card_doctor
from kiosk import messages as say
from kiosk.compose import assemble, door_of, open_kiosk_journal, read_pepper
from kiosk.enrolled import Place, ledger_of
from kiosk.vault import CREDENTIAL

pytestmark = pytest.mark.pcsc

MENU = """\
Tag;Nr;Gericht;Art;Betreiber;V
23.11.2026;1;Nudeln;Essen;Küche;4,20
"""
AT = ("--school", SCHOOL)
BLANK = {
    "1001": factory(Kind.EV3, bytes.fromhex("04A1B2C3D4E5F6")),
    "1002": factory(Kind.NTAG424, bytes.fromhex("04A1B2C3D4E5F7")),
}
Said = TypeVar("Said")


@pytest.fixture
def virtual() -> Iterator[VirtualCards]:
    with VirtualCards(("Station", "Ausgabe")) as cards:
        yield cards


@pytest.fixture(params=ENGINES)
def office(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    virtual: VirtualCards,
) -> Office:
    """A school with children, money and a menu, and no cards; the station's reader is virtual."""
    url = ""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        url = server.url(server.create())
    office = Office(tmp_path, capsys, monkeypatch, url=url)
    office.done("db", "upgrade")
    if request.param == "postgresql":
        with closing(office.database()) as database:
            set_clock(database, NOON)
    _open_school(office)
    quick_argon(monkeypatch)
    station = partial(Station, admit_virtual=True, pcsc_socket=virtual.socket)
    examine = card_doctor.main

    def opened(settings: StationSettings) -> Station:
        return station(settings.reader)

    monkeypatch.setattr("kiosk.office.issuing.open_station", opened)
    monkeypatch.setattr("kiosk.office.issuing.SystemClock", lambda: office.clock)
    monkeypatch.setattr("accounts.clock.SystemClock", lambda: office.clock)
    monkeypatch.setattr(
        card_doctor, "main", lambda **words: examine(**words, station=station, out=sys.stdout)
    )
    # A demo that runs beside this test is none on the machine that is enrolled here.
    monkeypatch.setattr("kiosk.enrolled.Place", partial(Place, temporary=tmp_path))
    return office


def _open_school(office: Office) -> None:
    office.done("school", "add", SCHOOL, "Gesamtschule Emscherblick")
    office.done("school", "set", SCHOOL, "--accepts", "aes")
    office.done("operator", "add", "Küche", "--kind", "public", "--settled-as", "revenue")
    office.done("tariff", "add", "V", "Voll", "--kind", "pupil", "--base")
    office.done("offer", "import", office.write("woche.csv", MENU), *AT)
    office.done("pupils", "import", SAMPLES / "schild_export_utf8_bom.csv", *AT, "--apply")
    money = f"Schule;Nummer;Betrag\n{SCHOOL};1001;10,00\n{SCHOOL};1002;10,00\n"
    council(office)
    assert take_over(office, office.write("opening.csv", money), "20,00")["booked"] == 2


def test_from_blank_cards_to_the_first_lunch(
    office: Office, virtual: VirtualCards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders = ("Leitung", "Kasse", "Vertretung")
    masters = tmp_path / "masters.json"
    named = [word for name in holders for word in ("--holder", name)]
    office.done("card", "keys", "init", masters, *named, *typed(office, *holders))
    two = by(office, "Leitung", "Vertretung")
    with (tmp_path / "mensa.toml").open("a") as settings:
        settings.write(f'[station]\nkeys = "{masters}"\nreader = "Reader Station"\n')
    assert sorted(office.told("card", "keys", "show")["holders"]) == sorted(holders)

    key, file = tmp_path / f"{SCHOOL}.key", tmp_path / "kasse.json"
    office.done("card", "keys", "export-school", key, *AT, *two)
    told = office.told("kiosk-device", "add", "Ausgabe 1", *AT, "--school-key", key, "--out", file)
    assert told["card_key"]
    machine = tmp_path / "kiosk.toml"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / CREDENTIAL).write_bytes(os.urandom(32))
    office.done("--config", machine, "kiosk", "enrol", file, "--state", tmp_path / "state")
    assert not file.exists()

    desk = virtual.readers[0]
    chips: dict[str, Image] = {}
    for number, blank in BLANK.items():
        desk.insert(blank)
        (made,) = office.told("card", "issue", *AT, "--pupil", number, *two)["cards"]
        assert (made["holder"], made["issue"], made["before"]) == (number, 1, False)
        seen = json.loads(office.run("card", "doctor", "--json").out)
        assert (seen["use"], seen["ours"], seen["generation"]) in {
            ("proves", "yes", 1),
            ("proves", "unknown", None),  # an NTAG 424 tells the version of no key unasked
        }
        chips[number] = desk.image()
        desk.remove()

    mia, emir = chips.values()
    forged, bare = copied(mia), Image(Kind.NUMBER, mia.uid)
    with _kiosk(machine, virtual, office.clock) as lay:
        assert lay(forged, say.Refused).reason.value == "proof"
        assert lay(bare, say.Refused).reason.value == "proof"
        lay(mia, say.Served)
        lay(emir, say.Served)
        assert lay(mia, say.Refused).reason.value == "already_eaten"

    alerts = office.told("card", "alerts", *AT)["alerts"]
    assert sorted(alert["kind"] for alert in alerts) == ["no_application", "wrong_key"]
    assert office.rows(
        "SELECT n.number, b.cents FROM balance b JOIN account a ON a.id = b.account_id"
        " JOIN school_number n ON n.pupil_id = a.pupil_id WHERE n.number IN ('1001', '1002')"
        " ORDER BY n.number"
    ) == [("1001", 580), ("1002", 580)]
    with closing(office.database()) as database, database.read() as db:
        proof = verify(db)
    assert proof.holds, [check for check in proof.checks if not check.holds]


class _Counter:
    """Lays chips on the kiosk's reader and waits for what comes of it."""

    def __init__(self, virtual: VirtualCards) -> None:
        self.heard: queue.SimpleQueue[say.Outcome] = queue.SimpleQueue()
        self._hand = virtual.readers[1]

    def next(self, kind: type[Said]) -> Said:
        limit = monotonic() + 60
        while True:
            outcome = self.heard.get(timeout=max(0.0, limit - monotonic()))
            if isinstance(outcome, kind):
                return outcome
            assert not isinstance(outcome, say.Served | say.Refused | say.CardNotRead), outcome

    def __call__(self, chip: Image, kind: type[Said]) -> Said:
        self._hand.insert(chip)
        outcome = self.next(kind)
        self._hand.remove()
        self.next(say.CardGone)
        return outcome


@contextmanager
def _kiosk(machine: Path, virtual: VirtualCards, clock: FixedClock) -> Iterator[_Counter]:
    """The enrolled machine serves, with nothing but its own settings and journal."""
    settings = read_settings(machine, {})
    assert settings.kiosk is not None
    counter = _Counter(virtual)
    journal = open_kiosk_journal(settings, ask_passphrase=lambda: "there is a credential")
    with closing(ledger_of(settings, journal)) as ledger:
        parts = assemble(
            door_of(ledger, origin_id=settings.kiosk.origin, clock=clock),
            journal,
            [
                WatchedReader(
                    virtual.readers[1].setting, admit_virtual=True, now=clock.now,
                    pcsc_socket=virtual.socket,
                )
            ],
            pepper=read_pepper(settings.pepper_file),
            clock=clock,
            deliver=counter.heard.put,
        )  # fmt: skip
        parts.sync.once()
        parts.start()
        try:
            counter.next(say.ReaderUp)
            yield counter
            parts.sync.once()
        finally:
            parts.close()
