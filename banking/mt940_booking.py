"""One ``:61:``: what moved, on which day, and the bank's number of it.

The sign is that of the mark: ``C`` and ``RD`` (a debit taken back) bring money, ``D`` and ``RC``
take it. The day of booking has no year: it is the one nearest to the value day. Banks that count
thirty days to every month value interest on 30 February: that is its last day.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from mt940 import tags as grammar

from accounts.money import Money
from banking.lines import Trouble
from banking.proof import given, real_day

# The library's parse() writes what it reads into logs: only its grammar is used.
BOOKING = grammar.StatementGLS().re

_AMOUNT = re.compile(r"(\d{1,14}),(\d{0,2})0*", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d{6}")
_SIGNS = {"C": 1, "RD": 1, "D": -1, "RC": -1}


@dataclass(frozen=True, slots=True)
class Booking:
    """What a ``:61:`` says. ``code`` is the type code without its letter; ``more`` its free text."""

    day: date | None
    value_day: date
    amount: Money
    reversal: bool
    code: str
    bank_ids: tuple[str, ...]
    more: str


def read_booking(text: str) -> Booking | Trouble:
    """The booking; ``day`` is None where the bank gave a value day only."""
    found = BOOKING.match(text)
    if found is None or not text[:6].isascii():
        return Trouble.BROKEN_MT940
    amount = read_amount(found["amount"])
    if amount is None:
        return Trouble.NO_AMOUNT
    value_day = _value_day(int(found["year"]), int(found["month"]), int(found["day"]))
    if value_day is None:
        return Trouble.IMPOSSIBLE_DATE
    day = None
    month, of_month = (found["entry_month"] or "").strip(), (found["entry_day"] or "").strip()
    if month and of_month:
        day = _nearest(value_day, int(month), int(of_month))
        if day is None:
            return Trouble.IMPOSSIBLE_DATE
    mark = found["status"].upper()
    return Booking(
        day=day,
        value_day=value_day,
        amount=Money(amount.cents * _SIGNS[mark]),
        reversal=mark.startswith("R"),
        code=(found["id"] or "")[1:],
        bank_ids=_ids(found["bank_reference"] or "", found["customer_reference"] or ""),
        more=" ".join((found["extra_details"] or "").split()),
    )


def read_amount(text: str) -> Money | None:
    """What "35,", "35,5" or "35,00" is; None where the comma is missing or a cent has fractions."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    return Money(int(found[1]) * 100 + int(found[2].ljust(2, "0")))


def read_balance_day(text: str) -> date | None:
    """The day of six digits, YYMMDD; None where it is impossible."""
    return real_day(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def _value_day(year: int, month: int, day: int) -> date | None:
    if month == 2 and day in {29, 30}:
        day = min(day, calendar.monthrange(2000 + year, 2)[1])
    return real_day(2000 + year, month, day)


def _nearest(value_day: date, month: int, day: int) -> date | None:
    years = (value_day.year + step for step in (-1, 0, 1))
    days = [found for year in years if (found := real_day(year, month, day))]
    return min(days, key=lambda found: abs((found - value_day).days), default=None)


def _ids(bank: str, customer: str) -> tuple[str, ...]:
    """Sparkassen put their own number where a payer's reference else stands: a moment of time."""
    stamp = customer.strip() if _STAMP.fullmatch(customer.strip()) else ""
    return tuple(dict.fromkeys(filter(None, (stamp, given(bank.strip())))))
