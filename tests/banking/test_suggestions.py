"""Names and classes suggest; they never decide, and rare is better than many."""

import pytest
from builders import eur

from accounts.bank_text import LineText
from banking.evidence import Reason
from banking.folding import classes_of, folded, words_of
from banking.suggestions import MOST, Named, NameIndex, by_name

PEOPLE = (
    Named(1, "Ayşe", "Y\u0131lmaz", "5b"),
    Named(2, "Jürgen", "Müller", "7c"),
    Named(3, "Łukasz", "Wójcik", "05 a"),
    Named(4, "Lena Sophie", "Groß-Weber", "10d"),
    Named(5, "Lena", "Müller", "5b"),
    Named(6, "Lena", "Müller", "9a"),
)
INDEX = NameIndex.of(PEOPLE)


def suggested(purpose: str, name: str = "") -> list[tuple[str, Reason]]:
    found = by_name(LineText(purpose=purpose, name=name), eur("30"), INDEX)
    return [(it.target, it.reason) for it in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MUELLER"), ("Groß", "GROSS"), ("Ayşe", "Ayse"), ("Y\u0131lmaz", "YILMAZ"),
        ("Łukasz", "Lukasz"), ("Zoë", "ZOE"), ("Đorđević", "Dordevic"), ("García", "GARCIA"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_are_folded_into_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_a_class_is_one_however_it_is_written() -> None:
    for said in ("Kl. 5b", "05 B", "Klasse 5 b", "5B"):
        assert classes_of(said) == {"5b"}
    assert classes_of("15,00 EUR am 5. Mai") == frozenset()


def test_a_banks_joint_parts_words_and_joins_them() -> None:
    assert {"lena", "muller", "mul", "ler"} <= words_of("Lena Mül\nler")


def test_name_and_class_are_the_best_and_come_first() -> None:
    assert suggested("Essensgeld Lena Mueller 9a")[0] == ("pupil:6", Reason.NAME_AND_CLASS)
    assert suggested("AYSE YILMAZ KL 5B") == [("pupil:1", Reason.NAME_AND_CLASS)]


def test_a_typing_error_in_a_name_still_suggests() -> None:
    assert ("pupil:3", Reason.NAME) in suggested("Lukas Wojcik")
    assert ("pupil:2", Reason.NAME) in suggested("Jurgen Muler")


def test_the_payers_surname_counts_and_a_name_alone_does_not() -> None:
    assert suggested("Essensgeld Jürgen", name="Petra Müller")[0][0] == "pupil:2"
    assert suggested("Essensgeld Jürgen") == []
    assert suggested("Essensgeld", name="Petra Müller") == []


def test_a_first_name_with_its_class_suggests() -> None:
    assert suggested("fuer Lena 10d") == [("pupil:4", Reason.FIRST_NAME_AND_CLASS)]


def test_what_fits_too_many_fits_none() -> None:
    many = NameIndex.of(Named(n, "Lena", "Müller", f"{5 + n % 5}a") for n in range(MOST + 3))
    text = LineText(purpose="Lena Müller")
    assert by_name(text, eur("30"), many) == ()
    one = by_name(LineText(purpose="Lena Müller 5a"), eur("30"), many)
    assert 1 <= len(one) <= MOST


def test_scores_are_shares_of_one_with_their_evidence() -> None:
    for it in by_name(LineText(purpose="Lena Mueler 5b"), eur("30"), INDEX):
        assert 0 < it.score <= 1
        assert set(it.evidence) == {"first", "last", "class"}
        assert it.amount == eur("30")
