"""One bank line and all that became of it: where it came from, where it went, what was undone.

Whatever is told here stands in the ledger, in the order it was written. What the payer wrote is
not part of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from accounts.money import Money, total
from accounts.tables.bank import allocation, bank_account, bank_line, bank_reading, line_mark
from accounts.tables.journal import account, entry

ALLOCATED = 2
"""The epoch of the entries that are allocations."""


@dataclass(frozen=True, slots=True)
class Undone:
    """That an allocation was taken back: when (UTC), by whom, why."""

    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Went:
    """A part of the line that went to an account, by which rule and on what evidence."""

    no: int
    account: str
    amount: Money
    rule: str
    evidence: Mapping[str, Any]
    of_line: int | None
    actor: str
    at: datetime
    undone: Undone | None


@dataclass(frozen=True, slots=True)
class Marked:
    """That somebody set the line aside or took it up again, or the bank told it anew."""

    mark: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineStory:
    """A line with everything about it but its words; ``statement`` is its place in ``file_id``."""

    id: int
    iban: str
    day: date
    value_day: date
    amount: Money
    nature: str
    gvc: str | None
    recorded_at: datetime
    actor: str
    file_id: int
    statement: int
    went: tuple[Went, ...]
    marks: tuple[Marked, ...]

    @property
    def standing(self) -> tuple[Went, ...]:
        """The allocations that were not taken back."""
        return tuple(it for it in self.went if it.undone is None)

    @property
    def rest(self) -> Money:
        """What is in suspense of it; below zero for a line of money that went out."""
        return self.amount - total(it.amount for it in self.standing)


def story_of(db: Connection, line_id: int) -> LineStory | None:
    """The story of the line with that number; None where there is none."""
    found = (
        select(bank_line, bank_account.c.iban, bank_reading.c.file_id, bank_reading.c.no)
        .join(bank_account, bank_account.c.id == bank_line.c.bank_account_id)
        .join(bank_reading, bank_reading.c.id == bank_line.c.reading_id)
        .where(bank_line.c.id == line_id)
    )
    row = db.execute(found).one_or_none()
    if row is None:
        return None
    return LineStory(
        id=row.id,
        iban=row.iban,
        day=row.day,
        value_day=row.value_day,
        amount=Money(row.cents),
        nature=row.nature,
        gvc=row.gvc,
        recorded_at=row.recorded_us,
        actor=row.actor,
        file_id=row.file_id,
        statement=row.no,
        went=_went(db, line_id),
        marks=_marks(db, line_id),
    )


def _went(db: Connection, line_id: int) -> tuple[Went, ...]:
    back = entry.alias("back")
    found = (
        select(
            allocation,
            account.c.name,
            back.c.recorded_us.label("back_us"),
            back.c.actor.label("back_actor"),
            back.c.reason.label("back_reason"),
        )
        .join(account, account.c.id == allocation.c.account_id)
        .join(bank_account, bank_account.c.id == allocation.c.bank_account_id)
        .join(
            entry,
            and_(
                entry.c.origin_id == bank_account.c.origin_id,
                entry.c.epoch == ALLOCATED,
                entry.c.seq == allocation.c.seq,
            ),
        )
        .outerjoin(back, back.c.reverses == entry.c.id)
        .where(allocation.c.line_id == line_id)
        .order_by(allocation.c.no)
    )
    return tuple(_one(row) for row in db.execute(found))


def _one(row: Row[Any]) -> Went:
    undone = None
    if row.back_us is not None:
        undone = Undone(row.back_us, row.back_actor, row.back_reason or "")
    return Went(
        no=row.no,
        account=row.name,
        amount=Money(row.cents),
        rule=row.rule,
        evidence=json.loads(row.evidence),
        of_line=row.of_line_id,
        actor=row.actor,
        at=row.at_us,
        undone=undone,
    )


def _marks(db: Connection, line_id: int) -> tuple[Marked, ...]:
    found = select(line_mark).where(line_mark.c.line_id == line_id).order_by(line_mark.c.id)
    return tuple(Marked(row.mark, row.reason, row.actor, row.at_us) for row in db.execute(found))
