"""Schools, sellers and tariffs by command."""

from pathlib import Path

import pytest
from desk import SCHOOL, Office, add_prices, add_pupils, open_office


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch)


def test_a_new_school_has_the_default_settings(office: Office) -> None:
    told = office.told("school", "add", "199992", "Grundschule am See")
    assert told["school"] == {
        "number": "199992",
        "name": "Grundschule am See",
        "floor": "-15.00",
        "accepts": ["aes"],
        "first_name": False,
        "language": "de",
        "uid_limit": None,
        "remember_iban": False,
    }


@pytest.mark.parametrize(
    ("number", "reason"), [("12345", "bad_number"), ("099991", "bad_number"), (SCHOOL, "number_taken")]
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused(office: Office, number: str, reason: str) -> None:
    assert office.reason("school", "add", number, "Noch eine") == reason
    assert number in office.refused("school", "add", number, "Noch eine")


def test_settings_are_changed_one_by_one_and_listed(office: Office) -> None:
    office.done("school", "set", SCHOOL, "--floor", "-7,50", "--accepts", "aes,uid")
    office.done("school", "set", SCHOOL, "--first-name", "an", "--language", "en")
    listed = office.told("school", "list")["schools"]
    assert [(s["floor"], s["accepts"], s["first_name"], s["language"]) for s in listed] == [
        ("-7.50", ["aes", "uid"], True, "en")
    ]
    table = office.done("school", "list").splitlines()
    assert table[0].split() == ["Nummer", "Name", "Untergrenze", "Karten", "Vorname", "Sprache"]
    assert table[1].split()[-4:] == ["€", "aes,uid", "ja", "en"]


def test_what_bare_numbers_may_buy_a_day_is_set_and_said(office: Office) -> None:
    assert "2,50" in office.done("school", "set", SCHOOL, "--uid-limit", "2,50")
    assert office.told("school", "list")["schools"][0]["uid_limit"] == "2.50"
    assert office.rows("SELECT uid_day_limit_cents FROM school") == [(250,)]
    assert office.reason("school", "set", SCHOOL, "--uid-limit", "-1,00") == "bad_setting"


def test_a_floor_above_nothing_is_refused_and_changes_nothing(office: Office) -> None:
    assert office.reason("school", "set", SCHOOL, "--floor", "5,00", "--language", "en") == (
        "bad_setting"
    )
    assert office.told("school", "list")["schools"][0]["language"] == "de"


@pytest.mark.parametrize(
    "words",
    [
        ("school", "set", SCHOOL, "--floor", "-7.50"),
        ("school", "set", SCHOOL, "--accepts", "rfid"),
        ("school", "set", SCHOOL, "--first-name", "vielleicht"),
        ("school", "close", SCHOOL, "24.12.", "Heiligabend"),
        ("school", "close", SCHOOL, "2026-12-24"),
        ("school",),
        ("tariff", "add", "V", "Voll"),
    ],
)
def test_words_that_are_not_understood_end_with_2(office: Office, words: tuple[str, ...]) -> None:
    assert "usage: mensa" in office.misused(*words)


def test_what_is_wrong_with_a_word_is_said_in_german_or_english(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("school", "close", SCHOOL, "24.12.", "x")
    assert "'24.12.' ist kein Datum" in office.misused(*words)
    monkeypatch.setenv("MENSA_LANGUAGE", "en")
    assert "'24.12.' is no day" in office.misused(*words)


def test_a_day_is_closed_and_opened_again(office: Office) -> None:
    office.done("school", "close", SCHOOL, "24.12.2026", "Heiligabend")
    shown = ("offer", "list", "--school", SCHOOL, "--day", "2026-12-24")
    assert office.told(*shown)["closed"] == {"2026-12-24": "Heiligabend"}
    assert "Heiligabend" in office.done(*shown)
    office.done("school", "open", SCHOOL, "2026-12-24")
    assert office.told(*shown)["closed"] == {}


@pytest.mark.parametrize(
    "words",
    [
        ("school", "set", "199998", "--language", "en"),
        ("school", "close", "199998", "24.12.2026", "x"),
        ("offer", "list", "--school", "199998"),
        ("pupils", "list", "--school", "199998"),
        ("staff", "list", "--school", "199998"),
        ("kiosk-device", "add", "Kasse", "--school", "199998"),
    ],
)
def test_a_school_nobody_knows_is_refused_with_the_way_to_the_list(
    office: Office, words: tuple[str, ...]
) -> None:
    said = office.refused(*words)
    assert "199998" in said
    assert "mensa school list" in said


def test_sellers_bodies_and_tariffs_are_listed_as_they_were_added(office: Office) -> None:
    add_prices(office)
    assert office.told("operator", "list")["operators"] == [
        {"name": "Küche", "kind": "public", "settled_as": "revenue"}
    ]
    assert office.told("body", "list")["bodies"] == [{"name": "Jobcenter"}]
    listed = office.told("tariff", "list")["tariffs"]
    assert [(t["code"], t["kind"], t["base"], t["body"]) for t in listed] == [
        ("V", "pupil", True, None),
        ("B", "pupil", False, "Jobcenter"),
        ("P", "staff", True, None),
    ]
    assert "Kostenträger" in office.done("tariff", "list")
    assert "eigene Einnahme" in office.done("operator", "list")


@pytest.mark.parametrize("list_of", ["operator", "body", "tariff", "kiosk-device"])
def test_an_empty_list_says_how_it_is_filled(office: Office, list_of: str) -> None:
    assert f"mensa {list_of} add" in office.done(list_of, "list")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("operator", "add", "Küche", "--kind", "public", "--settled-as", "revenue"), "name_taken"),
        (("operator", "add", " ", "--kind", "public", "--settled-as", "revenue"), "name_missing"),
        (("body", "add", "Jobcenter"), "name_taken"),
        (("tariff", "add", "V", "Noch einer", "--kind", "pupil"), "code_taken"),
        (("tariff", "add", "W", "Noch einer", "--kind", "pupil", "--base"), "base_taken"),
        (("tariff", "add", "W", "X", "--kind", "pupil", "--body", "Sozialamt"), "unknown_body"),
        (
            ("tariff", "add", "G", "X", "--kind", "guest", "--base", "--body", "Jobcenter"),
            "base_is_funded",
        ),
    ],
)
def test_what_is_there_already_is_not_added_again(
    office: Office, words: tuple[str, ...], reason: str
) -> None:
    add_prices(office)
    assert office.reason(*words) == reason


