"""The kiosk's own journal: what was decided is durable here before the light turns green.

- One row per fact, appended and never changed but for the mark that the ledger has it. Rows
  are sealed and linked (``accounts.chain``); their keys are (epoch, seq). The epoch is drawn
  anew whenever a journal is opened, so a restored image can never use a number twice; seq
  counts from 1 without a gap, and starts with the epoch.
- ``record`` returns after the commit: SQLite in WAL mode with synchronous=FULL, one row one
  commit. A row that was returned survives kill and power cut.
- A row stays 35 days after the ledger had it, so that a ledger restored from a backup gets it
  again; after that the oldest go, from the front and never from between. What the ledger has
  not answered for stays for ever.
- The newest snapshot, the notes about who was looked at and the alerts about cards lie here
  too, sealed as well.
- One process at a time holds a journal: two would not know of each other's lunches.
"""

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from accounts import chain, facts
from accounts.clock import Clock, SystemClock
from accounts.facts import Fact
from kiosk import journal_keeping, journal_reading
from kiosk.journal_file import JournalBroken, open_file
from kiosk.journal_keeping import day_number, let_go
from kiosk.journal_reading import place
from kiosk.journal_rows import Item, Note, Row, Sighting, note_bytes, row_bytes, sighting_bytes
from kiosk.vault import WrongKey, vault

__all__ = ["Item", "Journal", "JournalBroken", "Note", "Row", "Sighting", "open_journal"]

log = logging.getLogger(__name__)

_RECENT = 500
"""Rows read at an opening, whatever became of them."""
_WAIT_SECONDS = 3
"""For the kiosk before this one to end."""


