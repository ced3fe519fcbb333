"""What the bank booked, each line once, and what its account stood at.

- Keeping a line moves its bank account against suspense in the same statement: the ledger's
  account of the bank is the sum of the lines that are kept, and of what it stood at before them.
- Lines are of finished days only. No two lines of an account have one identity, and none is ever
  changed, taken back or left out: what the bank takes back is a line of its own.
"""

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select, text

from accounts.bank_accounts import BankAccount
from accounts.bank_days import BankDay, bank_days, note_days
from accounts.clock import BERLIN, microseconds
from accounts.database import Session
from accounts.guards import guarded
from accounts.ledger import Draft, EntryKind, Key, Move, book, content_of
from accounts.money import ZERO, Money
from accounts.tables.bank import bank_account, bank_line
from accounts.tables.journal import entry, transfer

__all__ = [
    "LINE_EPOCH",
    "OPENING_EPOCH",
    "BankDay",
    "Nature",
    "NewLine",
    "StoredLine",
    "bank_days",
    "book_opening",
    "has_lines",
    "hold_lines",
    "keep_lines",
    "ledger_balance",
    "note_days",
    "stored_lines",
]

LINE_EPOCH, OPENING_EPOCH = 1, 3
"""Of a bank account's writer; what became of its lines is epoch 2 (``accounts.allocated``)."""

_CHUNK = 2000
_COLUMNS = (
    *("bank_account_id", "seq", "reading_id", "day", "value_day", "cents", "nature", "identity"),
    *("payer", "end_to_end", "gvc", "text_digest", "recorded_us", "actor", "content"),
)
_NAMES, _MARKS = ", ".join(_COLUMNS), ", ".join("?" * len(_COLUMNS))
_KEEP_SQLITE = f"INSERT INTO bank_line ({_NAMES}) VALUES ({_MARKS})"  # noqa: S608  # our own names
# One statement for many lines: their entries are then booked as one set.
_KEEP_POSTGRESQL = f"""
    INSERT INTO bank_line (id, {_NAMES})
    SELECT 0, n.bank_account_id, n.seq, n.reading_id, n.day, n.value_day, n.cents, n.nature,
           decode(n.identity, 'hex'), decode(n.payer, 'hex'), decode(n.end_to_end, 'hex'), n.gvc,
           decode(n.text_digest, 'hex'), n.recorded_us, n.actor, decode(n.content, 'hex')
    FROM jsonb_to_recordset(%s::jsonb) AS n(bank_account_id bigint, seq bigint, reading_id bigint,
      day date, value_day date, cents bigint, nature text, identity text, payer text,
      end_to_end text, gvc text, text_digest text, recorded_us bigint, actor text, content text)
    ORDER BY n.seq"""  # noqa: S608  # as above
_HOLD = text("SELECT pg_advisory_xact_lock_shared(4210001), pg_advisory_xact_lock(4210005)")


