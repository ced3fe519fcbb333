"""That the ledger's accounts of the bank stand where the bank says, moved by its lines alone."""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import text

from accounts.clock import school_day
from accounts.database import Session
from accounts.proof import NAMED, Check, CheckName, Failure, count, found
from accounts.tables.types import Day, Instant

# Each row asks for what belongs to it by its key: that is as fast where a planner knows nothing of
# these tables yet (seen: minutes, right after an import of forty thousand lines).
_LINES = """
    SELECT 'line_not_booked' AS what, 'bank line ' || l.id AS place
    FROM bank_line l LEFT JOIN bank_account b ON b.id = l.bank_account_id
    WHERE (
      SELECT e.day = l.day AND e.content = l.content AND e.recorded_us = l.recorded_us
        AND e.actor = l.actor AND e.pupil_id IS NULL AND e.transfers = 1
        AND e.kind = CASE WHEN l.cents > 0 THEN 'topup' ELSE 'correction' END
        AND (SELECT t.cents = abs(l.cents)
               AND t.debit_id = CASE WHEN l.cents > 0 THEN b.account_id ELSE s.id END
               AND t.credit_id = CASE WHEN l.cents > 0 THEN s.id ELSE b.account_id END
             FROM transfer t, account s
             WHERE t.entry_id = e.id AND t.no = 1 AND s.name = 'suspense')
      FROM entry e WHERE e.origin_id = b.origin_id AND e.epoch = 1 AND e.seq = l.seq) IS NOT TRUE
    UNION ALL
    SELECT 'not_the_bank', 'entry ' || e.id
    FROM origin k JOIN entry e ON e.origin_id = k.id
    LEFT JOIN bank_account b ON b.origin_id = k.id
    WHERE k.kind = 'bank' AND CASE e.epoch
      WHEN 1 THEN (SELECT l.id FROM bank_line l
                   WHERE l.bank_account_id = b.id AND l.seq = e.seq) IS NULL
      WHEN 2 THEN (SELECT a.id FROM allocation a
                   WHERE a.bank_account_id = b.id AND a.seq = e.seq) IS NULL
      ELSE NOT (e.epoch = 3 AND e.seq = 1 AND e.kind = 'opening' AND e.pupil_id IS NULL) END
    UNION ALL
    SELECT 'line_taken_back', 'entry ' || r.id
    FROM bank_account b JOIN entry e ON e.origin_id = b.origin_id AND e.epoch <> 2
    JOIN entry r ON r.reverses = e.id
    UNION ALL
    SELECT 'not_a_bank', 'bank account ' || b.id
    FROM bank_account b LEFT JOIN account a ON a.id = b.account_id
    LEFT JOIN origin k ON k.id = b.origin_id
    WHERE a.kind IS NULL OR a.kind <> 'bank' OR k.kind IS NULL OR k.kind <> 'bank'"""

_OTHERS = """
    SELECT 'bank_by_hand' AS what, 'entry ' || e.id AS place
    FROM bank_account b
    JOIN (SELECT debit_id AS account_id, credit_id AS other_id, entry_id FROM transfer
          UNION ALL SELECT credit_id, debit_id, entry_id FROM transfer) t
      ON t.account_id = b.account_id
    JOIN entry e ON e.id = t.entry_id
    JOIN account other ON other.id = t.other_id
    WHERE e.origin_id <> b.origin_id
       OR other.kind <> CASE e.epoch WHEN 1 THEN 'suspense' WHEN 3 THEN 'opening' ELSE '' END"""

# What was moved by hand before a bank account was kept stays as it is.
_BY_HAND = """
    SELECT 'bank_by_hand' AS what, 'entry ' || e.id AS place
    FROM account a
    JOIN (SELECT debit_id AS account_id, entry_id FROM transfer
          UNION ALL SELECT credit_id, entry_id FROM transfer) t ON t.account_id = a.id
    JOIN entry e ON e.id = t.entry_id
    JOIN entry o ON o.id = coalesce(e.reverses, e.id)
    LEFT JOIN bank_account b ON b.origin_id = o.origin_id
    LEFT JOIN request q ON q.id = o.request_id
    WHERE a.kind = 'suspense' AND o.recorded_us >= (SELECT min(since_us) FROM bank_account)
      AND (b.id IS NOT NULL AND (o.epoch = 2 OR o.epoch = 1 AND a.name <> 'cash')
           OR a.name <> 'suspense' AND (e.reverses IS NOT NULL OR q.act = 'topup.cash'))
        IS NOT TRUE"""

