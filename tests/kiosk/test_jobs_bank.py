"""The queue by command: lines that wait, what is suggested and why, and what a clerk decides."""

import json
from pathlib import Path

import pytest
from bank_desk import (
    EMIR,
    JONAS,
    KARL,
    LOTTA,
    MIA,
    STILL_OPEN,
    bare,
    codes,
    mistyped,
    office,
)
from desk import SCHOOL, Office

from accounts.texts import Language, texts
from banking.evidence import Reason, Why
from kiosk.sentences_bank import BANK, MARKS, REASONS, RULES, WHYS

__all__ = ["bare", "office"]


def line(office: Office, number: int) -> dict[str, object]:
    told = {it["line"]: it for it in office.told("bank", "open", "--all")["lines"]}
    found: dict[str, object] = told[number]
    return found


def balances(office: Office) -> dict[str, int]:
    rows = office.rows(
        "SELECT n.number, b.cents FROM balance b JOIN account a ON a.id = b.account_id"
        " JOIN school_number n ON n.pupil_id = a.pupil_id"
    )
    return dict(rows)


def suspense(office: Office) -> str:
    told = office.told("bank", "status")
    assert told["holds"] is True
    return str(told["suspense"])


def test_what_the_rules_leave_waits_with_its_reasons(office: Office) -> None:
    told = office.told("bank", "open")
    assert [it["line"] for it in told["lines"]] == STILL_OPEN
    assert balances(office) == {**dict.fromkeys(balances(office), 0), EMIR: 4000}
    whys = {it["line"]: it["why"] for it in told["lines"]}
    assert whys == {
        4: "several_children",
        5: "mistyped",
        6: "no_evidence",
        7: "no_evidence",
        8: "over_cap",
        9: "money_out",
        10: "no_evidence",
        11: "money_out",
    }
    best = {it["line"]: it["suggestions"][0]["named"] for it in told["lines"] if it["suggestions"]}
    assert "Kowalczyk, Mia" in best[5]
    assert "von der Heide" in best[6]
    assert "Kowalczyk, Mia" in best[8]
    assert best[9] == "Bankgebühren"
    assert all(len(it["suggestions"]) <= 3 for it in told["lines"])


def test_a_clerk_reads_payer_text_reason_and_score(office: Office) -> None:
    said = office.done("bank", "open")
    for words in (
        "Oma Erna",
        "Essensgeld Karl-Friedrich von der Heide 6a",
        "Name und Klasse stehen im Text",
        " %, ",
        "8 Zeilen, zusammen 4.656,06\xa0€",
        "mensa bank assign ZEILE 1",
    ):
        assert words in said
    assert "die ältesten 2" in office.done("bank", "open", "--most", "2")


def test_a_suggestion_is_taken_by_its_number(office: Office) -> None:
    said = office.done("bank", "assign", 5, 1)
    assert "25,00\xa0€ → " in said
    assert "Kowalczyk, Mia" in said
    assert "Guthaben jetzt: 25,00\xa0€" in said
    assert balances(office)[MIA] == 2500
    shown = office.told("bank", "show", 5)
    (went,) = shown["went"]
    assert went["rule"] == "suggested"
    assert went["evidence"]["reason"].startswith("slip_")
    assert went["actor"].startswith("office:")


def test_suggestions_with_amounts_of_their_own_are_taken_as_they_stand(office: Office) -> None:
    said = office.done("bank", "open")
    assert "25,00\xa0€: " in said
    office.done("bank", "assign", 4, 1, 2)
    assert (balances(office)[JONAS], balances(office)[LOTTA]) == (2500, 2500)
    office.done("bank", "undo", 4, "--reason", "noch einmal")
    first = line(office, 4)["suggestions"]
    assert isinstance(first, list)
    told = office.told("bank", "assign", 4, 1)
    assert told["assigned"][0]["amount"] == first[0]["amount"]


def test_a_child_is_named_by_reference_or_by_number(office: Office) -> None:
    code = codes(office)
    office.done("bank", "assign", 5, code[MIA].lower().replace("-", " "))
    office.done("bank", "assign", 7, f"{SCHOOL}:{KARL}", "--amount", "4,00")
    office.done("bank", "assign", 7, *code[JONAS].split("-"))
    assert balances(office)[MIA] == 2500
    assert balances(office)[KARL] == 400
    assert balances(office)[JONAS] == 600


