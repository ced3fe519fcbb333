"""Files from a bank: kept before anybody reads them, known again, read again, erasable.

- A file's bytes are durable before they are looked at. The same bytes are one file however often
  they come; their first way and moment count.
- What reading a file came to is told statement by statement, and 0 is the file as a whole. The
  newest telling of a file and number is how it stands; all of them stay.
- A file that was kept and never read to its end waits as a whole: one that the power cut off
  between the two is found and read.
- A file's bytes and the texts of its lines open with the file's key alone. Erasing it leaves
  lines, identities, digests and days as they are.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select, text

from accounts.bank_readings import (
    UNREAD,
    NewReading,
    Outcome,
    Reading,
    note_reading,
    quarantined,
    readings,
    waiting,
)
from accounts.bank_text import LineText
from accounts.bank_vault import BankVault, FileKey, Unopenable, new_salt, salted_digest
from accounts.tables import bank

__all__ = [
    "UNREAD",
    "BankFile",
    "NewReading",
    "Outcome",
    "Reading",
    "Source",
    "bank_file",
    "erase_file",
    "hold_bank",
    "keep_file",
    "keep_texts",
    "key_of",
    "note_reading",
    "quarantined",
    "raw_of",
    "readings",
    "texts_of",
    "waiting",
]

_ALONE = text("SELECT pg_advisory_xact_lock(4210022)")
_AT_ONCE = 500
"""Lines asked for in one statement; SQLite takes 32,766 parameters, older ones 999."""


class Source(enum.Enum):
    """The way a file came."""

    FINTS = "fints"
    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file that was kept: when (UTC), which way it came, its size in bytes."""

    id: int
    at: datetime
    source: Source
    size: int


def hold_bank(db: Connection) -> None:
    """Let nobody else keep a file or a statement until this transaction ends, and wait for who does.

    On SQLite a writing transaction is alone anyway.
    """
    if db.dialect.name != "sqlite":
        db.execute(_ALONE)


def keep_file(
    db: Connection,
    vault: BankVault,
    raw: bytes,
    *,
    source: Source,
    now: datetime,
    told_format: str | None = None,
) -> tuple[BankFile, bool]:
    """Keep a file's bytes, sealed; the file, and whether it is new.

    A new one waits as a whole from this transaction on. One whose bytes were erased stays so.
    """
    fingerprint = vault.fingerprint(raw)
    hold_bank(db)
    known = _file(db, bank.bank_file.c.fingerprint == fingerprint)
    if known is not None:
        return known, False
    salt = new_salt()
    key, wrapped = vault.new_file_key(bound=fingerprint)
    values = {
        "at_us": now,
        "source": source.value,
        "format": told_format,
        "size": len(raw),
        "fingerprint": fingerprint,
        "digest": salted_digest(raw, salt=salt),
    }
    made = insert(bank.bank_file).values(values).returning(bank.bank_file.c.id)
    file_id = int(db.execute(made).scalar_one())
    sealed = key.seal_bytes(raw, bound=fingerprint)
    db.execute(
        insert(bank.bank_raw).values(file_id=file_id, salt=salt, wrapped_key=wrapped, sealed=sealed)
    )
    note_reading(db, NewReading(file_id, 0, Outcome.WAITING, UNREAD), now=now)
    return BankFile(file_id, now, source, len(raw)), True


def bank_file(db: Connection, file_id: int) -> BankFile | None:
    """The file of that number."""
    return _file(db, bank.bank_file.c.id == file_id)


def raw_of(db: Connection, vault: BankVault, file_id: int) -> bytes | None:
    """A file's bytes as they came; None where they were erased.

    Raises Unopenable where another secret sealed them or they are damaged.
    """
    row = db.execute(_kept(bank.bank_file.c.id == file_id)).one_or_none()
    if row is None:
        return None
    key = vault.unwrap(row.wrapped_key, bound=row.fingerprint)
    raw = key.open_bytes(row.sealed, bound=row.fingerprint)
    if salted_digest(raw, salt=row.salt) != row.digest:
        raise Unopenable
    return raw


