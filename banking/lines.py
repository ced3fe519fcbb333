"""What a bank says of an account, whatever format it said it in.

A ``BankStatement`` is proved or says that it cannot be: where it has both balances, its booked
lines lead from the opening to the closing one, to the cent. What could not be read, or does not
close, is an ``Unreadable`` with a reason and nothing else: no line of it exists.

Amounts are signed as the account sees them: money in is above zero, money out below. Texts are
the bank's words; a payer writes a part of them, so nothing in them is believed, only searched.
"""

import enum
import itertools
from dataclasses import dataclass, field
from datetime import date

from accounts.bank_book import Nature
from accounts.bank_text import LineText
from accounts.money import Money

__all__ = [
    "Balance",
    "BankLine",
    "BankStatement",
    "Family",
    "LineText",
    "Nature",
    "Trouble",
    "Unreadable",
    "plain",
]


class Family(enum.Enum):
    """The two families of formats; texts and numbers of one are not those of the other."""

    CAMT = "camt"
    MT940 = "mt940"


class Trouble(enum.Enum):
    """Why nothing of a file, or of one statement in it, is taken."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    NOT_A_STATEMENT = "not_a_statement"
    NOTHING_IN_IT = "nothing_in_it"
    BROKEN_ZIP = "broken_zip"
    BROKEN_XML = "broken_xml"
    FORBIDDEN_XML = "forbidden_xml"
    BROKEN_MT940 = "broken_mt940"
    DOES_NOT_CLOSE = "does_not_close"
    AMBIGUOUS_LINE = "ambiguous_line"
    REVERSAL_UNPROVED = "reversal_unproved"
    OTHER_CURRENCY = "other_currency"
    NO_ACCOUNT = "no_account"
    NO_AMOUNT = "no_amount"
    NO_DIRECTION = "no_direction"
    NO_DATE = "no_date"
    IMPOSSIBLE_DATE = "impossible_date"
    UNKNOWN_STATUS = "unknown_status"
    BATCH_WITHOUT_AMOUNTS = "batch_without_amounts"
    BATCH_DOES_NOT_ADD_UP = "batch_does_not_add_up"


@dataclass(frozen=True, slots=True)
class BankLine:
    """One movement of money; of a batch with details, one of its parts.

    ``bank_ids`` are the bank's own numbers of this line, the best first, without words that
    mean "none"; a bank may repeat a number, and some of them a payer can choose. ``gvc`` is
    the German business code of three digits, empty where the bank gave none. ``return_reason``
    is an ISO code such as AC04, or the bank's words where it gave no code. ``place`` counts a
    statement's lines from 0, ``part`` the details within one line.
    """

    day: date
    value_day: date
    amount: Money
    nature: Nature
    text: LineText
    bank_ids: tuple[str, ...] = ()
    gvc: str = ""
    return_reason: str = ""
    place: int = 0
    part: int = 0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """A booked balance at the end of ``day``.

    ``kind`` is "opening", "closing", or "interim" (the day was not over yet).
    """

    day: date | None
    amount: Money
    kind: str


@dataclass(frozen=True, slots=True)
class BankStatement:
    """One statement of one account, its lines in the bank's order.

    ``lines`` are booked, ``pending`` are announced only (never to be posted), ``notes`` are
    lines of 0.00, which move nothing. ``opening`` and ``closing`` are both there where the
    lines are proved; where one is missing nothing is proved yet. ``iban`` is without blanks
    and may be an old "bank code/account" pair.
    """

    family: Family
    version: str
    no: int
    iban: str
    currency: str
    number: str
    first_day: date | None
    last_day: date | None
    opening: Balance | None
    closing: Balance | None
    lines: tuple[BankLine, ...]
    pending: tuple[BankLine, ...] = ()
    notes: tuple[BankLine, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file (``no`` 0) or its ``no``-th statement that is not taken, and why.

    ``detail`` names tags, line numbers, days and amounts, never a name or a text of a payer.
    """

    trouble: Trouble
    detail: str = ""
    no: int = 0


# Where banks wrap: MT940's ?2x fields, old paper forms, SWIFT's columns, two of them, camt's Ustrd.
_WIDTHS = frozenset({35, 65, 70, 140})
_FIELD = 27  # several ?2x fields are one piece where a blank stood at their joint
_NAME = len("SVWZ+")  # stands in the first ?2x field before the payer's words


def plain(purpose: str) -> str:
    """A purpose as a person reads it: joints closed where the bank's line was full, else blanks."""
    if "\n" not in purpose:
        return purpose
    pieces = purpose.split("\n")
    text = pieces[0]
    for place, (before, piece) in enumerate(itertools.pairwise(pieces)):
        name = 0 if place else _NAME
        full = len(before) in _WIDTHS or 0 in {len(before) % _FIELD, (len(before) + name) % _FIELD}
        text += piece if full else " " + piece
    return " ".join(text.split())
