"""Why a statement was not taken, or not all of it: one word each, for the office to read about.

What waits is read again after every import and needs nobody. What contradicts what is proved is
quarantined, so a person looks at it. The rest has nothing to keep.
"""

import enum

from banking.lines import Trouble


class Unkept(enum.Enum):
    """Why a readable statement, or the rest of it, is not kept."""

    # It waits:
    UNREAD = "unread"  # kept, and not read to its end yet
    INTERRUPTED = "interrupted"  # its days are being written, or were when the power went
    UNKNOWN_ACCOUNT = "unknown_account"
    DAY_NOT_OVER = "day_not_over"  # it was made before these days had ended
    DAYS_MISSING = "days_missing"  # something that comes before it is not here yet
    NO_BALANCE = "no_balance"  # nothing proves its lines yet
    AGAIN_OR_MORE = "again_or_more"  # known lines, told again or more like them: who knows yet
    REST_IN_OTHER_FORMAT = "rest_in_other_format"  # it continues a day of the other family
    # It contradicts what is proved:
    OTHER_OPENING = "other_opening"
    OTHER_CLOSING = "other_closing"
    DAY_CHANGED = "day_changed"  # a known day is told with other lines
    FORMATS_DIFFER = "formats_differ"  # the same day in MT940 and camt has other amounts
    LEDGER_DIFFERS = "ledger_differs"  # the ledger does not show the bank's balance
    NOT_BOOKABLE = "not_bookable"  # the journal's guards refuse it
    # There is nothing to keep in it:
    NO_STATEMENT = "no_statement"
    NO_DAYS = "no_days"
    BEFORE_BEGINNING = "before_beginning"  # before the account's first statement
    ERASED = "erased"


Reason = Trouble | Unkept
_REASONS: dict[str, Reason] = {one.value: one for kind in (Trouble, Unkept) for one in kind}


def reason_of(word: str | None) -> Reason | None:
    """The reason that was noted under this word. Raises KeyError for none of ours."""
    return None if word is None else _REASONS[word]