def key_of(db: Connection, vault: BankVault, file_id: int) -> FileKey | None:
    """The key a file's texts are sealed with; None where it was erased. Raises Unopenable."""
    file, raw = bank.bank_file.c, bank.bank_raw.c
    asked = (
        select(file.fingerprint, raw.wrapped_key)
        .join_from(bank.bank_file, bank.bank_raw, raw.file_id == file.id)
        .where(file.id == file_id)
    )
    row = db.execute(asked).one_or_none()
    return None if row is None else vault.unwrap(row.wrapped_key, bound=row.fingerprint)


def erase_file(db: Connection, file_id: int) -> bool:
    """Erase a file's key with its bytes and the texts of its lines; False where that is done.

    Figures, identities, digests and proofs stay as they are.
    """
    of_file = (
        select(bank.bank_line.c.id)
        .join_from(
            bank.bank_line,
            bank.bank_reading,
            bank.bank_reading.c.id == bank.bank_line.c.reading_id,
        )
        .where(bank.bank_reading.c.file_id == file_id)
    )
    db.execute(delete(bank.bank_line_text).where(bank.bank_line_text.c.line_id.in_(of_file)))
    gone = db.execute(delete(bank.bank_raw).where(bank.bank_raw.c.file_id == file_id))
    return bool(gone.rowcount)


def keep_texts(db: Connection, key: FileKey, texts: Iterable[tuple[int, bytes, LineText]]) -> None:
    """Seal the texts of new lines: line, its identity, what the bank said."""
    rows = [
        {"line_id": line_id, "sealed": key.seal_text(told, bound=identity)}
        for line_id, identity, told in texts
    ]
    if rows:
        db.execute(insert(bank.bank_line_text), rows)


def texts_of(db: Connection, vault: BankVault, line_ids: Sequence[int]) -> Mapping[int, LineText]:
    """What the bank said of these lines; a line whose text was erased is not among them.

    Raises Unopenable where another secret sealed a text or it is damaged.
    """
    keys: dict[int, FileKey] = {}
    told: dict[int, LineText] = {}
    for row in _sealed_texts(db, line_ids):
        if row.file_id not in keys:
            keys[row.file_id] = vault.unwrap(row.wrapped_key, bound=row.fingerprint)
        told[row.line_id] = keys[row.file_id].open_text(row.sealed, bound=row.identity)
    return told


def _sealed_texts(db: Connection, line_ids: Sequence[int]) -> Iterator[Any]:
    line, said, file, raw = bank.bank_line, bank.bank_line_text, bank.bank_file, bank.bank_raw
    reading = bank.bank_reading
    asked = (
        select(
            said.c.line_id,
            said.c.sealed,
            line.c.identity,
            reading.c.file_id,
            raw.c.wrapped_key,
            file.c.fingerprint,
        )
        .join_from(said, line, line.c.id == said.c.line_id)
        .join(reading, reading.c.id == line.c.reading_id)
        .join(raw, raw.c.file_id == reading.c.file_id)
        .join(file, file.c.id == raw.c.file_id)
    )
    for at in range(0, len(line_ids), _AT_ONCE):
        some = line_ids[at : at + _AT_ONCE]
        yield from db.execute(asked.where(said.c.line_id.in_(some)))


def _file(db: Connection, which: ColumnElement[bool]) -> BankFile | None:
    row = db.execute(select(bank.bank_file).where(which)).one_or_none()
    return None if row is None else BankFile(row.id, row.at_us, Source(row.source), row.size)


def _kept(which: ColumnElement[bool]) -> Select[Any]:
    file, raw = bank.bank_file, bank.bank_raw
    columns = (file.c.fingerprint, file.c.digest, raw.c.salt, raw.c.wrapped_key, raw.c.sealed)
    return select(*columns).join_from(file, raw, raw.c.file_id == file.c.id).where(which)
