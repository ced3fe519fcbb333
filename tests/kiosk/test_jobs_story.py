"""A school from zero to its first lunch, by commands alone."""

from pathlib import Path

import pytest
from builders import NOON
from desk import PEPPER, SAMPLES, SCHOOL, Office
from ledgers import ENGINES
from postgresql_server import Server
from two_people import council, take_over

from accounts.door import DirectDoor
from accounts.holdings import card_hash
from accounts.snapshot import Snapshot
from accounts.staff import verify_pin
from cards.reader import Proof, Tap
from kiosk.journal import open_journal
from kiosk.messages import Refused, Served, SignedIn
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync

MENU = """\
Tag;Nr;Gericht;Art;Betreiber;V;B
23.11.2026;1;Nudeln;Essen;Küche;4,20;4,20/0,00
"""
MIA, EMIR = "04A1B2C3D4E5F6", "04A1B2C3D4E5F7"


@pytest.fixture(params=ENGINES)
def office(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    if request.param == "sqlite":
        return Office(tmp_path, capsys, monkeypatch)
    server: Server = request.getfixturevalue("postgresql")
    return Office(tmp_path, capsys, monkeypatch, url=server.url(server.create()))


def test_from_an_empty_ledger_to_the_first_lunch(office: Office, tmp_path: Path) -> None:
    at = ("--school", SCHOOL)
    office.done("db", "upgrade")
    office.done("school", "add", SCHOOL, "Gesamtschule Emscherblick")
    office.done("school", "set", SCHOOL, "--accepts", "aes,uid", "--floor", "-5,00")
    office.done("operator", "add", "Küche", "--kind", "public", "--settled-as", "revenue")
    office.done("body", "add", "Jobcenter")
    office.done("tariff", "add", "V", "Voll", "--kind", "pupil", "--base")
    office.done("tariff", "add", "B", "BuT", "--kind", "pupil", "--body", "Jobcenter")
    wrong = office.write("falsch.csv", MENU + "24.11.2026;1;Reis;Essen;Niemand;4,20;\n")
    assert office.reason("offer", "import", wrong, *at) == "bad_lines"
    assert office.told("offer", "import", office.write("woche.csv", MENU), *at)["added"] == 1
    office.done("pupils", "import", SAMPLES / "schild_export_utf8_bom.csv", *at, "--apply")
    office.done("entitle", "1002", *at, "--tariff", "B", "--from", "1.8.2026")
    office.done("staff", "add", "Küche", *at, "--pin-stdin", typed="2468\n")
    office.done("card", "assign", MIA, *at, "--pupil", "1001")
    office.done("card", "assign", EMIR, *at, "--pupil", "1002")
    opening = office.write("a.csv", f"Schule;Nummer;Betrag\n{SCHOOL};1001;10,00\n")
    council(office)
    assert take_over(office, opening, "10,00")["booked"] == 1
    origin = office.told("kiosk-device", "add", "Ausgabe 1", *at)["origin"]

    database = office.database()
    journal = open_journal(tmp_path / "journal.db", origin_id=origin, key=bytes(32))
    session = StaffSession(journal, clock=office.clock, check_pin=verify_pin)
    counter = StaffedCounter(
        journal,
        clock=office.clock,
        card_hash=lambda uid: card_hash(PEPPER.encode(), uid).hex(),
        staff=session,
    )

    def learn(snapshot: Snapshot) -> None:
        counter.learn(snapshot)

    door = DirectDoor(database, origin, office.clock)
    sync = Sync(door, journal, clock=office.clock, learn=learn, tell=lambda _status: None)
    sync.once()
    served = [counter.tap(Tap(uid, Proof.UID, "reader", NOON, 0)) for uid in (MIA, EMIR)]
    assert [type(outcome) for outcome in served] == [Served, Served]
    assert isinstance(counter.tap(Tap(MIA, Proof.UID, "reader", NOON, 0)), Refused)
    assert isinstance(counter.sign_in("2468"), SignedIn)
    sync.once()
    journal.close()
    database.close()

    assert office.rows(
        "SELECT n.number, b.cents FROM balance b JOIN account a ON a.id = b.account_id"
        " JOIN school_number n ON n.pupil_id = a.pupil_id WHERE n.number IN ('1001', '1002')"
        " ORDER BY n.number"
    ) == [("1001", 580), ("1002", 0)]
    assert office.run("verify", "--json").code == 0
