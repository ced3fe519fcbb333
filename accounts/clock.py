"""Time: aware UTC inside, the school's day in Europe/Berlin at the edge.

No module asks the machine for the time; each is given a ``Clock``. A school day is the
calendar day in Germany, so a lunch at 23:30 UTC in summer belongs to the next day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the time; the system's or a test's."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The machine's time in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is moved; for tests."""

    at: datetime

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Set the clock forward, or back with a negative span."""
        self.at += by


def school_day(at: datetime) -> date:
    """The calendar day in Germany at that moment."""
    return at.astimezone(BERLIN).date()


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC, exact. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return (at - _EPOCH) // _MICROSECOND


def moment(us: int) -> datetime:
    """The aware UTC time of ``microseconds``."""
    return _EPOCH + timedelta(microseconds=us)
