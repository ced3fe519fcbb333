"""The watched folder: statements that a program of the bank's (SFirm, an EBICS client) drops.

- A file is taken when nobody has written to it for a while, by the clock of the disk it lies on:
  a statement that is still being written is left for the next time.
- It leaves the folder only when its bytes are durable in the ledger: into ``done``, or into
  ``failed`` where something of it was not taken. What the power cut in between finds a second
  time is known by its bytes.
- One at a time: whoever finds the folder taken leaves it alone.
- Hidden files, links, folders, and names that say "not finished" are not looked at.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from accounts.bank_files import Outcome, Source
from accounts.bank_vault import BankVault
from accounts.clock import Clock
from accounts.database import Database
from banking.keeping import Incoming, Kept, keep
from banking.shelf import Read

QUIET = timedelta(seconds=30)
MOST_BYTES = 1 << 28
"""Bigger files are left lying, and named: they are brought by ``mensa bank import``."""

DONE, FAILED = "done", "failed"
_LOCK = ".mensa.lock"
_UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".crdownload", "~")


@dataclass(frozen=True, slots=True)
class PickedUp:
    """What became of a folder's files, by their names there.

    ``growing`` were written to a moment ago, ``too_big`` are left lying, ``busy``: another is at
    the folder now.
    """

    kept: tuple[Kept, ...] = ()
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    too_big: tuple[str, ...] = ()
    busy: bool = False


def pick_up(
    database: Database,
    vault: BankVault,
    folder: Path,
    *,
    actor: str,
    clock: Clock,
    quiet: timedelta = QUIET,
    read: Read | None = None,
) -> PickedUp:
    """Keep what lies in a folder, and put it away.

    Raises OSError where the folder cannot be read or its files not be moved, and what ``keep``
    raises: then the files still lie there.
    """
    with _alone(folder) as now_ns:
        if now_ns is None:
            return PickedUp(busy=True)
        found = _Found(folder, now_ns - int(quiet.total_seconds() * 1e9))
        kept = keep(database, vault, found, actor=actor, clock=clock, read=read)
        refused = {it.name for it in kept if it.outcome is Outcome.QUARANTINED}
        for name in found.taken:
            _put_away(folder, name, FAILED if name in refused else DONE)
    return PickedUp(
        kept,
        tuple(name for name in found.taken if name not in refused),
        tuple(name for name in found.taken if name in refused),
        tuple(found.growing),
        tuple(found.too_big),
    )


class _Found:
    """The files of a folder, read one after the other as they are asked for."""

    def __init__(self, folder: Path, latest_ns: int) -> None:
        self.folder, self.latest_ns = folder, latest_ns
        self.taken: list[str] = []
        self.growing: list[str] = []
        self.too_big: list[str] = []

    def __iter__(self) -> Iterator[Incoming]:
        for name in sorted(path.name for path in self.folder.iterdir()):
            if name.startswith(".") or name.lower().endswith(_UNFINISHED):
                continue
            raw = self._read(name)
            if raw is not None:
                yield Incoming(Source.FOLDER, raw, name=name)
                self.taken.append(name)

    def _read(self, name: str) -> bytes | None:
        try:
            # A pipe that lies there must not be waited for, nor a link be followed.
            number = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError:
            if (self.folder / name).is_symlink():
                return None
            raise
        before = os.fstat(number)
        if not stat.S_ISREG(before.st_mode):
            os.close(number)
            return None
        with os.fdopen(number, "rb") as file:
            if before.st_mtime_ns > self.latest_ns:
                self.growing.append(name)
                return None
            if before.st_size > MOST_BYTES:
                self.too_big.append(name)
                return None
            raw = file.read(MOST_BYTES + 1)
            after = os.fstat(number)
        same = (before.st_size, before.st_mtime_ns) == (len(raw), after.st_mtime_ns)
        if not same:
            self.growing.append(name)
        return raw if same else None


@contextmanager
def _alone(folder: Path) -> Iterator[int | None]:
    """The folder's own time in nanoseconds, held alone; None where another holds it."""
    number = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        os.utime(number)
        yield os.fstat(number).st_mtime_ns
    finally:
        os.close(number)


def _put_away(folder: Path, name: str, where: str) -> None:
    """Move a file beside those of its kind, under its name or the next that is free."""
    target = folder / where
    target.mkdir(mode=0o700, exist_ok=True)
    path, count = target / name, 1
    while path.exists():
        count += 1
        path = target / f"{Path(name).stem}-{count}{Path(name).suffix}"
    (folder / name).rename(path)
    for changed in (target, folder):
        number = os.open(changed, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
