"""Whose a line is, and why it is asked: one sentence a rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import eur

from accounts.allocations import NewAllocation, Rule
from accounts.bank_book import Nature
from accounts.bank_text import LineText
from accounts.given_back import Earlier, Part
from accounts.money import Money, total
from accounts.payers import Remembered
from banking.folding import words_of
from banking.matching import Ask, Decision, Index, InTransit, Post, Reason, Unmatched, Why, match

DAY = date(2026, 11, 20)
LENA, TIM, MIA, KAI = 1, 2, 3, 4
CODES = {"K7MNWJ": LENA, "R3TBF3": TIM, "LF7X79": MIA, "W9KNC7": KAI}
MOTHER, OFFICE, COOK = b"m" * 32, b"o" * 32, b"c" * 32
E2E = b"e" * 32
INDEX = Index(
    codes=CODES,
    shares={LENA: {LENA: 1, TIM: 2}, TIM: {LENA: 1, TIM: 2}},
    payers={
        MOTHER: Remembered({LENA: 2}),
        OFFICE: Remembered({LENA: 3, TIM: 1, MIA: 1}),
        COOK: Remembered(accounts={"payable:1": 4}),
    },
    remembering=frozenset({LENA, TIM, MIA, KAI}),
    first_names=frozenset({"lena", "tim", "mia", "kai", "jan"}),
    own_words={LENA: words_of("Lena Müller") | {"5b"}},
)


def line(purpose: str = "", **changes: object) -> Unmatched:
    """A transfer of 30 euro with these words."""
    made = Unmatched(id=10, account_id=1, day=DAY, amount=eur("30"), text=LineText(purpose=purpose))
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields


def posted(decision: Decision) -> Mapping[str, str]:
    """Where a decision puts the money, in euro; it has to be one."""
    assert isinstance(decision, Post), decision
    return {new.target: str(new.amount) for new in decision.allocations}


def asked(decision: Decision) -> tuple[Why, list[str]]:
    """Why nothing was decided, and whose it may be; nothing may be."""
    assert isinstance(decision, Ask), decision
    return decision.why, [it.target for it in decision.suggestions]


def test_one_code_as_printed_decides_and_says_what_it_saw() -> None:
    decision = match(line("Essensgeld k7m-nwj"), INDEX)
    assert posted(decision) == {"pupil:1": "30.00"}
    assert isinstance(decision, Post)
    assert decision.rule is Rule.CODE
    assert decision.allocations[0].evidence == {"code": "K7MNWJ", "field": "purpose", "healed": 0}


def test_the_same_code_twice_is_one_code() -> None:
    twice = line("K7M-NWJ", text=LineText(purpose="K7M-NWJ K7MNWJ", name="K7M NWJ"))
    assert posted(match(twice, INDEX)) == {"pupil:1": "30.00"}


def test_a_code_in_a_longer_run_only_suggests() -> None:
    assert asked(match(line("LenaK7MNWJ"), INDEX)) == (Why.NOT_AS_PRINTED, ["pupil:1"])


def test_siblings_of_a_household_share_by_its_parts_to_the_cent() -> None:
    decision = match(line("K7M-NWJ R3T-BF3", amount=eur("10,00")), INDEX)
    assert posted(decision) == {"pupil:1": "3.33", "pupil:2": "6.67"}
    assert isinstance(decision, Post)
    assert total(new.amount for new in decision.allocations) == eur("10")
    assert decision.rule is Rule.HOUSEHOLD


def test_several_children_without_a_household_are_asked_about_with_equal_parts() -> None:
    decision = match(line("K7M-NWJ LF7-X79"), INDEX)
    assert asked(decision) == (Why.SEVERAL_CHILDREN, ["pupil:1", "pupil:3"])
    assert isinstance(decision, Ask)
    assert [str(it.amount) for it in decision.suggestions] == ["15.00", "15.00"]
    three = match(line("K7M-NWJ R3T-BF3 LF7-X79"), INDEX)
    assert asked(three)[0] is Why.SEVERAL_CHILDREN, "two are a household, the third is not of it"


@pytest.mark.parametrize("second", ["LenaR3TBF3", "R3T-BF7", "X7M-NWK", "RK7-DYX", "HVW-FWN"])
def test_a_good_code_beside_another_or_a_broken_one_decides_nothing(second: str) -> None:
    why, targets = asked(match(line(f"K7M-NWJ {second}"), INDEX))
    assert why in {Why.SEVERAL_CHILDREN, Why.NOT_AS_PRINTED, Why.MISTYPED}
    assert targets[0] == "pupil:1" or "pupil:1" in targets


@pytest.mark.parametrize(
    "words",
    ["Kd-Nr 123456", "fuer Kd-Nr 123456", "KD-4711", "RG-NR 2026-0012", "RG-2026-0012", "Rechnung R2026/11", "SJ-2026",
     "SJ26/27", "WS26", "HJ2", "G8", "GGS-Nr 5", "BIC GENODEF1P15", "BIC COLSDE33XXX", "BIC:NTSBDEB1XXX",
     "Glaeubiger-ID DE98ZZZ09999999999", "MREF+M4711X2", "GB33BUKB20201555555555", "2xM",
     "12b-Schmidt", "Schmidt-12b", "Q1 GK2", "Kl.5b/G2"],
)  # fmt: skip
def test_ordinary_words_and_numbers_beside_a_printed_code_stop_nothing(words: str) -> None:
    assert posted(match(line(f"K7M-NWJ {words}"), INDEX)) == {"pupil:1": "30.00"}
    assert posted(match(line(f"{words} K7M-NWJ"), INDEX)) == {"pupil:1": "30.00"}


@pytest.mark.parametrize(
    "words",
    ["K7M-NWJ/5b", "K7M-NWJ-5b", "K7M-NWJ.10a", "5b/K7M-NWJ", "K7M NWJ 100 EUR", "K7M NWJ 100,00 Euro",
     "K7M NWJ 100€"],
)  # fmt: skip
def test_a_class_or_an_amount_at_a_code_is_no_part_of_it(words: str) -> None:
    assert posted(match(line(words), INDEX)) == {"pupil:1": "30.00"}


@pytest.mark.parametrize(
    "words",
    [
        "12-K7M-NWJ-99",
        "12-K7M-NWJ-5b",
        "K7M-NWJ-5b-99",
        "K7M NWJ 100",
        "K7M-NWJ/4711",
        "K7M-NWJ-R3T-BF7",
    ],
)
def test_a_number_at_a_code_makes_it_some_number_of_somebodys(words: str) -> None:
    assert isinstance(match(line(words), INDEX), Ask)


@pytest.mark.parametrize(
    "words",
    ["K7M-NWJ/R3T-BF3", "K7M-NWJ+R3T-BF3", "K7M NWJ R3T BF3", "K7MNWJ-R3TBF3", "k7m-nwj.r3t-bf3"],
)
def test_two_codes_of_a_household_may_stand_close_together(words: str) -> None:
    decision = match(line(words, amount=eur("9")), INDEX)
    assert posted(decision) == {"pupil:1": "3.00", "pupil:2": "6.00"}


@pytest.mark.parametrize(
    "second",
    ["R3T-BF75b", "KL-BF7", "R3 T-BF7", "R3T-BF7 2026", "XRK-DYXEssen", "R3T-B7", "G3 R-BX7",
     "X7M-NWK4711", "BIC R3T-BF7", "MREF+1 R3T-BF7", "2XM BF7",
     "von RT 3-79W Klasse", "CE3- ZVD", "RX\n3-DTG", "RXTBFK", "RXT BFK", "RXT G99P"],
)  # fmt: skip
def test_a_broken_code_among_numbers_and_abbreviations_still_stops_it(second: str) -> None:
    assert isinstance(match(line(f"K7M-NWJ {second}"), INDEX), Ask)


def test_a_mistyped_code_suggests_the_child_and_says_what_the_slip_was() -> None:
    decision = match(line("K7M-NWH Lena"), INDEX)
    assert asked(decision) == (Why.MISTYPED, ["pupil:1"])
    assert isinstance(decision, Ask)
    (only,) = decision.suggestions
    assert (only.reason, only.evidence["code"]) == (Reason.SLIP_KEY, "K7MNWJ")


def test_more_than_the_cap_is_asked_about_even_with_a_code() -> None:
    assert posted(match(line("K7M-NWJ", amount=eur("300")), INDEX)) == {"pupil:1": "300.00"}
    decision = match(line("K7M-NWJ", amount=eur("300,01")), INDEX)
    assert asked(decision) == (Why.OVER_CAP, ["pupil:1"])
    small = replace(INDEX, cap=eur("20"))
    assert asked(match(line("", payer=MOTHER), small))[0] is Why.OVER_CAP


@pytest.mark.parametrize("purpose", ["", "Essensgeld", "Mensa Lena Mueller 5b", "ESSEN LENA"])
def test_a_remembered_account_stands_for_its_one_child(purpose: str) -> None:
    decision = match(line(purpose, payer=MOTHER), INDEX)
    assert posted(decision) == {"pupil:1": "30.00"}
    assert isinstance(decision, Post)
    assert decision.rule is Rule.PAYER
    assert decision.allocations[0].evidence == {"times": 2}


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (replace(INDEX, remembering=frozenset()), Why.NOT_REMEMBERED),
        (replace(INDEX, payers={MOTHER: Remembered({LENA: 1})}), Why.NOT_REMEMBERED),
        (replace(INDEX, payers={MOTHER: Remembered({LENA: 5, TIM: 1})}), Why.SEVERAL_PAID_FOR),
        (replace(INDEX, payers={MOTHER: Remembered({LENA: 5}, {"fees": 1})}), Why.SEVERAL_PAID_FOR),
        (replace(INDEX, payers={}), Why.NO_EVIDENCE),
    ],
    ids=["the school did not ask for it", "once is not enough", "two children", "not only children",
         "unknown"],
)  # fmt: skip
def test_a_remembered_account_decides_only_where_no_doubt_is_left(index: Index, why: Why) -> None:
    assert asked(match(line("Essensgeld", payer=MOTHER), index))[0] is why


@pytest.mark.parametrize(
    ("purpose", "why"),
    [
        ("Essensgeld Tim", Why.NOT_REMEMBERED),  # another child's name
        ("Essensgeld Jan", Why.NOT_REMEMBERED),  # a month and a name
        ("Essensgeld 7c", Why.NOT_REMEMBERED),  # another class
        ("fürTim 5b", Why.NOT_REMEMBERED),
        ("R3T-BF7", Why.MISTYPED),  # a broken code
        ("x7mnwk", Why.MISTYPED),
        ("LenaK7MNWJ", Why.NOT_AS_PRINTED),
    ],
)
def test_a_remembered_account_yields_to_any_other_word(purpose: str, why: Why) -> None:
    assert asked(match(line(purpose, payer=MOTHER), INDEX))[0] is why


def test_an_account_that_pays_for_many_never_decides_and_suggests_little() -> None:
    decision = match(line("Sammelzahlung", payer=OFFICE), INDEX)
    assert asked(decision)[0] is Why.SEVERAL_PAID_FOR
    assert isinstance(decision, Ask)
    assert max(it.score for it in decision.suggestions) <= 0.3


def test_a_caterers_or_funding_bodys_account_suggests_where_its_lines_went() -> None:
    out = match(line("Abschlag", payer=COOK, amount=eur("-500")), INDEX)
    assert asked(out) == (Why.MONEY_OUT, ["payable:1"])


def test_the_banks_own_fees_and_interest_are_suggested_by_its_code() -> None:
    assert asked(match(line("Entgelt", gvc="808", amount=eur("-9,90")), INDEX))[1] == ["fees"]
    assert asked(match(line("Zinsen", gvc="814", amount=eur("-1")), INDEX))[1] == ["interest"]


def test_without_its_words_nothing_decides() -> None:
    assert asked(match(line(text=None, payer=MOTHER), INDEX)) == (Why.NO_TEXT, ["pupil:1"])


def test_what_somebody_decided_before_is_asked_about_with_what_the_rules_would_say() -> None:
    decision = match(line("K7M-NWJ", decided=True), INDEX)
    assert asked(decision) == (Why.DECIDED_BEFORE, ["pupil:1"])


# --- what comes back -----------------------------------------------------------------------------


def earlier(number: int, *went: tuple[str, str], cents: int = 3000, **changes: object) -> Earlier:
    """A payment that went there."""
    parts = tuple(Part(target, eur(amount)) for target, amount in went)
    made = Earlier(number, 1, DAY - timedelta(days=2), Money(cents), parts, untouched=not parts)
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields


def coming_back(*lines: Earlier, **changes: object) -> Decision:
    """What is decided about a return of 30 euro to the mother's account."""
    index = replace(INDEX, earlier={(MOTHER, 3000): lines})
    values: dict[str, object] = {
        "amount": eur("-30"), "nature": Nature.RETURN, "payer": MOTHER, "gvc": "159", **changes,
    }  # fmt: skip
    return match(line("Rückgabe", **values), index)


