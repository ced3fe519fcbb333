"""That closed months are what they were: order, counts, sums, seals, and what came late.

Counts and sums are worked out again from all entries by their accounting day. A sum that is wrong
in one closing and carried on is named in each closing it is wrong in.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, bindparam, func, select, text

from accounts.clock import school_day
from accounts.closed_months import first_day, month_after
from accounts.database import Session
from accounts.open_matters import read, written
from accounts.proof import NAMED, Check, CheckName, Failure, count, found
from accounts.tables import journal, proofs, rights
from accounts.tables.types import Day

# By month, the first closing taking all before it; ``early`` tells those from its own.
_MOVED = """
    SELECT {month} AS month,
           CASE WHEN coalesce(e.late_on, e.day) < :first THEN 1 ELSE 0 END AS early,
           t.debit_id, t.credit_id, sum(CASE WHEN t.no = 1 THEN 1 ELSE 0 END) AS entries,
           count(*) AS transfers, sum(t.cents) AS cents
    FROM transfer t CROSS JOIN entry e  -- in this order: SQLite reads both as they lie
    WHERE e.id = t.entry_id AND coalesce(e.late_on, e.day) < :open_from GROUP BY 1, 2, 3, 4"""
_MONTH = {
    "sqlite": "substr(max(coalesce(e.late_on, e.day), :first), 1, 7)",
    "postgresql": "to_char(greatest(coalesce(e.late_on, e.day), :first), 'YYYY-MM')",
}
# A closing's sum less that of the closing before is what moved in its month. Rows without an
# account are the months' counts.
_SUMS = """
    WITH moved AS MATERIALIZED ({moved})
    SELECT month, NULL AS account, sum(entries) AS entries, sum(transfers) AS transfers,
           sum(cents) AS cents
    FROM moved WHERE early = 0 GROUP BY month
    UNION ALL
    SELECT month, account_id, 0, 0, sum(cents) FROM (
      SELECT m.month, CASE s.sign WHEN 1 THEN m.debit_id ELSE m.credit_id END AS account_id,
             s.sign * m.cents AS cents
      FROM moved m CROSS JOIN (SELECT 1 AS sign UNION ALL SELECT -1) s
      UNION ALL
      SELECT c.month, s.account_id, s.cents
      FROM closing_sum s JOIN closing c ON c.id = s.closing_id
      UNION ALL
      SELECT c.month, s.account_id, -s.cents
      FROM closing_sum s JOIN closing c ON c.id = s.closing_id + 1) differs
    GROUP BY month, account_id HAVING sum(cents) <> 0"""
_STRAY_SUMS = """
    SELECT 'sum_unasked' AS what,
           'closing ' || coalesce(c.month, 'number ' || s.closing_id) || ' account '
           || coalesce(a.name, 'number ' || s.account_id) AS place
    FROM closing_sum s LEFT JOIN closing c ON c.id = s.closing_id
    LEFT JOIN account a ON a.id = s.account_id
    WHERE c.id IS NULL OR s.account_id > c.last_account_id"""
_LATE = text(f"""
    SELECT id FROM entry WHERE id > :after AND id <= :until
      AND late_on IS DISTINCT FROM CASE WHEN day < :open_from THEN :open_from END
    ORDER BY id LIMIT {NAMED}""").bindparams(bindparam("open_from", type_=Day))  # noqa: S608  # our own number
_BEYOND = 2**62


def closings(db: Session) -> Check:
    """Every closing and every sum in it, and that what came after stayed out of its month."""
    rows = list(db.execute(select(proofs.closing).order_by(proofs.closing.c.id)))
    failures = [
        *_in_order(rows),
        *_asked_for(db, rows),
        *_sealed(db, rows),
        *_late(db, rows),
        *_summed(db, rows),
        *found(db, _STRAY_SUMS),
    ]
    return Check(CheckName.CLOSINGS, len(rows) + count(db, "closing_sum"), tuple(failures[:NAMED]))


def _in_order(rows: list[Row[Any]]) -> Iterator[Failure]:
    for place, row in enumerate(rows, start=1):
        first = first_day(row.month)
        if row.id != place:
            yield Failure("number_differs", _where(row))
        if first is None or row.open_from != month_after(first):
            yield Failure("open_from_differs", _where(row))
        elif school_day(row.at_us) < row.open_from:
            yield Failure("closed_too_early", _where(row))
    for before, row in pairwise(rows):
        if first_day(row.month) != before.open_from:
            yield Failure("month_skipped", _where(row))
        if row.last_entry_id < before.last_entry_id:
            yield Failure("last_entry_differs", _where(row))


def _asked_for(db: Session, rows: list[Row[Any]]) -> Iterator[Failure]:
    asked = rights.request
    for row in rows:
        try:
            matters = read(row.warnings)
        except (ValueError, KeyError, TypeError):
            yield Failure("warnings_differ", _where(row))
            continue
        if written(matters) != row.warnings:
            yield Failure("warnings_differ", _where(row))
        agreed = (
            select(asked.c.id)
            .join(rights.decision, rights.decision.c.request_id == asked.c.id)
            .where(asked.c.id == row.request_id, rights.decision.c.approved == 1)
            .where(asked.c.act == "month.close")
            .where(asked.c.detail == f'{{"month": "{row.month}"}}')
        )
        if bool(matters) != (row.request_id is not None) or (
            matters and db.execute(agreed).first() is None
        ):
            yield Failure("not_by_two", _where(row))


def _sealed(db: Session, rows: list[Row[Any]]) -> Iterator[Failure]:
    part = proofs.stretch.c
    newest = db.execute(select(func.coalesce(func.max(journal.entry.c.id), 0))).scalar_one()
    for row in rows:
        covered = select(func.coalesce(func.max(part.last_id), 0)).where(
            part.name == "entry", part.seal_id <= row.seal_id
        )
        stands = select(proofs.seal.c.id).where(proofs.seal.c.id == row.seal_id)
        if db.execute(stands).first() is None:
            yield Failure("no_seal", _where(row))
        elif db.execute(covered).scalar_one() != row.last_entry_id:
            yield Failure("seal_differs", _where(row))
        if row.last_entry_id > newest:
            yield Failure("last_entry_differs", _where(row))


def _late(db: Session, rows: list[Row[Any]]) -> Iterator[Failure]:
    edges = [(0, date.min), *((row.last_entry_id, row.open_from) for row in rows)]
    for (after, open_from), (until, _) in pairwise([*edges, (_BEYOND, date.max)]):
        span = {"after": after, "until": until, "open_from": open_from}
        for number in db.execute(_LATE, span).scalars():
            yield Failure("late_differs", f"entry {number}")


def _summed(db: Session, rows: list[Row[Any]]) -> Iterator[Failure]:
    if not rows:
        return
    query = _SUMS.format(moved=_MOVED.format(month=_MONTH[db.dialect.name]))
    asked = text(query).bindparams(bindparam("first", type_=Day), bindparam("open_from", type_=Day))
    first = first_day(rows[0].month) or rows[0].open_from
    counted: dict[str, tuple[int, int, int]] = {}
    differs: dict[int, dict[str, int]] = {}
    for row in db.execute(asked, {"first": first, "open_from": rows[-1].open_from}):
        if row.account is None:
            counted[row.month] = (int(row.entries), int(row.transfers), int(row.cents))
        elif len(differs) < NAMED or row.account in differs:
            differs.setdefault(row.account, {})[row.month] = int(row.cents)
    for row in rows:
        if counted.get(row.month, (0, 0, 0)) != (row.entries, row.transfers, row.cents):
            yield Failure("counts_differ", _where(row))
    account = journal.account.c
    for number, by_month in sorted(differs.items()):
        name = db.execute(select(account.name).where(account.id == number)).scalar_one_or_none()
        off = 0
        for row in rows:
            off += by_month.get(row.month, 0)
            if off:
                yield Failure("sum_differs", f"{_where(row)} account {name or f'number {number}'}")


def _where(row: Row[Any]) -> str:
    return f"closing {row.month}"