class Journal:
    """An open journal. Any thread may call it; calls wait for each other."""

    def __init__(
        self, connection: sqlite3.Connection, *, key: bytes, origin_id: int, clock: Clock
    ) -> None:
        self._db, self._clock = connection, clock
        self._lock = threading.Lock()
        self._facts = vault(key, purpose="journal facts")
        self._notes = vault(key, purpose="journal notes")
        self._alerts = vault(key, purpose="journal alerts")
        self._about = vault(key, purpose="journal about")
        self.origin_id = origin_id
        # 62 random bits: two openings never meet, and both engines' integers hold it.
        self.epoch = secrets.randbits(62) + 1
        self._seq = self._note_seq = self._alert_seq = 0
        self._link = chain.genesis(origin_id=origin_id, epoch=self.epoch)
        self.recent: dict[tuple[int, int], Row] = {
            row.key: row for row in journal_reading.recent(connection, self._facts, newest=_RECENT)
        }

    def record(self, fact: Fact, items: tuple[Item, ...] = ()) -> Row:
        """Write the next fact; its epoch, seq and link are set here. Durable when it returns."""
        with self._lock:
            followed, told = facts.follow(
                fact,
                origin_id=self.origin_id,
                epoch=self.epoch,
                seq=self._seq + 1,
                before=self._link,
            )
            row = Row(followed, items)
            sealed = self._facts.seal(row_bytes(told, items), place=place(row.key))
            self._db.execute(
                "INSERT INTO fact (epoch, seq, sealed) VALUES (?, ?, ?)", (*row.key, sealed)
            )
            self._seq += 1
            self._link = row.fact.chain
            self.recent[row.key] = row
            return row

    def waiting(self, at_most: int = 200, *, but_not: Iterable[int] = ()) -> list[Row]:
        """Facts the ledger has not acknowledged, oldest first; all of one epoch, of no such one."""
        with self._lock:
            return journal_reading.waiting(self._db, self._facts, at_most=at_most, but_not=but_not)

    def count_waiting(self) -> int:
        """How many facts the ledger has not acknowledged."""
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM fact WHERE drained = 0").fetchone()
        return int(count)

    def drained(self, keys: Iterable[tuple[int, int]], *, alarm: bool = False) -> None:
        """Mark facts the ledger has answered; with ``alarm`` those it holds otherwise."""
        mark = 2 if alarm else 1
        with self._lock, self._transaction():
            today = day_number(self._clock)
            self._db.executemany(
                "UPDATE fact SET drained = ?, drained_on = ? WHERE epoch = ? AND seq = ?",
                [(mark, today, *key) for key in keys],
            )
            let_go(self._db, "fact", today=today, but_the_newest=_RECENT)

    def bring_again(self) -> int:
        """Have every fact and note a restored ledger may lack wait again; how many facts.

        What it knows it answers as before. Alarms and damaged rows are left as they are.
        """
        with self._lock, self._transaction():
            return journal_keeping.bring_again(self._db)

    def epochs(self) -> list[int]:
        """The epochs of all facts that may matter today, what a void names among them."""
        with self._lock:
            voided = (row.fact.voids for row in self.recent.values() if row.fact.voids)
            named = {epoch for epoch, _ in (*self.recent, *voided)}
            return sorted({self.epoch, *named})

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """Drop rows from memory that neither a limit nor a void needs any more."""
        with self._lock:
            for key in keys:
                self.recent.pop(key, None)

    def write_note(self, *, at_us: int, actor: str, pupil_id: int | None, purpose: str) -> None:
        """Write down that somebody looked at a child's data. Durable when it returns."""
        with self._lock:
            note = Note(self.epoch, self._note_seq + 1, at_us, actor, pupil_id, purpose)
            sealed = self._notes.seal(note_bytes(note), place=place((note.epoch, note.seq)))
            self._db.execute(
                "INSERT INTO note (epoch, seq, sealed) VALUES (?, ?, ?)",
                (note.epoch, note.seq, sealed),
            )
            self._note_seq += 1

    def waiting_notes(self, at_most: int = 200) -> list[Note]:
        """Notes the ledger has not acknowledged, oldest first."""
        with self._lock:
            return journal_reading.waiting_notes(self._db, self._notes, at_most=at_most)

    def notes_drained(self, notes: Iterable[Note]) -> None:
        """Mark notes the ledger has acknowledged."""
        self._mark("note", notes)

    def write_alert(self, *, at_us: int, kind: str, card: bytes) -> None:
        """Write down what was noticed of a card, for the office. Durable when it returns."""
        with self._lock:
            it = Sighting(self.epoch, self._alert_seq + 1, at_us, kind, card)
            sealed = self._alerts.seal(sighting_bytes(it), place=place((it.epoch, it.seq)))
            self._db.execute(
                "INSERT INTO alert (epoch, seq, sealed) VALUES (?, ?, ?)",
                (it.epoch, it.seq, sealed),
            )
            self._alert_seq += 1

    def waiting_alerts(self, at_most: int = 200) -> list[Sighting]:
        """Alerts the ledger has not acknowledged, oldest first."""
        with self._lock:
            return journal_reading.waiting_sightings(self._db, self._alerts, at_most=at_most)

    def alerts_drained(self, alerts: Iterable[Sighting]) -> None:
        """Mark alerts the ledger has acknowledged."""
        self._mark("alert", alerts)

    def keep(self, name: str, clear: bytes) -> None:
        """Keep one value (the snapshot, the lock of the PIN) under a name, sealed."""
        sealed = self._about.seal(clear, place=name)
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, sealed))

    def kept(self, name: str) -> bytes | None:
        """The value kept under that name, or None. Raises WrongKey."""
        with self._lock:
            found = self._db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return None if found is None else self._about.open(found[0], place=name)

    def incarnation(self) -> int | None:
        """The ledger's life that this journal last brought its facts to; None: not known."""
        try:
            kept = self.kept("incarnation")
        except WrongKey:  # to bring everything again does no harm
            log.critical("the kept number of the ledger's life is damaged")
            return None
        return None if kept is None else int(kept)

    def keep_incarnation(self, number: int) -> None:
        """From now on the ledger's life is that one. Durable when it returns."""
        self.keep("incarnation", str(number).encode())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _mark(self, table: str, rows: Iterable[Note | Sighting]) -> None:
        with self._lock, self._transaction():
            today = day_number(self._clock)
            self._db.executemany(
                f"UPDATE {table} SET drained = 1, drained_on = ? "  # noqa: S608  # a name of our own
                "WHERE epoch = ? AND seq = ?",
                [(today, row.epoch, row.seq) for row in rows],
            )
            let_go(self._db, table, today=today)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def open_journal(
    path: Path,
    *,
    origin_id: int,
    key: bytes | None = None,
    passphrase: str | None = None,
    clock: Clock | None = None,
) -> Journal:
    """Open a kiosk's journal, or make it; from now on it writes in a new epoch.

    Give the key or the passphrase; ``clock`` tells when a row was drained (none: the machine's).
    Raises WrongKey for another key than the journal was made with or another kiosk's,
    JournalBroken for a file that is none or that another process uses.
    """
    clock = clock or SystemClock()
    db, opened_with = open_file(
        path,
        origin_id=origin_id,
        key=key,
        passphrase=passphrase,
        today=day_number(clock),
        wait_seconds=_WAIT_SECONDS,
    )
    return Journal(db, key=opened_with, origin_id=origin_id, clock=clock)
