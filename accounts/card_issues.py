"""Issues of cards as they are read: what was begun, how far it came, and how it ended.

An issue is open until its last step ends it. It stays for ever, whatever became of the card.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from accounts.holdings import BlockReason
from accounts.tables.cards import card_issue, card_secret, card_step
from accounts.tables.people import membership, staff


class IssueEnd(enum.Enum):
    """How an issue ends."""

    DONE = "done"
    LOST = "lost"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it was begun. Exactly one of ``pupil_id`` and ``staff_id`` is given.

    ``medium`` is "ev1", "ev2" or "ntag424", ``generation`` that of the master keys, ``replaces``
    the id of the holder's card till now.
    """

    id: int
    uid_hmac: bytes = field(repr=False)
    pupil_id: int | None
    staff_id: int | None
    replaces: int | None
    reason: BlockReason | None
    medium: str
    generation: int
    issue_no: int
    escrow: bytes = field(repr=False)
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One noted step; ``reason`` only where it ends the issue without a card.

    ``actor`` is none where it was who began the issue.
    """

    step: str
    at: datetime
    reason: str | None = None
    actor: str | None = None


def issue_of(db: Connection, *, issue_id: int) -> Issue | None:
    """The issue with this id, open or ended."""
    return first_issue(db, card_issue.c.id == issue_id)


def open_issue(db: Connection, *, uid_hmac: bytes) -> Issue | None:
    """The issue this card is in the middle of."""
    return first_issue(db, is_open() & (card_issue.c.uid_hmac == uid_hmac))


def open_issue_of(
    db: Connection, *, pupil_id: int | None = None, staff_id: int | None = None
) -> Issue | None:
    """The issue this holder is in the middle of, whichever card it is."""
    return first_issue(db, is_open() & of_holder(card_issue.c, pupil_id, staff_id))


def issues_of(db: Connection, *, uid_hmac: bytes) -> tuple[Issue, ...]:
    """Every issue this card was ever in, the newest first: which keys it may have heard."""
    theirs = select(card_issue).where(card_issue.c.uid_hmac == uid_hmac)
    return tuple(read_issue(row) for row in db.execute(theirs.order_by(card_issue.c.id.desc())))


def open_issues(db: Connection, school_id: int) -> tuple[Issue, ...]:
    """What is not ended yet for people who are or will be of this school, the oldest first."""
    member = select(membership.c.pupil_id).where(membership.c.school_id == school_id)
    at_work = select(staff.c.id).where(staff.c.school_id == school_id)
    here = card_issue.c.pupil_id.in_(member) | card_issue.c.staff_id.in_(at_work)
    found = db.execute(select(card_issue).where(is_open() & here).order_by(card_issue.c.id))
    return tuple(read_issue(row) for row in found)


def has_keys(db: Connection, *, card_id: int) -> bool:
    """Whether a card of the register was issued with keys, and not by its bare number."""
    kept = select(card_secret.c.id).where(card_secret.c.card_id == card_id)
    return db.execute(kept).first() is not None


def steps(db: Connection, issue_id: int) -> tuple[Step, ...]:
    """What was noted of an issue, in order."""
    noted = select(card_step).where(card_step.c.issue_id == issue_id).order_by(card_step.c.id)
    return tuple(Step(row.step, row.at_us, row.reason, row.actor) for row in db.execute(noted))


def is_open() -> ColumnElement[bool]:
    """The condition that an issue has no end."""
    ended = card_step.c.step.in_([end.value for end in IssueEnd])
    return ~exists().where(card_step.c.issue_id == card_issue.c.id, ended)


def of_holder(columns: Any, pupil_id: int | None, staff_id: int | None) -> ColumnElement[bool]:
    """The condition that a row of these columns is this holder's."""
    mine: ColumnElement[bool] = (
        columns.pupil_id == pupil_id if pupil_id is not None else columns.staff_id == staff_id
    )
    return mine


def first_issue(db: Connection, which: ColumnElement[bool]) -> Issue | None:
    """The first issue of which that is true."""
    row = db.execute(select(card_issue).where(which).order_by(card_issue.c.id).limit(1)).first()
    return None if row is None else read_issue(row)


def read_issue(row: Row[Any]) -> Issue:
    """The issue of a row of the table."""
    return Issue(
        id=row.id,
        uid_hmac=bytes(row.uid_hmac),
        pupil_id=row.pupil_id,
        staff_id=row.staff_id,
        replaces=row.replaces,
        reason=None if row.reason is None else BlockReason(row.reason),
        medium=row.medium,
        generation=row.generation,
        issue_no=row.issue_no,
        escrow=bytes(row.escrow),
        actor=row.actor,
        at=row.at_us,
    )
