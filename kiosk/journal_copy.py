"""The journal of a kiosk that serves no more, read on another machine.

Only a copy is opened, in a folder of its own that goes afterwards: the file somebody carried here
stays as it is, and can be read again.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from accounts.facts import Fact
from kiosk.journal import Journal, open_journal

_EVERYTHING = 1 << 30


def waiting_facts(
    file: Path, *, origin_id: int, key: bytes | None = None, passphrase: str | None = None
) -> list[Fact]:
    """The facts in a journal's file that no ledger has answered for, in the order of its epochs.

    What SQLite left beside the file (its name with ``-wal``) is read with it. Give the key or the
    passphrase. Raises OSError, ``kiosk.vault.WrongKey`` for another key or another kiosk's file,
    ``kiosk.journal.JournalBroken`` for a file that is no journal.
    """
    with TemporaryDirectory(prefix="mensa-salvage-") as folder:
        copy = Path(folder) / "journal"
        shutil.copyfile(file, copy)
        beside = file.with_name(f"{file.name}-wal")
        if beside.exists():
            shutil.copyfile(beside, copy.with_name("journal-wal"))
        opened = open_journal(copy, origin_id=origin_id, key=key, passphrase=passphrase)
        with closing(opened) as journal:
            return list(_facts(journal))


def _facts(journal: Journal) -> Iterator[Fact]:
    epochs: set[int] = set()
    while rows := journal.waiting(_EVERYTHING, but_not=epochs):
        epochs.add(rows[0].fact.epoch)
        yield from (row.fact for row in rows)
