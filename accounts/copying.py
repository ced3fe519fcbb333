"""Every row of a ledger, with its number, into another database of the same schema; and a digest.

A copy is made beside the guards, which stand against what is new and not against what was: the
target's own triggers are out of the way while it is filled and back when that is done. Nobody
sees a copy before its transaction commits. A digest is SHA-256 over all rows of a table in the
form both engines share (``accounts.rows``), in the order of the key.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, Integer, Table, Text, func, select, text

from accounts import rows
from accounts.database import DatabaseUnavailable, Session
from accounts.tables import metadata

BATCH = 2000
_STREAMED = {"stream_results": True}
Progress = Callable[[str, int, int], None]
"""Told what is worked on, how many rows are done and of how many; 0 where nobody counted."""


class Uncarriable(Exception):  # noqa: N818  # it names what is wrong with a row
    """A table holds a value that the other engine has no place for."""

    def __init__(self, table: str, said: str) -> None:
        super().__init__(f"{table}: {said}")
        self.table = table


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and their digest (32 bytes)."""

    rows: int
    digest: bytes


def is_empty(db: Session) -> bool:
    """Whether nothing was ever made in this database."""
    if db.dialect.name == "sqlite":
        return db.execute(text("SELECT 1 FROM sqlite_master LIMIT 1")).first() is None
    found = text(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1"
    )
    return db.execute(found).first() is None


def hold(db: Session) -> None:
    """Until this transaction ends nobody else writes to the ledger. SQLite's writer holds it."""
    if db.dialect.name == "sqlite":
        return
    names = ", ".join(table.name for table in metadata.sorted_tables)
    db.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def copy_all(source: Session, target: Session, *, progress: Progress) -> None:
    """Fill a database that has the schema and no rows of its own to keep.

    Raises Uncarriable where the target's engine cannot hold a row.
    """
    with _unguarded(target):
        for table in reversed(metadata.sorted_tables):
            target.execute(table.delete())  # what the migrations put there
        for table in metadata.sorted_tables:
            _copy(table, source, target, progress)
    if target.dialect.name != "sqlite":
        for table in metadata.sorted_tables:
            _continue_numbers(table, target)
            target.exec_driver_sql(f"ANALYZE {table.name}")


def digest_of(db: Session, table: Table, *, progress: Progress) -> TableDigest:
    """The digest of a table as it stands."""
    sqlite = db.dialect.name == "sqlite"
    form = rows.form(table, db.dialect.name, of=table.name)
    order = ", ".join(_order(column, sqlite=sqlite) for column in table.primary_key)
    total = count(db, table)
    digest = hashlib.sha256()
    seen = 0
    query = text(f"SELECT {form} FROM {table.name} ORDER BY {order}")  # noqa: S608  # our own names
    found = db.execute(query, execution_options=_STREAMED)
    for part in found.scalars().partitions(BATCH):
        digest.update("".join(f"{row}\n" for row in part).encode())
        seen += len(part)
        progress(table.name, seen, total)
    return TableDigest(seen, digest.digest())


def count(db: Session, table: Table) -> int:
    """The number of a table's rows."""
    return int(db.execute(select(func.count()).select_from(table)).scalar_one())


def _order(column: "Column[Any]", *, sqlite: bool) -> str:
    name = f"{column.table.name}.{column.name}"
    return name if sqlite or not isinstance(column.type, Text) else f'{name} COLLATE "C"'


def _copy(table: Table, source: Session, target: Session, progress: Progress) -> None:
    names = [_quoted(column.name) for column in table.columns]
    order = ", ".join(column.name for column in table.primary_key)
    query = f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {order}"  # noqa: S608  # as above
    total, done = count(source, table), 0
    found = source.exec_driver_sql(query, execution_options=_STREAMED)
    put = _sqlite_inserter if target.dialect.name == "sqlite" else _postgresql_inserter
    driver = target.dialect.loaded_dbapi
    try:
        with put(target, table.name, names) as insert:
            for part in found.partitions(BATCH):
                insert([tuple(map(_plain, row)) for row in part])
                done += len(part)
                progress(table.name, done, total)
    except driver.DataError as error:
        raise Uncarriable(table.name, str(error)) from error
    except driver.OperationalError as error:  # COPY goes past SQLAlchemy
        raise DatabaseUnavailable(str(error)) from error


@contextmanager
def _sqlite_inserter(
    db: Session, table: str, names: Sequence[str]
) -> Iterator[Callable[[list[tuple[Any, ...]]], None]]:
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  # as above

    def insert(part: list[tuple[Any, ...]]) -> None:
        driver_of(db).executemany(statement, part)

    yield insert


@contextmanager
def _postgresql_inserter(
    db: Session, table: str, names: Sequence[str]
) -> Iterator[Callable[[list[tuple[Any, ...]]], None]]:
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    with driver_of(db).cursor() as cursor, cursor.copy(statement) as copy:

        def insert(part: list[tuple[Any, ...]]) -> None:
            for row in part:
                copy.write_row(row)

        yield insert


def driver_of(db: Session) -> Any:
    """The driver's own connection under a session."""
    return db.connection.driver_connection


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _quoted(name: str) -> str:
    return f'"{name}"' if name in {"key", "before"} else name


@contextmanager
def _unguarded(db: Session) -> Iterator[None]:
    """The triggers of the schema out of the way; references are looked at when they come back."""
    if db.dialect.name == "sqlite":
        made = db.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        db.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for name, _ in made:
            db.exec_driver_sql(f"DROP TRIGGER {name}")
        yield
        for _, told in made:
            db.exec_driver_sql(told)
        return
    # USER leaves the references' own triggers in place; who owns a table may do no more, and no
    # more is needed.
    for table in metadata.sorted_tables:
        db.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
    yield
    db.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    db.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    for table in metadata.sorted_tables:
        db.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")


def _continue_numbers(table: Table, db: Session) -> None:
    """Let the table's sequence go on after its highest number."""
    for column in table.primary_key:
        if not isinstance(column.type, Integer):
            continue
        db.execute(
            text(
                f"SELECT setval(s, (SELECT coalesce(max({column.name}), 1) FROM {table.name}),"  # noqa: S608  # as above
                f" EXISTS (SELECT 1 FROM {table.name}))"
                " FROM pg_get_serial_sequence(:table, :column) s WHERE s IS NOT NULL"
            ),
            {"table": table.name, "column": column.name},
        )
