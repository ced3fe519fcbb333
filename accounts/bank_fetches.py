"""Fetches from a bank as the ledger knows them, and the questions they wait for.

- Every fetch leaves one row, good or not; what failed says why in a word. Its detail holds the
  bank's codes, days and counts, never a name or a text.
- A question lives as long as its fetch. Its answer is sealed by whoever gives it, is taken once
  and blanked in the same statement; a question that was left behind is removed by the next fetch.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from accounts.tables.bank import bank_fetch, tan_question

_GIVEN_UP = "given_up"


class TanRefusal(enum.Enum):
    """Why a question was not answered."""

    NO_SUCH_QUESTION = "no_such_question"
    ANSWERED_ALREADY = "answered_already"


@dataclass(frozen=True, slots=True)
class TanQuestion:
    """A question that waits. ``decoupled`` is answered in the bank's app, not with a TAN."""

    id: int
    access: str
    at: datetime
    until: datetime
    challenge: str
    decoupled: bool


@dataclass(frozen=True, slots=True)
class TanAnswer:
    """An answer as it was sealed; None where the question was given up."""

    sealed: str | None = field(repr=False)


def note_fetch(
    db: Connection,
    *,
    access: str,
    at: datetime,
    ended: datetime,
    reason: str | None,
    detail: str,
    actor: str,
) -> int:
    """Write a fetch down; ``reason`` is None for a good one. The row's number."""
    values = {
        "access": access,
        "at_us": at,
        "ended_us": ended,
        "outcome": "done" if reason is None else "failed",
        "reason": reason,
        "detail": detail,
        "actor": actor,
    }
    made = insert(bank_fetch).values(values).returning(bank_fetch.c.id)
    return int(db.execute(made).scalar_one())


def last_good_fetches(db: Connection) -> Mapping[str, datetime]:
    """When the last good fetch of each access ended (UTC)."""
    rows = select(bank_fetch.c.access, func.max(bank_fetch.c.id)).where(
        bank_fetch.c.outcome == "done"
    )
    newest = [row[1] for row in db.execute(rows.group_by(bank_fetch.c.access))]
    found = select(bank_fetch.c.access, bank_fetch.c.ended_us).where(bank_fetch.c.id.in_(newest))
    return {row.access: row.ended_us for row in db.execute(found)}


def ask_tan(
    db: Connection,
    *,
    access: str,
    at: datetime,
    until: datetime,
    challenge: str,
    decoupled: bool,
) -> int:
    """Put a question; its number. What earlier fetches of this access left behind goes."""
    db.execute(delete(tan_question).where(tan_question.c.access == access))
    values = {
        "access": access,
        "at_us": at,
        "until_us": until,
        "challenge": challenge,
        "decoupled": int(decoupled),
    }
    made = insert(tan_question).values(values).returning(tan_question.c.id)
    return int(db.execute(made).scalar_one())


def tan_questions(db: Connection, *, at: datetime) -> tuple[TanQuestion, ...]:
    """What waits for an answer at that moment."""
    waits = (
        tan_question.c.ended.is_(None),
        tan_question.c.answer.is_(None),
        tan_question.c.until_us > at,
    )
    return tuple(
        TanQuestion(row.id, row.access, row.at_us, row.until_us, row.challenge, bool(row.decoupled))
        for row in db.execute(select(tan_question).where(*waits).order_by(tan_question.c.id))
    )


def answer_tan(
    db: Connection, question_id: int, answer: TanAnswer, *, at: datetime
) -> TanRefusal | None:
    """Answer a question, or give it up; None where that was taken."""
    this = tan_question.c.id == question_id
    row = db.execute(select(tan_question).where(this).with_for_update()).one_or_none()
    if row is None or row.until_us <= at:
        return TanRefusal.NO_SUCH_QUESTION
    if row.answer is not None or row.ended is not None:
        return TanRefusal.ANSWERED_ALREADY
    given = {"ended": _GIVEN_UP} if answer.sealed is None else {"answer": answer.sealed}
    db.execute(update(tan_question).where(this).values(given))
    return None


def take_answer(db: Connection, question_id: int) -> TanAnswer | None:
    """The answer, once; None where there is none yet. A question that is gone was given up."""
    this = tan_question.c.id == question_id
    row = db.execute(select(tan_question).where(this)).one_or_none()
    if row is None or row.ended == _GIVEN_UP:
        return TanAnswer(None)
    if not row.answer:
        return None
    db.execute(update(tan_question).where(this).values(answer=""))
    return TanAnswer(row.answer)


def end_tan(db: Connection, question_id: int) -> None:
    """The question is over; nothing of it stays."""
    db.execute(delete(tan_question).where(tan_question.c.id == question_id))
