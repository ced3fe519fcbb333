"""What is brought to be kept, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from accounts.bank_files import Outcome, Source
from accounts.money import Money
from banking.standing import Reason


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file as it came, and what the bank said of its account's balance beside it.

    ``known_balances`` are answers to a balance enquiry (HKSAL), booked, by the day they are of.
    ``name`` is for whoever brought it; nothing of it is kept.
    """

    source: Source
    raw: bytes = field(repr=False)
    known_balances: Mapping[date, Money] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a statement; ``no`` 0 is a file as a whole.

    ``again``: the file was not brought now, it had waited. ``account`` is the ledger account's
    name. ``new_lines`` of ``lines`` were kept now; ``amended`` were known by other words. A
    statement that waits may have brought lines, too: then the rest of it waits.
    """

    file_id: int
    no: int
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    account: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    opening: Money | None = None
    closing: Money | None = None
    lines: int = 0
    new_lines: int = 0
    amended: int = 0
    again: bool = False
    name: str = ""
