"""The menu by command: single offers and a week's file, whole or not at all."""

from pathlib import Path

import pytest
from desk import SCHOOL, Office, add_prices, open_office

MENU = """\
Tag;Nr;Gericht;Art;Betreiber;V;B
23.11.2026;1;"Nudeln; Soße";Essen;Küche;4,20;4,20/0,00
23.11.2026;W;Wasser;Getränk;Küche;1,00;
24.11.2026;1;Linsen;Essen;Küche;4,00;4,00/1,00
"""


@pytest.fixture
def office(
    empty_sqlite: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return open_office(empty_sqlite, tmp_path, capsys, monkeypatch, add_prices)


def offer(*prices: str, code: str = "1", kind: str = "lunch", who: str = "Küche") -> list[str]:
    return [
        *("offer", "add", "--school", SCHOOL, "--day", "23.11.2026", "--code", code),
        *("--title", "Nudeln", "--class", kind, "--operator", who),
        *(word for price in prices for word in ("--price", price)),
    ]


def offers(office: Office) -> list[tuple[str, str, dict[str, dict[str, str]]]]:
    listed = office.told("offer", "list", "--school", SCHOOL)["offers"]
    return [(it["day"], it["code"], it["prices"]) for it in listed]


def test_an_offer_has_a_price_by_tariff_and_the_parents_part_of_it(office: Office) -> None:
    assert office.done(*offer("V=4,20", "B=4,20/0,00")) == (
        "Montag, 23. November 2026: Angebot 1, Nudeln\n"
    )
    assert offers(office) == [
        (
            "2026-11-23",
            "1",
            {"V": {"price": "4.20", "share": "4.20"}, "B": {"price": "4.20", "share": "0.00"}},
        )
    ]


def test_the_same_offer_again_is_there_already_and_another_is_refused(office: Office) -> None:
    office.done(*offer("V=4,20"))
    assert office.told(*offer("V=4,20")) == {"added": 0, "repeated": 1}
    assert office.reason(*offer("V=4,30")) == "code_taken"
    assert len(offers(office)) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (offer("Q=4,20"), "unknown_tariff"),
        (offer("V=4,20", who="Niemand"), "unknown_operator"),
        (offer("V=0,00"), "not_positive"),
        (offer("V=4,20/5,00"), "share_above_price"),
        (offer("V=4,20/3,00"), "nobody_pays_the_rest"),
        (offer("B=4,20/0,00"), "base_price_missing"),
        (offer("V=1,00", "B=1,00/0,00", kind="drink"), "funded_is_lunch_only"),
        (offer("V=1,00", code=" "), "name_missing"),
    ],
)
def test_an_offer_that_cannot_be_is_refused(office: Office, words: list[str], reason: str) -> None:
    assert office.reason(*words) == reason
    assert offers(office) == []


@pytest.mark.parametrize("price", ["V", "V=", "=4,20", "V=4.20", "V=4,20/", "V=4,20/x"])
def test_a_price_that_could_mean_two_things_is_no_price(office: Office, price: str) -> None:
    assert "4,20/0,00" in office.misused(*offer(price))


def test_an_offer_on_a_closed_day_says_so(office: Office) -> None:
    office.done("school", "close", SCHOOL, "23.11.2026", "Schulfest")
    assert "Schulfest" in office.done(*offer("V=4,20"))


def test_a_weeks_file_is_written_and_twice_changes_nothing(office: Office) -> None:
    file = office.write("woche.csv", MENU)
    words = ("offer", "import", file, "--school", SCHOOL)
    assert office.told(*words) == {"school": SCHOOL, "added": 3, "repeated": 0}
    written = offers(office)
    assert [(day, code) for day, code, _ in written] == [
        ("2026-11-23", "1"),
        ("2026-11-23", "W"),
        ("2026-11-24", "1"),
    ]
    assert written[2][2]["B"] == {"price": "4.00", "share": "1.00"}
    assert office.told(*words) == {"school": SCHOOL, "added": 0, "repeated": 3}
    assert offers(office) == written


def test_excels_own_encoding_and_tabs_are_read_too(office: Office) -> None:
    text = MENU.replace('"Nudeln; Soße"', "Nudeln mit Soße").replace(";", "\t")
    (office.folder / "woche.txt").write_bytes(text.encode("cp1252"))
    office.done("offer", "import", office.folder / "woche.txt", "--school", SCHOOL)
    assert "Nudeln mit Soße" in office.done("offer", "list", "--school", SCHOOL)


def test_one_wrong_line_and_nothing_is_written_and_each_is_named(office: Office) -> None:
    wrong = MENU + (
        "32.11.2026;1;Reis;Essen;Küche;4,20;\n"
        "25.11.2026;1;Reis;Suppe;Küche;4,20;\n"
        "25.11.2026;1;Reis;Essen;Küche;4.20;\n"
        "25.11.2026;1;Reis;Essen;Küche\n"
    )
    said = office.refused("offer", "import", office.write("w.csv", wrong), "--school", SCHOOL)
    lines = said.splitlines()[1:]
    assert [line.split(":")[0] for line in lines] == ["Zeile 5", "Zeile 6", "Zeile 7", "Zeile 8"]
    assert "32.11.2026" in lines[0]
    assert "Suppe" in lines[1]
    assert "4.20" in lines[2]
    assert offers(office) == []


def test_what_only_the_ledger_knows_to_be_wrong_undoes_the_whole_file(office: Office) -> None:
    wrong = MENU + "25.11.2026;1;Reis;Essen;Niemand;4,20;\n25.11.2026;1;Reis;Essen;Küche;;4,20\n"
    file = office.write("w.csv", wrong)
    said = office.refused("offer", "import", file, "--school", SCHOOL).splitlines()
    assert [line.split(":")[0] for line in said[1:]] == ["Zeile 5", "Zeile 6"]
    assert "Niemand" in said[1]
    assert offers(office) == []
    assert office.reason("offer", "import", file, "--school", SCHOOL) == "bad_lines"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Tag;Nr;Gericht;Art;V\n", "Betreiber"),
        ("Tag;Nr;Gericht;Art;Betreiber;Tag;V\n", "Tag"),
        ("", "steht nichts"),
        ("<html></html>", "keine Textdatei"),
        ('Tag;Nr;Gericht;Art;Betreiber;V\n23.11.2026;1;"Reis;Essen;Küche;4,20\n', "Zeile 2"),
        ("Tag;Nr;Gericht;Art;Betreiber;X\n23.11.2026;1;Reis;Essen;Küche;4,20\n", "Tarif X"),
    ],
)
def test_a_file_that_is_no_menu_is_refused_whole(office: Office, text: str, named: str) -> None:
    file = office.write("w.csv", text)
    assert named in office.refused("offer", "import", file, "--school", SCHOOL)
    assert offers(office) == []


def test_without_its_column_the_operator_comes_by_word(office: Office) -> None:
    text = "Tag;Nr;Gericht;Art;V\n23.11.2026;1;Reis;Essen;4,20\n"
    file = office.write("w.csv", text)
    office.done("offer", "import", file, "--school", SCHOOL, "--operator", "Küche")
    assert len(offers(office)) == 1


@pytest.mark.parametrize(("file", "named"), [("fehlt.csv", "Es gibt keine Datei"), (".", "Ordner")])
def test_a_file_that_cannot_be_read_is_named(office: Office, file: str, named: str) -> None:
    said = office.refused("offer", "import", office.folder / file, "--school", SCHOOL)
    assert named in said
