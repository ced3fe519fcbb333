"""A copy of the whole ledger as it stood at one moment, sealed, while tills serve.

- The copy is one consistent view: SQLite's pages by its backup API out of an open read
  transaction (https://www.sqlite.org/backup.html), PostgreSQL's rows by pg_dump with the same
  exported snapshot the header is read from. Neither makes a writer wait.
- The file is whole or not there, and nothing of it lies in clear on any disk but the ledger's own
  (``accounts.backup_file`` seals it).
- Roles and passwords of PostgreSQL are the server's and no part of it.
"""

import os
import secrets
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from alembic.runtime.migration import MigrationContext

from accounts import incarnations
from accounts.backup_file import CHUNK, Header, read_header, seal_into
from accounts.clock import Clock, microseconds
from accounts.copying import Progress, driver_of
from accounts.database import Database, DatabaseUnavailable, Session, check_schema
from accounts.files import written_whole
from accounts.ledger import count_entries
from accounts.postgresql_programs import find_program, server_version, sign_in
from accounts.seals import newest_seal

_PAGES = 256
"""A step of the copy, a megabyte at SQLite's page size; then others may have the disk."""
_PAUSE_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished backup and the clear bytes in it."""

    header: Header
    size: int


def back_up(
    database: Database, path: Path, *, key: bytes, clock: Clock, progress: Progress
) -> Kept:
    """Write a backup to a new file.

    Raises FileExistsError where the file is there, OSError where it cannot be written,
    WrongSchema and NotServing as ``check_schema``, DatabaseUnavailable, and ProgramMissing where
    pg_dump is.
    """
    check_schema(database)
    view = _sqlite_view if database.is_sqlite else _postgresql_view
    with written_whole(path) as file, view(database, clock, progress) as (header, content):
        return Kept(header, seal_into(file, header, content, key=key))


def look_through(path: Path, *, key: bytes) -> Kept:
    """Read a backup to its end without restoring it. Raises BackupBroken and OSError."""
    with path.open("rb") as file:
        header, content = read_header(file, key=key)
        return Kept(header, sum(map(len, content)))


def _header(db: Session, clock: Clock) -> Header:
    seal = newest_seal(db)
    return Header(
        engine=db.dialect.name,
        revision=str(MigrationContext.configure(db).get_current_revision()),
        at_us=microseconds(clock.now()),
        entries=count_entries(db),
        seal_no=seal.no if seal else None,
        seal=seal.hash.hex() if seal else None,
        incarnation=incarnations.current(db),
        software=version("mensakasse"),
    )


@contextmanager
def _sqlite_view(
    database: Database, clock: Clock, progress: Progress
) -> Iterator[tuple[Header, Iterator[bytes]]]:
    # Beside the ledger, because it is as clear as the ledger is. Its name goes at once, so not
    # even a kill leaves it behind.
    ledger = Path(str(database.url.database)).absolute()
    copy = ledger.with_name(f".{ledger.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "rb") as file:
        try:
            target = sqlite3.connect(copy, isolation_level=None)
        finally:
            copy.unlink()
        try:
            target.execute("PRAGMA journal_mode = OFF").fetchall()
            target.execute("PRAGMA synchronous = OFF").fetchall()
            with database.read() as db:
                header = _header(db, clock)  # its first read is the view the copy is made of

                def step(_status: int, remaining: int, total: int) -> None:
                    progress("copy", total - remaining, total)
                    time.sleep(_PAUSE_SECONDS)

                driver_of(db).backup(target, pages=_PAGES, progress=step)
        finally:
            target.close()
        yield header, iter(lambda: file.read(CHUNK), b"")


@contextmanager
def _postgresql_view(
    database: Database, clock: Clock, progress: Progress
) -> Iterator[tuple[Header, Iterator[bytes]]]:
    with database.read() as db:
        header = _header(db, clock)
        snapshot = db.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        program = find_program("pg_dump", version=server_version(db))
        way = sign_in(database)
        words = ["--format=custom", "--no-password", f"--snapshot={snapshot}", way.word]
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                [program, *words],
                env=way.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as dump,
        ):
            try:
                yield header, _told(dump, errors, progress)
            finally:
                dump.kill()


def _told(
    dump: "subprocess.Popen[bytes]", errors: IO[bytes], progress: Progress
) -> Iterator[bytes]:
    """What pg_dump writes; raises DatabaseUnavailable where it did not end well."""
    assert dump.stdout is not None  # asked for above  # noqa: S101
    size = 0
    while part := dump.stdout.read(CHUNK):
        size += len(part)
        progress("copy", size, 0)
        yield part
    if dump.wait():
        errors.seek(0)
        raise DatabaseUnavailable(errors.read().decode(errors="replace").strip())