def test_a_return_goes_where_the_line_went_that_it_gives_back() -> None:
    decision = coming_back(earlier(3, ("pupil:1", "10"), ("pupil:2", "20")))
    assert posted(decision) == {"pupil:1": "-10.00", "pupil:2": "-20.00"}
    assert isinstance(decision, Post)
    assert {new.of_line for new in decision.allocations} == {3}
    assert decision.rule is Rule.RETURN


def test_of_twins_that_went_to_one_child_the_newest_comes_back() -> None:
    decision = coming_back(earlier(3, ("pupil:1", "30")), earlier(4, ("pupil:1", "30")))
    assert isinstance(decision, Post)
    assert decision.allocations[0].of_line == 4


def test_of_twins_that_went_to_two_children_a_person_chooses() -> None:
    decision = coming_back(earlier(3, ("pupil:1", "30")), earlier(4, ("pupil:2", "30")))
    assert asked(decision) == (Why.SEVERAL_ORIGINALS, ["pupil:2", "pupil:1"])
    assert isinstance(decision, Ask)
    assert [it.of_line for it in decision.suggestions] == [4, 3]


def test_a_return_of_what_is_nobodys_yet_takes_both_out_of_suspense() -> None:
    decision = coming_back(earlier(3))
    assert isinstance(decision, Post)
    told = [(new.line_id, new.target, str(new.amount), new.of_line) for new in decision.allocations]
    assert told == [(3, "refunds", "30.00", None), (10, "refunds", "-30.00", 3)]


