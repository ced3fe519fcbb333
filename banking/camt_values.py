"""Amounts, days and statuses as camt writes them (ISO 20022, camt.052/053.001.02 to .13)."""

import re
from datetime import date, datetime

from accounts.clock import BERLIN
from accounts.money import Money
from banking.proof import real_day
from banking.xml_nodes import Node, first, words

_AMOUNT = re.compile(r"\+?(?P<euro>\d{0,15})(?:\.(?P<cent>\d{0,2})0*)?")
_DAY = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?P<time>T.*)?(?:Z|[+-]\d\d:\d\d)?"
)

BOOKED, ANNOUNCED = "BOOK", frozenset({"PDNG", "INFO", "FUTR"})


def amount_of(node: Node | None) -> Money | None:
    """The amount of an ``Amt`` node, always above or at zero; None where it is none in cents."""
    found = _AMOUNT.fullmatch(words(node))
    if found is None or not (found["euro"] or found["cent"]):
        return None
    return Money(int(found["euro"] or 0) * 100 + int((found["cent"] or "0").ljust(2, "0")))


def currency_of(node: Node | None) -> str:
    """The currency of an ``Amt`` node."""
    return words(node, "@Ccy")


def signed(amount: Money, node: Node) -> Money | None:
    """The amount with the sign of the node's ``CdtDbtInd``; None where it has none."""
    match words(node, "CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return -amount
    return None


def day_of(node: Node | None) -> date | None:
    """The German day of a ``DateAndDateTimeChoice``; None where it is absent or impossible."""
    return read_day(written_day(node))


def written_day(node: Node | None) -> str:
    """What stands in a ``Dt`` or ``DtTm``, "" where nothing does."""
    return words(node, "Dt") or words(node, "DtTm") or (words(node) if type(node) is str else "")


def read_day(text: str) -> date | None:
    """The day of a date (its zone is of no matter) or of a moment (in Germany)."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    day = real_day(int(found["year"]), int(found["month"]), int(found["day"]))
    if day is None or not found["time"]:
        return day
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return day
    return moment.date() if moment.tzinfo is None else moment.astimezone(BERLIN).date()


def status_of(entry: Node) -> str:
    """``BOOK``, ``PDNG``, ``INFO`` or what stands there: as text (to v04) or as ``Cd`` (since)."""
    status = first(entry, "Sts")
    return words(status, "Cd") or words(status, "Prtry") or words(status)
