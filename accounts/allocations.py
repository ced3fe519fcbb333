"""Where the money of a bank's line belongs: each decision an entry, each of them reversible.

- An allocation moves a part of a line from suspense to its account, in the statement that keeps
  it. What stands of a line goes the line's way and is never more than the line.
- It says by which rule and on what evidence. It stands until its entry is reversed; nothing of it
  is changed, and what was taken back may be decided anew.
- A return names the line it gives back; no line is given back by two.
- Decided by hand or by a rule is the same thing here.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, text

from accounts.allocated import (
    EPOCH,
    Allocation,
    AllocationRefusal,
    Mark,
    NewAllocation,
    NotAllocated,
    OpenLine,
    Rule,
    allocations_of,
    open_line,
    open_lines,
    set_aside,
)
from accounts.changes import note_changes
from accounts.clock import microseconds, school_day
from accounts.database import Session
from accounts.guards import guarded
from accounts.ledger import Booked, Draft, EntryKind, Key, Move, content_of, next_key, reverse
from accounts.money import ZERO
from accounts.refund_standing import (
    BY_REQUEST,
    UNDER_WAY,
    hold_refunds,
    refund_of_request,
    refunds_of_line,
)
from accounts.tables.bank import allocation, bank_line, line_mark

__all__ = [
    "EPOCH",
    "Allocation",
    "AllocationRefusal",
    "Mark",
    "NewAllocation",
    "NotAllocated",
    "OpenLine",
    "Rule",
    "allocate",
    "allocations_of",
    "hold_allocations",
    "mark_line",
    "open_line",
    "open_lines",
    "set_aside",
    "undo",
]

_NUMBERS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json))",
}
_STATE = """
    SELECT l.id, l.bank_account_id,
      (SELECT b.origin_id FROM bank_account b WHERE b.id = l.bank_account_id), l.seq, l.cents,
      coalesce((SELECT max(a.no) FROM allocation a WHERE a.line_id = l.id), 0) AS last_no,
      coalesce((SELECT sum(s.cents) FROM standing_allocation s WHERE s.line_id = l.id), 0) AS gone
    FROM bank_line l WHERE l.id IN ({lines})"""
_RETURNED = """
    SELECT s.of_line_id, s.line_id, sum(abs(s.cents)) FROM standing_allocation s
    WHERE s.of_line_id IN ({lines}) GROUP BY s.of_line_id, s.line_id"""
_TARGETS = """
    SELECT a.name, a.id, a.kind, a.pupil_id,
      (SELECT m.school_id FROM membership m WHERE m.pupil_id = a.pupil_id AND m.valid_from <= :day
       ORDER BY coalesce(m.valid_to, :day) >= :day DESC, m.valid_from DESC, m.id DESC LIMIT 1)
      AS school_id
    FROM account a WHERE a.name IN ({names})"""
_NAMES = {
    "sqlite": "SELECT value FROM json_each(:names)",
    "postgresql": "SELECT value FROM json_array_elements_text(CAST(:names AS json))",
}
_TAKEN = frozenset({"pupil", "refunds", "fees", "interest", "receivable", "payable", "write_off"})
_HOLD = text("SELECT pg_advisory_xact_lock_shared(4210001), pg_advisory_xact_lock(4210006)")
_COLUMNS = (
    *("bank_account_id", "seq", "line_id", "no", "cents", "pupil_id", "school_id", "account_id"),
    *("kind", "rule", "evidence", "of_line_id", "attempt_id", "actor", "at_us", "content"),
)
_COLUMN_NAMES, _MARKS = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
_PUT_SQLITE = f"INSERT INTO allocation ({_COLUMN_NAMES}) VALUES ({_MARKS})"  # noqa: S608  # our own names
# One statement for the whole set: its balances are locked in one order, its entries one booking.
_PUT_POSTGRESQL = f"""
    INSERT INTO allocation (id, {_COLUMN_NAMES})
    SELECT 0, n.bank_account_id, n.seq, n.line_id, n.no, n.cents, n.pupil_id, n.school_id,
           n.account_id, n.kind, n.rule, n.evidence, n.of_line_id, n.attempt_id, n.actor, n.at_us,
           decode(n.content, 'hex')
    FROM jsonb_to_recordset(%s::jsonb) AS n(bank_account_id bigint, seq bigint, line_id bigint,
      no bigint, cents bigint, pupil_id bigint, school_id bigint, account_id bigint, kind text,
      rule text, evidence text, of_line_id bigint, attempt_id bigint, actor text, at_us bigint,
      content text)
    ORDER BY n.bank_account_id, n.seq"""  # noqa: S608  # as above


@dataclass(slots=True)
class _Line:
    """What is left of a line while a set is put together."""

    bank_account_id: int
    origin_id: int
    seq: int
    cents: int
    last_no: int
    left: int


@dataclass(frozen=True, slots=True)
class _Target:
    """The account a part of a line goes to; where it is a child's, the school the child is of."""

    id: int
    kind: str
    pupil_id: int | None
    school_id: int | None