_SUSPENSE = """
    SELECT a.name || '_differs' AS what, 'account ' || a.name AS place
    FROM account a
    LEFT JOIN (
      SELECT t.account_id, sum(t.cents) AS cents
      FROM (SELECT credit_id AS account_id, entry_id, cents FROM transfer
            UNION ALL SELECT debit_id, entry_id, -cents FROM transfer) t
      JOIN entry e ON e.id = t.entry_id
      JOIN entry o ON o.id = coalesce(e.reverses, e.id)
      WHERE o.recorded_us >= (SELECT min(since_us) FROM bank_account)
        AND t.account_id IN (SELECT id FROM account WHERE kind = 'suspense')
      GROUP BY t.account_id) w ON w.account_id = a.id
    WHERE a.name = 'suspense' AND coalesce(w.cents, 0) <>
        (SELECT coalesce(sum(l.cents), 0) FROM bank_line l)
        - (SELECT coalesce(sum(s.cents), 0) FROM standing_allocation s)
      OR a.name = 'cash' AND coalesce(w.cents, 0) <>
        (SELECT coalesce(sum(s.cents), 0) FROM standing_allocation s WHERE s.account_id = a.id)
        - (SELECT coalesce(sum(q.cents), 0) FROM request q JOIN entry e ON e.request_id = q.id
           LEFT JOIN entry r ON r.reverses = e.id
           WHERE q.act = 'topup.cash' AND r.id IS NULL
             AND e.recorded_us >= (SELECT min(since_us) FROM bank_account))"""

# Balances of days before a statement's eve stood still since the day that was known.
_PROOFS = """
    SELECT 'day_unread' AS what, 'bank day ' || d.id AS place
    FROM bank_day d LEFT JOIN bank_reading r ON r.id = d.reading_id
    WHERE (r.bank_account_id = d.bank_account_id AND d.day <= r.last_day
           AND (d.day < r.last_day OR d.closing_cents = coalesce(r.closing_cents, d.closing_cents)))
      IS NOT TRUE
    UNION ALL
    SELECT 'more_than_read', 'bank file ' || r.file_id || ' statement ' || r.no
    FROM bank_line l JOIN bank_reading r ON r.id = l.reading_id
    GROUP BY r.file_id, r.no HAVING count(*) > max(r.lines)
    UNION ALL
    SELECT 'opening_unread', 'entry ' || e.id
    FROM bank_account b JOIN entry e ON e.origin_id = b.origin_id AND e.epoch = 3
    JOIN transfer t ON t.entry_id = e.id
    WHERE NOT EXISTS (
      SELECT 1 FROM bank_day d
      WHERE d.bank_account_id = b.id AND d.day = e.day
        AND d.closing_cents = CASE WHEN t.debit_id = b.account_id THEN t.cents ELSE -t.cents END)"""

_ALLOCATIONS = """
    SELECT 'allocation_not_booked' AS what, 'allocation ' || a.id AS place
    FROM allocation a LEFT JOIN bank_account b ON b.id = a.bank_account_id
    WHERE (
      SELECT e.kind = a.kind AND e.content = a.content AND e.recorded_us = a.at_us
        AND e.occurred_us = a.at_us AND e.actor = a.actor AND e.transfers = 1
        AND coalesce(e.pupil_id, 0) = coalesce(a.pupil_id, 0)
        AND coalesce(e.school_id, 0) = coalesce(a.school_id, 0)
        AND coalesce(a.pupil_id, 0) = coalesce((
          SELECT c.pupil_id FROM account c WHERE c.id = a.account_id), 0)
        AND (SELECT t.cents = abs(a.cents)
               AND t.debit_id = CASE WHEN a.cents > 0 THEN s.id ELSE a.account_id END
               AND t.credit_id = CASE WHEN a.cents > 0 THEN a.account_id ELSE s.id END
             FROM transfer t, account s
             WHERE t.entry_id = e.id AND t.no = 1 AND s.name = 'suspense')
      FROM entry e WHERE e.origin_id = b.origin_id AND e.epoch = 2 AND e.seq = a.seq) IS NOT TRUE
    UNION ALL
    SELECT 'over_line', 'bank line ' || l.id
    FROM bank_line l
    JOIN (SELECT a.line_id, sum(abs(a.cents)) AS gone, min(a.cents) AS low, max(a.cents) AS high,
                 min(a.bank_account_id) AS first, max(a.bank_account_id) AS last
          FROM allocation a JOIN standing_allocation s ON s.id = a.id
          GROUP BY a.line_id) w ON w.line_id = l.id
    WHERE w.gone > abs(l.cents) OR (l.cents > 0) <> (w.low > 0) OR (l.cents > 0) <> (w.high > 0)
       OR w.first <> l.bank_account_id OR w.last <> l.bank_account_id
    UNION ALL
    SELECT 'returned_twice', 'bank line ' || s.of_line_id
    FROM standing_allocation s WHERE s.of_line_id IS NOT NULL
    GROUP BY s.of_line_id HAVING count(DISTINCT s.line_id) > 1"""

