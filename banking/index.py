"""What matching is told: the line that is nobody's yet, and what the ledger knows about anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from accounts.bank_book import Nature
from accounts.bank_text import LineText
from accounts.given_back import Earlier
from accounts.money import Money
from accounts.payers import Remembered
from banking.returning import InTransit

DEFAULT_CAP = Money(30_000)
CONFIRMED = 2
"""How often an account has to have paid for a child before it stands for it."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line that is nobody's yet. ``text`` is none where its words were erased.

    ``decided`` says that it was somebody's once, wholly or in part.
    """

    id: int
    account_id: int
    day: date
    amount: Money
    nature: Nature = Nature.PAYMENT
    gvc: str | None = None
    payer: bytes | None = None
    end_to_end: bytes | None = None
    text: LineText | None = None
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """What the ledger knows when a line is looked at.

    ``codes``: whose each reference is, of all ever issued. ``shares``: by child, the parts of its
    household. ``remembering``: the children whose school lets an account stand for them.
    ``first_names``: folded, of every child; ``own_words``: by child, its names, folded, and its class.
    ``refunds``: ours on their way, by the hash of their end-to-end id. ``earlier``: lines that a
    return may give back, by the hash of payer or end-to-end id and by cents.
    """

    codes: Mapping[str, int]
    shares: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    payers: Mapping[bytes, Remembered] = field(default_factory=dict)
    remembering: frozenset[int] = frozenset()
    first_names: frozenset[str] = frozenset()
    own_words: Mapping[int, frozenset[str]] = field(default_factory=dict)
    refunds: Mapping[bytes, InTransit] = field(default_factory=dict)
    earlier: Mapping[tuple[bytes, int], tuple[Earlier, ...]] = field(default_factory=dict)
    cap: Money = DEFAULT_CAP
