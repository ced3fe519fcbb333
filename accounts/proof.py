"""What a proof of the ledger says: which checks were made, on how much, and what failed.

A proof holds where no check found a failure. Codes and places only; the sentences are made
where people read them. A failure's place names the row: "entry 17", "fact 1/1/4" (origin,
epoch, seq), "account pupil:3". Of one check at most ``NAMED`` failures are named.
"""

import enum
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from accounts.database import Session

NAMED = 100
"""How many failures of one kind are named; beyond it the ledger is broken enough."""


class CheckName(enum.Enum):
    """What is checked."""

    BALANCES = "balances"  # every kept balance is the sum of its transfers
    ZERO_SUM = "zero_sum"  # the sum over all accounts is zero
    TRANSFERS = "transfers"  # every entry has exactly the transfers it declares
    LINES = "lines"  # and exactly the lines
    CHARGES = "charges"  # a charge's transfers are its lines: share, rest, revenue by tax key
    REVERSALS = "reversals"  # a reversal mirrors an original, once
    PUPILS = "pupils"  # one pupil an entry, and of its school on that day
    NUMBERS = "numbers"  # every writer's numbers run from 1 without a gap
    DIGESTS = "digests"  # what the office and the bank asked for is what stands
    FACTS = "facts"  # every fact is booked as it came, or quarantined, never both
    KIOSK_DAYS = "kiosk_days"  # what a kiosk booked a day, as its cap sees it
    CHAINS = "chains"  # every kiosk's chain, recomputed from its facts
    DAYS = "days"  # the day is the calendar day in Germany
    SEALS = "seals"  # every sealed row stands as it was sealed, and the seals hang together
    HISTORY = "history"  # master data is as its history says
    CARDS = "cards"  # a card with keys came out of an issue that was done, and of no other
    BANK = "bank"  # the accounts of the bank stand where it says, moved by its lines alone
    CLOSINGS = "closings"  # closed months hold what they held
    INCARNATION = "incarnation"  # the ledger's lives
    REFERENCES = "references"  # no row points to a row that is not there
    GUARDS = "guards"  # the database still has every guard as it was shipped
    STORAGE = "storage"  # the file is sound (SQLite's own check)
    ALARMS = "alarms"  # counted only: an alarm is a question to the office, no failed proof


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken promise: a code and the row."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, the number of rows it was checked on, and where it is broken."""

    name: CheckName
    counted: int
    failures: tuple[Failure, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the promise is kept everywhere."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Proof:
    """All checks of one consistent view of the ledger."""

    checks: tuple[Check, ...]

    @property
    def balanced(self) -> bool:
        """No cent is lost or made: the sum is zero and every balance is its transfers."""
        money = (CheckName.BALANCES, CheckName.ZERO_SUM)
        return all(check.holds for check in self.checks if check.name in money)

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(check.holds for check in self.checks)

    def check(self, name: CheckName) -> Check:
        """The check of that name."""
        return next(check for check in self.checks if check.name is name)


def count(db: Session, table: str) -> int:
    """The number of rows of a table or of any FROM clause of this package's own."""
    return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608  # our own words


def found(db: Session, query: str, **values: Any) -> tuple[Failure, ...]:
    """The failures a query names by (what, where), each once, at most ``NAMED``."""
    limited = f"SELECT DISTINCT * FROM ({query}) broken ORDER BY 1, 2 LIMIT {NAMED}"  # noqa: S608  # our own words
    return tuple(Failure(what, where) for what, where in db.execute(text(limited), values))
