"""That every entry is whole: its transfers, its lines, its pupil, its original, its digest."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import Result, text

from accounts import spelled
from accounts.database import Session
from accounts.proof import NAMED, Check, CheckName, Failure, count, found

TRANSFERS = """
    SELECT 'transfers_missing' AS what, 'entry ' || e.id AS place
    FROM entry e LEFT JOIN (SELECT entry_id, count(*) AS n, min(no) AS low, max(no) AS high
                            FROM transfer GROUP BY entry_id) t ON t.entry_id = e.id
    WHERE t.n IS NULL OR t.n <> e.transfers OR t.low <> 1 OR t.high <> e.transfers
    UNION ALL
    SELECT CASE WHEN cents <= 0 THEN 'not_positive' ELSE 'same_account' END, 'transfer ' || id
    FROM transfer WHERE cents <= 0 OR debit_id = credit_id"""

LINES = """
    SELECT CASE WHEN e.lines IS NULL THEN 'lines_unasked' ELSE 'lines_missing' END AS what,
           'entry ' || e.id AS place
    FROM entry e LEFT JOIN (SELECT entry_id, count(*) AS n, min(no) AS low, max(no) AS high
                            FROM line GROUP BY entry_id) l ON l.entry_id = e.id
    WHERE (e.lines IS NULL AND l.n IS NOT NULL)
       OR (e.lines IS NOT NULL AND (l.n IS NULL OR l.n <> e.lines OR l.low <> 1
                                    OR l.high <> e.lines))
       OR (e.kind = 'charge' AND e.lines IS NULL)
    UNION ALL
    SELECT 'line_range', 'entry ' || entry_id || ' line ' || no FROM line
    WHERE quantity < 1 OR price_cents < 1 OR share_cents < 0 OR share_cents > price_cents"""

_REVERSALS = """
    SELECT 'reversal_of_reversal' AS what, 'entry ' || r.id AS place
    FROM entry r JOIN entry o ON o.id = r.reverses WHERE o.kind = 'reversal'
    UNION ALL
    SELECT 'reversed_twice', 'entry ' || reverses FROM entry
    WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1
    UNION ALL
    SELECT 'not_mirrored', 'entry ' || r.id FROM entry r JOIN entry o ON o.id = r.reverses
    WHERE o.transfers <> r.transfers OR o.id >= r.id
       OR coalesce(o.pupil_id, 0) <> coalesce(r.pupil_id, 0)
       OR coalesce(o.school_id, 0) <> coalesce(r.school_id, 0)
       OR EXISTS (SELECT 1 FROM transfer t WHERE t.entry_id = o.id AND NOT EXISTS (
            SELECT 1 FROM transfer m WHERE m.entry_id = r.id AND m.no = t.no
              AND m.debit_id = t.credit_id AND m.credit_id = t.debit_id AND m.cents = t.cents))
    UNION ALL
    SELECT 'names_no_original', 'entry ' || id FROM entry
    WHERE (kind = 'reversal' AND reverses IS NULL) OR (kind <> 'reversal' AND reverses IS NOT NULL)
    """

PUPILS = """
    SELECT 'other_pupil' AS what, 'transfer ' || t.id AS place
    FROM transfer t JOIN entry e ON e.id = t.entry_id
    JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
    WHERE (d.kind = 'pupil' AND d.pupil_id <> coalesce(e.pupil_id, 0))
       OR (c.kind = 'pupil' AND c.pupil_id <> coalesce(e.pupil_id, 0))
    UNION ALL
    SELECT 'not_member', 'entry ' || e.id FROM entry e
    WHERE e.kind = 'charge' AND NOT EXISTS (
      SELECT 1 FROM membership m WHERE m.pupil_id = e.pupil_id AND m.school_id = e.school_id
        AND m.valid_from <= e.day AND (m.valid_to IS NULL OR m.valid_to >= e.day))
    UNION ALL
    SELECT 'wrong_school', 'entry ' || e.id
    FROM entry e JOIN origin k ON k.id = e.origin_id AND k.kind = 'kiosk'
    WHERE coalesce(e.school_id, 0) <> k.school_id"""

# In this order: what offices and banks wrote is little beside what kiosks did.
_ASKED = """
    SELECT e.id, e.origin_id, e.epoch, e.seq, e.kind, e.school_id, e.pupil_id, e.day,
           e.occurred_us, e.actor, e.reason, o.origin_id, o.epoch, o.seq, e.request_id, e.content
    FROM origin k CROSS JOIN entry e LEFT JOIN entry o ON o.id = e.reverses
    WHERE k.kind <> 'kiosk' AND e.origin_id = k.id ORDER BY e.id"""
_ASKED_TRANSFERS = """
    SELECT t.entry_id, d.name, c.name, t.cents
    FROM origin k CROSS JOIN entry e CROSS JOIN transfer t
    LEFT JOIN account d ON d.id = t.debit_id LEFT JOIN account c ON c.id = t.credit_id
    WHERE k.kind <> 'kiosk' AND e.origin_id = k.id AND t.entry_id = e.id
    ORDER BY t.entry_id, t.no"""
_ASKED_LINES = """
    SELECT l.entry_id, l.offer_id, l.tariff_id, l.item_class, l.quantity, l.price_cents,
           l.share_cents, l.tax_key, l.rate_permille
    FROM origin k CROSS JOIN entry e CROSS JOIN line l
    WHERE k.kind <> 'kiosk' AND e.origin_id = k.id AND l.entry_id = e.id
    ORDER BY l.entry_id, l.no"""


def transfers(db: Session) -> Check:
    """Every entry has exactly the transfers it declares, each above zero between two accounts."""
    return Check(CheckName.TRANSFERS, count(db, "transfer"), found(db, TRANSFERS))


def lines(db: Session) -> Check:
    """Every entry has exactly the lines it declares, and a charge has some."""
    return Check(CheckName.LINES, count(db, "line"), found(db, LINES))


def reversals(db: Session) -> Check:
    """A reversal mirrors an earlier entry that is no reversal, and is its only one."""
    counted = count(db, "entry WHERE reverses IS NOT NULL")
    return Check(CheckName.REVERSALS, counted, found(db, _REVERSALS))


def pupils(db: Session) -> Check:
    """One pupil an entry; a charge's pupil belonged to its school that day, as is known today."""
    return Check(CheckName.PUPILS, count(db, "entry"), found(db, PUPILS))