def test_a_return_without_an_original_is_asked_about() -> None:
    for decision in (
        coming_back(),
        coming_back(earlier(3, ("pupil:1", "30")), payer=None),
        coming_back(earlier(11, ("pupil:1", "30"))),  # came after it
        coming_back(earlier(3, ("pupil:1", "30"), day=DAY + timedelta(days=1))),
        coming_back(earlier(3, ("pupil:1", "30"), account_id=2)),
    ):
        assert asked(decision) == (Why.NO_ORIGINAL, [])


def test_a_return_of_what_is_divided_in_part_is_asked_about() -> None:
    assert asked(coming_back(earlier(3, ("pupil:1", "10"))))[0] is Why.ORIGINAL_DIVIDED
    undone = earlier(3, untouched=False)
    assert asked(coming_back(undone))[0] is Why.ORIGINAL_DIVIDED


def test_the_end_to_end_id_names_the_original_before_the_account_does() -> None:
    index = replace(
        INDEX,
        earlier={
            (MOTHER, 3000): (earlier(3, ("pupil:1", "30")), earlier(4, ("pupil:2", "30"))),
            (E2E, 3000): (earlier(3, ("pupil:1", "30")),),
        },
    )
    back = line("", amount=eur("-30"), nature=Nature.RETURN, payer=MOTHER, end_to_end=E2E)
    assert posted(match(back, index)) == {"pupil:1": "-30.00"}