def test_a_pupil_is_entitled_by_its_number_and_the_look_is_logged(office: Office) -> None:
    add_prices(office)
    add_pupils(office)
    until = ("--from", "1.8.2026", "--to", "31.7.2027")
    said = office.done("entitle", "1002", "--school", SCHOOL, "--tariff", "B", *until)
    assert said == "1002 Öztürk, Emir, 5a: Tarif B vom 01.08.2026 bis 31.07.2027\n"
    assert office.rows(
        "SELECT s.number, e.valid_from, e.valid_to FROM entitlement e"
        " JOIN school_number s ON s.pupil_id = e.pupil_id"
    ) == [("1002", "2026-08-01", "2027-07-31")]
    assert office.rows(
        "SELECT o.kind, l.purpose FROM access_log l JOIN origin o ON o.id = l.origin_id"
        " WHERE l.pupil_id IS NOT NULL"
    ) == [("office", "entitle")]


@pytest.mark.parametrize(
    ("pupil", "words", "reason"),
    [
        ("9999", ("--tariff", "B", "--from", "1.8.2026"), "unknown_pupil"),
        ("@9999", ("--tariff", "B", "--from", "1.8.2026"), "unknown_pupil"),
        ("1002", ("--tariff", "Q", "--from", "1.8.2026"), "unknown_tariff"),
        ("1002", ("--tariff", "V", "--from", "1.8.2026"), "base_is_for_all"),
        ("1002", ("--tariff", "B", "--from", "1.8.2026", "--to", "31.7.2026"),
         "ends_before_it_begins"),
    ],
)  # fmt: skip
def test_an_entitlement_that_cannot_be_is_refused_and_shows_nobody(
    office: Office, pupil: str, words: tuple[str, ...], reason: str
) -> None:
    add_prices(office)
    add_pupils(office)
    assert office.reason("entitle", pupil, "--school", SCHOOL, *words) == reason
    assert office.rows("SELECT * FROM entitlement") == []
    assert "Öztürk" not in office.refused("entitle", pupil, "--school", SCHOOL, *words)