def test_lines_that_are_no_top_up_empty_suspense_too(office: Office) -> None:
    office.done("bank", "assign", 9, "gebühren")
    office.done("bank", "assign", 10, "forderung", "jobcenter")
    office.done("bank", "assign", 11, "payable:Kochlöffel GmbH")
    office.done("bank", "assign", 7, "refunds")
    office.done("bank", "split", 8, f"{codes(office)[MIA]}=35,00", "cash")
    for number, word in ((4, EMIR), (5, MIA), (6, KARL)):
        office.done("bank", "assign", number, f"{SCHOOL}:{word}")
    assert suspense(office) == "0.00"
    assert office.told("bank", "open")["lines"] == []
    assert "Nichts wartet" in office.done("bank", "open")
    assert "stimmt." in office.done("verify")


def test_a_line_is_divided_and_one_target_takes_the_rest(office: Office) -> None:
    code = codes(office)
    said = office.done("bank", "split", 4, f"{code[JONAS]}=30,00", code[LOTTA])
    assert "20,00\xa0€ → " in said
    assert (balances(office)[JONAS], balances(office)[LOTTA]) == (3000, 2000)
    told = office.told("bank", "split", 8, "1=35,00")
    assert told["rest"] == "3465.00"
    assert "[noch 3.465,00\xa0€ frei]" in office.done("bank", "open")


def test_of_money_that_went_out_either_sign_is_understood(office: Office) -> None:
    office.done("bank", "split", 9, "fees=2,00", "interest=-1,50")
    assert office.told("bank", "show", 9)["rest"] == "0.00"


def test_more_than_is_there_is_refused_and_the_rest_is_named(office: Office) -> None:
    code = codes(office)
    words = ("bank", "split", 4, f"{code[JONAS]}=30,00", f"{code[LOTTA]}=25,00")
    said = office.refused(*words)
    assert "55,00\xa0€" in said
    assert "nur noch 50,00\xa0€" in said
    assert office.reason(*words) == "more_than_rest"
    assert (
        office.reason("bank", "assign", 4, MIA_OF(office), "--amount", "50,01") == "more_than_rest"
    )
    over = ("bank", "split", 4, f"{code[JONAS]}=60,00", code[LOTTA])
    assert office.reason(*over) == "more_than_rest"
    exact = ("bank", "split", 4, f"{code[JONAS]}=50,00", code[LOTTA])
    assert office.reason(*exact) == "more_than_rest"
    assert balances(office)[JONAS] == 0


def MIA_OF(office: Office) -> str:  # noqa: N802  # a word of the tests
    return f"{SCHOOL}:{MIA}"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("fee", "no_target"),
        ("3", "no_suggestion"),
        ("0", "no_suggestion"),
        ("199991:4711", "unknown_pupil"),
        ("199999:1001", "unknown_school"),
        ("@4711", "unknown_pupil"),
        ("receivable Sozialamt", "unknown_body"),
        ("payable Küche", "unknown_operator"),
        ("suspense", "no_target"),
        ("bank", "no_target"),
    ],
)
def test_what_means_nobody_is_refused(office: Office, word: str, reason: str) -> None:
    assert office.reason("bank", "assign", 7, *word.split()) == reason


@pytest.mark.parametrize("part", ["=5", " =1", "", " "])
def test_a_part_without_a_target_means_nobody(office: Office, part: str) -> None:
    assert office.reason("bank", "split", 7, part) == "no_target"


def test_a_mistyped_reference_is_never_mended(office: Office) -> None:
    assert office.reason("bank", "assign", 7, mistyped(codes(office)[MIA])) in {
        "mistyped_reference",
        "unknown_reference",
    }


def test_what_is_assigned_is_not_assigned_again(office: Office) -> None:
    office.done("bank", "assign", 5, 1)
    said = office.refused("bank", "assign", 5, 1)
    assert "Kowalczyk, Mia" in said
    assert "mensa bank undo 5" in said
    assert office.reason("bank", "assign", 4711, 1) == "unknown_line"
    assert office.reason("bank", "show", 4711) == "unknown_line"


def test_every_decision_can_be_taken_back_and_stays_to_be_read(office: Office) -> None:
    code = codes(office)
    office.done("bank", "split", 4, f"{code[JONAS]}=30,00", code[LOTTA])
    before = suspense(office)
    said = office.done("bank", "undo", 4, "--reason", "falsch geteilt")
    assert said.count("Zurückgenommen") == 2
    assert "wieder auf dem Klärungskonto" in said
    assert balances(office)[JONAS] == 0
    assert suspense(office) != before
    shown = office.done("bank", "show", 4)
    assert "falsch geteilt" in shown
    assert office.told("bank", "show", 4)["rest"] == "50.00"
    assert office.reason("bank", "undo", 4, "--reason", "x") == "nothing_to_undo"
    assert office.reason("bank", "undo", 4711, "--reason", "x") == "unknown_line"
    assert line(office, 4)["why"] == "decided_before"
    office.done("bank", "assign", 4, code[LOTTA])


