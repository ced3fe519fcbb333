"""The office's work by a login that is only in the office's group: everything goes, and no more."""

from contextlib import closing
from pathlib import Path

import pytest
from builders import NOON
from desk import SAMPLES, SCHOOL, Office
from fortress import set_clock, signed_in
from postgresql_server import Server
from sqlalchemy import text
from two_people import approve, council, take_over

from accounts.acting import act_as
from accounts.roles import quoted, role_names
from accounts.seals import make_seal
from accounts.verify import verify

pytestmark = pytest.mark.postgresql
MENU = """\
Tag;Nr;Gericht;Art;Betreiber;V;B
23.11.2026;1;Nudeln;Essen;Küche;4,20;4,20/0,00
"""
AT = ("--school", SCHOOL)


@pytest.fixture
def office(
    postgresql: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """An office whose ledger was made by its owner."""
    owner = Office(tmp_path, capsys, monkeypatch, url=postgresql.url(postgresql.create()))
    owner.done("db", "upgrade")
    with closing(owner.database()) as database:
        set_clock(database, NOON)
        name = f"{database.url.database}_anna"
        with database.write() as db:
            group = role_names(db).office
            db.exec_driver_sql(f"CREATE ROLE {quoted(name)} LOGIN IN ROLE {quoted(group)}")
        with closing(signed_in(database, name)) as own:
            url = own.url.render_as_string(hide_password=False)
    return Office(tmp_path, capsys, monkeypatch, url=url)


def test_every_deed_of_the_office_is_done_by_its_own_role(office: Office) -> None:
    done = office.done
    done("school", "add", SCHOOL, "Gesamtschule Probe")
    done("school", "set", SCHOOL, "--accepts", "aes,uid", "--floor", "-5,00")
    done("school", "close", SCHOOL, "24.12.2026", "Ferien")
    done("school", "open", SCHOOL, "24.12.2026")
    done("operator", "add", "Küche", "--kind", "public", "--settled-as", "revenue")
    done("body", "add", "Jobcenter")
    done("tariff", "add", "V", "Voll", "--kind", "pupil", "--base")
    done("tariff", "add", "B", "BuT", "--kind", "pupil", "--body", "Jobcenter")
    done("offer", "import", office.write("woche.csv", MENU), *AT)
    done("offer", "import", office.write("woche.csv", MENU), *AT)
    done("pupils", "import", SAMPLES / "schild_export_utf8_bom.csv", *AT, "--apply")
    done("pupils", "import", SAMPLES / "schild_export_utf8_bom.csv", *AT, "--apply")
    done("pupils", "limit", "1001", *AT, "--day-limit", "5,00")
    done("pupils", "list", *AT)
    done("entitle", "1002", *AT, "--tariff", "B", "--from", "1.8.2026")
    done("entitle", "1002", *AT, "--tariff", "B", "--from", "1.12.2026")
    done("staff", "add", "Küche", *AT, "--pin-stdin", typed="2468\n")
    done("staff", "pin", "Küche", *AT, "--pin-stdin", typed="8642\n")
    done("card", "assign", "04A1B2C3D4E5F6", *AT, "--pupil", "1001")
    ((printed,),) = office.rows("SELECT printed_no FROM card")
    done("card", "block", printed)
    done("card", "unblock", printed)
    done("card", "replace", printed, "04A1B2C3D4E5F7")
    opening = f"Schule;Nummer;Betrag\n{SCHOOL};1001;10,00\n"
    council(office)
    take_over(office, office.write("a.csv", opening), "10,00")
    cash = office.told("topup", "1001", "5,00", *AT)["request"]
    approve(office, cash)
    done("receipt", cash)
    done("household", "add", "1001", "1002", *AT)
    done("household", "list", *AT)
    done("household", "end", "1")
    done("refund", "list", "--all")
    done("refund", "leavers", *AT, "--class", "5a")
    done("kiosk-device", "add", "Ausgabe 1", *AT)
    done("kiosk-device", "renew", "Ausgabe 1", "--out", "again.json")
    done("kiosk-device", "list")
    done("kiosk-device", "revoke", "Ausgabe 1")
    done("staff", "dismiss", "Küche", *AT)
    done("verify")
    done("db", "upgrade")


def test_it_seals_and_is_held_to_the_history_of_what_it_changes(office: Office) -> None:
    office.done("school", "add", SCHOOL, "Gesamtschule Probe")
    with closing(office.database()) as database:
        with database.write() as db:
            act_as(db, "office:anna")
            db.execute(text("UPDATE school SET name = 'Anders'"))
        seal = make_seal(database, actor="nightly", clock=office.clock)
        assert seal.no == 1
        with database.read() as db:
            actors = db.execute(
                text("SELECT actor FROM history WHERE name = 'school' ORDER BY id")
            ).scalars()
            assert list(actors)[-1] == "office:anna"
            proof = verify(db)
    assert proof.holds, [check for check in proof.checks if not check.holds]
