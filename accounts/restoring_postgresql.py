"""A dump into a PostgreSQL database, under a schema's name nobody looks for.

pg_restore writes SQL, psql runs it, and only this process says COMMIT: after both the backup and
pg_restore have ended well. In that same commit the schema is renamed, so at no moment does
anybody meet tables without their guards. Owners and grants stay behind: whoever restores owns
it, and ``accounts.roles`` grants anew.
"""

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from accounts.copying import is_empty
from accounts.database import Database, DatabaseUnavailable, Session
from accounts.postgresql_programs import SignIn, find_program, server_version, sign_in
from accounts.serving import UNPROVED, has_unproved


def is_free(target: Database) -> bool:
    """Whether the database is empty, apart from what a torn restore left, which goes now."""
    with target.write() as db:
        if has_unproved(db):
            db.exec_driver_sql(f"DROP SCHEMA {UNPROVED} CASCADE")
            db.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS public")
        return is_empty(db)


def show(db: Session) -> None:
    """Give the hidden schema its name, for this transaction and with its commit for all."""
    db.exec_driver_sql(f"ALTER SCHEMA {UNPROVED} RENAME TO public")


def fill_hidden(target: Database, dump: Iterable[bytes]) -> None:
    """Load a dump into the hidden schema of an empty database.

    Raises DatabaseUnavailable where the programs fail; nothing was made then. Raises
    ProgramMissing and whatever reading the dump raises.
    """
    with target.read() as db:
        server = server_version(db)
    programs = [find_program(name, version=server) for name in ("pg_restore", "psql")]
    with tempfile.TemporaryFile() as errors:
        if not _loaded(dump, programs, sign_in(target), errors):
            errors.seek(0)
            raise DatabaseUnavailable(errors.read().decode(errors="replace").strip())


def _loaded(dump: Iterable[bytes], programs: list[Path], way: SignIn, errors: IO[bytes]) -> bool:
    """Whether both programs ended well and psql has committed; what they say is in ``errors``."""
    read = [str(programs[0]), "--format=custom", "--no-owner", "--no-privileges", "--file=-"]
    write = [str(programs[1]), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    taking, giving = subprocess.PIPE, subprocess.PIPE
    with (
        contextlib.suppress(BrokenPipeError),  # its code and its words say why
        subprocess.Popen(
            read, env=way.environment, stdin=taking, stdout=giving, stderr=errors
        ) as reader,
        subprocess.Popen(
            [*write, "--output=/dev/null", way.word],
            env=way.environment, stdin=taking, stdout=subprocess.DEVNULL, stderr=errors,
        ) as writer,
    ):  # fmt: skip
        try:
            feeding = _Feeding(dump, reader)
            _run(reader, writer)
            feeding.end()
            _commit(reader, writer)
        finally:
            # Killed before it was told to commit, psql leaves nothing.
            for program in (writer, reader):
                if program.poll() is None:
                    program.kill()
    return reader.returncode == writer.returncode == 0


class _Feeding:
    """Hands the dump to pg_restore beside the thread that takes its SQL."""

    def __init__(self, dump: Iterable[bytes], reader: "subprocess.Popen[bytes]") -> None:
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._feed, args=(dump, reader), daemon=True)
        self._thread.start()

    def _feed(self, dump: Iterable[bytes], reader: "subprocess.Popen[bytes]") -> None:
        assert reader.stdin is not None  # asked for  # noqa: S101
        try:
            for part in dump:
                reader.stdin.write(part)
            reader.stdin.close()
        except BrokenPipeError:
            return  # pg_restore ended; its code says why
        except BaseException as error:  # noqa: BLE001  # raised again by ``end``
            self._fault = error
            reader.kill()

    def end(self) -> None:
        """Raises what reading the dump raised."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault


def _run(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]") -> None:
    assert reader.stdout is not None  # asked for  # noqa: S101
    assert writer.stdin is not None  # as above  # noqa: S101
    writer.stdin.write(b"BEGIN;\n")
    while part := reader.stdout.read(1 << 16):
        writer.stdin.write(part)


def _commit(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]") -> None:
    assert writer.stdin is not None  # asked for  # noqa: S101
    if reader.wait() == 0:
        writer.stdin.write(f"\nALTER SCHEMA public RENAME TO {UNPROVED};\nCOMMIT;\n".encode())
        writer.stdin.close()
        writer.wait()
