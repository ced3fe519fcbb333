"""Refunds by command: asked, agreed on, exported once, cancelled; and the leaver run."""

import hashlib
import stat
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from builders import eur
from desk import PEPPER, SCHOOL, Office, add_pupils, open_office
from paid_in_stage import CITY_IBAN, GRANDPA, HOLDER, MOTHER, Pen, open_account
from two_people import FIRST, SECOND, acting, approve, council, employ, sign_in

import kiosk.office.refund_export
from accounts.allocations import Rule
from accounts.bank_book import Nature
from accounts.database import Session
from accounts.payment_runs import attempts
from accounts.rights import Role
from accounts.schools import find_school
from banking.crediting import credit
from banking.refunds import Debtor

AT = ("--school", SCHOOL)
WHY = ("--reason", "zieht weg")
NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)
    council(office)
    monkeypatch.setattr(kiosk.office.refund_export, "SystemClock", lambda: office.clock)
    return office


@pytest.fixture
def pen(office: Office) -> Pen:
    """The bank account, of which child 1001 has 20 euro of its mother's."""
    with ledger(office) as db:
        pen = open_account(db, PEPPER.encode())
        pen.topup(db, child(office, "1001"), eur("20"))
    return pen


@contextmanager
def ledger(office: Office) -> Iterator[Session]:
    database = office.database()
    try:
        with database.write() as db:
            yield db
    finally:
        database.close()


def child(office: Office, number: str) -> int:
    ((pupil,),) = office.rows(f"SELECT pupil_id FROM school_number WHERE number = '{number}'")
    return int(pupil)


def balances(office: Office) -> dict[str, int]:
    found = office.rows(
        "SELECT s.number, b.cents FROM balance b JOIN account a ON a.id = b.account_id"
        " JOIN school_number s ON s.pupil_id = a.pupil_id WHERE b.cents <> 0"
    )
    return {row[0]: row[1] for row in found}


def standings(office: Office) -> list[str]:
    return [one["standing"] for one in office.told("refund", "list", "--all")["refunds"]]


def agreed(office: Office, *words: object) -> int:
    """A refund both people agreed on; its number."""
    request = office.told("refund", "request", *words, *WHY)["request"]
    approve(office, request)
    ((number,),) = office.rows(f"SELECT id FROM refund WHERE request_id = {request}")
    return int(number)


def transfers(file: Path) -> list[tuple[str, str, str]]:
    """Amount, name and IBAN of each transfer in a file."""
    root = ET.fromstring(file.read_bytes())  # noqa: S314  # our own file
    return [
        (one[1][0].text or "", one[2][0].text or "", one[3][0][0].text or "")
        for one in root.iter(f"{NAMESPACE}CdtTrfTxInf")
    ]


def test_a_refund_goes_to_who_paid_in_and_takes_two(office: Office, pen: Pen) -> None:
    del pen
    asked = office.told("refund", "request", "1001", *AT, *WHY)
    assert (asked["amount"], asked["iban"]) == ("20.00", "2051")
    assert balances(office) == {"1001": 2000}
    assert office.reason("approve", asked["request"]) == "own_request"
    with acting(office, SECOND):
        said = office.done("approve")
        assert "an den Zahler von Umsatz 1" in said
        done = office.told("approve", asked["request"])
    assert (done["booked"], done["balance"]) == (True, "0.00")
    assert balances(office) == {}
    assert standings(office) == ["ready"]
    assert office.run("verify", "--json").code == 0


