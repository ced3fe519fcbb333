"""The kiosk's own journal: what was decided is durable here before the light turns green.

- One row per fact, appended and never changed but for the mark that the ledger has it. Rows
  are sealed and linked (``accounts.chain``); their keys are (epoch, seq). The epoch is drawn
  anew whenever a journal is opened, so a restored image can never use a number twice; seq
  counts from 1 without a gap, and starts with the epoch.
- ``record`` returns after the commit: SQLite in WAL mode with synchronous=FULL, one row one
  commit. A row that was returned survives kill and power cut.
- The newest snapshot and the notes about who was looked at lie here too, sealed as well.
- One process at a time holds a journal: two would not know of each other's lunches.
"""

import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts import chain, facts
from accounts.facts import Fact
from kiosk.vault import KEY_BYTES, SALT_BYTES, WrongKey, key_from_passphrase, vault

log = logging.getLogger(__name__)

_SCHEMA = 1
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE fact (
  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  sealed BLOB NOT NULL, drained INTEGER NOT NULL DEFAULT 0, UNIQUE (epoch, seq)) STRICT;
CREATE INDEX fact_waiting ON fact (n) WHERE drained = 0;
CREATE TABLE note (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  sealed BLOB NOT NULL, drained INTEGER NOT NULL DEFAULT 0, UNIQUE (epoch, seq)) STRICT;
"""
_CHECK = b"mensakasse kiosk journal"
_WAIT_SECONDS = 3
"""For the kiosk before this one to end."""


class JournalBroken(Exception):  # noqa: N818
    """The journal's file is not usable: in use, of a newer version, or damaged."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line as the kiosk priced it for its own limits: cents for one."""

    offer_id: int
    item_class: str
    quantity: int
    share_cents: int


@dataclass(frozen=True, slots=True)
class Row:
    """A fact and how the kiosk priced it."""

    fact: Fact
    items: tuple[Item, ...]

    @property
    def key(self) -> tuple[int, int]:
        """(epoch, seq)."""
        return (self.fact.epoch, self.fact.seq)


@dataclass(frozen=True, slots=True)
class Note:
    """Somebody looked at a child's data: who, whom, when (microseconds UTC), what for."""

    epoch: int
    seq: int
    at_us: int
    actor: str
    pupil_id: int | None
    purpose: str