class Nature(enum.Enum):
    """What a line is: a payment, or one that comes back (Rücklastschrift, Rückgabe, Storno)."""

    PAYMENT = "payment"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class NewLine:
    """A booked line of a finished day, as its statement tells it; nothing of it in clear.

    ``amount`` is above zero for money that came in. ``identity`` (32 bytes) is what tells it from
    every other line of its account; ``payer`` and ``end_to_end`` (32 bytes) are keyed hashes.
    ``gvc`` is the bank's three-digit code of the business (Geschäftsvorfallcode).
    """

    day: date
    value_day: date
    amount: Money
    nature: Nature
    identity: bytes
    payer: bytes | None
    end_to_end: bytes | None
    gvc: str | None
    text_digest: bytes


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line that is kept, with its number."""

    id: int
    day: date
    value_day: date
    amount: Money
    nature: Nature
    identity: bytes
    payer: bytes | None
    end_to_end: bytes | None
    gvc: str | None
    text_digest: bytes


def hold_lines(db: Session) -> None:
    """Until this transaction ends nobody else keeps lines; look at what is kept after it.

    On SQLite whoever may write is alone already.
    """
    if db.dialect.name != "sqlite":
        db.execute(_HOLD)


def keep_lines(
    db: Session,
    account: BankAccount,
    lines: Sequence[NewLine],
    *,
    reading_id: int,
    actor: str,
    now: datetime,
) -> tuple[int, ...]:
    """Keep these lines and book each; their numbers in the same order.

    All of them or, where one is refused, none. Raises JournalRefused: "known_line" (SQLite) or
    "uq_bank_line_identity_bank_account_id" (PostgreSQL) where one is kept already,
    "unfinished_day" where its day is not over in Germany, "before_opening" where it is not after
    what the account stood at.
    """
    hold_lines(db)
    last = select(func.coalesce(func.max(bank_line.c.seq), 0))
    first = 1 + int(db.execute(last.where(bank_line.c.bank_account_id == account.id)).scalar_one())
    rows = (
        _row(account, first + place, line, reading_id=reading_id, actor=actor, now=now)
        for place, line in enumerate(lines)
    )
    with guarded():
        if db.dialect.name == "sqlite":
            for chunk in _chunks(rows):
                db.exec_driver_sql(_KEEP_SQLITE, chunk)
        else:
            for chunk in _chunks(rows):
                told = [dict(zip(_COLUMNS, map(_plain, row), strict=True)) for row in chunk]
                db.exec_driver_sql(_KEEP_POSTGRESQL, (json.dumps(told),))
    numbers = select(bank_line.c.id).where(
        bank_line.c.bank_account_id == account.id, bank_line.c.seq >= first
    )
    return tuple(db.execute(numbers.order_by(bank_line.c.seq)).scalars())


def stored_lines(
    db: Connection, account: BankAccount, *, first: date, last: date
) -> tuple[StoredLine, ...]:
    """The lines booked from the first to the last day (both included), in the order they came."""
    this = bank_line.c
    found = (
        select(
            this.id, this.day, this.value_day, this.cents, this.nature, this.identity,
            this.payer, this.end_to_end, this.gvc, this.text_digest,
        )
        .where(this.bank_account_id == account.id, this.day.between(first, last))
        .order_by(this.day, this.seq)
    )  # fmt: skip
    return tuple(
        StoredLine(number, day, value_day, Money(cents), Nature(nature), *rest)
        for number, day, value_day, cents, nature, *rest in db.execute(found)
    )


def book_opening(
    db: Session, account: BankAccount, amount: Money, *, day: date, actor: str, now: datetime
) -> None:
    """What the account stood at, at the end of that day and before the first line.

    Asking for the same again changes nothing; nothing needs no entry. Raises JournalRefused where
    a line is kept already ("not_the_bank"), KeyReused where another amount was booked.
    """
    if amount == ZERO:
        return
    into = amount > ZERO
    draft = Draft(
        key=Key(account.origin_id, OPENING_EPOCH, 1),
        kind=EntryKind.OPENING,
        occurred_at=_noon(day),
        actor=actor,
        moves=(
            Move(account.account, "opening", amount)
            if into
            else Move("opening", account.account, -amount),
        ),
    )
    book(db, draft, now=now)


def ledger_balance(db: Connection, account: BankAccount, *, day: date) -> Money:
    """What the ledger's account of the bank stood at, at the end of that booking day.

    It is summed from the lines and what came before them: each line's entry moved just its cents
    on its day (``accounts.verify_bank`` proves that of all of them).
    """
    kept = select(func.coalesce(func.sum(bank_line.c.cents), 0)).where(
        bank_line.c.bank_account_id == account.id, bank_line.c.day <= day
    )
    return Money(int(db.execute(kept).scalar_one())) + _opening(db, account, day)


def has_lines(db: Connection, account: BankAccount) -> bool:
    """Whether anything was kept of this account, or what it stood at before."""
    line = select(bank_line.c.id).where(bank_line.c.bank_account_id == account.id).limit(1)
    opened = select(entry.c.id).where(entry.c.origin_id == account.origin_id).limit(1)
    return db.execute(line).first() is not None or db.execute(opened).first() is not None


def _opening(db: Connection, account: BankAccount, day: date) -> Money:
    mine = bank_account.c.account_id
    query = (
        select(transfer.c.debit_id == mine, transfer.c.cents)
        .join_from(entry, transfer, transfer.c.entry_id == entry.c.id)
        .join(bank_account, bank_account.c.origin_id == entry.c.origin_id)
        .where(
            entry.c.origin_id == account.origin_id,
            entry.c.epoch == OPENING_EPOCH,
            entry.c.day <= day,
        )
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return ZERO
    into, cents = row
    return Money(cents) if into else -Money(cents)


@lru_cache(maxsize=64)
def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BERLIN).astimezone(UTC)


def _row(
    account: BankAccount, seq: int, line: NewLine, *, reading_id: int, actor: str, now: datetime
) -> tuple[Any, ...]:
    values = (
        account.id,
        seq,
        reading_id,
        line.day.isoformat(),
        line.value_day.isoformat(),
        line.amount.cents,
        line.nature.value,
        line.identity,
        line.payer,
        line.end_to_end,
        line.gvc,
        line.text_digest,
        microseconds(now),
        actor,
    )
    return (*values, content_of(_entry(account, seq, line, actor)))


def _entry(account: BankAccount, seq: int, line: NewLine, actor: str) -> Draft:
    """The entry by which a line is booked; the database's trigger makes just this one."""
    into = line.amount > ZERO
    here, there = account.account, "suspense"
    return Draft(
        key=Key(account.origin_id, LINE_EPOCH, seq),
        kind=EntryKind.TOPUP if into else EntryKind.CORRECTION,
        occurred_at=_noon(line.day),
        actor=actor,
        moves=(Move(here, there, line.amount) if into else Move(there, here, -line.amount),),
    )


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _chunks(rows: Iterable[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
