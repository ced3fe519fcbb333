"""Money is whole cents: exact in arithmetic, strict in reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.money import ZERO, Money, read_money, total

amounts = st.integers(-(10**15), 10**15).map(Money)


def german(amount: Money, *, grouped: bool) -> str:
    euro, cent = divmod(abs(amount.cents), 100)
    digits = f"{euro:,}".replace(",", ".") if grouped else str(euro)
    return f"{'-' if amount.cents < 0 else ''}{digits},{cent:02d}"


@given(amount=amounts, grouped=st.booleans(), unit=st.sampled_from(["", " €", "€", " EUR"]))
def test_what_a_german_writes_is_read_to_the_cent(
    amount: Money, *, grouped: bool, unit: str
) -> None:
    assert read_money(german(amount, grouped=grouped) + unit) == amount


@given(amounts, amounts, amounts)
def test_sums_lose_nothing_in_any_order(a: Money, b: Money, c: Money) -> None:
    assert total([a, b, c]) == (a + b) + c == a + (b + c) == total([c, a, b])
    assert a + b - b == a
    assert a - a == ZERO == -a + a


@given(amounts, st.integers(-1000, 1000))
def test_times_a_number_is_that_many_added(a: Money, times: int) -> None:
    assert a * times == times * a == Money(a.cents * times)


@given(amounts, amounts)
def test_it_compares_as_its_cents(a: Money, b: Money) -> None:
    assert (a < b) == (a.cents < b.cents)
    assert (a == b) == (a.cents == b.cents)
    assert bool(a) == (a != ZERO)


@given(amounts)
def test_its_plain_text_is_free_of_any_locale(a: Money) -> None:
    text = str(a)
    assert text.isascii()
    assert round(float(text) * 100) == a.cents or abs(a.cents) > 10**13
    assert int(text.replace(".", "")) == a.cents


@pytest.mark.parametrize("wrong", [1.0, 0.1, True, "100", None])
def test_it_is_made_of_whole_cents_only(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]


def test_it_neither_divides_nor_meets_a_float_or_a_bare_number() -> None:
    with pytest.raises(TypeError):
        Money(100) / 2  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(100) * 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        Money(100) * True
    with pytest.raises(TypeError):
        Money(100) + 5  # type: ignore[operator]
    assert Money(100) != 100  # type: ignore[comparison-overlap]  # never equal, as mypy knows


@pytest.mark.parametrize(
    "text",
    ["", "€", "3.90", "3,9", "3,900", "1.23,00", ",50", "1,234.50", "3 90", "--1", "1e2", "٣,90x"],
)
def test_what_could_mean_two_things_is_no_amount(text: str) -> None:
    assert read_money(text) is None


def test_a_typographic_minus_is_a_minus() -> None:
    assert read_money("\u221215,00 €") == Money(-1500)
    assert read_money("0,00") == ZERO
    assert read_money("1.234") == Money(123_400)
