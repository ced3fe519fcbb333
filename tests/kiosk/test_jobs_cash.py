"""Cash at the city's desk, and households, by command."""

from pathlib import Path

import pytest
from builders import eur
from desk import PEPPER, SCHOOL, Office, add_pupils, open_office
from paid_in_stage import open_account
from two_people import SECOND, acting, approve, council, employ, sign_in

from accounts.rights import Role

AT = ("--school", SCHOOL)


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)
    office.done("db", "upgrade")
    council(office)
    return office


def accounts(office: Office) -> dict[str, int]:
    """What lies in each of the city's accounts and the children's: credits less debits."""
    found = office.rows(
        "SELECT a.kind, a.name, sum(CASE WHEN t.credit_id = a.id THEN t.cents ELSE -t.cents END)"
        " FROM account a JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) GROUP BY a.id"
    )
    return {
        "child" if kind == "pupil" else name: int(cents) for kind, name, cents in found if cents
    }


def taken(office: Office, amount: str = "20,00") -> int:
    """Cash that both people agreed on; the receipt's number."""
    request = office.told("topup", "1001", amount, *AT)["request"]
    approve(office, request)
    return int(request)


def test_cash_is_the_childs_when_the_second_person_agrees(office: Office) -> None:
    request = office.told("topup", "1001", "20,00", *AT)["request"]
    assert accounts(office) == {}
    assert office.reason("receipt", request) == "no_receipt"
    assert office.reason("approve", request) == "own_request"
    with acting(office, SECOND):
        said = office.done("approve", request)
    assert f"mensa receipt {request}" in said
    assert accounts(office) == {"cash": -2000, "child": 2000}
    assert office.rows("SELECT kind FROM entry") == [("topup",)]
    assert office.run("verify", "--json").code == 0


def test_a_receipt_is_the_same_however_late_it_is_printed_again(office: Office) -> None:
    number = taken(office)
    paper = office.done("receipt", number)
    assert f"QUITTUNG Nr. {number}" in paper
    assert "20,00" in paper
    assert "23.11.2026 12:00" in paper
    assert "erste" in paper
    assert "zweite" in paper
    assert "Kowalczyk" not in paper
    taken(office, "5,00")
    assert office.done("receipt", number) == paper
    assert office.told("receipt", number)["balance"] == "20.00"
    assert office.told("receipt", number + 1)["balance"] == "25.00"


def test_what_no_cash_was_booked_by_has_no_receipt(office: Office) -> None:
    credit = office.told("credit", "1001", "5,00", *AT, "--reason", "kalt")["request"]
    approve(office, credit)
    rejected = office.told("topup", "1001", "20,00", *AT)["request"]
    approve(office, rejected, "--reject", "Geld fehlt")
    for number in (credit, rejected, 99):
        assert office.reason("receipt", number) == "no_receipt"
    assert office.reason("topup", "1001", "0,00", *AT) == "no_amount"
    assert office.reason("topup", "9999", "1,00", *AT) == "unknown_pupil"


def test_what_the_bank_shows_as_paid_in_empties_the_account_cash(office: Office) -> None:
    taken(office)
    database = office.database()
    with database.write() as db:
        pen = open_account(db, PEPPER.encode())
        line = pen.line(db, eur("20"), ("Bareinzahlung", ""))
        pen.assign(db, line, "cash", eur("20"))
    database.close()
    assert accounts(office) == {"bank": -2000, "child": 2000}
    assert office.run("verify", "--json").code == 0


def test_the_schools_kiosks_hear_of_it_at_once(office: Office) -> None:
    before = office.rows("SELECT count(*) FROM change WHERE what = 'topup'")
    taken(office)
    assert before == [(0,)]
    assert office.rows("SELECT count(*) FROM change WHERE what = 'topup'") == [(1,)]


def test_a_household_is_made_listed_and_ended(office: Office) -> None:
    made = office.told("household", "add", "1001", "1002", *AT, "--shares", "2:1")
    assert [one["share"] for one in made["members"]] == [2, 1]
    said = office.done("household", "list", *AT)
    assert "1001" in said
    assert "2:1" in said
    assert office.reason("household", "add", "1002", "1003", *AT) == "has_household"
    office.done("household", "end", made["household"])
    assert office.reason("household", "end", made["household"]) == "household_ended"
    assert office.told("household", "list", *AT)["households"] == []
    office.done("household", "add", "1002", "1003", *AT)
    assert office.reason("household", "end", 99) == "unknown_household"


def test_brothers_and_sisters_of_two_schools_are_one_household(office: Office) -> None:
    office.done("school", "add", "199992", "Grundschule am Wald")
    pupils = office.write("g.csv", "Interne ID-Nummer;Nachname;Vorname;Klasse\n7;Weber;Ida;1a\n")
    office.done("pupils", "import", pupils, "--school", "199992", "--apply")
    employ(office, "sekretariat", Role.SCHOOL_OFFICE)
    sign_in(office, "sekretariat")
    made = office.told("household", "add", "1001", "199992:7", *AT)
    assert len(made["members"]) == 2
    for school in (SCHOOL, "199992"):
        assert len(office.told("household", "list", "--school", school)["households"]) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("1001",), "too_few_members"),
        (("1001", "1001"), "named_twice"),
        (("1001", f"{SCHOOL}:1001"), "named_twice"),
        (("1001", "1002", "--shares", "1:1:1"), "bad_shares"),
        (("1001", "9999"), "unknown_pupil"),
    ],
)
def test_what_is_no_household_is_not_made(
    office: Office, words: tuple[str, ...], reason: str
) -> None:
    assert office.reason("household", "add", *words, *AT) == reason
    assert office.rows("SELECT * FROM household") == []


def test_words_that_could_mean_two_things_are_not_understood(office: Office) -> None:
    assert "2:1" in office.misused("household", "add", "1", "2", *AT, "--shares", "2:0")
    assert "7-30" in office.misused("approve", "7-3")
    assert "7-30" in office.misused("approve", "1-5000")
    assert office.reason("household", "add", "1001", "1002") == "no_school"