def test_the_file_pays_each_agreed_refund_once_whatever_is_exported_again(
    office: Office, pen: Pen
) -> None:
    with ledger(office) as db:
        pen.topup(db, child(office, "1002"), eur("7,50"), GRANDPA)
    agreed(office, "1001", *AT, "--amount", "12,30")
    agreed(office, "1002", *AT)
    office.done("refund", "request", "1001", *AT, "--amount", "1,00", *WHY)  # nobody agreed
    file = office.folder / "lauf.xml"
    told = office.told("refund", "export", file)
    assert (told["run"], told["count"], told["total"]) == (1, 2, "19.80")
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert transfers(file) == [
        ("12.30", "Aenne Beispiel", MOTHER[1]),
        ("7.50", "Karl-Heinz Gross", GRANDPA[1]),
    ]
    text = file.read_text()
    assert f"<Nm>{HOLDER}</Nm>" in text
    assert CITY_IBAN in text
    assert "<Dt>2026-11-23</Dt>" in text
    assert "<Ustrd>Erstattung Essensgeld Nr. 1</Ustrd>" in text
    assert standings(office) == ["sent", "sent", "asked"]
    assert office.reason("refund", "export", office.folder / "zwei.xml") == "nothing_to_pay"
    assert not (office.folder / "zwei.xml").exists()
    again = office.folder / "noch-einmal.xml"
    assert office.told("refund", "export", again, "--again", "1")["run"] == 1
    assert again.read_bytes() == file.read_bytes()
    assert office.reason("refund", "export", office.folder / "c", "--again", "9") == "unknown_run"
    assert len(office.rows("SELECT * FROM payment_run")) == 1


def test_a_file_that_is_there_is_never_written_over_and_makes_no_run(
    office: Office, pen: Pen
) -> None:
    del pen
    agreed(office, "1001", *AT)
    there = office.write("da.xml", "etwas")
    assert office.reason("refund", "export", there) == "unwritable"
    assert there.read_text() == "etwas"
    assert office.reason("refund", "export", office.folder / "nirgends" / "x") == "unwritable"
    assert office.reason("refund", "export", "x.xml", "--on", "22.11.2026") == "past_day"
    assert office.reason("refund", "export", "x.xml", "--account", "DE00") == "no_account"
    assert office.rows("SELECT * FROM payment_run") == []
    assert standings(office) == ["ready"]