# What was taken over before there were lists of two people is older than the first of them.
_OPENINGS = """
    SELECT 'go_live_differs' AS what, 'go-live ' || g.id AS place
    FROM go_live g LEFT JOIN (
      SELECT e.recorded_us, count(*) AS rows,
             sum(CASE WHEN c.kind = 'pupil' THEN t.cents ELSE -t.cents END) AS cents
      FROM entry e JOIN transfer t ON t.entry_id = e.id JOIN account c ON c.id = t.credit_id
      WHERE e.kind = 'opening' AND e.pupil_id IS NOT NULL
      GROUP BY e.recorded_us) w ON w.recorded_us = g.at_us
    WHERE coalesce(w.rows, 0) <> g.count OR coalesce(w.cents, 0) <> g.cents
    UNION ALL
    SELECT 'opening_unasked', 'entry ' || e.id
    FROM entry e LEFT JOIN go_live g ON g.at_us = e.recorded_us
    WHERE e.kind = 'opening' AND e.pupil_id IS NOT NULL AND g.id IS NULL
      AND e.id > (SELECT min(o.id) FROM entry o JOIN go_live f ON f.at_us = o.recorded_us
                  WHERE o.kind = 'opening')"""

_MOVED = text("""
    SELECT e.day, sum(t.cents) FROM (
      SELECT entry_id, cents FROM transfer WHERE debit_id = :account
      UNION ALL SELECT entry_id, -cents FROM transfer WHERE credit_id = :account) t
    JOIN entry e ON e.id = t.entry_id GROUP BY e.day ORDER BY e.day""").columns(day=Day)
_PROVED = text("""
    SELECT d.day, d.closing_cents FROM bank_day d
    WHERE d.id IN (SELECT max(id) FROM bank_day WHERE bank_account_id = :bank GROUP BY day)
    ORDER BY d.day""").columns(day=Day)


_READ = text("""
    SELECT d.id, d.day, r.at_us FROM bank_day d JOIN bank_reading r ON r.id = d.reading_id
    ORDER BY d.id""").columns(day=Day, at_us=Instant)


def bank(db: Session) -> Check:
    """Each line moved its account once, and nothing else did; days close where the bank closed.

    So do the days before the first line, and each by a statement that was read when it was over.
    In suspense lies what no standing allocation took on, in cash what two people took in and no
    line brought to the bank.
    What stands of a line's allocations is within the line, each with its entry; what pupils had
    before is what two people agreed on. Counted are lines, allocations and proved days.
    """
    counted = sum(count(db, name) for name in ("bank_line", "allocation", "bank_day"))
    failures = chain.from_iterable(
        found(db, query)
        for query in (_LINES, _OTHERS, _BY_HAND, _SUSPENSE, _PROOFS, _ALLOCATIONS, _OPENINGS)
    )
    told = (*failures, *_ahead(db), *_days(db))
    return Check(CheckName.BANK, counted, told[:NAMED])


def _ahead(db: Session) -> Iterator[Failure]:
    for number, day, read_at in db.execute(_READ):
        if day >= school_day(read_at):
            yield Failure("day_ahead", f"bank day {number}")


def _days(db: Session) -> Iterator[Failure]:
    accounts = "SELECT b.id, b.account_id, a.name FROM bank_account b JOIN account a"
    for bank_id, account_id, name in db.execute(text(f"{accounts} ON a.id = b.account_id")).all():
        moved = db.execute(_MOVED, {"account": account_id}).all()
        stood, place = 0, 0
        for day, closing in db.execute(_PROVED, {"bank": bank_id}):
            while place < len(moved) and moved[place][0] <= day:
                stood += int(moved[place][1])
                place += 1
            if stood != closing:
                yield Failure("day_differs", f"account {name} day {day.isoformat()}")