def hold_allocations(db: Session) -> None:
    """Until this transaction ends nobody else assigns; look at what is open after it.

    On SQLite whoever may write is alone already.
    """
    if db.dialect.name != "sqlite":
        db.execute(_HOLD)


def allocate(
    db: Session, news: Sequence[NewAllocation], *, actor: str, now: datetime
) -> tuple[int, ...] | AllocationRefusal:
    """Assign all of these, or say which stands against them; their numbers in the same order.

    The schools' kiosks hear of what reached a child. One call is one statement on PostgreSQL;
    where a transaction makes several, others may be met in another order (a deadlock is told as
    DatabaseUnavailable: ask again).
    """
    if not news:
        return ()
    hold_allocations(db)
    targets = _targets(db, {new.target for new in news}, school_day(now))
    given_back = {new.of_line for new in news if new.of_line is not None}
    lines = _lines(db, given_back | {new.line_id for new in news})
    returned = _returned(db, given_back)
    numbers = _next_numbers(db, {line.bank_account_id for line in lines.values()})
    rows: list[tuple[Any, ...]] = []
    for at, new in enumerate(news):
        line, target = lines.get(new.line_id), targets.get(new.target)
        why = _why_not(new, line, target, lines, returned)
        if why is not None or line is None or target is None:
            return AllocationRefusal(why or NotAllocated.UNKNOWN_LINE, at)
        line.left -= new.amount.cents
        line.last_no += 1
        seq = numbers[line.bank_account_id]
        numbers[line.bank_account_id] += 1
        if new.of_line is not None:
            gave = returned.setdefault(new.of_line, {})
            gave[new.line_id] = gave.get(new.line_id, 0) + abs(new.amount.cents)
        rows.append(_row(new, line, target, seq=seq, actor=actor, now=now))
    with guarded():
        if db.dialect.name == "sqlite":
            db.exec_driver_sql(_PUT_SQLITE, rows)
        else:
            told = [dict(zip(_COLUMNS, map(_plain, row), strict=True)) for row in rows]
            db.exec_driver_sql(_PUT_POSTGRESQL, (json.dumps(told),))
    _tell(db, {targets[new.target].school_id for new in news}, now)
    return _ids(db, rows)


def undo(
    db: Session, *, line_id: int, reason: str, actor: str, origin_id: int, now: datetime
) -> int | AllocationRefusal:
    """Take back all that stands of a line; how many that were. It lies in suspense again.

    Nothing is taken back of a line that a refund pays back: that one is cancelled first. Nor of
    one that a later line gives back: what stands of that is taken back first.

    ``origin_id`` is the office's writer (``accounts.office``). A child's balance may go below
    zero by it: the money was never theirs.
    """
    if not reason.strip():
        return AllocationRefusal(NotAllocated.NO_REASON)
    hold_refunds(db)
    hold_allocations(db)
    made = allocations_of(db, line_id)
    standing = sorted((one for one in made if one.stands), key=lambda one: one.target)
    if not standing:
        return AllocationRefusal(NotAllocated.NOTHING_STANDS)
    against = _refund_of(db, line_id, standing, now)
    if against is not None:
        return AllocationRefusal(NotAllocated.REFUNDED, refund=against)
    given_back_by = _returned(db, (line_id,)).get(line_id)
    if given_back_by:
        return AllocationRefusal(NotAllocated.GIVEN_BACK, line=min(given_back_by))
    for one in standing:
        answer = reverse(
            db,
            key=next_key(db, origin_id),
            of=one.key,
            reason=reason.strip(),
            actor=actor,
            now=now,
        )
        if not isinstance(answer, Booked):
            raise TypeError(f"{one.key} stood and was not taken back: {answer}")
    schools = select(allocation.c.school_id).where(allocation.c.id.in_([it.id for it in standing]))
    _tell(db, set(db.execute(schools).scalars()), now)
    return len(standing)


def mark_line(
    db: Session, *, line_id: int, mark: Mark, reason: str, actor: str, now: datetime
) -> AllocationRefusal | None:
    """Say something of a line that moves no money; None where it is written down."""
    if not reason.strip():
        return AllocationRefusal(NotAllocated.NO_REASON)
    known = select(bank_line.c.id).where(bank_line.c.id == line_id)
    if db.execute(known).first() is None:
        return AllocationRefusal(NotAllocated.UNKNOWN_LINE)
    db.execute(
        insert(line_mark).values(
            line_id=line_id, mark=mark.value, reason=reason.strip(), actor=actor, at_us=now
        )
    )
    return None


def _refund_of(
    db: Session, line_id: int, standing: Sequence[Allocation], now: datetime
) -> int | None:
    """The refund that may still be paid to this line's payer, or by which its own money left."""
    for one in refunds_of_line(db, line_id, at=now):
        if one.standing in UNDER_WAY:
            return one.id
    requests = (one.evidence.get(BY_REQUEST) for one in standing)
    found = (refund_of_request(db, it) for it in requests if isinstance(it, int))
    return next((it for it in found if it is not None), None)


