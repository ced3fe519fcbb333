"""The words about closed months: what a closing says, why there is none, and months as words.

A month is "2026-11". What is closed in it is closed for every school.
"""

import enum
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.money import Money
from accounts.open_matters import OpenMatter

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class ClosingRefusal(enum.Enum):
    """Why a month was not closed."""

    BAD_MONTH = "bad_month"
    NOT_OVER = "not_over"
    ALREADY_CLOSED = "already_closed"
    NOT_NEXT = "not_next"
    STILL_OPEN = "still_open"
    REQUEST_UNUSABLE = "request_unusable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not; ``matters`` are what is still open, ``next_month`` the one that has to come first."""

    why: ClosingRefusal
    matters: tuple[OpenMatter, ...] = ()
    next_month: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed month. ``moved``: the sum of its transfers, by accounting day."""

    number: int
    month: str
    open_from: date
    at: datetime
    actor: str
    request_id: int | None
    matters: tuple[OpenMatter, ...]
    software: str
    seal_no: int
    last_entry_id: int
    entries: int
    transfers: int
    moved: Money


def first_day(month: str) -> date | None:
    """The first day of a month ("2026-11"); None for anything else."""
    found = _MONTH.fullmatch(month)
    return None if found is None or found[1] == "0000" else date.fromisoformat(f"{month}-01")


def named(day: date) -> str:
    """The month a day lies in: "2026-11"."""
    return day.isoformat()[:7]


def month_after(day: date) -> date:
    """The first day of the month after the one the day lies in."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