def test_what_went_by_itself_can_be_taken_back_too(office: Office) -> None:
    office.done("bank", "undo", 2, "--reason", "war für den Bruder")
    assert balances(office)[EMIR] == 2000
    office.done("bank", "assign", 2, f"{SCHOOL}:{JONAS}")
    assert balances(office)[JONAS] == 2000


def test_an_undoing_needs_a_reason(office: Office) -> None:
    office.misused("bank", "undo", 2)
    assert office.reason("bank", "undo", 2, "--reason", " ") == "no_reason"


def test_a_line_is_set_aside_and_taken_up_again(office: Office) -> None:
    said = office.done("bank", "ignore", 7, "--reason", "Brief an die Bank")
    assert "mensa bank ignore 7 --back" in said
    assert 7 not in [it["line"] for it in office.told("bank", "open")["lines"]]
    assert line(office, 7)["set_aside"] is True
    assert "[zurückgestellt]" in office.done("bank", "open", "--all")
    assert "Brief an die Bank" in office.done("bank", "show", 7)
    assert office.reason("bank", "ignore", 7, "--reason", "x") == "set_aside_already"
    office.done("bank", "ignore", 7, "--back")
    assert 7 in [it["line"] for it in office.told("bank", "open")["lines"]]
    assert office.reason("bank", "ignore", 7, "--back") == "not_set_aside"
    assert office.reason("bank", "ignore", 1, "--reason", "x") == "nothing_left"


def test_why_a_line_went_where_it_went_can_be_read(office: Office) -> None:
    said = office.done("bank", "show", 1)
    assert "nach dem Code" in said
    assert f"Code {codes(office)[MIA]}, im Verwendungszweck" in said
    assert "DE02 1203 0000 0000 2020 51" in said
    back = office.done("bank", "show", 12)
    assert "als Rückgabe einer früheren Zeile" in back
    assert "Gibt Zeile 1 zurück" in back


def test_every_look_at_a_payers_words_is_written_down(office: Office) -> None:
    def looks() -> list[tuple[object, ...]]:
        return office.rows("SELECT purpose, pupil_id IS NOT NULL FROM access_log WHERE purpose"
                           " LIKE 'bank%' ORDER BY id")  # fmt: skip

    before = len(looks())
    office.done("bank", "open")
    office.done("bank", "show", 1)
    office.done("bank", "assign", 5, 1)
    office.done("bank", "undo", 5, "--reason", "x")
    assert looks()[before:] == [
        ("bank open", 0),
        ("bank show", 1),
        ("bank show", 0),
        ("bank assign", 1),
        ("bank undo", 1),
    ]


def test_without_the_citys_secret_nothing_is_shown(office: Office) -> None:
    office.write("pepper", "quite another secret, of another city")
    assert office.reason("bank", "open") == "other_secret"
    office.write("mensa.toml", "")
    assert office.reason("bank", "open") == "no_pepper"
    assert office.told("bank", "status")["holds"] is True


def test_erased_words_leave_a_line_that_can_be_assigned(office: Office) -> None:
    database = office.database()
    with database.write() as db:
        db.exec_driver_sql("DELETE FROM bank_line_text")
        db.exec_driver_sql("DELETE FROM bank_raw")
    database.close()
    assert "wurde gelöscht" in office.done("bank", "open")
    assert line(office, 7)["payer"] is None
    office.done("bank", "assign", 7, f"{SCHOOL}:{KARL}")
    assert "wurde gelöscht" in office.done("bank", "show", 7)


def test_every_word_for_a_decision_is_said_in_both_languages() -> None:
    german, english = texts(Language.GERMAN), texts(Language.ENGLISH)
    assert set(WHYS) == set(Why)
    assert set(REASONS) == set(Reason)
    for sentence in (*WHYS.values(), *REASONS.values(), *RULES.values(), *MARKS.values()):
        assert german.say(sentence) != english.say(sentence)
    values = dict.fromkeys(
        ("line", "iban", "where", "given", "rest", "word", "name", "detail", "request", "refund",
         "given_back_by"),
        "x",
    )  # fmt: skip
    for sentence in BANK.values():
        assert german.say(sentence, **values) != english.say(sentence, **values), sentence


def test_english_is_spoken_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSA_LANGUAGE", "en")
    assert "To assign: mensa bank assign LINE 1" in office.done("bank", "open")
    assert json.loads(office.run("bank", "open", "--json").out)["more"] == 0


def test_a_file_that_is_not_there_stops_an_import(bare: Office, tmp_path: Path) -> None:
    assert bare.reason("bank", "import", tmp_path / "nowhere.xml") == "unreadable"