def _why_not(
    new: NewAllocation,
    line: _Line | None,
    target: _Target | None,
    lines: dict[int, _Line],
    returned: dict[int, dict[int, int]],
) -> NotAllocated | None:
    """What the guards of the database would say, said kindly; they have the last word."""
    cents = new.amount.cents
    if line is None:
        return NotAllocated.UNKNOWN_LINE
    if target is None:
        return NotAllocated.UNKNOWN_ACCOUNT
    if target.kind not in _TAKEN and new.target != "cash":
        return NotAllocated.WRONG_ACCOUNT
    if cents == 0 or (cents > 0) != (line.cents > 0) or abs(cents) > abs(line.left):
        return NotAllocated.OVER_LINE
    if new.of_line is None:
        return None
    earlier = lines.get(new.of_line)
    if (
        earlier is None
        or earlier.bank_account_id != line.bank_account_id
        or earlier.seq >= line.seq
        or (earlier.cents > 0) == (line.cents > 0)
    ):
        return NotAllocated.WRONG_RETURN
    gave = returned.get(new.of_line, {})
    if set(gave) - {new.line_id}:
        return NotAllocated.RETURNED_TWICE
    if sum(gave.values()) + abs(cents) > abs(earlier.cents):
        return NotAllocated.WRONG_RETURN
    return None


def _row(
    new: NewAllocation, line: _Line, target: _Target, *, seq: int, actor: str, now: datetime
) -> tuple[Any, ...]:
    into = new.amount > ZERO
    kind = EntryKind.CORRECTION
    if target.kind == "refunds":
        kind = EntryKind.REFUND
    elif target.pupil_id is not None and into:
        kind = EntryKind.TOPUP
    # The entry by which it is booked; the database's trigger makes just this one.
    draft = Draft(
        key=Key(line.origin_id, EPOCH, seq),
        kind=kind,
        occurred_at=now,
        actor=actor,
        moves=(
            Move("suspense", new.target, new.amount)
            if into
            else Move(new.target, "suspense", -new.amount),
        ),
        pupil_id=target.pupil_id,
        school_id=target.school_id,
    )
    return (
        line.bank_account_id,
        seq,
        new.line_id,
        line.last_no,
        new.amount.cents,
        target.pupil_id,
        target.school_id,
        target.id,
        kind.value,
        new.rule.value,
        json.dumps(dict(new.evidence), sort_keys=True, separators=(",", ":")),
        new.of_line,
        new.attempt_id,
        actor,
        microseconds(now),
        content_of(draft),
    )


def _targets(db: Session, names: Collection[str], day: date) -> dict[str, _Target]:
    query = text(_TARGETS.format(names=_NAMES[db.dialect.name]))
    told = {"names": json.dumps(sorted(names)), "day": day.isoformat()}
    return {name: _Target(*rest) for name, *rest in db.execute(query, told)}


def _lines(db: Session, ids: Collection[int]) -> dict[int, _Line]:
    query = text(_STATE.format(lines=_NUMBERS[db.dialect.name]))
    found = db.execute(query, {"ids": json.dumps(sorted(ids))})
    return {
        number: _Line(account_id, origin_id, seq, cents, last_no, cents - int(gone))
        for number, account_id, origin_id, seq, cents, last_no, gone in found
    }


def _returned(db: Session, ids: Collection[int]) -> dict[int, dict[int, int]]:
    """By line, the lines that give it back, and how many cents of it each."""
    if not ids:
        return {}
    query = text(_RETURNED.format(lines=_NUMBERS[db.dialect.name]))
    given: dict[int, dict[int, int]] = {}
    for of_line, line_id, cents in db.execute(query, {"ids": json.dumps(sorted(ids))}):
        given.setdefault(of_line, {})[line_id] = int(cents)
    return given


def _next_numbers(db: Session, accounts: Collection[int]) -> dict[int, int]:
    # One account at a time: so the index answers at once, however many there are.
    last = {
        it: db.execute(
            select(func.max(allocation.c.seq)).where(allocation.c.bank_account_id == it)
        ).scalar_one()
        for it in accounts
    }
    return {it: 1 + (seq or 0) for it, seq in last.items()}


def _ids(db: Session, rows: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    """The numbers that these rows were given."""
    made: dict[tuple[int, int], int] = {}
    for account_id in {row[0] for row in rows}:
        found = select(allocation.c.seq, allocation.c.id).where(
            allocation.c.bank_account_id == account_id,
            allocation.c.seq >= min(row[1] for row in rows if row[0] == account_id),
        )
        made |= {(account_id, seq): number for seq, number in db.execute(found)}
    return tuple(made[row[0], row[1]] for row in rows)


def _tell(db: Session, schools: Collection[int | None], now: datetime) -> None:
    known = (one for one in schools if one is not None)
    note_changes(db, what="topup", at=now, school_ids=known)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
