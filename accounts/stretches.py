"""The tables that only grow, and stretches of them that will never grow again.

Each such table has a number that rises with every row written (or is the number of the row it
belongs to and is written with). A stretch is the rows above one number up to another; its digest
is SHA-256 over the forms of its rows (``accounts.rows``) in the order of their numbers, each
ended by a newline. A stretch may be closed once nobody can add a row inside it any more.

On SQLite that is at once: it has a single writer, and numbers rise in the order of commits. On
PostgreSQL a transaction may have drawn a low number and still be open while higher ones are
committed. Who draws a number holds a lock on its sequence until that transaction ends, so those
who hold one when the highest numbers have been read are all who could still write below them.
(Waiting for older transaction ids would not do: who drew a number has none before the row is
written, and may wait for a lock in between.)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Table, TextClause, text

from accounts import rows
from accounts.database import Session
from accounts.tables import metadata

_CHUNK = 5000
"""Rows hashed at once: memory stays flat however long a stretch is."""

_DRAWN = text("""
    SELECT DISTINCT c.relname, l.virtualtransaction
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'S'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
    WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock'
      AND l.pid IS DISTINCT FROM pg_backend_pid()""")


@dataclass(frozen=True, slots=True)
class Grown:
    """A table that only grows: the column whose numbers rise, and whose sequence draws them."""

    table: Table
    number: str
    drawn_for: str

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name


def _grown(name: str, number: str = "id", of: str | None = None) -> Grown:
    return Grown(metadata.tables[name], number, of or name)


GROWN: tuple[Grown, ...] = (
    _grown("access_log"),
    _grown("account"),
    _grown("alarm"),
    _grown("allocation"),
    _grown("bank_day"),
    _grown("bank_fetch"),
    _grown("bank_file"),
    _grown("bank_line"),
    _grown("bank_reading"),
    _grown("card_alert"),
    _grown("card_alert_seen"),
    _grown("card_event"),
    _grown("card_issue"),
    _grown("card_secret"),
    _grown("card_step"),
    _grown("change"),
    _grown("closing"),
    _grown("closing_sum", "closing_id", of="closing"),
    _grown("decision"),
    _grown("entry"),
    _grown("fact"),
    _grown("go_live"),
    _grown("history"),
    _grown("incarnation"),
    _grown("line", "entry_id", of="entry"),
    _grown("line_mark"),
    _grown("payment_run"),
    _grown("quarantine", "fact_id", of="fact"),
    _grown("reference"),
    _grown("refund"),
    _grown("refund_attempt"),
    _grown("request"),
    _grown("sign_in"),
    _grown("transfer"),
)
"""Every table that is sealed, in the order of names."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a table above ``after`` up to ``last``, how many, and their digest."""

    name: str
    after: int
    last: int
    rows: int
    digest: bytes


def ends(db: Session) -> dict[str, int]:
    """The highest number of every table that grows; 0 where there is no row."""
    asked = " UNION ALL ".join(
        f"SELECT '{g.name}', coalesce(max({g.number}), 0) FROM {g.name}"  # noqa: S608  # our own names
        for g in GROWN
    )
    return {name: int(last) for name, last in db.execute(text(asked))}


def writers(db: Session) -> dict[str, set[str]]:
    """By table, the open transactions that hold a number they drew; none on SQLite.

    Ask it after ``ends``. The caller's own transaction is not among them.
    """
    if db.dialect.name == "sqlite":
        return {}
    drawn: dict[str, set[str]] = {}
    for sequence, transaction in db.execute(_DRAWN):
        drawn.setdefault(sequence, set()).add(transaction)
    return {
        g.name: drawn[f"{g.drawn_for}_id_seq"] for g in GROWN if f"{g.drawn_for}_id_seq" in drawn
    }


def close(db: Session, *, after: Mapping[str, int], last: Mapping[str, int]) -> tuple[Stretch, ...]:
    """The stretch of every table that grows between those numbers; none ends before it begins."""
    closed = []
    for g in GROWN:
        start = after.get(g.name, 0)
        end = max(start, last[g.name])  # a tail was cut off: the seal before tells, not this one
        closed.append(Stretch(g.name, start, end, *digest(db, g, after=start, last=end)))
    return tuple(closed)


def digest(db: Session, grown: Grown, *, after: int, last: int) -> tuple[int, bytes]:
    """How many rows a stretch has, and its digest (32 bytes)."""
    counted, digested = 0, hashlib.sha256()
    end, chunk = _statements(grown, db.dialect.name)
    while after < last:
        upto = last
        if last - after > _CHUNK:
            found = db.execute(end, {"after": after, "last": last, "skip": _CHUNK - 1}).scalar()
            upto = last if found is None else int(found)
        number, forms = db.execute(chunk, {"after": after, "last": upto}).one()
        counted += number
        digested.update(forms.encode() if isinstance(forms, str) else forms)
        after = upto
    return counted, digested.digest()


@cache
def _statements(grown: Grown, dialect: str) -> tuple[TextClause, TextClause]:
    name, number = grown.name, grown.number
    inside = f"FROM {name} WHERE {number} > :after AND {number} <= :last"
    order = ", ".join(column.name for column in grown.table.primary_key)
    end = f"SELECT {number} {inside} ORDER BY {number} LIMIT 1 OFFSET :skip"
    row = rows.form(grown.table, dialect, of=name)
    if dialect == "sqlite":
        # As bytes: a text that was tampered with need not be text.
        chunk = (
            "SELECT count(*), CAST(coalesce(group_concat(form, ''), '') AS BLOB)"  # noqa: S608  # our own names
            f" FROM (SELECT {row} || char(10) AS form {inside} ORDER BY {order})"
        )
    else:
        chunk = (
            "SELECT count(*), coalesce(string_agg(form, ''), '')"  # noqa: S608  # our own names
            f" FROM (SELECT {row} || chr(10) AS form {inside} ORDER BY {order}) f"
        )
    return text(end), text(chunk)
