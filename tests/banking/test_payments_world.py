"""Matching on thousands of made payments: no cent to a wrong child, and most of them by itself.

The same with 200,000 payments and 1,000,000 foreign purposes: ``mensa bench matching``.
"""

import random

import pytest
from builders import eur
from foreign_purposes import foreign_texts
from payments import DAY, City, city, payments

from accounts.bank_text import LineText
from banking.matching import Post, Unmatched, match
from banking.spotting import spot
from banking.suggestions import NameIndex, by_name


@pytest.fixture(scope="module")
def town() -> City:
    """A city of 4,000 children whose ledger has issued 83,527 codes in its life."""
    return city(random.Random(5), children=4000, issued=83_527)


def test_what_is_posted_is_right_to_the_cent_and_what_is_clean_is_posted(town: City) -> None:
    posted = clean = clean_posted = 0
    for payment in payments(random.Random(6), town, 5000):
        decision = match(payment.line, town.index)
        here = isinstance(decision, Post)
        if isinstance(decision, Post):
            posted += 1
            got = {int(new.target[6:]): new.amount.cents for new in decision.allocations}
            assert got == payment.truth, payment
        if payment.kind == "as printed" and not payment.damage:
            clean += 1
            clean_posted += here
    assert posted > 2200
    assert clean_posted / clean > 0.99


def test_a_slip_finds_its_child_among_the_suggestions(town: City) -> None:
    slips = found = 0
    for payment in payments(random.Random(7), town, 3000):
        if payment.kind in {"slip: key", "slip: swapped", "slip: doubled"} and not payment.damage:
            decision = match(payment.line, town.index)
            if isinstance(decision, Post):
                continue
            slips += 1
            (child,) = payment.truth
            found += f"pupil:{child}" in {it.target for it in decision.suggestions}
    assert found / slips > 0.9


def test_purposes_without_a_code_post_nothing_however_technical(town: City) -> None:
    for text in foreign_texts(random.Random(8), 6000):
        line = Unmatched(id=1, account_id=1, day=DAY, amount=eur("30"), text=text)
        assert not isinstance(match(line, town.index), Post), text.purpose


def test_names_of_the_city_find_the_child_where_they_are_whole(town: City) -> None:
    names = NameIndex.of(town.named)
    child = town.children[17]
    text = LineText(purpose=f"{child.first} {child.last} Kl. {child.class_name}")
    targets = [it.target for it in by_name(text, eur("30"), names)]
    same = [
        f"pupil:{it.id}"
        for it in town.children
        if (it.first, it.last, it.class_name) == (child.first, child.last, child.class_name)
    ]
    assert set(targets) >= set(same)
    assert targets[0] in same


def test_a_city_without_codes_decides_nothing_by_code(town: City) -> None:
    for payment in payments(random.Random(9), town, 500):
        assert payment.line.text is not None
        assert spot(payment.line.text, {}).hits == ()