class Journal:
    """An open journal. Any thread may call it; calls wait for each other."""

    def __init__(self, connection: sqlite3.Connection, *, key: bytes, origin_id: int) -> None:
        self._db = connection
        self._lock = threading.Lock()
        self._facts = vault(key, purpose="journal facts")
        self._notes = vault(key, purpose="journal notes")
        self._about = vault(key, purpose="journal about")
        self.origin_id = origin_id
        # 62 random bits: two openings never meet, and both engines' integers hold it.
        self.epoch = secrets.randbits(62) + 1
        self._seq = 0
        self._note_seq = 0
        self._link = chain.genesis(origin_id=origin_id, epoch=self.epoch)
        self.recent: dict[tuple[int, int], Row] = {row.key: row for row in self._read_recent()}

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
            sealed = self._facts.seal(_row_bytes(told, items), place=_place(row.key))
            self._db.execute(
                "INSERT INTO fact (epoch, seq, sealed) VALUES (?, ?, ?)", (*row.key, sealed)
            )
            self._seq += 1
            self._link = row.fact.chain
            self.recent[row.key] = row
            return row

    def waiting(self, at_most: int = 200, *, but_not: Iterable[int] = ()) -> list[Row]:
        """Facts the ledger has not acknowledged, oldest first; all of one epoch, of no such one."""
        aside = list(but_not)
        marks = ", ".join("?" * len(aside))
        with self._lock:
            found = self._db.execute(
                "SELECT epoch, seq, sealed FROM fact WHERE drained = 0"  # noqa: S608  # marks only
                f" AND epoch NOT IN ({marks}) ORDER BY n LIMIT ?",
                (*aside, at_most),
            ).fetchall()
            rows = list(self._opened(found))
        return [row for row in rows if row.fact.epoch == rows[0].fact.epoch]

    def count_waiting(self) -> int:
        """How many facts the ledger has not acknowledged."""
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM fact WHERE drained = 0").fetchone()
        return int(count)

    def drained(self, keys: Iterable[tuple[int, int]], *, alarm: bool = False) -> None:
        """Mark facts the ledger has answered; with ``alarm`` those it holds otherwise."""
        mark = 2 if alarm else 1
        with self._lock, self._transaction():
            self._db.executemany(
                "UPDATE fact SET drained = ? WHERE epoch = ? AND seq = ?",
                [(mark, *key) for key in keys],
            )

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
            clear = json.dumps([at_us, actor, pupil_id, purpose]).encode()
            sealed = self._notes.seal(clear, place=_place((note.epoch, note.seq)))
            self._db.execute(
                "INSERT INTO note (epoch, seq, sealed) VALUES (?, ?, ?)",
                (note.epoch, note.seq, sealed),
            )
            self._note_seq += 1

    def waiting_notes(self, at_most: int = 200) -> list[Note]:
        """Notes the ledger has not acknowledged, oldest first."""
        with self._lock:
            found = self._db.execute(
                "SELECT epoch, seq, sealed FROM note WHERE drained = 0 ORDER BY n LIMIT ?",
                (at_most,),
            ).fetchall()
        return [
            Note(epoch, seq, *json.loads(self._notes.open(sealed, place=_place((epoch, seq)))))
            for epoch, seq, sealed in found
        ]

    def notes_drained(self, notes: Iterable[Note]) -> None:
        """Mark notes the ledger has acknowledged."""
        with self._lock, self._transaction():
            self._db.executemany(
                "UPDATE note SET drained = 1 WHERE epoch = ? AND seq = ?",
                [(note.epoch, note.seq) for note in notes],
            )

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

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def _read_recent(self) -> Iterator[Row]:
        found = self._db.execute(
            "SELECT epoch, seq, sealed FROM fact WHERE drained = 0 "
            "OR n > (SELECT coalesce(max(n), 0) - 500 FROM fact) ORDER BY n"
        )
        return self._opened(found.fetchall())

    def _opened(self, found: Iterable[tuple[int, int, bytes]]) -> Iterator[Row]:
        """The rows; one that is damaged is set aside, so that it stops neither start nor drain."""
        for epoch, seq, sealed in found:
            try:
                yield self._open_row(epoch, seq, sealed)
            except WrongKey:
                log.critical("row %d:%d of the journal is damaged", epoch, seq)
                self._db.execute(
                    "UPDATE fact SET drained = 3 WHERE epoch = ? AND seq = ?", (epoch, seq)
                )

    def _open_row(self, epoch: int, seq: int, sealed: bytes) -> Row:
        read = json.loads(self._facts.open(sealed, place=_place((epoch, seq))))
        return Row(facts.from_json(read["fact"]), tuple(Item(*item) for item in read["items"]))

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
    path: Path, *, origin_id: int, key: bytes | None = None, passphrase: str | None = None
) -> Journal:
    """Open a kiosk's journal, or make it; from now on it writes in a new epoch.

    Give the key or the passphrase. Raises WrongKey for another key than the journal was made
    with or another kiosk's, JournalBroken for a file that is none or that another process uses.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_WAIT_SECONDS)
    try:
        return _opened(db, origin_id=origin_id, key=key, passphrase=passphrase)
    except sqlite3.DatabaseError as error:
        db.close()
        if "locked" in str(error):
            raise JournalBroken("another kiosk is running with this journal") from error
        raise JournalBroken(f"{path.name}: {error}") from error
    except BaseException:
        db.close()
        raise


def _opened(
    db: sqlite3.Connection, *, origin_id: int, key: bytes | None, passphrase: str | None
) -> Journal:
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA):
        raise JournalBroken(f"the journal has format {version}, this software knows {_SCHEMA}")
    salt = _salt(db) if version else secrets.token_bytes(SALT_BYTES)
    if key is None:
        if passphrase is None:
            raise ValueError("a journal needs a key or a passphrase")
        key = key_from_passphrase(passphrase, salt=salt)
    if len(key) != KEY_BYTES:
        raise ValueError("a kiosk's key has 32 bytes")
    check = vault(key, purpose="journal check")
    place = f"origin {origin_id}"
    if version == 0:
        # One script, one commit: a journal is whole or not there.
        about = {"salt": salt, "check": check.seal(_CHECK, place=place)}
        inserts = "".join(
            f"INSERT INTO about VALUES ('{name}', X'{value.hex()}');"  # noqa: S608  # our own bytes
            for name, value in about.items()
        )
        db.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} {inserts} PRAGMA user_version = {_SCHEMA}; COMMIT;"
        )
    else:
        (sealed,) = db.execute("SELECT value FROM about WHERE name = 'check'").fetchone()
        try:
            check.open(sealed, place=place)
        except WrongKey:
            raise WrongKey("this journal was made with another key or for another kiosk") from None
    return Journal(db, key=key, origin_id=origin_id)


def _salt(db: sqlite3.Connection) -> bytes:
    (salt,) = db.execute("SELECT value FROM about WHERE name = 'salt'").fetchone()
    return bytes(salt)


def _place(key: tuple[int, int]) -> str:
    return f"{key[0]}:{key[1]}"


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def _row_bytes(told: dict[str, Any], items: tuple[Item, ...]) -> bytes:
    priced = [[i.offer_id, i.item_class, i.quantity, i.share_cents] for i in items]
    return _ENCODER.encode({"fact": told, "items": priced}).encode()
