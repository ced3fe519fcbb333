"""From a decision to a durable row: the kiosk's journal beside a bare durable insert.

The reference is the standard library's sqlite3 with the same SQL: the same table with its two
indexes, a row of the same size, WAL, synchronous=FULL, one row one commit. The journal numbers,
links and seals each row besides.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from builders import NOON
from till import KEY

from accounts.charge import Choice
from accounts.facts import Fact, FactKind
from bench.figures import Figure, side_by_side
from kiosk.journal import Item, open_journal
from kiosk.journal_file import TABLES

SEALED_BYTES = 420


def run() -> list[Figure]:
    """One figure, on the disk of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mensa-bench-", dir=_disk()) as folder:
        journal = open_journal(Path(folder) / "journal.db", origin_id=1, key=KEY)
        bare = _bare(Path(folder) / "bare.db")
        pupils: Iterator[int] = count(1)
        rows: Iterator[int] = count(1)
        blob = os.urandom(SEALED_BYTES)

        def ours() -> None:
            fact = Fact(
                epoch=0,
                seq=0,
                kind=FactKind.CHARGE,
                occurred_at=NOON,
                pupil_id=next(pupils),
                items=(Choice(1),),
            )
            journal.record(fact, (Item(1, "lunch", 1, 420),))

        def reference() -> None:
            bare.execute(
                "INSERT INTO fact (epoch, seq, sealed) VALUES (?, ?, ?)", (1, next(rows), blob)
            )

        figure = side_by_side("tap to durable", ours, reference, blocks=100, size=12)
        journal.close()
        bare.close()
    return [figure]


def _bare(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.executescript(TABLES)
    return db


def _disk() -> str:
    """A folder on a disk: /tmp may be memory."""
    return "/var/tmp"  # noqa: S108  # a folder of its own is made in it
