"""The file a kiosk's journal lies in: its tables, its format's number, whose key opens it.

- A file is whole or not there: it is made, and brought to a newer format, by one commit each.
- It opens with the key and for the kiosk it was made with, and is not touched before that is
  sure. A file of a newer format is left alone.
- One process at a time holds it.
"""

import secrets
import sqlite3
from pathlib import Path

from kiosk.vault import KEY_BYTES, SALT_BYTES, Vault, WrongKey, key_from_passphrase, vault

FORMAT = 3
_ALERTS = """
CREATE TABLE alert (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  sealed BLOB NOT NULL, drained INTEGER NOT NULL DEFAULT 0, drained_on INTEGER,
  UNIQUE (epoch, seq)) STRICT;
"""
TABLES = f"""
CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE fact (
  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  sealed BLOB NOT NULL, drained INTEGER NOT NULL DEFAULT 0, drained_on INTEGER,
  UNIQUE (epoch, seq)) STRICT;
CREATE INDEX fact_waiting ON fact (n) WHERE drained = 0;
CREATE TABLE note (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  sealed BLOB NOT NULL, drained INTEGER NOT NULL DEFAULT 0, drained_on INTEGER,
  UNIQUE (epoch, seq)) STRICT;
{_ALERTS}"""
"""``drained``: 0 waits, 1 the ledger has it, 2 the ledger holds another under its key, 3 damaged.
``drained_on`` is the day of the answer in days since 1970 UTC: no finer, because it lies in
clear beside the sealed row and would tell when each meal was eaten.
"""

# From format 1 to 2. Nothing told when a row was drained, so each stays as if it were today.
_WITH_DAYS = """
ALTER TABLE fact ADD COLUMN drained_on INTEGER;
ALTER TABLE note ADD COLUMN drained_on INTEGER;
UPDATE fact SET drained_on = {today} WHERE drained > 0;
UPDATE note SET drained_on = {today} WHERE drained > 0;
"""
_CHECK = b"mensakasse kiosk journal"


class JournalBroken(Exception):  # noqa: N818
    """The journal's file is not usable: in use, of a newer version, or damaged."""


def open_file(
    path: Path,
    *,
    origin_id: int,
    key: bytes | None,
    passphrase: str | None,
    today: int,
    wait_seconds: float,
) -> tuple[sqlite3.Connection, bytes]:
    """The open file and the key it was opened with; made or brought up where needed.

    Give the key or the passphrase; ``today`` in days since 1970; ``wait_seconds`` for another
    process that still holds it. Raises WrongKey for another key than the journal was made with
    or another kiosk's, JournalBroken for a file that is none or that another process uses.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=wait_seconds)
    try:
        return db, _opened(db, origin_id=origin_id, key=key, passphrase=passphrase, today=today)
    except sqlite3.DatabaseError as error:
        db.close()
        if "locked" in str(error):
            raise JournalBroken("another kiosk is running with this journal") from error
        raise JournalBroken(f"{path.name}: {error}") from error
    except BaseException:
        db.close()
        raise


def _opened(
    db: sqlite3.Connection, *, origin_id: int, key: bytes | None, passphrase: str | None, today: int
) -> bytes:
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= FORMAT:
        raise JournalBroken(f"the journal has format {version}, this software knows {FORMAT}")
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
        _make(db, {"salt": salt, "check": check.seal(_CHECK, place=place)})
    else:
        _try_key(db, check, place)
    if 0 < version < FORMAT:
        days = _WITH_DAYS.format(today=today) if version == 1 else ""
        _in_one_commit(db, days + _ALERTS)
    return key


def _make(db: sqlite3.Connection, about: dict[str, bytes]) -> None:
    inserts = "".join(
        f"INSERT INTO about VALUES ('{name}', X'{value.hex()}');"  # noqa: S608  # our own bytes
        for name, value in about.items()
    )
    _in_one_commit(db, f"{TABLES} {inserts}")


def _in_one_commit(db: sqlite3.Connection, script: str) -> None:
    db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {FORMAT}; COMMIT;")


def _try_key(db: sqlite3.Connection, check: Vault, place: str) -> None:
    (sealed,) = db.execute("SELECT value FROM about WHERE name = 'check'").fetchone()
    try:
        check.open(sealed, place=place)
    except WrongKey:
        raise WrongKey("this journal was made with another key or for another kiosk") from None


def _salt(db: sqlite3.Connection) -> bytes:
    (salt,) = db.execute("SELECT value FROM about WHERE name = 'salt'").fetchone()
    return bytes(salt)