def test_a_disk_that_fails_after_the_run_was_written_down_loses_nothing(
    office: Office, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    del pen
    agreed(office, "1001", *AT)
    file = office.folder / "lauf.xml"

    @contextmanager
    def full(path: Path) -> Iterator[None]:
        raise OSError(28, "No space left on device", str(path))
        yield

    with monkeypatch.context() as patched:
        patched.setattr(kiosk.office.refund_export, "written_whole", full)
        assert office.reason("refund", "export", file) == "unwritable"
    assert standings(office) == ["sent"]
    assert office.told("refund", "export", file, "--again", "1")["count"] == 1
    assert transfers(file) == [("20.00", "Aenne Beispiel", MOTHER[1])]


def test_what_came_back_is_exported_again_under_another_id(office: Office, pen: Pen) -> None:
    agreed(office, "1001", *AT)
    office.done("refund", "export", "eins.xml")
    _pays_and_returns(office, pen)
    assert standings(office) == ["returned"]
    office.done("refund", "export", "zwei.xml", "--on", "30.11.2026")
    ids = office.rows("SELECT end_to_end FROM refund_attempt ORDER BY id")
    assert len(set(ids)) == 2
    assert ids[1][0] in (office.folder / "zwei.xml").read_text()


def test_matching_knows_our_own_payment_by_its_id_and_again_when_it_comes_back(
    office: Office, pen: Pen
) -> None:
    agreed(office, "1001", *AT)
    office.done("refund", "export", "eins.xml")
    ((reference,),) = office.rows("SELECT end_to_end FROM refund_attempt")
    for amount, nature, standing in (
        ("-20", Nature.PAYMENT, "paid"),
        ("20", Nature.RETURN, "returned"),
    ):
        with ledger(office) as db:
            pen.line(db, eur(amount), end_to_end=reference, nature=nature)
        database = office.database()
        credit(database, pen.vault, now=office.clock.now(), actor="match")
        database.close()
        assert standings(office) == [standing]
    assert office.told("refund", "export", "zwei.xml")["total"] == "20.00"
    assert office.run("verify", "--json").code == 0


def _pays_and_returns(office: Office, pen: Pen) -> None:
    with ledger(office) as db:
        (one,) = attempts(db, at=office.clock.now())
        paid = pen.line(db, -one.amount, end_to_end=one.end_to_end)
        pen.assign(
            db, paid, "refunds", -one.amount, rule=Rule.REFUND_PAID, attempt=one.id
        )  # fmt: skip
        back = pen.line(db, one.amount, end_to_end=one.end_to_end)
        pen.assign(
            db, back, "refunds", one.amount, rule=Rule.REFUND_RETURNED, attempt=one.id,
            of_line=paid,
        )  # fmt: skip


def test_a_refund_is_cancelled_as_long_as_the_bank_has_not_paid_it(
    office: Office, pen: Pen
) -> None:
    del pen
    number = agreed(office, "1001", *AT)
    office.done("refund", "export", "eins.xml")
    cancel = ("refund", "cancel", number, "--reason", "falsches Kind")
    assert office.reason(*cancel) == "refund_in_a_run"
    assert "Lauf 1" in office.refused(*cancel)
    assert office.told(*cancel, "--not-paid")["amount"] == "20.00"
    assert balances(office) == {"1001": 2000}
    assert standings(office) == ["cancelled"]
    assert office.reason(*cancel) == "refund_cancelled"
    assert office.reason("refund", "cancel", 99, "--reason", "x") == "unknown_refund"
    assert office.told("refund", "list")["refunds"] == []


def test_of_several_paying_accounts_one_is_named_by_its_line(office: Office, pen: Pen) -> None:
    with ledger(office) as db:
        line = pen.topup(db, child(office, "1001"), eur("5"), GRANDPA)
    said = office.refused("refund", "request", "1001", *AT, *WHY)
    assert "Karl-Heinz Groß, DE02 5001 0517 0137 0750 30" in said
    assert "Änne Beispiel" in said
    told = office.told("refund", "request", "1001", *AT, *WHY, "--line", line)
    assert (told["line"], told["amount"], told["iban"]) == (line, "5.00", "5030")
    assert office.reason("refund", "request", "1001", *AT, *WHY, "--line", 99) == "not_their_line"


def test_the_schools_office_asks_and_sees_no_more_than_an_accounts_end(
    office: Office, pen: Pen
) -> None:
    del pen
    employ(office, "sekretariat", Role.SCHOOL_OFFICE)
    sign_in(office, "sekretariat")
    said = office.done("refund", "request", "1001", *AT, *WHY)
    assert "Konto mit der Endung 2051" in said
    assert "Beispiel" not in said
    assert "Beispiel" not in office.done("refund", "list")
    assert office.reason("refund", "export", "x.xml") == "no_right"
    sign_in(office, FIRST)
    assert "Änne Beispiel, DE02 1203" in office.done("refund", "list")


def test_without_a_payer_who_can_be_paid_nothing_is_asked_for(office: Office, pen: Pen) -> None:
    with ledger(office) as db:
        pen.topup(db, child(office, "1003"), eur("5"), ("", GRANDPA[1]))
        pen.topup(db, child(office, "1004"), eur("5"), ("Alte Kontonummer", "1234567"))
    words = ("refund", "request")
    assert office.reason(*words, "1002", *AT, *WHY) == "no_payer"
    assert office.reason(*words, "1003", *AT, *WHY) == "payer_without_name"
    assert office.reason(*words, "1004", *AT, *WHY) == "payer_without_iban"
    assert office.reason(*words, "9999", *AT, *WHY) == "unknown_pupil"
    assert office.reason(*words, "1001", *AT, *WHY, "--amount", "20,01") == "more_than_balance"
    assert office.rows("SELECT * FROM request") == []


def test_another_pepper_opens_no_payer(office: Office, pen: Pen) -> None:
    del pen
    office.write("pepper", "quite another secret, long enough")
    assert office.reason("refund", "request", "1001", *AT, *WHY) == "payer_unreadable"


def test_money_that_is_nobodys_goes_back_to_its_payer(office: Office, pen: Pen) -> None:
    with ledger(office) as db:
        line = pen.line(db, eur("33"), GRANDPA)
    words = ("refund", "request", "--line", line, *WHY)
    assert office.reason(*words) == "nobody_named"
    assert office.reason(*words, "--amount", "33,01") == "more_than_line"
    request = office.told(*words, "--amount", "33,00")["request"]
    with acting(office, SECOND):
        assert "33,00" in office.done("approve", request)
    office.done("refund", "export", "eins.xml")
    assert transfers(office.folder / "eins.xml") == [("33.00", "Karl-Heinz Gross", GRANDPA[1])]
    assert office.run("verify", "--json").code == 0


def _leavers(office: Office, pen: Pen) -> None:
    """Of 5a and 5b: one can be paid, one has no payer, one owes; all of 5a left in July."""
    with ledger(office) as db:
        pen.topup(db, child(office, "1002"), eur("7,50"), GRANDPA)
        school = find_school(db, number=SCHOOL)
        assert school is not None
        db.exec_driver_sql(
            "UPDATE membership SET valid_from = '2025-08-01', valid_to = '2026-07-31'"
            " WHERE pupil_id IN (SELECT pupil_id FROM school_number"
            " WHERE number IN ('1001', '1002'))"
        )


def test_a_leaver_run_is_shown_first_and_asks_for_what_can_be_paid(
    office: Office, pen: Pen
) -> None:
    _leavers(office, pen)
    run = ("refund", "leavers", *AT, "--year", "2025")
    shown = office.told(*run)
    assert (shown["people"], shown["payable"], shown["total"]) == (2, 2, "27.50")
    assert shown["applied"] is False
    assert office.rows("SELECT * FROM request") == []
    assert "--apply" in office.done(*run)
    done = office.told(*run, "--apply")
    assert done["applied"] is True
    assert len(office.rows("SELECT * FROM request")) == 2
    again = office.told(*run, "--apply")
    assert again["payable"] == 0
    assert len(office.rows("SELECT * FROM request")) == 2
    assert office.told("refund", "leavers", *AT, "--year", "2026")["people"] == 0


def test_a_whole_list_is_decided_by_its_name_and_its_sum(office: Office, pen: Pen) -> None:
    _leavers(office, pen)
    name = office.told("refund", "leavers", *AT, "--year", "2025", "--apply")["list"]
    with acting(office, SECOND):
        shown = office.told("approve", "--list", name)
        assert (len(shown["requests"]), shown["total"]) == (2, "27.50")
        assert office.rows("SELECT * FROM decision") == []
        assert office.reason("approve", "--list", name, "--total", "27,49") == "other_total"
        done = office.told("approve", "--list", name, "--total", "27,50")
        assert (done["approved"], done["booked"]) == (True, 2)
        assert office.reason("approve", "--list", name) == "unknown_list"
    assert balances(office) == {}
    assert office.told("refund", "export", "lauf.xml")["total"] == "27.50"
    assert office.run("verify", "--json").code == 0


def test_a_list_is_decided_whole_or_not_at_all(office: Office, pen: Pen) -> None:
    _leavers(office, pen)
    told = office.told("refund", "leavers", *AT, "--year", "2025", "--apply")
    spent = office.told("refund", "list")["refunds"][0]
    with ledger(office) as db:  # the bank takes the first one's money back meanwhile
        line = pen.line(db, -eur("20"))
        pen.assign(
            db, line, f"pupil:{spent['pupil']}", -eur("20"), rule=Rule.RETURN,
            of_line=spent["line"],
        )  # fmt: skip
    with acting(office, SECOND):
        whole = ("approve", "--list", told["list"], "--total", "27,50")
        assert office.reason(*whole) == "not_all"
        assert office.rows("SELECT * FROM decision") == []
        office.done("approve", spent["request"], "--reject", "Geld ist schon zurück")
        rest = office.told("approve", "--list", told["list"], "--total", "7,50")
    assert rest["booked"] == 1
    assert sorted(standings(office)) == ["ready", "rejected"]


def test_a_list_can_be_rejected_as_one_and_spans_of_numbers_can_be_decided(
    office: Office, pen: Pen
) -> None:
    _leavers(office, pen)
    office.done("refund", "leavers", *AT, "--year", "2025", "--apply")
    with acting(office, SECOND):
        assert office.told("approve", "1-2")["total"] == "27.50"
        assert office.told("approve", "1-2", "--reject", "zu früh")["approved"] is False
        assert office.reason("approve", "1", "2", "--total", "27,50") == "not_all"
    assert office.rows("SELECT approved FROM decision") == [(0,), (0,)]


def test_of_a_class_those_who_are_elsewhere_now_keep_their_money(office: Office, pen: Pen) -> None:
    with ledger(office) as db:
        pen.topup(db, child(office, "1002"), eur("7,50"), GRANDPA)
    run = ("refund", "leavers", *AT, "--class", "5a")
    told = {one["person"]: one["left"] for one in office.told(*run)["leavers"]}
    assert told == {"1001": "20.00", "1002": "7.50"}
    year = office.told("refund", "leavers", *AT, "--class", "5*")
    assert (year["total"], year["list"]) == ("27.50", f"{SCHOOL}-5-2026-11-23")
    assert office.told("refund", "leavers", *AT, "--class", "5")["people"] == 0
    office.done("school", "add", "199992", "Grundschule am Wald")
    with ledger(office) as db:
        db.exec_driver_sql(
            "UPDATE membership SET valid_from = '2026-08-01', valid_to = '2026-10-31' WHERE pupil_id ="
            " (SELECT pupil_id FROM school_number WHERE number = '1002')"
        )
        db.exec_driver_sql(
            "INSERT INTO membership (pupil_id, school_id, class_name, valid_from) SELECT"
            " pupil_id, (SELECT id FROM school WHERE number = '199992'), '5c', '2026-11-01'"
            " FROM school_number WHERE number = '1002'"
        )
    assert [one["person"] for one in office.told(*run)["leavers"]] == ["1001"]


def test_a_leaver_is_refunded_singly_too(office: Office, pen: Pen) -> None:
    _leavers(office, pen)
    assert office.reason("credit", "1002", "1,00", *AT, "--reason", "x") == "unknown_pupil"
    assert office.told("refund", "request", "1002", *AT, *WHY)["amount"] == "7.50"
    office.clock.move(timedelta(days=31))
    sign_in(office, FIRST)
    assert standings(office) == ["lapsed"]


def test_undoing_a_refunded_line_names_the_refund_to_cancel_first(office: Office, pen: Pen) -> None:
    del pen
    number = agreed(office, "1001", *AT)
    assert office.reason("bank", "undo", "1", *WHY) == "line_refunded"
    assert f"mensa refund cancel {number}" in office.refused("bank", "undo", "1", *WHY)
    office.done("refund", "cancel", number, *WHY)
    office.done("bank", "undo", "1", *WHY)
    assert office.reason("refund", "export", "eins.xml") == "nothing_to_pay"


def test_a_leaver_is_paid_to_the_account_that_covers_it_or_to_several(
    office: Office, pen: Pen
) -> None:
    _leavers(office, pen)
    with ledger(office) as db:
        pen.topup(db, child(office, "1001"), eur("5"), GRANDPA)  # beside the mother's 20
        other = pen.topup(db, child(office, "1002"), eur("1"), MOTHER)
        pen.assign(db, pen.line(db, -eur("3")), f"pupil:{child(office, '1002')}", -eur("3"))
    run = ("refund", "leavers", *AT, "--year", "2025")
    told = {one["person"]: one["parts"] for one in office.told(*run)["leavers"]}
    assert [part["amount"] for part in told["1001"]] == ["5.00", "20.00"]
    assert [(part["line"] == other, part["amount"]) for part in told["1002"]] == [(False, "5.50")]
    done = office.told(*run, "--apply")
    assert (done["payable"], done["refunds"], done["total"]) == (2, 3, "30.50")
    assert len(office.rows("SELECT * FROM request")) == 3


def test_who_has_more_than_was_paid_in_by_bank_is_named_and_not_asked_for(
    office: Office, pen: Pen
) -> None:
    with ledger(office) as db:
        pen.topup(db, child(office, "1002"), eur("3"), GRANDPA)
    request = office.told("topup", "1002", "4,00", *AT)["request"]
    approve(office, request)
    run = ("refund", "leavers", *AT, "--class", "5a")
    told = office.told(*run)
    assert (told["total"], told["without_account_total"]) == ("20.00", "7.00")
    assert "ansehen" in office.done(*run)


def test_a_class_says_who_is_still_there_and_a_whole_school_is_no_class(
    office: Office, pen: Pen
) -> None:
    del pen
    run = ("refund", "leavers", *AT, "--class")
    assert office.reason(*run, "*") == "no_class"
    told = office.told(*run, "5a")
    assert told["still_there"] == 1
    assert "noch da" in office.done(*run, "5a")


def test_a_holder_without_sepa_letters_makes_no_file_and_no_fault(
    office: Office, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    del pen
    words = ("bank", "account", "add", "DE27100777770209299700")
    assert office.reason(*words, "市") == "bad_holder"
    agreed(office, "1001", *AT)
    monkeypatch.setattr("kiosk.office.refund_export.Debtor", lambda _name, iban: Debtor("市", iban))
    assert office.reason("refund", "export", "eins.xml") == "no_file"
    assert office.rows("SELECT * FROM payment_run") == []
    assert standings(office) == ["ready"]


@pytest.mark.parametrize(
    "words",
    [
        ("refund", "request", "1001", *AT, "--line", "{big}", *WHY),
        ("refund", "request", "1001", *AT, "--amount", "{big}", *WHY),
        ("refund", "cancel", "{big}", *WHY),
        ("refund", "export", "x.xml", "--again", "{big}"),
        ("refund", "leavers", *AT, "--year", "0"),
        ("refund", "leavers", *AT, "--year", "9999"),
        ("refund", "leavers", *AT, "--year", "99999"),
        ("approve", "{big}"),
        ("receipt", "{big}"),
        ("household", "add", "1001", "1002", *AT, "--shares", "{big}:1"),
        ("household", "end", "{big}"),
        ("topup", "1001", "{big}", *AT),
        ("credit", "1001", "10.000.000,00", *AT, *WHY),
        ("bank", "show", "{big}"),
        ("bank", "assign", "{big}", "1001"),
        ("bank", "split", "{big}", "1001=1,00"),
        ("bank", "undo", "{big}", *WHY),
        ("bank", "ignore", "{big}", *WHY),
        ("bank", "tan", "{big}"),
        ("bank", "tan", "1", "--tan-fd", "-1"),
        ("bank", "pull", "--pin-fd", "-1"),
        ("bank", "pull", "--pin-fd", "99999999999999999"),
    ],
)
def test_a_number_beyond_the_ledgers_is_wrong_usage(office: Office, words: tuple[str, ...]) -> None:
    assert office.run(*(word.format(big="9" * 20) for word in words)).code == 2


def test_nobody_has_the_citys_number_of_twenty_digits(office: Office) -> None:
    assert office.reason("refund", "request", "@" + "9" * 20, *AT, *WHY) == "unknown_pupil"
    assert office.reason("topup", "@" + "9" * 20, "1,00", *AT) == "unknown_pupil"
