"""Opening balances by command: asked for with their sum, agreed on, booked whole or not at all."""

from pathlib import Path

import pytest
from desk import SCHOOL, Office, add_pupils, open_office
from two_people import FIRST, SECOND, acting, approve, council, take_over

OLD = (f"{SCHOOL};1001;25,00", f"{SCHOOL};1002;-3,50", f"{SCHOOL};1003;0,00")


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    office = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)
    council(office)
    return office


def openings(office: Office, *lines: str) -> Path:
    return office.write("a.csv", "\n".join(("Schule;Nummer;Betrag", *lines, "")))


def balances(office: Office) -> dict[str, int]:
    found = office.rows(
        "SELECT s.number, b.cents FROM balance b JOIN account a ON a.id = b.account_id"
        " JOIN school_number s ON s.pupil_id = a.pupil_id WHERE b.cents <> 0"
    )
    return {row[0]: row[1] for row in found}


def test_a_file_is_booked_when_two_people_agreed_on_it_and_its_sum(office: Office) -> None:
    file = openings(office, *OLD)
    asked = office.told("go-live", file, "--total", "21,50")
    assert (asked["count"], asked["total"]) == (2, "21.50")
    assert balances(office) == {}
    assert office.reason("go-live", file, "--request", asked["request"]) == "not_approved"
    assert office.reason("approve", asked["request"]) == "own_request"
    assert approve(office, asked["request"])["booked"] is False
    assert balances(office) == {}
    done = office.told("go-live", file, "--request", asked["request"])
    assert done == {
        "request": asked["request"], "booked": 2, "total": "21.50", "repeated": False,
    }  # fmt: skip
    assert balances(office) == {"1001": 2500, "1002": -350}


def test_the_same_file_again_changes_nothing_whoever_asks_and_however(office: Office) -> None:
    file = openings(office, *OLD)
    take_over(office, file, "21,50")
    entries = office.rows("SELECT count(*) FROM entry")
    for words in ((), ("--total", "21,50"), ("--request", 1), ("--request", 99)):
        told = office.told("go-live", file, *words)
        assert (told["repeated"], told["booked"], told["total"]) == (True, 2, "21.50")
    assert "schon gebucht" in office.done("go-live", file)
    assert office.rows("SELECT count(*) FROM entry") == entries
    assert len(office.rows("SELECT * FROM request")) == 1


def test_the_sum_has_to_be_typed_and_to_be_right(office: Office) -> None:
    file = openings(office, *OLD)
    assert office.reason("go-live", file) == "no_total"
    assert office.reason("go-live", file, "--total", "21,51") == "other_total"
    assert "21,50" in office.refused("go-live", file, "--total", "22,50")
    assert office.rows("SELECT * FROM request") == []


def test_another_file_is_not_booked_by_a_request_for_this_one(office: Office) -> None:
    request = office.told("go-live", openings(office, *OLD), "--total", "21,50")["request"]
    approve(office, request)
    other = openings(office, f"{SCHOOL};1001;21,50")
    assert office.reason("go-live", other, "--request", request) == "other_file"
    assert balances(office) == {}


def test_a_request_for_something_else_books_no_file(office: Office) -> None:
    credit = ("credit", "1001", "5,00", "--school", SCHOOL, "--reason", "kalt")
    request = office.told(*credit)["request"]
    approve(office, request)
    assert office.reason("go-live", openings(office, *OLD), "--request", request) == "not_approved"
    assert office.reason("go-live", openings(office, *OLD), "--request", 99) == "not_approved"


def test_what_was_rejected_is_not_booked(office: Office) -> None:
    file = openings(office, *OLD)
    request = office.told("go-live", file, "--total", "21,50")["request"]
    approve(office, request, "--reject", "noch nicht")
    assert office.reason("go-live", file, "--request", request) == "not_approved"


def test_schools_come_over_one_after_the_other(office: Office) -> None:
    assert take_over(office, openings(office, f"{SCHOOL};1001;25,00"), "25,00")["booked"] == 1
    assert take_over(office, openings(office, f"{SCHOOL};1004;1,00"), "1,00")["booked"] == 1
    assert balances(office) == {"1001": 2500, "1004": 100}
    assert office.rows("SELECT count, cents FROM go_live ORDER BY id") == [(1, 2500), (1, 100)]
    assert office.run("verify", "--json").code == 0


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ((f"{SCHOOL};1001;25,00",), ("Zeile 3", "25,00")),
        ((f"{SCHOOL};1004;1,00", f"{SCHOOL};1004;1,00"), ("Zeile 4", "noch einmal")),
        ((f"{SCHOOL};9999;1,00",), ("Zeile 3", "9999")),
        (("199998;1004;1,00",), ("Zeile 3", "199998")),
        ((f"{SCHOOL};1004;1.00",), ("Zeile 3", "1.00")),
        ((f"{SCHOOL};1004",), ("Zeile 3", "2/3")),
    ],
)
def test_one_wrong_line_and_nothing_is_asked_for(
    office: Office, lines: tuple[str, ...], named: tuple[str, ...]
) -> None:
    take_over(office, openings(office, f"{SCHOOL};1001;25,00"), "25,00")
    file = openings(office, f"{SCHOOL};1003;5,00", *lines)
    said = office.refused("go-live", file, "--total", "30,00")
    assert all(word in said for word in named), said
    assert balances(office) == {"1001": 2500}


def test_a_file_without_an_amount_is_nothing_to_book(office: Office) -> None:
    file = openings(office, f"{SCHOOL};1001;0,00")
    assert office.reason("go-live", file, "--total", "0,00") == "nothing_to_book"


def test_while_a_ledger_has_no_users_nobody_takes_money_over(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)
    file = openings(alone, *OLD)
    assert alone.reason("go-live", file, "--total", "21,50") == "no_users"


def test_who_approves_is_told_how_many_and_what_they_come_to(office: Office) -> None:
    office.done("go-live", openings(office, *OLD), "--total", "21,50")
    with acting(office, SECOND):
        said = office.done("approve")
        (told,) = office.told("approve")["requests"]
    assert "Anfangsbestände" in said
    assert "21,50" in said
    assert (told["by"], told["detail"]["count"], told["detail"]["cents"]) == (FIRST, 2, 2150)


def test_a_number_that_means_somebody_else_by_now_books_nothing(office: Office) -> None:
    file = openings(office, *OLD)
    request = office.told("go-live", file, "--total", "21,50")["request"]
    approve(office, request)
    database = office.database()
    with database.write() as db:
        db.exec_driver_sql("UPDATE school_number SET number = 'x' WHERE number = '1001'")
        db.exec_driver_sql("UPDATE school_number SET number = '1001' WHERE number = '1004'")
    database.close()
    assert office.reason("go-live", file, "--request", request) == "other_people"
    assert balances(office) == {}


def test_an_amount_beyond_any_childs_is_a_bad_line(office: Office) -> None:
    file = openings(office, f"{SCHOOL};1001;{'9' * 20}")
    assert office.reason("go-live", file, "--total", "1,00") == "bad_lines"
