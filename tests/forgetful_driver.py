"""The part of Python's sqlite3 that the product uses, over a disk that forgets.

Exceptions, cursors and connections behave as the driver's do as far as the product looks.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import apsw
from forgetful_disk import ForgetfulDisk


@contextmanager
def _as_driver() -> Iterator[None]:
    try:
        yield
    except apsw.ConstraintError as error:
        raise sqlite3.IntegrityError(str(error)) from error
    except apsw.Error as error:
        raise sqlite3.OperationalError(str(error)) from error


class Cursor:
    """Rows are fetched when the statement runs."""

    def __init__(self, connection: "Connection") -> None:
        self._db = connection.apsw
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid = 0
        self.arraysize = 1

    def execute(self, sql: str, values: Any = ()) -> "Cursor":
        self.description = None

        def before(cursor: apsw.Cursor, _sql: str, _values: Any) -> bool:
            told = cursor.get_description()
            self.description = [(n, *[None] * 6) for n, *_ in told] if told else None
            return True

        with _as_driver():
            cursor = self._db.cursor()
            cursor.exec_trace = before
            self._rows = iter(list(cursor.execute(sql, values)))
        self.rowcount = -1 if self.description else self._db.changes()
        self.lastrowid = self._db.last_insert_rowid()
        return self

    def executemany(self, sql: str, rows: Iterable[Any]) -> "Cursor":
        for values in rows:
            self.execute(sql, values)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._rows)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        return [row for row, _ in zip(self._rows, range(size), strict=False)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def close(self) -> None:
        self._rows = iter(())


class Connection:
    """A connection to a file on the disk, alone on it."""

    def __init__(self, disk: ForgetfulDisk, name: str) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        self.apsw = apsw.Connection(name, flags=flags, vfs=disk.name)
        self.isolation_level: str | None = None
        self.execute("PRAGMA locking_mode=EXCLUSIVE")

    @property
    def in_transaction(self) -> bool:
        return not self.apsw.get_autocommit()

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, sql: str, values: Any = ()) -> Cursor:
        return self.cursor().execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Any]) -> Cursor:
        return self.cursor().executemany(sql, rows)

    def executescript(self, script: str) -> Cursor:
        return self.execute(script)

    def create_function(
        self,
        name: str,
        arguments: int,
        function: Callable[..., Any],
        *,
        deterministic: bool = False,
    ) -> None:
        self.apsw.create_scalar_function(name, function, arguments, deterministic=deterministic)

    def commit(self) -> None:
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        # Without power nothing is brought in order any more.
        with suppress(apsw.Error):
            self.apsw.close()
