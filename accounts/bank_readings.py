"""What reading a bank's files came to, statement by statement.

0 is the file as a whole. The newest telling of a file and number is how it stands; none is ever
changed. A detail holds days, amounts and numbers of lines, never a name or a text.
"""

import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, select

from accounts.money import Money
from accounts.tables import bank


class Outcome(enum.Enum):
    """What became of a statement, or of a file as a whole."""

    KEPT = "kept"
    KNOWN = "known"  # all of it was here
    WAITING = "waiting"  # read again after every import
    QUARANTINED = "quarantined"
    NOTHING = "nothing"  # there is nothing in it to keep


UNREAD = "unread"
"""The reason for which a file as a whole waits: it was not read to its end."""


@dataclass(frozen=True, slots=True)
class NewReading:
    """What reading a statement came to. ``detail`` holds days and amounts, no name, no text."""

    file_id: int
    no: int
    outcome: Outcome
    reason: str | None = None
    detail: str = ""
    bank_account_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    opening: Money | None = None
    closing: Money | None = None
    lines: int = 0
    new_lines: int = 0


@dataclass(frozen=True, slots=True)
class Reading(NewReading):
    """A reading that was noted, with its number and moment (UTC)."""

    id: int = 0
    at: datetime | None = None


def note_reading(db: Connection, new: NewReading, *, now: datetime) -> int:
    """Write down what reading came to; the reading's number."""
    values = {
        "file_id": new.file_id,
        "no": new.no,
        "at_us": now,
        "outcome": new.outcome.value,
        "reason": new.reason,
        "detail": new.detail,
        "bank_account_id": new.bank_account_id,
        "first_day": new.first_day,
        "last_day": new.last_day,
        "opening_cents": None if new.opening is None else new.opening.cents,
        "closing_cents": None if new.closing is None else new.closing.cents,
        "lines": new.lines,
        "new_lines": new.new_lines,
    }
    made = insert(bank.bank_reading).values(values).returning(bank.bank_reading.c.id)
    return int(db.execute(made).scalar_one())


def readings(db: Connection, *, file_id: int | None = None) -> tuple[Reading, ...]:
    """How every statement stands, or those of one file; by file and place."""
    one = bank.bank_reading.c.file_id == file_id
    return _standing(db, *(() if file_id is None else (one,)))


def waiting(db: Connection) -> tuple[Reading, ...]:
    """What is read again after every import: statements that wait, files not read to an end."""
    return _standing(db, bank.bank_reading.c.outcome == Outcome.WAITING.value)


def quarantined(db: Connection) -> tuple[Reading, ...]:
    """What was not taken, and why."""
    return _standing(db, bank.bank_reading.c.outcome == Outcome.QUARANTINED.value)


def _standing(db: Connection, *which: ColumnElement[bool]) -> tuple[Reading, ...]:
    one, newer = bank.bank_reading, bank.bank_reading.alias("newer")
    later = exists().where(
        newer.c.file_id == one.c.file_id, newer.c.no == one.c.no, newer.c.id > one.c.id
    )
    found = select(one).where(~later, *which).order_by(one.c.file_id, one.c.no)
    return tuple(_reading(row) for row in db.execute(found))


def _reading(row: Row[Any]) -> Reading:
    return Reading(
        id=row.id,
        file_id=row.file_id,
        no=row.no,
        at=row.at_us,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        detail=row.detail,
        bank_account_id=row.bank_account_id,
        first_day=row.first_day,
        last_day=row.last_day,
        opening=None if row.opening_cents is None else Money(row.opening_cents),
        closing=None if row.closing_cents is None else Money(row.closing_cents),
        lines=row.lines,
        new_lines=row.new_lines,
    )
