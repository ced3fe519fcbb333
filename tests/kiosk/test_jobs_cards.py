"""Cards by command: given, blocked, replaced, shown; a card's number is never kept."""

from pathlib import Path

import pytest
from desk import PEPPER, SCHOOL, Office, add_pupils, open_office

from accounts.holdings import card_hash

UID = "04A1B2C3D4E5F6"
OTHER = "04A1B2C3D4E5F7"


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_pupils)


def assign(office: Office, uid: str = UID, pupil: str = "1001") -> str:
    told = office.told("card", "assign", uid, "--school", SCHOOL, "--pupil", pupil)
    return str(told["card"])


@pytest.mark.parametrize("typed", [UID, "04:a1:b2:c3:d4:e5:f6", "04 a1 b2 c3 d4 e5 f6"])
def test_the_ledger_keeps_a_hash_of_the_cards_number_and_nothing_of_it(
    office: Office, typed: str
) -> None:
    assign(office, typed)
    assert office.rows("SELECT uid_hmac FROM card") == [(card_hash(PEPPER.encode(), UID),)]
    assert UID.encode() not in (office.folder / "ledger.db").read_bytes()


def test_a_keyboard_reader_types_the_cards_number(office: Office) -> None:
    words = ("card", "assign", "--school", SCHOOL, "--pupil", "1001")
    office.done(*words, typed=f"{UID}\n")
    assert office.reason(*words[:-1], "1002", typed=f"{UID}\n") == "known_card"


def test_at_a_terminal_the_card_is_waited_for(office: Office) -> None:
    words = ("card", "assign", "--school", SCHOOL, "--pupil", "1001")
    office.sit_down("", UID)
    assert office.reason(*words) == "empty"
    office.done(*words)


def test_who_gets_a_card_is_named_and_the_look_is_logged(office: Office) -> None:
    said = office.done("card", "assign", UID, "--school", SCHOOL, "--pupil", "1001")
    assert said.startswith("1001 Kowalczyk, Mia, 5a: Karte ")
    looks = office.rows(
        "SELECT n.number FROM access_log l JOIN school_number n ON n.pupil_id = l.pupil_id"
    )
    assert looks == [("1001",)]


def test_a_school_that_wants_genuine_cards_is_told_so(office: Office) -> None:
    words = ("card", "assign", "--school", SCHOOL, "--pupil")
    assert "--accepts aes,uid" in office.done(*words, "1001", typed=UID)
    office.done("school", "set", SCHOOL, "--accepts", "aes,uid")
    assert "--accepts" not in office.done(*words, "1002", typed=OTHER)


@pytest.mark.parametrize(
    ("uid", "reason"),
    [("", "empty"), ("08C0FFEE", "random"), ("04A1", "wrong length"), ("88A1B2C3", "cut short"),
     ("Karte", "foreign character")],
)  # fmt: skip
def test_what_is_no_meal_card_is_refused(office: Office, uid: str, reason: str) -> None:
    words = ("card", "assign", "--school", SCHOOL, "--pupil", "1001")
    assert office.reason(*words, typed=uid) == reason
    assert office.rows("SELECT * FROM card") == []


def test_a_second_card_is_refused_with_the_words_that_replace_the_first(office: Office) -> None:
    printed = assign(office)
    said = office.refused("card", "assign", OTHER, "--school", SCHOOL, "--pupil", "1001")
    assert f"mensa card replace {printed}" in said


def test_staff_get_cards_too(office: Office) -> None:
    office.done("staff", "add", "Hof", "--school", SCHOOL, "--card-only")
    words = ("card", "assign", UID, "--school", SCHOOL, "--staff")
    assert office.reason(*words, "Niemand") == "unknown_staff"
    printed = office.told(*words, "Hof")["card"]
    assert office.told("card", "show", printed)["holder"] == "staff"
    assert "Personal" in office.done("card", "show", printed)
    office.done("staff", "add", "Tor", "--school", SCHOOL, "--card-only")
    said = office.done("card", "assign", OTHER, "--school", SCHOOL, "--staff", "Tor")
    assert "card issue" in said
    assert "--accepts" not in said


def test_a_lost_card_is_blocked_and_found_again(office: Office) -> None:
    printed = assign(office)
    office.done("card", "block", printed, "--reason", "lost")
    assert office.reason("card", "block", printed) == "already_blocked"
    assert office.told("card", "show", printed)["state"] == "blocked"
    office.done("card", "unblock", printed)
    assert office.reason("card", "unblock", printed) == "not_blocked"
    assert office.rows("SELECT act, reason FROM card_event ORDER BY id") == [
        ("assign", None),
        ("block", "lost"),
        ("unblock", None),
    ]


def test_a_replaced_card_is_refused_for_ever_and_the_new_one_is_the_second(
    office: Office,
) -> None:
    old = assign(office)
    told = office.told("card", "replace", old, OTHER, "--reason", "lost")
    assert (told["old"], told["issue"]) == (old, 2)
    assert office.told("card", "show", told["card"]) == {
        "card": told["card"],
        "state": "active",
        "issue": 2,
        "holder": "pupil",
        "number": "1001",
    }
    assert office.reason("card", "unblock", old) == "replaced"
    assert office.reason("card", "replace", old, "04A1B2C3D4E5F8") == "replaced"
    assert office.reason("card", "replace", told["card"], UID) == "known_card"


def test_a_printed_number_is_typed_as_it_is_printed(office: Office) -> None:
    printed = assign(office)
    threes = (printed[:3], printed[3:6], printed[6:])
    assert office.told("card", "show", *threes)["card"] == printed
    assert office.told("card", "show", "-".join(threes))["card"] == printed
    new = office.told("card", "replace", *threes, "04", "a1", "b2", "c3", "d4", "e5", "f7")
    assert office.told("card", "replace", new["card"], typed="04A1B2C3D4E5F8")["issue"] == 3


@pytest.mark.parametrize(
    ("printed", "reason"),
    [("123456789", "wrong_check_digit"), ("12345", "wrong_length"), ("x", "foreign_character"),
     ("123456788", "unknown_card")],
)  # fmt: skip
def test_a_number_that_no_card_has_is_refused(office: Office, printed: str, reason: str) -> None:
    assert office.reason("card", "block", printed) == reason
    assert printed in office.refused("card", "show", printed)


def test_showing_a_card_is_a_look_at_its_holder(office: Office) -> None:
    printed = assign(office)
    said = office.done("card", "show", printed)
    assert "von 1001 Kowalczyk, Mia, 5a (199991)" in said
    assert office.rows("SELECT purpose FROM access_log WHERE pupil_id IS NOT NULL") == [
        ("card assign",),
        ("card show",),
    ]


def test_without_the_citys_secret_no_card_is_taken(office: Office) -> None:
    office.write("mensa.toml", "")
    said = office.refused("card", "assign", UID, "--school", SCHOOL, "--pupil", "1001")
    assert "pepper_file" in said
    office.write("mensa.toml", f'pepper_file = "{office.folder / "fehlt"}"\n')
    said = office.refused("card", "assign", UID, "--school", SCHOOL, "--pupil", "1001")
    assert "head -c 32 /dev/urandom" in said
