"""What a journal's file holds, read back: opened, never believed unsealed.

A row whose seal does not hold is set aside for good (drained = 3) and named in the log, so that
it stops neither a start nor a drain. Functions here are called while the journal's lock is held.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator

from kiosk.journal_rows import Note, Row, Sighting, read_note, read_row, read_sighting
from kiosk.vault import Vault, WrongKey

log = logging.getLogger(__name__)


def place(key: tuple[int, int]) -> str:
    """Where a row or note of that (epoch, seq) was sealed for."""
    return f"{key[0]}:{key[1]}"


def recent(db: sqlite3.Connection, vault: Vault, *, newest: int) -> list[Row]:
    """All that waits, and the ``newest`` rows whatever became of them; oldest first."""
    found = db.execute(
        "SELECT epoch, seq, sealed FROM fact WHERE drained = 0 "
        "OR n > (SELECT coalesce(max(n), 0) - ? FROM fact) ORDER BY n",
        (newest,),
    )
    return list(_opened(db, vault, found.fetchall()))


def waiting(
    db: sqlite3.Connection, vault: Vault, *, at_most: int, but_not: Iterable[int]
) -> list[Row]:
    """The oldest facts the ledger has not acknowledged; all of one epoch, of no such one."""
    aside = list(but_not)
    marks = ", ".join("?" * len(aside))
    found = db.execute(
        "SELECT epoch, seq, sealed FROM fact WHERE drained = 0"  # noqa: S608  # marks only
        f" AND epoch NOT IN ({marks}) ORDER BY n LIMIT ?",
        (*aside, at_most),
    )
    rows = list(_opened(db, vault, found.fetchall()))
    return [row for row in rows if row.fact.epoch == rows[0].fact.epoch]


def waiting_notes(db: sqlite3.Connection, vault: Vault, *, at_most: int) -> list[Note]:
    """The oldest notes the ledger has not acknowledged. Raises WrongKey for a damaged one."""
    found = db.execute(
        "SELECT epoch, seq, sealed FROM note WHERE drained = 0 ORDER BY n LIMIT ?", (at_most,)
    )
    return [
        read_note((epoch, seq), vault.open(sealed, place=place((epoch, seq))))
        for epoch, seq, sealed in found.fetchall()
    ]


def waiting_sightings(db: sqlite3.Connection, vault: Vault, *, at_most: int) -> list[Sighting]:
    """The oldest sightings the ledger has not acknowledged; a damaged one is set aside."""
    found = db.execute(
        "SELECT epoch, seq, sealed FROM alert WHERE drained = 0 ORDER BY n LIMIT ?", (at_most,)
    )
    sightings = []
    for epoch, seq, sealed in found.fetchall():
        try:
            clear = vault.open(sealed, place=place((epoch, seq)))
            sightings.append(read_sighting((epoch, seq), clear))
        except WrongKey:
            log.critical("alert %d:%d of the journal is damaged", epoch, seq)
            db.execute("UPDATE alert SET drained = 3 WHERE epoch = ? AND seq = ?", (epoch, seq))
    return sightings


def _opened(
    db: sqlite3.Connection, vault: Vault, found: Iterable[tuple[int, int, bytes]]
) -> Iterator[Row]:
    for epoch, seq, sealed in found:
        try:
            yield read_row(vault.open(sealed, place=place((epoch, seq))))
        except WrongKey:
            log.critical("row %d:%d of the journal is damaged", epoch, seq)
            db.execute("UPDATE fact SET drained = 3 WHERE epoch = ? AND seq = ?", (epoch, seq))
