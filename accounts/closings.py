"""Closed months (Festschreibung): what a month came to, and that nothing is booked into it again.

- Months are closed in order, each once, and only when they are over in Germany. The first may be
  any month that is over; it closes all before it.
- An entry made after a closing counts on its own day where that is open, else on the first open
  day (``late_on``). The accounting day is ``coalesce(late_on, day)``; the database sees to it.
- A closing holds the month's entries, transfers and cents, the newest entry's number, what every
  account stood at, the software, and the seal that covers all of it.
- Where something is still open (``accounts.open_matters``), two people close: the closing names
  their request and what was open.

Unchangeable records after the period's closing: GoBD Rz. 107 to 112; § 146 Abs. 4 AO.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text

from accounts import acting, seals
from accounts.approvals import find_request, is_used
from accounts.clock import Clock, school_day
from accounts.closed_months import (
    Closed,
    ClosingRefusal,
    Refusal,
    first_day,
    month_after,
    named,
)
from accounts.database import Database
from accounts.gate import hold_gate
from accounts.guards import JournalRefused, guarded
from accounts.money import Money
from accounts.open_matters import OpenMatter, open_matters, read, written
from accounts.rights import Act
from accounts.tables import journal, proofs
from accounts.tables.types import Day, Instant, Number

__all__ = [
    "Closed",
    "ClosingRefusal",
    "Refusal",
    "close_month",
    "closings",
    "hold_gate",
    "months_to_close",
    "open_from",
    "still_open",
]

_PATIENCE = timedelta(seconds=30)


# One text for both engines; the guard works all of it out again, and writes the sums.
_CLOSE = text("""
    INSERT INTO closing (id, month, open_from, at_us, actor, request_id, warnings, software,
                         seal_id, last_entry_id, entries, transfers, cents, last_account_id)
    SELECT (SELECT 1 + coalesce(max(id), 0) FROM closing), :month, :open_from, :at, :actor,
           :request, :warnings, :software, :seal, (SELECT coalesce(max(id), 0) FROM entry),
           coalesce(sum(CASE WHEN no = 1 THEN 1 ELSE 0 END), 0), count(*),
           coalesce(sum(cents), 0), (SELECT coalesce(max(id), 0) FROM account)
    FROM accounting WHERE day >= :first AND day < :open_from""").bindparams(
    bindparam("first", type_=Day),
    bindparam("open_from", type_=Day),
    bindparam("at", type_=Instant),
    bindparam("request", type_=Number),
)


def open_from(db: Connection) -> date | None:
    """The first day that is still open; none where no month is closed yet."""
    newest: date | None = db.execute(select(func.max(proofs.closing.c.open_from))).scalar_one()
    return newest


def closings(db: Connection) -> tuple[Closed, ...]:
    """All closed months, the oldest first."""
    rows = db.execute(select(proofs.closing).order_by(proofs.closing.c.id))
    return tuple(_closed(row) for row in rows)


def months_to_close(db: Connection, *, at: datetime) -> tuple[str, ...]:
    """The months that are over and not closed, the oldest first, from the first with an entry."""
    begins = open_from(db) or db.execute(select(func.min(journal.entry.c.day))).scalar_one()
    months: list[str] = []
    while begins is not None and month_after(begins) <= school_day(at):
        months.append(named(begins))
        begins = month_after(begins)
    return tuple(months)


def still_open(db: Connection, month: str, *, at: datetime) -> tuple[OpenMatter, ...] | Refusal:
    """What is still open in a month that could be closed now; Refusal where it could not."""
    first = first_day(month)
    if first is None:
        return Refusal(ClosingRefusal.BAD_MONTH)
    begins = open_from(db)
    if begins is not None and first < begins:
        return Refusal(ClosingRefusal.ALREADY_CLOSED)
    if month_after(first) > school_day(at):
        return Refusal(ClosingRefusal.NOT_OVER)
    if begins is not None and first != begins:
        return Refusal(ClosingRefusal.NOT_NEXT, next_month=named(begins))
    return open_matters(db, first, month_after(first))


def close_month(
    database: Database,
    *,
    month: str,
    actor: str,
    clock: Clock,
    software: str,
    request_id: int | None = None,
) -> Closed | Refusal:
    """Close a month ("2026-11"), whole or not at all; ``request_id`` where two people override.

    A request that is not needed, because nothing is open any more, is not used up. Sealing is
    done before the gate is held, so behind it there is little left to seal. Raises
    JournalRefused where a guard finds the request not to be two people's, and
    NotSealed (``accounts.seals``) and DatabaseUnavailable: try again later.
    """
    with database.read() as db:
        found = _refused(db, month, request_id, clock.now())
    if found is not None:
        return found
    seals.make_seal(database, actor=actor, clock=clock, patience=_PATIENCE)
    try:
        return _close(database, month, actor=actor, clock=clock, software=software,
                      request_id=request_id)  # fmt: skip
    except JournalRefused as refusal:
        if refusal.code != "still_open":
            raise
        # A kiosk reported between the question and the guard's.
        first = date.fromisoformat(f"{month}-01")
        with database.read() as db:
            return Refusal(ClosingRefusal.STILL_OPEN, open_matters(db, first, month_after(first)))


def _close(
    database: Database,
    month: str,
    *,
    actor: str,
    clock: Clock,
    software: str,
    request_id: int | None,
) -> Closed | Refusal:
    with database.write() as db:
        acting.act_as(db, actor)
        seals.hold(db)
        hold_gate(db)
        at = clock.now()
        found = _refused(db, month, request_id, at)
        if found is not None:
            db.rollback()
            return found
        seal = seals.seal_within(db, actor=actor, at=at)
        row = {"actor": actor, "at": at, "software": software, "seal": seal.no}
        return _write(db, month, request_id, row)


def _write(db: Connection, month: str, request_id: int | None, row: dict[str, object]) -> Closed:
    first = date.fromisoformat(f"{month}-01")
    matters = open_matters(db, first, month_after(first))
    row |= {
        "month": month,
        "first": first,
        "open_from": month_after(first),
        "request": request_id if matters else None,
        "warnings": written(matters),
    }
    with guarded():
        db.execute(_CLOSE, row)
    made = select(proofs.closing).where(proofs.closing.c.month == month)
    return _closed(db.execute(made).one())


def _refused(db: Connection, month: str, request_id: int | None, at: datetime) -> Refusal | None:
    found = still_open(db, month, at=at)
    if isinstance(found, Refusal):
        return found
    if not found:
        return None
    if request_id is None:
        return Refusal(ClosingRefusal.STILL_OPEN, found)
    usable = _usable(db, month, request_id)
    return None if usable else Refusal(ClosingRefusal.REQUEST_UNUSABLE, found)


def _usable(db: Connection, month: str, request_id: int) -> bool:
    """Whether two people agreed on just this; the database judges them once more."""
    asked = find_request(db, request_id)
    return (
        asked is not None
        and asked.act is Act.MONTH_CLOSE
        and asked.detail.get("month") == month
        and bool(asked.approved)
        and not is_used(db, asked.id)
    )


def _closed(row: Row[Any]) -> Closed:
    return Closed(
        number=row.id,
        month=row.month,
        open_from=row.open_from,
        at=row.at_us,
        actor=row.actor,
        request_id=row.request_id,
        matters=read(row.warnings),
        software=row.software,
        seal_no=row.seal_id,
        last_entry_id=row.last_entry_id,
        entries=row.entries,
        transfers=row.transfers,
        moved=Money(row.cents),
    )