def digests(db: Session) -> Check:
    """The digest of what an office or a bank import asked for is that of what stands."""
    counted = 0
    failures: list[Failure] = []
    with closing(_Rows(db, _ASKED_TRANSFERS)) as moves, closing(_Rows(db, _ASKED_LINES)) as eaten:
        for row in stream(db, _ASKED):
            counted += 1
            asked = spelled.entry(row[1:15], transfers=moves.of(row[0]), lines=eaten.of(row[0]))
            if sha256(asked).digest() != row[15] and len(failures) < NAMED:
                failures.append(Failure("content_differs", f"entry {row[0]}"))
    return Check(CheckName.DIGESTS, counted, tuple(failures))


def stream(db: Session, query: str, values: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """The rows of a query, a thousand at a time, however many there are; to be read to the end."""
    return iter(_opened(db, query, values))


def _opened(db: Session, query: str, values: Mapping[str, Any] | None = None) -> Result[Any]:
    return db.execute(text(query), values or {}, execution_options={"yield_per": 1000})


class _Rows:
    """Rows ordered by their first column, an entry's number, given out entry by entry."""

    def __init__(self, db: Session, query: str) -> None:
        self._result = _opened(db, query)
        rows: Iterator[Any] = iter(self._result)
        self._groups = groupby(rows, key=lambda row: row[0])
        self._next: tuple[int, list[Sequence[Any]]] | None = None

    def of(self, entry_id: int) -> list[Sequence[Any]]:
        """The entry's rows without their first column; ask in rising order."""
        while self._next is None or self._next[0] < entry_id:
            group = next(self._groups, None)
            if group is None:
                return []
            self._next = (group[0], [row[1:] for row in group[1]])
        return self._next[1] if self._next[0] == entry_id else []

    def close(self) -> None:
        """Rows behind the last entry that was asked for stay unread."""
        self._result.close()
