"""What speaks for a decision about a bank line, in words that name nobody.

A ``Suggestion`` says whose the money may be, why, and how much speaks for it (0 to 1); a person
decides. ``Why`` says what kept the product from deciding by itself.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.allocations import NewAllocation, Rule
from accounts.money import Money


class Why(enum.Enum):
    """Why nobody but a person may decide."""

    NO_EVIDENCE = "no_evidence"
    NO_TEXT = "no_text"  # its words were erased
    NOT_AS_PRINTED = "not_as_printed"  # a code in a longer run, in other groups, or at a cut
    MISTYPED = "mistyped"  # something like a code, and none that was issued
    SEVERAL_CHILDREN = "several_children"  # several codes, and no household that divides
    OVER_CAP = "over_cap"  # so much that it may be a typing error
    SEVERAL_PAID_FOR = "several_paid_for"  # this account has paid for several children
    NOT_REMEMBERED = "not_remembered"  # this account paid for a child; the rules do not suffice
    NO_ORIGINAL = "no_original"  # a return, and no line that it gives back
    SEVERAL_ORIGINALS = "several_originals"
    ORIGINAL_DIVIDED = "original_divided"  # a part of it is still nobody's
    MONEY_OUT = "money_out"
    NEXT_RUN = "next_run"  # nothing stands against it: the next run decides
    DECIDED_BEFORE = "decided_before"  # somebody assigned it and took that back, or a part of it


class Reason(enum.Enum):
    """What speaks for a suggestion."""

    CODE = "code"  # as printed
    CODE_IN_RUN = "code_in_run"
    SLIP_KEY = "slip_key"
    SLIP_LOOKALIKE = "slip_lookalike"
    SLIP_SWAPPED = "slip_swapped"
    SLIP_LEFT_OUT = "slip_left_out"
    SLIP_DOUBLED = "slip_doubled"
    SLIP_TOO_MANY = "slip_too_many"
    SLIP_OTHER = "slip_other"
    PAYER = "payer"  # this account paid for the child before
    PAYER_ACCOUNT = "payer_account"  # lines of this account were assigned there before
    NAME_AND_CLASS = "name_and_class"
    NAME = "name"
    FIRST_NAME_AND_CLASS = "first_name_and_class"
    GIVES_BACK = "gives_back"  # the same amount came from the same account
    REFUND = "refund"  # a refund of ours of the same amount
    BANK_FEE = "bank_fee"
    INTEREST = "interest"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Whose a line may be: a ledger account by name, signed cents as the line, score 0 to 1."""

    target: str
    amount: Money
    reason: Reason
    score: float
    evidence: Mapping[str, object] = field(default_factory=dict)
    of_line: int | None = None
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """Decided: these allocations, by that rule; each says its evidence."""

    allocations: tuple[NewAllocation, ...]
    rule: Rule
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ask:
    """Not decided, and why; the suggestions, the likeliest first."""

    why: Why
    suggestions: tuple[Suggestion, ...] = ()


Decision = Post | Ask
