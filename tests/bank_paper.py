"""Statements a test writes down line by line, in camt.052 or MT940, as files of a bank.

The bank's own writers make them (`banking.testbank`), so balances are sums and nothing is told
that the lines do not say.
"""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from banking.testbank.books import Account, Booking, Sheet, lie
from banking.testbank.camt_writer import Manner, write_camt
from banking.testbank.mt940_writer import write_mt940

IBAN = "DE87123456781234567890"
HOLDER = "Schulamt Musterstadt"
MOTHER = "DE02120300000000202051"
FATHER = "DE75512108001245126199"


@dataclass(slots=True)
class Paper:
    """One account's lines; ``today`` is the day on which statements are made."""

    today: dt.date
    account: Account = field(default_factory=lambda: Account("1234567890", IBAN, HOLDER, 100_000))

    def book(
        self,
        cents: int,
        purpose: str = "",
        *,
        ago: int = 3,
        name: str = "Eva Beispiel",
        iban: str = MOTHER,
        **more: Any,
    ) -> int:
        """A line, so many days ago; its number at the bank."""
        number = len(self.account.bookings) + 1
        day = self.today - dt.timedelta(days=ago)
        self.account.bookings.append(
            Booking(number, day, cents, purpose, name=name, iban=iban, **more)
        )
        return number

    def camt(self, *, first: int = 10, last: int = 1, off: int = 0) -> bytes:
        """The statements from so many days ago to so many; ``off``: cents by which one lies."""
        told = self._sheets(first, last)
        if off:
            told = [lie(sheet, off) for sheet in told]
        return write_camt(told, manner=Manner(), bic="TESTDEMMXXX", today=self.today)

    def mt940(self, *, first: int = 10, last: int = 1) -> bytes:
        """The same in the older format."""
        return write_mt940(self._sheets(first, last), blz="12345678")

    def file(self, folder: Path, name: str, raw: bytes) -> Path:
        """A file of the bank's."""
        path = folder / name
        path.write_bytes(raw)
        return path

    def _sheets(self, first: int, last: int) -> list[Sheet]:
        """One statement of these days, from their first midnight to their last."""
        begin, end = (self.today - dt.timedelta(days=ago) for ago in (first, last))
        lines = tuple(self.account.booked(begin, end))
        opening = self.account.balance(begin - dt.timedelta(days=1))
        closing = opening + sum(line.cents for line in lines)
        return [Sheet(self.account, lines, begin, end, opening, closing)]
