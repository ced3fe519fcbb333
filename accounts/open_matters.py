"""What may still come for a month: what is asked before it is closed.

A kiosk is behind where it served in the month (enrolled before its end, not revoked before its
beginning) and has not said since the month's end that it has nothing left to bring. An account of
the bank is behind until its last day of the month, or a later one, is proved. What is
named here can be overridden by two people; it is kept with the closing.
"""

import enum
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, text

from accounts.clock import BERLIN, microseconds, moment
from accounts.tables.types import Day


class Why(enum.Enum):
    """In what way something is still open."""

    WAITING = "waiting"  # a kiosk said that it has facts to bring
    SILENT = "silent"  # a kiosk was not heard of since the month's end
    NEVER_SEEN = "never_seen"  # a kiosk was never heard of
    UNPROVED = "unproved"  # an account of the bank is not proved to the month's end
    NEVER_PROVED = "never_proved"  # nor any day of it


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """One thing that is still open.

    ``what`` names it (a kiosk, an account of the bank), ``waiting`` a kiosk's unbrought facts.
    ``last_seen`` is when a kiosk was heard of, or the noon of the last day that was proved.
    """

    why: Why
    what: str
    waiting: int = 0
    last_seen: datetime | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON has it; times are microseconds since 1970 UTC."""
        return {
            "why": self.why.value,
            "what": self.what,
            "waiting": self.waiting,
            "last_seen": None if self.last_seen is None else microseconds(self.last_seen),
        }


# The guard of ``closing`` asks the same.
_KIOSKS_BEHIND = text("""
    SELECT k.name, s.at_us, coalesce(s.waiting, 0)
    FROM origin k LEFT JOIN kiosk_seen s ON s.origin_id = k.id
    WHERE k.kind = 'kiosk' AND k.enrolled_us < :ends
      AND (k.revoked_us IS NULL OR k.revoked_us >= :begins)
      AND (s.at_us IS NULL OR s.at_us < :ends OR s.waiting > 0)
    ORDER BY k.id""")

# The guard of ``closing`` asks the same.
_BANKS = text("""
    SELECT a.name, (SELECT max(d.day) FROM bank_day d WHERE d.bank_account_id = b.id) AS day
    FROM bank_account b JOIN account a ON a.id = b.account_id
    WHERE b.since_us < :ends AND (b.until_us IS NULL OR b.until_us >= :ends)
    ORDER BY b.id""").columns(day=Day)


def kiosks_behind(db: Connection, first: date, after: date) -> tuple[OpenMatter, ...]:
    """The kiosks that may still bring facts of the month from ``first`` to before ``after``."""
    span = {"begins": _midnight(first), "ends": _midnight(after)}
    return tuple(_behind(*row) for row in db.execute(_KIOSKS_BEHIND, span))


def banks_behind(db: Connection, first: date, after: date) -> tuple[OpenMatter, ...]:
    """The accounts of the bank that are not proved to the end of the month before ``after``."""
    del first  # whoever is proved on a later day is proved on every earlier one
    ends = _midnight(after)
    found = db.execute(_BANKS, {"ends": ends}).all()
    return tuple(
        OpenMatter(Why.NEVER_PROVED, name)
        if day is None
        else OpenMatter(Why.UNPROVED, name, last_seen=_noon(day))
        for name, day in found
        if day is None or day < after - timedelta(days=1)
    )


_ASKED: Sequence[Callable[[Connection, date, date], tuple[OpenMatter, ...]]] = (
    kiosks_behind,
    banks_behind,
)
"""What is asked of a month."""


def open_matters(db: Connection, first: date, after: date) -> tuple[OpenMatter, ...]:
    """Everything that is still open in the month from ``first`` to before ``after``."""
    return tuple(matter for ask in _ASKED for matter in ask(db, first, after))


def written(matters: Sequence[OpenMatter]) -> str:
    """The one text in which a closing keeps them."""
    rows = [matter.plain() for matter in matters]
    return json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read(warnings: str) -> tuple[OpenMatter, ...]:
    """What a closing keeps. Raises ValueError, KeyError or TypeError for anything else."""
    return tuple(
        OpenMatter(
            Why(row["why"]),
            row["what"],
            row["waiting"],
            None if row["last_seen"] is None else moment(row["last_seen"]),
        )
        for row in json.loads(warnings)
    )


def _behind(name: str, seen_us: int | None, waiting: int) -> OpenMatter:
    if seen_us is None:
        return OpenMatter(Why.NEVER_SEEN, name)
    why = Why.WAITING if waiting else Why.SILENT
    return OpenMatter(why, name, waiting, moment(seen_us))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BERLIN).astimezone(UTC)


def _midnight(day: date) -> int:
    return microseconds(datetime.combine(day, time(), BERLIN).astimezone(UTC))
