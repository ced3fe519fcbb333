"""Households: whose children one transfer is divided among, and to the cent."""

import pytest
from builders import NOON, School, add_child, eur
from hypothesis import given
from hypothesis import strategies as st

from accounts.households import (
    Household,
    HouseholdRefusal,
    add_household,
    divided,
    end_household,
    households,
)
from accounts.money import Money, total


def test_a_household_stands_until_it_is_ended(school: School) -> None:
    payer, poor = school.payer, school.guest_of_the_state
    with school.database.write() as db:
        made = add_household(db, {poor: 1, payer: 2}, at=NOON)
        assert isinstance(made, Household)
        assert households(db) == {made.id: made}
        assert dict(made.shares) == {payer: 2, poor: 1}
        assert end_household(db, made.id, at=NOON) is None
        assert households(db) == {}
        assert end_household(db, made.id, at=NOON) is HouseholdRefusal.ENDED


def test_a_child_is_in_one_household_at_a_time(school: School) -> None:
    payer, poor = school.payer, school.guest_of_the_state
    with school.database.write() as db:
        third = add_child(db, school.id)
        made = add_household(db, {poor: 1, payer: 1}, at=NOON)
        assert isinstance(made, Household)
        assert add_household(db, {payer: 1, third: 1}, at=NOON) is HouseholdRefusal.HAS_HOUSEHOLD
        end_household(db, made.id, at=NOON)
        assert isinstance(add_household(db, {payer: 1, third: 1}, at=NOON), Household)


def test_what_is_no_household_is_not_made(school: School) -> None:
    payer, poor = school.payer, school.guest_of_the_state
    with school.database.write() as db:
        assert add_household(db, {payer: 1}, at=NOON) is HouseholdRefusal.TOO_FEW
        assert add_household(db, {payer: 1, poor: 0}, at=NOON) is HouseholdRefusal.BAD_SHARES
        assert add_household(db, {payer: 1, 999: 1}, at=NOON) is HouseholdRefusal.UNKNOWN_PUPIL
        assert end_household(db, 9, at=NOON) is HouseholdRefusal.UNKNOWN_HOUSEHOLD
        assert households(db) == {}


def test_a_cent_that_does_not_go_up_goes_to_the_larger_remainder() -> None:
    assert divided(eur("10"), {7: 1, 3: 1, 5: 1}) == {
        7: eur("3,33"),
        3: eur("3,34"),
        5: eur("3,33"),
    }
    assert divided(eur("0,50"), {1: 2, 2: 1}) == {1: eur("0,33"), 2: eur("0,17")}


shares = st.dictionaries(st.integers(1, 99), st.integers(1, 9), min_size=1, max_size=6)


@given(st.integers(min_value=1, max_value=10**9), shares)
def test_the_parts_are_the_whole_and_differ_by_less_than_a_cent_from_their_share(
    cents: int, parts: dict[int, int]
) -> None:
    found = divided(Money(cents), parts)
    assert total(found.values()) == Money(cents)
    whole = sum(parts.values())
    for number, share in parts.items():
        assert abs(found[number].cents * whole - cents * share) < whole


@pytest.mark.parametrize(("amount", "parts"), [("1", {}), ("1", {1: 0}), ("0", {1: 1})])
def test_nothing_is_divided_that_has_no_parts(amount: str, parts: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="divided"):
        divided(eur(amount), parts)
