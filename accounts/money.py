"""Money in whole euro cents, and nothing else.

A ``Money`` is an exact whole number of cents, positive or negative. It is added to, taken
from, compared with and multiplied by whole numbers; there is no division and no float, so no
cent can appear or vanish in arithmetic. Text is read strictly: what a German writes as
"3,90" or "1.234,50" is read, anything that could mean two things is refused.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_GERMAN = re.compile(r"(?P<sign>[-\u2212]?)(?P<euro>\d{1,3}(?:\.\d{3})+|\d+)(?:,(?P<cent>\d{2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in whole cents. ``Money(390)`` is 3.90 euro."""

    cents: int

    def __post_init__(self) -> None:
        # bool is an int to Python and never an amount to us; floats come in through JSON.
        if type(self.cents) is not int:
            raise TypeError(f"Money is made of whole cents, not of {type(self.cents).__name__}")

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.cents + other.cents)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.cents - other.cents)

    def __mul__(self, times: int) -> "Money":
        if type(times) is not int:
            return NotImplemented
        return Money(self.cents * times)

    __rmul__ = __mul__

    def __neg__(self) -> "Money":
        return Money(-self.cents)

    def __bool__(self) -> bool:
        return self.cents != 0

    def __str__(self) -> str:
        """Plain and free of any locale, for logs and JSON: "-1234.50"."""
        sign = "-" if self.cents < 0 else ""
        return f"{sign}{abs(self.cents) // 100}.{abs(self.cents) % 100:02d}"


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """The sum of all amounts; of none it is zero."""
    return sum(amounts, start=ZERO)


def read_money(text: str) -> Money | None:
    """The amount a German wrote: "3,90", "3", "1.234,50", "-15,00 €".

    None where the text is no amount or could be read in two ways ("3.90" is one: in German
    the point groups thousands, so it is refused instead of becoming 390 euro).
    """
    plain = text.strip().removesuffix("€").removesuffix("EUR").strip()
    found = _GERMAN.fullmatch(plain)
    if found is None:
        return None
    cents = int(found["euro"].replace(".", "")) * 100 + int(found["cent"] or 0)
    return Money(-cents if found["sign"] else cents)
