"""A school's file, lists and staff by command."""

import shutil
from pathlib import Path

import pytest
from desk import SAMPLES, SCHOOL, Office, add_pupils, open_office

from accounts.staff import verify_pin

FILE = SAMPLES / "schild_export_utf8_bom.csv"
IMPORT = ("pupils", "import")
NEXT = """\
Interne ID-Nummer;Nachname;Vorname;Klasse;Geburtsdatum
1001;Kowalczyk;Mia;6a;14.03.2016
;Özdemir;Emir;5a;02.11.2015
1003;Schäfer;Jonas;5b;29.02.2016
1004;Weiß;Lotta;5b;07.07.2016
1005;von der Heide;Karl-Friedrich;6a;30.09.2014
1006;Nguyễn;An;6a;12.12.2014
1007;Müller;Anna;6b;05.05.2015
1008;Müller;Anna;6c;05.05.2015
1010;Größmann;Søren;EF;33.06.2010
1099;Neu;Nele;5a;01.01.2016
"""


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch)


def numbers(office: Office) -> list[str]:
    listed = office.told("pupils", "list", "--school", SCHOOL)["people"]
    return [it["number"] for it in listed]


def test_a_file_is_only_shown_unless_it_is_to_be_applied(office: Office) -> None:
    said = office.done(*IMPORT, FILE, "--school", SCHOOL)
    assert "1002 Öztürk, Emir, 5a: neu" in said
    assert said.rstrip().endswith("noch einmal mit --apply")
    assert office.told(*IMPORT, FILE, "--school", SCHOOL, "--dry-run")["applied"] is False
    assert numbers(office) == []


def test_an_applied_file_is_there_and_twice_changes_nothing(office: Office) -> None:
    done = office.told(*IMPORT, FILE, "--school", SCHOOL, "--apply")
    assert (done["applied"], len(done["new"]), done["unchanged"]) == (True, 10, 0)
    assert sorted(numbers(office)) == [str(number) for number in range(1001, 1011)]
    again = office.told(*IMPORT, FILE, "--school", SCHOOL, "--apply")
    assert (again["new"], again["changed"], again["unchanged"]) == ([], [], 10)


def test_a_later_file_shows_each_kind_of_news_with_its_line(office: Office) -> None:
    add_pupils(office)
    file = office.write("next.csv", NEXT)
    shown = office.told(*IMPORT, file, "--school", SCHOOL)
    assert shown["new"] == [11]
    assert shown["class_changes"] == [2]
    assert shown["missing"] == ["1009"]
    assert shown["ambiguous"] == [{"line": 3, "doubt": "perhaps_renamed", "candidates": ["1002"]}]
    assert shown["problems"] == [{"line": 10, "kind": "bad_date", "detail": "33.06.2010"}]
    said = office.done(*IMPORT, file, "--school", SCHOOL)
    assert "Zeile 2  1001 Kowalczyk, Mia, 6a: vorher Klasse 5a" in said
    assert "1009 D'Angelo, Chiara, Q1: fehlt in der Datei, bleibt" in said
    assert "vielleicht ein neuer Nachname" in said
    assert "--decide 3=NUMMER" in said
    assert "Zeile 10  kein Datum: 33.06.2010" in said


def test_an_ambiguous_line_changes_nothing_until_it_is_decided(office: Office) -> None:
    add_pupils(office)
    file = office.write("next.csv", NEXT)
    office.done(*IMPORT, file, "--school", SCHOOL, "--apply")
    assert "Öztürk" in office.done("pupils", "list", "--school", SCHOOL)
    office.done(*IMPORT, file, "--school", SCHOOL, "--apply", "--decide", "3=1002")
    listed = office.done("pupils", "list", "--school", SCHOOL, "--class", "5a")
    assert [line.split()[:4] for line in listed.splitlines()[1:3]] == [
        ["1099", "5a", "Neu", "Nele"],
        ["1002", "5a", "Özdemir", "Emir"],
    ]


@pytest.mark.parametrize("word", ["neu", "new"])
def test_an_ambiguous_line_can_be_somebody_new(office: Office, word: str) -> None:
    add_pupils(office)
    file = office.write("next.csv", NEXT)
    words = (*IMPORT, file, "--school", SCHOOL, "--apply", "--decide", f"3={word}")
    assert office.told(*words)["new"] == [3, 11]
    assert len(numbers(office)) == 12


@pytest.mark.parametrize(
    ("decided", "reason"), [("3=1003", "no_candidate"), ("4=1003", "not_ambiguous")]
)
def test_a_decision_that_decides_nothing_is_refused(
    office: Office, decided: str, reason: str
) -> None:
    add_pupils(office)
    words = (*IMPORT, office.write("next.csv", NEXT), "--school", SCHOOL, "--decide", decided)
    assert office.reason(*words, "--apply") == reason
    assert len(numbers(office)) == 10


def test_a_file_of_half_the_school_is_refused_and_says_how_to_go_on(office: Office) -> None:
    add_pupils(office)
    head = "".join(FILE.read_text("utf-8-sig").splitlines(keepends=True)[:4])
    file = office.write("half.csv", head)
    assert "--allow-many-missing" in office.done(*IMPORT, file, "--school", SCHOOL)
    said = office.refused(*IMPORT, file, "--school", SCHOOL, "--apply")
    assert "7 von 10" in said
    assert "--allow-many-missing" in said
    assert office.reason(*IMPORT, file, "--school", SCHOOL, "--apply") == "too_many_missing"
    assert office.told("pupils", "list", "--school", SCHOOL)["people"][0]["missing_since"] is None
    office.done(*IMPORT, file, "--school", SCHOOL, "--apply", "--allow-many-missing")
    listed = office.told("pupils", "list", "--school", SCHOOL)["people"]
    assert sum(it["missing_since"] == "2026-11-23" for it in listed) == 7
    assert "23.11.2026" in office.done("pupils", "list", "--school", SCHOOL)


