"""Accounts, files and the daily proof by command, and what the night tells of the bank."""

from datetime import timedelta
from pathlib import Path

import pytest
from bank_desk import MIA, bare, codes, office, week
from bank_paper import HOLDER, IBAN, Paper
from builders import MONDAY, NOON
from desk import SCHOOL, Office

from accounts.bank_fetches import note_fetch
from accounts.clock import FixedClock
from accounts.texts import Language, texts
from kiosk.nightly import spend
from kiosk.office.nightly import fields, lines

__all__ = ["bare", "office"]


def report(office: Office, at: object = NOON) -> tuple[str, dict[str, object]]:
    database = office.database()
    night = spend(database, settings=None, clock=FixedClock(at))  # type: ignore[arg-type]  # a time
    database.close()
    due = fields(night)["due"]
    assert isinstance(due, dict)
    return "\n".join(lines(texts(Language.GERMAN), night)), due["bank"]


def test_an_account_is_added_once_and_listed(bare: Office) -> None:
    (account,) = bare.told("bank", "account", "list")["accounts"]
    assert account == {"account": "bank", "iban": IBAN, "holder": HOLDER}
    assert "DE87 1234 5678" in bare.done("bank", "account", "list")
    assert bare.reason("bank", "account", "add", IBAN, HOLDER) == "known_iban"
    assert bare.reason("bank", "account", "add", IBAN[:-1] + "1", HOLDER) == "bad_iban"
    assert bare.reason("bank", "account", "add", "DE02120300000000202051", "") == "bad_holder"
    bare.done("bank", "account", "add", "DE02 1203 0000 0000 2020 51", HOLDER)
    assert len(bare.told("bank", "account", "list")["accounts"]) == 2


def test_parents_are_told_reference_holder_and_iban(bare: Office) -> None:
    said = bare.done("pupils", "reference", MIA, "--school", SCHOOL)
    for words in (codes(bare)[MIA], HOLDER, "DE87 1234 5678 1234 5678 90"):
        assert words in said
    told = bare.told("pupils", "reference", MIA, "--school", SCHOOL)
    assert told["reference"] == codes(bare)[MIA]
    assert told["accounts"] == [{"iban": IBAN, "holder": HOLDER}]
    assert bare.reason("pupils", "reference", "4711", "--school", SCHOOL) == "unknown_pupil"
    assert bare.rows("SELECT count(*) FROM access_log WHERE purpose = 'pupils reference'") == [(2,)]


def test_the_list_of_pupils_shows_their_references(bare: Office) -> None:
    said = bare.done("pupils", "list", "--school", SCHOOL)
    assert len(set(codes(bare).values())) == 10
    assert all(code in said for code in codes(bare).values())


def test_a_school_lets_accounts_stand_for_children_or_not(bare: Office) -> None:
    told = bare.told("school", "set", SCHOOL, "--remember-iban", "on")
    assert told["school"]["remember_iban"] is True
    assert "steht für dieses Kind" in bare.done("school", "set", SCHOOL, "--remember-iban", "an")
    said = bare.done("school", "set", SCHOOL, "--remember-iban", "off")
    assert "wartet immer auf einen Menschen" in said
    assert bare.told("school", "list")["schools"][0]["remember_iban"] is False


def test_each_statement_is_told_in_a_sentence(bare: Office) -> None:
    paper = week(bare)
    good = paper.file(bare.folder, "week.xml", paper.camt())
    said = bare.done("bank", "import", good)
    assert "week.xml, Auszug 1: übernommen, " in said
    assert "12 Zeilen, davon 12 neu; Saldo 5.696,06\xa0€" in said
    assert "Von selbst zugeordnet: 3 nach dem Code, 1 als Rückgabe einer früheren Zeile" in said
    assert "8 warten auf eine Entscheidung" in said
    again = bare.told("bank", "import", good)
    assert [it["outcome"] for it in again["statements"]] == ["known"]
    older = paper.file(bare.folder, "week.sta", paper.mt940())
    assert "schon bekannt" in bare.done("bank", "import", older)
    assert bare.rows("SELECT count(*) FROM bank_line") == [(12,)]


def test_what_is_not_taken_is_told_with_its_reason_and_keeps_nothing_good_out(
    bare: Office,
) -> None:
    paper = week(bare)
    good = paper.file(bare.folder, "week.xml", paper.camt())
    lying = Paper(MONDAY)
    lying.book(1000, "x", ago=2)
    bad = paper.file(bare.folder, "bad.xml", lying.camt(off=7))
    letter = bare.write("letter.txt", "Guten Tag")
    answer = bare.run("bank", "import", bad, letter, good)
    assert answer.code == 1
    assert answer.out.count("NICHT übernommen") == 2
    assert "Endsaldo" in answer.out
    assert "Das ist kein Kontoauszug" in answer.out
    assert bare.rows("SELECT count(*) FROM bank_line") == [(12,)]
    said = bare.done("bank", "files")
    assert said.count("nicht übernommen") == 2
    rows = bare.told("bank", "files")["files"]
    assert {it["reason"] for it in rows} == {"does_not_close", "not_a_statement"}
    assert "nicht übernommen" in bare.done("bank", "status")


