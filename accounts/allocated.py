"""The words about what became of a bank's lines, and the reading of them.

A line is open while something of it lies in suspense. An allocation stands until its entry is
reversed (``accounts.allocations`` writes both).
"""

import enum
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from accounts.bank_book import Nature
from accounts.entries import Key
from accounts.money import Money
from accounts.tables.types import Day, Instant

EPOCH = 2
"""Of a bank account's writer: what became of its lines."""


class Rule(enum.Enum):
    """By what a part of a line was assigned."""

    CODE = "code"  # one reference, as printed
    HOUSEHOLD = "household"  # several references of one household, by its shares
    PAYER = "payer"  # the account it came from, where the school remembers
    RETURN = "return"  # gives back an earlier line
    REFUND_PAID = "refund_paid"  # the debit of a refund of ours
    REFUND_RETURNED = "refund_returned"  # which came back
    SUGGESTED = "suggested"  # somebody took a suggestion
    BY_HAND = "by_hand"


class Mark(enum.Enum):
    """What is said of a line beside where it belongs."""

    SET_ASIDE = "set_aside"
    TAKEN_UP = "taken_up"
    AMENDED = "amended"  # the bank tells it with another text now


class NotAllocated(enum.Enum):
    """Why nothing was assigned or taken back."""

    UNKNOWN_LINE = "unknown_line"
    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_ACCOUNT = "wrong_account"  # one to which no bank line belongs: bank, revenue, opening
    OVER_LINE = "over_line"  # more than is left of the line, or the other way
    WRONG_RETURN = "wrong_return"  # the line it names is no earlier one that it could give back
    RETURNED_TWICE = "returned_twice"
    NOTHING_STANDS = "nothing_stands"  # nothing to take back
    NO_REASON = "no_reason"
    REFUNDED = "line_refunded"  # a refund of it is asked for, or under way, or it stands for one
    GIVEN_BACK = "line_given_back"  # by a later line, of which that stands


@dataclass(frozen=True, slots=True)
class AllocationRefusal:
    """Why, and which of those asked for (counted from 0) stands against all of them."""

    why: NotAllocated
    at: int = 0
    refund: int = 0
    """The refund that stands against it."""
    line: int = 0
    """The line that stands against it."""


@dataclass(frozen=True, slots=True)
class NewAllocation:
    """A part of a line and the ledger account it belongs to, by name ("pupil:7", "refunds").

    ``amount`` is signed as the line is. ``evidence`` is kept as JSON and holds nobody's data:
    numbers, codes and rules. ``of_line``: the line that a return gives back; ``attempt_id``: the
    refund whose payment this is.
    """

    line_id: int
    target: str
    amount: Money
    rule: Rule
    evidence: Mapping[str, object]
    of_line: int | None = None
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """A decision as it was made; ``stands`` until it is taken back."""

    id: int
    line_id: int
    no: int
    target: str
    amount: Money
    rule: Rule
    evidence: Mapping[str, object]
    pupil_id: int | None
    of_line: int | None
    attempt_id: int | None
    actor: str
    at: datetime
    stands: bool
    key: Key


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of which something still lies in suspense; ``rest`` is signed as the line is.

    ``account_id`` is the bank account's number (``accounts.bank_accounts``).
    """

    id: int
    account_id: int
    day: date
    amount: Money
    rest: Money
    nature: Nature
    gvc: str | None
    payer: bytes | None
    end_to_end: bytes | None
    set_aside: bool


# Materialized: what is left of a line is worked out once, and before anybody asks for it.
_LINE = """
    WITH told AS MATERIALIZED (
      SELECT l.id, l.bank_account_id, l.day, l.cents, l.cents - coalesce((
               SELECT sum(s.cents) FROM standing_allocation s WHERE s.line_id = l.id), 0) AS rest,
             l.nature, l.gvc, l.payer, l.end_to_end
      FROM bank_line l {which})
    SELECT * FROM (
      SELECT t.*, 'set_aside' = coalesce((
               SELECT m.mark FROM line_mark m WHERE m.line_id = t.id AND m.mark <> 'amended'
               ORDER BY m.id DESC LIMIT 1), '') AS aside
      FROM told t {open}) x {wanted} ORDER BY x.day, x.id"""
_ASIDE = """
    SELECT l.id FROM bank_line l WHERE l.id IN ({lines}) AND 'set_aside' = (
      SELECT m.mark FROM line_mark m WHERE m.line_id = l.id AND m.mark <> 'amended'
      ORDER BY m.id DESC LIMIT 1)"""
_NUMBERS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json))",
}
_OF_LINE = text("""
    SELECT a.id, a.line_id, a.no, t.name, a.cents, a.rule, a.evidence, a.pupil_id, a.of_line_id,
           a.attempt_id, a.actor, a.at_us, a.seq, b.origin_id, s.id AS standing
    FROM allocation a
    JOIN account t ON t.id = a.account_id
    JOIN bank_account b ON b.id = a.bank_account_id
    LEFT JOIN standing_allocation s ON s.id = a.id
    WHERE a.line_id = :line ORDER BY a.no""").columns(at_us=Instant)


def open_lines(
    db: Connection, *, include_set_aside: bool = False, limit: int | None = None
) -> tuple[OpenLine, ...]:
    """The lines that are not wholly assigned, the oldest first; of those at most ``limit``."""
    wanted = "" if include_set_aside else "WHERE NOT x.aside"
    query = _LINE.format(which="", open="WHERE t.rest <> 0", wanted=wanted)
    if limit is not None:
        query += " LIMIT :limit"
    values = {} if limit is None else {"limit": limit}
    found = text(query).columns(day=Day)
    return tuple(_open(row) for row in db.execute(found, values))


def set_aside(db: Connection, line_ids: Collection[int]) -> frozenset[int]:
    """Those of the lines that somebody set aside and nobody took up again."""
    query = text(_ASIDE.format(lines=_NUMBERS[db.dialect.name]))
    return frozenset(db.execute(query, {"ids": json.dumps(sorted(line_ids))}).scalars())


def open_line(db: Connection, line_id: int) -> OpenLine | None:
    """One line as ``open_lines`` tells it, wholly assigned or not; None where there is none."""
    query = _LINE.format(which="WHERE l.id = :line", open="", wanted="")
    row = db.execute(text(query).columns(day=Day), {"line": line_id}).one_or_none()
    return None if row is None else _open(row)


def allocations_of(db: Connection, line_id: int) -> tuple[Allocation, ...]:
    """Every decision about a line, the first one first."""
    found = db.execute(_OF_LINE, {"line": line_id})
    return tuple(
        Allocation(
            id=row.id,
            line_id=row.line_id,
            no=row.no,
            target=row.name,
            amount=Money(row.cents),
            rule=Rule(row.rule),
            evidence=json.loads(row.evidence),
            pupil_id=row.pupil_id,
            of_line=row.of_line_id,
            attempt_id=row.attempt_id,
            actor=row.actor,
            at=row.at_us,
            stands=row.standing is not None,
            key=Key(row.origin_id, EPOCH, row.seq),
        )
        for row in found
    )


def _open(row: Row[Any]) -> OpenLine:
    number, account_id, day, cents, rest, nature, gvc, payer, end_to_end, aside = tuple(row)
    return OpenLine(
        number, account_id, day, Money(cents), Money(int(rest)), Nature(nature), gvc,
        _bytes(payer), _bytes(end_to_end), bool(aside),
    )  # fmt: skip


def _bytes(kept: Any) -> bytes | None:
    return None if kept is None else bytes(kept)