def test_another_programs_table_is_read_by_a_profile(office: Office) -> None:
    profile = ("--profile", SAMPLES / "staff_profile.toml")
    office.done(*IMPORT, SAMPLES / "staff.csv", "--school", SCHOOL, *profile, "--apply")
    listed = office.told("pupils", "list", "--school", SCHOOL)["people"]
    assert [(it["number"], it["kind"]) for it in listed] == [("77", "staff"), ("78", "staff")]


def test_whoever_has_no_number_of_the_school_is_named_by_the_citys(office: Office) -> None:
    text = "Nachname;Vorname;Klasse;Geburtsdatum\nWeber;Ida;1a;01.02.2020\n"
    office.done(*IMPORT, office.write("f.csv", text), "--school", SCHOOL, "--apply")
    (number,) = numbers(office)
    assert number.startswith("@")
    office.done("card", "assign", "04A1B2C3D4E5F6", "--school", SCHOOL, "--pupil", number)


@pytest.mark.parametrize(
    ("name", "text", "reason", "named"),
    [
        ("leer.csv", "", "empty", "steht nichts"),
        ("mappe.xlsx", "PK\x03\x04", "spreadsheet", "als CSV speichern"),
        ("x.csv", "a;b\nc;d\n", "no_header", "Zeile 1"),
        ("x.csv", "Nachname;Vorname\nA;B\n", "missing_column", "Klasse"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_with_what_to_do(
    office: Office, name: str, text: str, reason: str, named: str
) -> None:
    file = office.write(name, text)
    assert office.reason(*IMPORT, file, "--school", SCHOOL) == reason
    assert named in office.refused(*IMPORT, file, "--school", SCHOOL)


@pytest.mark.parametrize("text", ["kind =", 'farbe = "rot"\n[columns]\nlast_name = "N"\n'])
def test_a_wrong_profile_is_refused(office: Office, text: str) -> None:
    profile = office.write("p.toml", text)
    assert office.reason(*IMPORT, FILE, "--school", SCHOOL, "--profile", profile) == "bad_profile"


def test_a_profile_in_another_encoding_is_refused(office: Office) -> None:
    shutil.copy(SAMPLES / "GPU010_cp1252.TXT", office.folder / "p.toml")
    profile = office.folder / "p.toml"
    assert office.reason(*IMPORT, FILE, "--school", SCHOOL, "--profile", profile) == "unreadable"


def test_what_shows_names_is_in_the_access_log_even_if_it_is_refused(office: Office) -> None:
    add_pupils(office)
    office.done("pupils", "list", "--school", SCHOOL)
    head = "".join(FILE.read_text("utf-8-sig").splitlines(keepends=True)[:4])
    office.refused(*IMPORT, office.write("h.csv", head), "--school", SCHOOL, "--apply")
    looks = office.rows(
        "SELECT l.seq, l.purpose, l.actor = 'office:' || substr(o.name, 8), o.kind"
        " FROM access_log l JOIN origin o ON o.id = l.origin_id ORDER BY l.id"
    )
    assert looks == [
        (1, "roster import", 1, "office"),
        (2, "pupils list", 1, "office"),
        (3, "roster import", 1, "office"),
    ]


def test_the_list_of_an_empty_school_shows_nobody_and_logs_nothing(office: Office) -> None:
    assert "mensa pupils import" in office.done("pupils", "list", "--school", SCHOOL)
    assert office.rows("SELECT * FROM access_log") == []


def test_staff_get_a_pin_by_standard_input_that_is_kept_as_a_hash_only(office: Office) -> None:
    add = ("staff", "add", "Küche", "--school", SCHOOL)
    office.done(*add, "--pin-stdin", typed="246813\n")
    ((kept,),) = office.rows("SELECT pin_hash FROM staff")
    assert verify_pin(kept, "246813")
    assert "246813" not in kept
    assert office.told("staff", "list", "--school", SCHOOL)["staff"] == [
        {"label": "Küche", "pin": True, "active": True}
    ]


def test_staff_may_have_a_card_only(office: Office) -> None:
    office.done("staff", "add", "Hof", "--school", SCHOOL, "--card-only")
    assert "Hof          nein  ja" in office.done("staff", "list", "--school", SCHOOL)


@pytest.mark.parametrize(
    ("words", "typed", "reason"),
    [
        (("--pin-stdin",), "12\n", "bad_pin"),
        (("--pin-stdin",), "", "bad_pin"),
        ((), "2468\n", "no_pin"),
    ],
)
def test_without_a_good_pin_nobody_is_added(
    office: Office, words: tuple[str, ...], typed: str, reason: str
) -> None:
    assert office.reason("staff", "add", "X", "--school", SCHOOL, *words, typed=typed) == reason
    assert office.rows("SELECT * FROM staff") == []


def test_a_label_stands_for_one_member_of_staff(office: Office) -> None:
    add = ("staff", "add", "Hof", "--school", SCHOOL, "--card-only")
    office.done(*add)
    assert office.reason(*add) == "label_taken"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [(["2468", "2468"], None), (["2468", "2469"], "pins_differ"), (["12", "12"], "bad_pin")],
)
def test_at_a_terminal_the_pin_is_asked_for_twice(
    office: Office, typed: list[str], reason: str | None
) -> None:
    office.sit_down(*typed)
    words = ("staff", "add", "Küche", "--school", SCHOOL)
    if reason is None:
        office.done(*words)
    else:
        assert office.reason(*words) == reason
    assert len(office.rows("SELECT * FROM staff")) == (reason is None)
