"""Why a fetch from the bank ended without its statements, and what a bank's return codes mean.

A code 9xxx is never passed over: python-fints takes a wrong TAN and a refused order for "nothing
there". What a code means depends on the moment it comes in; whatever may mean the PIN is taken to
mean it, because a PIN tried once too often locks the access.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass


class FetchTrouble(enum.Enum):
    """Why a fetch failed. Nothing was booked, nothing is lost: the next one asks for it again."""

    BUSY = "busy"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TIME_OUT = "time_out"
    HTTP_ERROR = "http_error"
    STRANGE_REPLY = "strange_reply"
    TOO_LONG = "too_long"
    NO_PIN = "no_pin"
    WRONG_PIN = "wrong_pin"
    PIN_REFUSED_BEFORE = "pin_refused_before"
    PIN_UNANSWERED = "pin_unanswered"
    LOCKED = "locked"
    LOCKED_BEFORE = "locked_before"
    WRONG_TAN = "wrong_tan"
    TAN_TOO_LATE = "tan_too_late"
    TAN_UNANSWERED = "tan_unanswered"
    TAN_GIVEN_UP = "tan_given_up"
    APPROVAL_REFUSED = "approval_refused"
    MECHANISM = "mechanism"
    MEDIUM = "medium"
    SYSTEM_ID = "system_id"
    PRODUCT = "product"
    LOGIN_REFUSED = "login_refused"
    ORDER_REFUSED = "order_refused"
    NO_ACCOUNT = "no_account"
    ACCOUNT = "account"
    NO_STATEMENTS = "no_statements"
    STATE = "state"
    INTERRUPTED = "interrupted"
    FAULT = "fault"


LATER = frozenset(
    {
        FetchTrouble.BUSY,
        FetchTrouble.UNREACHABLE,
        FetchTrouble.TIME_OUT,
        FetchTrouble.HTTP_ERROR,
        FetchTrouble.STRANGE_REPLY,
        FetchTrouble.TOO_LONG,
        FetchTrouble.TAN_UNANSWERED,
        FetchTrouble.TAN_TOO_LATE,
        FetchTrouble.INTERRUPTED,
    }
)
"""What may be gone by itself at the next try; the others need a person first."""


class Moment(enum.Enum):
    """What was sent when the bank's codes came in."""

    LOGIN = "login"
    ORDER = "order"
    TAN = "tan"
    POLL = "poll"
    END = "end"


@dataclass(frozen=True, slots=True)
class Code:
    """A return code of four digits, and the bank's words for it."""

    code: str
    words: str


_LOCKED = frozenset({"3938", "3931", "9935"})
_PIN = frozenset({"9340", "9910", "9930", "9931", "9932", "9933", "9942"})
_RENEW_SYSTEM_ID = "9391"
_NOT_REGISTERED = "9078"
_NEEDS_APPROVAL = "9075"
_DIALOG_ENDED = frozenset({"9010", "9050", "9120", "9800"})
_TAN_OUT_OF_TIME = frozenset({"9951", "9953"})
_BLAMES_PIN = re.compile(r"\bPIN\b|kennung|anmeldename|anmeldedaten|zugangsdaten", re.IGNORECASE)
_SHUT = re.compile("gesperrt|sperre", re.IGNORECASE)


def judge(said: Sequence[Code], moment: Moment) -> FetchTrouble | None:
    """What a reply's codes mean at that moment; None where none of them is an error.

    Codes: FinTS 3.0, Rückmeldungscodes (die-dk.de), and the answers banks were seen to give.
    """
    codes = {one.code for one in said}
    errors = {code for code in codes if code.startswith("9")}
    if codes & _LOCKED:
        return FetchTrouble.LOCKED
    if not errors or moment is Moment.END:
        return None
    if errors & _PIN:
        shut = any(_SHUT.search(one.words) for one in said if one.code in _PIN)
        return FetchTrouble.LOCKED if shut else FetchTrouble.WRONG_PIN
    if _RENEW_SYSTEM_ID in errors:
        return FetchTrouble.SYSTEM_ID
    if _NOT_REGISTERED in errors:
        return FetchTrouble.PRODUCT
    if errors & _TAN_OUT_OF_TIME:
        return FetchTrouble.TAN_TOO_LATE
    if moment is Moment.TAN:
        return FetchTrouble.TAN_TOO_LATE if errors <= _DIALOG_ENDED else FetchTrouble.WRONG_TAN
    if moment is Moment.POLL:
        late = errors <= _DIALOG_ENDED
        return FetchTrouble.TAN_TOO_LATE if late else FetchTrouble.APPROVAL_REFUSED
    if _NEEDS_APPROVAL in errors:
        return FetchTrouble.MECHANISM
    return _not_let_in(said) if moment is Moment.LOGIN else FetchTrouble.ORDER_REFUSED


def _not_let_in(said: Sequence[Code]) -> FetchTrouble:
    """What a code that says nothing of the PIN means at login, by the words beside it."""
    blamed = any(_BLAMES_PIN.search(one.words) for one in said if one.code.startswith("9"))
    return FetchTrouble.WRONG_PIN if blamed else FetchTrouble.LOGIN_REFUSED
