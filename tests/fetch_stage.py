"""Fetches from a test bank without a ledger, and persons who answer its questions."""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bank_stage import IBAN, PIN, USER, BankStage

from accounts.clock import FixedClock
from banking.asking import GaveUp, Nobody, Question, Reply
from banking.fetch_pipe import Order, Wanted
from banking.fetching import Fetched, Limits, run

TODAY = dt.date(2026, 11, 20)
PRODUCT = "TESTONLY0000000000000TEST"  # marked: no bank's registration
PLAIN: dict[str, Any] = {
    "formats": ["camt", "mt940"],
    "sca": "never",
    "mechanisms": ["930"],
    "media": [],
    "polls": 2,
    "wait": 0,
    "with_0030": False,
    "stranger": "let_in",
    "page": 0,
    "per_day": True,
    "cut_statements": False,
    "balances": True,
    "strict_formats": False,
    "empty_day": "3010",
}
"""A bank that asks nothing."""


@dataclass(slots=True)
class Person:
    """Answers each question with the next of these; ``then`` is done when one is put."""

    replies: list[Reply | GaveUp]
    then: Callable[[], object] = lambda: None
    asked: list[Question] = field(default_factory=list)
    ended: int = 0

    def begin(self, question: Question) -> None:
        self.asked.append(question)
        self.then()

    def look(self) -> Reply | GaveUp | None:
        return self.replies.pop(0) if self.replies else None

    def end(self) -> None:
        self.ended += 1


def typing(tan: str) -> Person:
    """A person who types one TAN."""
    return Person([Reply(tan)])


def silent(clock: FixedClock) -> Person:
    """A person who is not there: the question's time passes while nobody looks."""
    return Person([], then=lambda: clock.move(timedelta(minutes=30)))


@dataclass(slots=True)
class Fetcher:
    """Fetches by the bank's one access; ``state`` is what the last fetch left."""

    bank: BankStage
    state: bytes | None = None
    clock: FixedClock = field(
        default_factory=lambda: FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    )

    def fetch(
        self,
        ask: Person | Nobody | None = None,
        *,
        first: dt.date = TODAY - dt.timedelta(days=30),
        limits: Limits | None = None,
        **more: Any,
    ) -> Fetched:
        values: dict[str, Any] = {
            "url": self.bank.url,
            "blz": self.bank.blz,
            "user": USER,
            "pin": PIN,
            "product": PRODUCT,
            "wanted": (Wanted(IBAN, first, TODAY),),
            "ca_file": str(self.bank.ca_file),
            "state": self.state,
        }

        def keep(state: bytes) -> None:
            self.state = state

        return run(
            Order(**{**values, **more}),
            ask=ask or Nobody(),
            keep_state=keep,
            limits=limits or Limits(),
            clock=self.clock,
        )


def children() -> list[int]:
    """The fetching processes of this one."""
    mine = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = (stat.parent / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if parent == os.getpid() and b"banking.fetch_process" in words:
            mine.append(int(stat.parent.name))
    return mine