def test_a_refund_is_known_by_its_own_id_when_it_leaves_and_when_it_comes_back() -> None:
    leaving = replace(INDEX, refunds={E2E: InTransit(7, eur("30"))})
    paid = match(line("", amount=eur("-30"), end_to_end=E2E), leaving)
    assert posted(paid) == {"refunds": "-30.00"}
    assert isinstance(paid, Post)
    (new,) = paid.allocations
    assert (new.rule, new.attempt_id) == (Rule.REFUND_PAID, 7)
    there = replace(INDEX, refunds={E2E: InTransit(7, eur("30"), debit_line=5)})
    back = match(line("", nature=Nature.RETURN, end_to_end=E2E), there)
    assert isinstance(back, Post)
    assert back.allocations == (
        NewAllocation(10, "refunds", eur("30"), Rule.REFUND_RETURNED, {"attempt": 7}, 5, 7),
    )
    other = match(line("", amount=eur("-29"), end_to_end=E2E), leaving)
    assert isinstance(other, Ask), "another amount is not the refund"


def test_a_returned_refund_is_known_by_the_debit_where_its_id_is_lost() -> None:
    debit = Earlier(5, 1, DAY, eur("-30"), (Part("refunds", eur("-30"), 7),))
    index = replace(INDEX, earlier={(MOTHER, -3000): (debit,)})
    back = match(line("", nature=Nature.RETURN, payer=MOTHER), index)
    assert isinstance(back, Post)
    (new,) = back.allocations
    assert (new.target, new.rule, new.attempt_id, new.of_line) == (
        "refunds", Rule.REFUND_RETURNED, 7, 5,
    )  # fmt: skip


def test_a_decision_is_the_same_every_time() -> None:
    for words in ("K7M-NWJ", "R3T-BF7 Lena", "K7M-NWJ LF7-X79", "Essensgeld"):
        one, other = (match(line(words, payer=OFFICE), INDEX) for _ in range(2))
        assert one == other
