"""Rows written in bulk, past the ledger's guards, which are awake again afterwards."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg

from accounts.connections import libpq_url
from accounts.database import Database

Row = tuple[int | str | bytes | None, ...]
Write = Callable[[str, str, Sequence[Row]], None]
Run = Callable[[str], int]


@contextmanager
def asleep(database: Database) -> Iterator[tuple[Write, Run]]:
    """A way past the guards, which are awake again afterwards, word for word."""
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as raw:
            yield from _asleep_sqlite(raw)
    else:
        with closing(psycopg.connect(libpq_url(database.url), autocommit=True)) as server:
            yield from _asleep_postgresql(server)
    database.close()


def _asleep_sqlite(raw: sqlite3.Connection) -> Iterator[tuple[Write, Run]]:
    for pragma in ("synchronous=OFF", "cache_size=-1000000", "wal_autocheckpoint=20000"):
        raw.execute(f"PRAGMA {pragma}").fetchall()
    guards = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN"
        " ('fact', 'entry', 'transfer', 'line', 'balance', 'kiosk_day')"
    ).fetchall()
    for name, _ in guards:
        raw.execute(f"DROP TRIGGER {name}")

    def write(table: str, columns: str, rows: Sequence[Row]) -> None:
        statement = "UPDATE balance SET cents = ?, transfer_id = ? WHERE account_id = ?"
        if table != "balance":
            marks = ", ".join("?" * (columns.count(",") + 1))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            if table == "kiosk_day":
                statement += " ON CONFLICT DO UPDATE SET cents = cents + excluded.cents"
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(statement, rows)
        raw.execute("COMMIT")

    yield write, lambda query: int(raw.execute(query).fetchone()[0])
    for _, statement in guards:
        raw.execute(statement)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _asleep_postgresql(
    server: "psycopg.Connection[tuple[object, ...]]",
) -> Iterator[tuple[Write, Run]]:
    server.execute("SET session_replication_role = replica")

    def write(table: str, columns: str, rows: Sequence[Row]) -> None:
        cursor = server.cursor()
        if table not in ("balance", "kiosk_day"):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write("".join("\t".join(map(_word, row)) + "\n" for row in rows))
        elif table == "balance":
            cursor.executemany(
                "UPDATE balance SET cents = %s, transfer_id = %s WHERE account_id = %s", rows
            )
        else:
            cursor.executemany(
                "INSERT INTO kiosk_day AS d (origin_id, day, cents) VALUES (%s, %s, %s)"
                " ON CONFLICT (origin_id, day) DO UPDATE SET cents = d.cents + excluded.cents",
                rows,
            )

    def count(query: str) -> int:
        found = server.execute(query).fetchone()
        assert found is not None
        return int(str(found[0]))

    yield write, count
    go_on(server.execute, ("fact", "entry", "transfer"))
    server.execute("VACUUM ANALYZE")
    server.execute("CHECKPOINT")


def go_on(run: Callable[[str], object], tables: tuple[str, ...]) -> None:
    """PostgreSQL: numbers given by hand; the next ones come after them."""
    for table in tables:
        run(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )


def _word(value: int | str | bytes | None) -> str:
    if value is None:
        return r"\N"
    return rf"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