def test_a_gap_waits_and_is_closed_by_the_days_between(bare: Office) -> None:
    paper = week(bare)
    first = paper.file(bare.folder, "1.xml", paper.camt(first=10, last=5))
    between = paper.file(bare.folder, "2.xml", paper.camt(first=4, last=4))
    last = paper.file(bare.folder, "3.xml", paper.camt(first=3, last=1))
    bare.done("bank", "import", first)
    assert "wartet" in bare.done("bank", "import", last)
    assert [it["outcome"] for it in bare.told("bank", "files")["files"]] == ["waiting"]
    assert bare.rows("SELECT count(*) FROM bank_line") == [(1,)]
    said = bare.done("bank", "import", between)
    assert "von früher" in said
    assert bare.rows("SELECT count(*) FROM bank_line") == [(12,)]
    assert "ist übernommen" in bare.done("bank", "files")


def test_status_proves_every_day_and_names_what_is_open(office: Office) -> None:
    told = office.told("bank", "status")
    (account,) = told["accounts"]
    assert told["holds"] is True
    assert account["balance"] == "5696.06"
    assert account["last_day"] == "2026-11-22"
    assert account["open_days"] == []
    assert told["queue"] == {"lines": 8, "amount": "4656.06", "oldest": "2026-11-19"}
    assert told["suspense"] == "4656.06"
    said = office.done("bank", "status")
    assert "Hauptbuch = Bank an allen " in said
    assert "8 Zeilen warten auf eine Entscheidung" in said
    office.clock.at = NOON + timedelta(days=2)
    told = office.told("bank", "status")
    assert told["accounts"][0]["open_days"] == ["2026-11-23", "2026-11-24"]
    assert "23.11.2026 - 24.11.2026" in office.done("bank", "status")


def test_status_ends_with_1_where_ledger_and_bank_differ(office: Office) -> None:
    database = office.database()
    with database.write() as db:
        db.exec_driver_sql(
            "INSERT INTO bank_day (bank_account_id, day, closing_cents, family, reading_id)"
            " SELECT bank_account_id, day, closing_cents + 1, family, reading_id FROM bank_day"
            " WHERE day = '2026-11-20'"
        )
    database.close()
    answer = office.run("bank", "status")
    assert answer.code == 1
    assert "20.11.2026: Die Bank sagt" in answer.out
    assert "stimmen NICHT überein" in answer.out
    answer = office.run("bank", "status", "--json")
    assert answer.code == 1
    assert '"holds": false' in answer.out
    said, bank = report(office)
    assert "Hauptbuch und Bank stimmen NICHT überein" in said
    assert bank["holds"] is False


def test_status_warns_where_the_bank_was_not_heard_of_for_long(office: Office) -> None:
    assert office.told("bank", "status")["stale"] is False
    office.clock.at = NOON + timedelta(hours=40)
    assert office.told("bank", "status")["stale"] is True
    assert "WARNUNG" in office.done("bank", "status")
    office.write("mensa.toml", f'pepper_file = "{office.folder}/pepper"\n[bank]\nwarn_hours = 48\n')
    assert office.told("bank", "status")["stale"] is False


@pytest.mark.parametrize("reason", [None, "wrong_pin"])
def test_status_tells_the_age_of_the_last_good_fetch(office: Office, reason: str | None) -> None:
    database = office.database()
    good = NOON - timedelta(hours=50)
    with database.write() as db:
        for at, why in ((good, None), (NOON - timedelta(hours=1), reason)):
            note_fetch(db, access="Bank A", at=at, ended=at, reason=why, detail="", actor="timer")
    database.close()
    told = office.told("bank", "status")
    assert told["stale"] is (reason is not None)
    (access,) = told["fetches"]
    assert access["failed"] == reason
    said = office.done("bank", "status")
    assert ("Der letzte Versuch ist gescheitert" in said) is (reason is not None)
    assert "Letzter guter Abruf (Bank A): " in said


def test_the_night_names_what_is_due_about_the_bank(office: Office) -> None:
    said, bank = report(office, NOON + timedelta(days=3))
    assert "Bank (mensa bank status):" in said
    for words in (
        "Von der Bank war lange nichts zu hören",
        "Tage ohne Saldo der Bank: 23.11.2026 - 24.11.2026",
        "In der Warteschlange (mensa bank open): 8, 4.656,06\xa0€, die älteste vom 19.11.2026",
    ):
        assert words in said
    assert bank["queue"] == 8
    assert bank["stale"] is True


def test_the_night_of_a_city_without_a_bank_says_nothing_of_one(
    bare: Office, tmp_path: Path
) -> None:
    bare.rows("SELECT 1")
    database = bare.database()
    with database.write() as db:
        db.exec_driver_sql("UPDATE bank_account SET until_us = since_us + 1")
    database.close()
    said, bank = report(bare)
    assert "Bank (mensa bank status)" not in said
    assert bank["stale"] is False
    assert "noch kein Konto" in bare.done("bank", "status")


def test_what_was_not_taken_is_news_for_one_night_and_listed_for_ever(bare: Office) -> None:
    for number in range(7):
        bare.run("bank", "import", bare.write(f"{number}.txt", f"Guten Tag {number}"))
    said = bare.done("bank", "status")
    assert said.count("Das ist kein Kontoauszug") == 5
    assert "und 2 ältere: mensa bank files" in said
    said, bank = report(bare)
    assert "nicht übernommene Dateien (mensa bank files): 7, insgesamt 7" in said
    assert bank["quarantined_new"] == 7
    said, bank = report(bare, NOON + timedelta(days=1))
    assert "nicht übernommene Dateien" not in said
    assert (bank["quarantined_new"], bank["quarantined"]) == (0, 7)
