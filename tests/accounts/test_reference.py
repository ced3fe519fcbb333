"""What is true of the parents' payment reference, whoever types it."""

import itertools
import random
from datetime import timedelta

import pytest
from builders import NOON, add_child, open_school
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from accounts import reference
from accounts.database import Database, Session
from accounts.pupils import NewPerson, enrol
from accounts.reference import (
    ALPHABET,
    DIGIT_IMAGES,
    LOOKALIKES,
    CodeFault,
    canon,
    check_symbols,
    issue,
    issue_missing,
    looks_like_nothing_else,
    of_rf,
    reference_of,
    references,
    to_rf,
    validate,
)

payloads = st.text(alphabet=ALPHABET, min_size=4, max_size=4)
codes = payloads.map(lambda payload: payload + check_symbols(payload))


def seeded(seed: int) -> reference.Choose:
    """Draws that come again."""
    return random.Random(seed).randrange


def test_the_values_are_those_of_a_field() -> None:
    assert ALPHABET == "BCDFGHJKLMNPRSTVWXYZ379"
    assert len(set(ALPHABET)) == 23
    assert len({pow(5, place, 23) for place in range(22)}) == 22, "5 generates the field"


@given(codes)
def test_a_code_is_printed_in_threes_and_read_in_any_spelling(code: str) -> None:
    if DIGIT_IMAGES.issuperset(code):
        assert validate(code) is CodeFault.NUMBER
        return
    printed = reference.format(code)
    assert printed == f"{code[:3]}-{code[3:]}"
    for spelling in (printed, printed.lower(), f" {code[:3]} {code[3:]} ", code):
        assert validate(spelling) == code


@given(codes, st.data())
def test_no_two_wrong_symbols_and_no_swapped_ones_go_unnoticed(
    code: str, data: st.DataObject
) -> None:
    first, second = data.draw(
        st.lists(st.integers(0, 5), min_size=2, max_size=2, unique=True), "places"
    )
    wrong = list(code)
    wrong[first] = data.draw(st.sampled_from(ALPHABET), "instead of the first")
    wrong[second] = data.draw(st.sampled_from(ALPHABET), "instead of the second")
    if "".join(wrong) != code:
        assert validate("".join(wrong)) is CodeFault.WRONG_CHECK_SYMBOLS
    swapped = list(code)
    swapped[first], swapped[second] = code[second], code[first]
    if "".join(swapped) != code:
        assert validate("".join(swapped)) is CodeFault.WRONG_CHECK_SYMBOLS


def test_lookalikes_are_read_as_the_symbol_they_mean() -> None:
    for typed, meant in LOOKALIKES.items():
        assert typed not in ALPHABET
        assert canon(typed.lower()) == meant
    assert canon("0O-1I 2.5/6_8u4q") == "DDLLZSGBVH9"
    assert reference.healed("0K7M") == 1


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", CodeFault.WRONG_LENGTH),
        ("K7MNW", CodeFault.WRONG_LENGTH),
        ("K7MNWJJ", CodeFault.WRONG_LENGTH),
        ("K7MNWA", CodeFault.FOREIGN_CHARACTER),
        ("ÄÖÜßẞſ", CodeFault.FOREIGN_CHARACTER),
        ("K7MNWK", CodeFault.WRONG_CHECK_SYMBOLS),
        ("B" * 6, CodeFault.NUMBER),
    ],
)
def test_what_is_no_reference_is_told_why(written: str, fault: CodeFault) -> None:
    assert validate(written) is fault
    assert not reference.is_valid(written)


@given(codes)
def test_a_creditor_reference_is_another_spelling_of_the_code(code: str) -> None:
    grouped = to_rf(code)
    assert of_rf(grouped) == (None if DIGIT_IMAGES.issuperset(code) else code)
    wrong = grouped[:2] + f"{(int(grouped[2:4]) + 1) % 97:02d}" + grouped[4:]
    assert of_rf(wrong) is None
    assert of_rf("RF18539007547034") is None, "somebody else's invoice"


def test_what_may_be_issued_looks_like_nothing_else_that_people_write() -> None:
    every = [
        "".join(payload) + check_symbols("".join(payload))
        for payload in itertools.product(ALPHABET, repeat=4)
    ]
    assert len(set(every)) == 279_841
    issuable = [code for code in every if looks_like_nothing_else(code)]
    assert len(issuable) == 114_796, "the decision page counts on so many"
    assert all(any(symbol in "379" for symbol in code) for code in issuable), "no word"
    assert not any(DIGIT_IMAGES.issuperset(code) for code in issuable), "no number"
    assert not any(code.rstrip("379").isalpha() for code in issuable), "no RG3797"
    assert not any(code.lstrip("379").isalpha() for code in issuable), "no 379KFZ"


def test_each_pupil_gets_one_and_keeps_it(db: Session) -> None:
    school = open_school_in(db)
    pupils = [add_child(db, school, f"Kind {number}") for number in range(500)]
    first = issue(db, pupils, at=NOON, choose=seeded(1))
    assert set(first) == set(pupils)
    assert len(set(first.values())) == 500
    again = issue(db, [*pupils, *pupils], at=NOON + timedelta(days=1), choose=seeded(2))
    assert again == first
    assert references(db) == {code: pupil for pupil, code in first.items()}
    assert reference_of(db, pupils[3]) == first[pupils[3]]
    assert all(looks_like_nothing_else(code) and validate(code) == code for code in first.values())


def test_a_drawn_code_that_is_somebodys_is_drawn_again(db: Session) -> None:
    school = open_school_in(db)
    one, other = add_child(db, school), add_child(db, school)
    issue(db, [one], at=NOON, choose=seeded(5))
    issue(db, [other], at=NOON, choose=seeded(5))
    assert reference_of(db, one) != reference_of(db, other)


def test_when_none_is_left_it_says_so_instead_of_drawing_for_ever(db: Session) -> None:
    school = open_school_in(db)
    one, other = add_child(db, school), add_child(db, school)
    same = itertools.cycle([ALPHABET.index(symbol) for symbol in "K7MN"])

    def always_the_same(below: int) -> int:
        return next(same) % below

    issue(db, [one], at=NOON, choose=always_the_same)
    assert reference_of(db, one) == "K7MNWJ"
    with pytest.raises(reference.NoCodeLeft):
        issue(db, [other], at=NOON, choose=always_the_same)


def test_whoever_is_enrolled_has_a_reference_at_once(database: Database) -> None:
    school = open_school(database)
    with database.write() as db:
        made = enrol(
            db,
            school_id=school.id,
            people=[NewPerson("Muster", "Ada"), NewPerson("Muster", "Bo")],
            at=NOON,
        )
    with database.read() as db:
        theirs = [reference_of(db, pupil) for pupil in made]
    assert None not in theirs
    assert len(set(theirs)) == 2


def test_older_pupils_get_theirs_once(database: Database) -> None:
    open_school(database)
    with database.write() as db:
        before = int(db.execute(text("SELECT count(*) FROM pupil")).scalar_one())
        assert issue_missing(db, at=NOON) == before
    with database.write() as db:
        assert issue_missing(db, at=NOON) == 0
        assert set(references(db).values()) == set(
            db.execute(text("SELECT id FROM pupil")).scalars()
        )


def open_school_in(db: Session) -> int:
    """A school for children of tests that need nothing else of it."""
    db.execute(text("INSERT INTO school (number, name) VALUES ('165001', 'Probe')"))
    return int(db.execute(text("SELECT max(id) FROM school")).scalar_one())
