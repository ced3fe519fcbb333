"""A test bank for the tests: its own process, folder, port and books.

The bank is met over TLS like a real one; what a test tells it goes over its stdin. Its books and
its log are its own word: a test compares the product with them, not with itself.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from banking.testbank.books import Account, Booking, Sheet
from banking.testbank.mt940_writer import write_mt940
from banking.testbank.process import RunningBank, run_bank

USER = "schule"
PIN = "12345"
TAN = "123456"
IBAN = "DE87123456781234567890"
NUMBER = "1234567890"
OPENING = 100_000
"""Cents on the account before its first line."""


@dataclass(frozen=True, slots=True)
class BankStage:
    """See the module. Amounts are cents, days are the bank's."""

    running: RunningBank

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def ca_file(self) -> Path:
        return self.running.ca_file

    @property
    def blz(self) -> str:
        return self.running.blz

    @property
    def bic(self) -> str:
        return self.running.bic

    def book(self, day: dt.date, cents: int, purpose: str = "", **more: Any) -> int:
        """Book one line (`banking.testbank.books.Booking`); its number at the bank."""
        line = {"day": day.isoformat(), "cents": cents, "purpose": purpose, **more}
        made: list[int] = self.running.tell("book", bookings=[line])
        return made[0]

    def book_all(self, lines: list[dict[str, Any]]) -> list[int]:
        """Book several lines at once, days as dates or YYYY-MM-DD."""
        plain = [{**line, "day": str(line["day"])} for line in lines]
        made: list[int] = self.running.tell("book", bookings=plain)
        return made

    def change(self, number: int, **values: Any) -> None:
        """Let the bank show a line otherwise than before."""
        plain = {key: str(v) if isinstance(v, dt.date) else v for key, v in values.items()}
        self.running.tell("change", id=number, values=plain)

    def remove(self, number: int) -> None:
        """Let a line vanish."""
        self.running.tell("remove", id=number)

    def manners(self, **values: Any) -> dict[str, Any]:
        """Change `banking.testbank.manners.Manners`; all of them."""
        held: dict[str, Any] = self.running.tell("manners", values=values)
        return held

    def fault(
        self, fault: str, *, on: str = "", skip: int = 0, times: int = 1, **more: Any
    ) -> None:
        """Let a fault of `banking.testbank.faults` wait for its request."""
        self.running.tell("fault", fault=fault, on=on, skip=skip, times=times, **more)

    def behave(self) -> None:
        """Forget every fault, and let go of who is kept waiting."""
        self.running.tell("behave")

    def faults_waiting(self) -> list[dict[str, Any]]:
        """The faults that have not happened."""
        waiting: list[dict[str, Any]] = self.running.tell("keep")["faults"]
        return waiting

    def approvals(self) -> list[dict[str, Any]]:
        """What waits for a TAN or for a word in the app."""
        waiting: list[dict[str, Any]] = self.running.tell("approvals")
        return waiting

    def approve(self, *, yes: bool = True) -> int:
        """Answer in the app whatever waits; how much that was."""
        answered: int = self.running.tell("answer", approve=yes)
        return answered

    def expire(self) -> None:
        """Let the time of everything that waits run out."""
        self.running.tell("expire")

    def today(self, day: dt.date) -> None:
        """Let it be that day at the bank, until told otherwise."""
        self.running.tell("day", today=day.isoformat())

    def forget_devices(self) -> None:
        """Know no system id any more."""
        self.running.tell("forget", what="devices")

    def unlock(self) -> None:
        """Lift the lock that three wrong PINs made."""
        self.running.tell("unlock", user=USER)

    def change_pin(self, pin: str) -> None:
        """Another PIN from now on."""
        self.running.tell("pin", user=USER, pin=pin)

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """The bank's log of requests from one on: segments, orders, pin, tan, codes, fault."""
        entries: list[dict[str, Any]] = self.running.tell("log", since=since)
        return entries

    def pin_tries(self, since: int = 0) -> list[str]:
        """How each dialog's first message did with its PIN: right, wrong or locked."""
        return [entry["pin"] for entry in self.log(since) if entry.get("message") == 1]

    def orders(self, since: int = 0) -> list[dict[str, str]]:
        """Every order for lines or balances: code, account, from, to, place."""
        return [order for entry in self.log(since) for order in entry.get("orders", ())]

    def balances(self) -> dict[dt.date, int]:
        """The bank's balance at the end of each day that has a line."""
        said: dict[str, int] = self.running.tell("balances")
        return {dt.date.fromisoformat(day): cents for day, cents in said.items()}

    def lines(self) -> list[dict[str, Any]]:
        """Every line as the bank has it now, booked ones first."""
        said: list[dict[str, Any]] = self.running.tell("lines")
        return said


def forged_purpose(day: dt.date, cents: int) -> str:
    """A purpose that MT940's wrapping at 65 columns turns into a line that looks like a booking.

    For a line of that day without name, IBAN or end-to-end id beside it.
    """
    forged = f":61:{day:%y%m%d}CR{cents // 100},{cents % 100:02d}N166"
    for pad in range(400):
        purpose = "x" * pad + forged
        line = Booking(1, day, 500, purpose)
        account = Account(NUMBER, IBAN, bookings=[line])
        written = write_mt940([Sheet(account, (line,), day, day, 0, 500)], blz="1")
        if f"\n{forged}".encode() in written:
            return purpose
    raise ValueError("no place for it")


def fresh(running: RunningBank) -> BankStage:
    """The running bank as if it were new: one account without lines, quick to ask again."""
    running.tell("reset")
    stage = BankStage(running)
    stage.manners(wait=0)
    return stage


@contextmanager
def open_bank(folder: Path) -> Iterator[BankStage]:
    """A bank with one account and no lines, quick to ask again; its folder may be reused."""
    with run_bank(folder) as running:
        stage = BankStage(running)
        stage.manners(wait=0)
        yield stage
