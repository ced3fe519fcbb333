"""The double-entry ledger's guarded way in: one entry is asked for and may be told no.

The same key with the same content gives the first result again, and with other content raises
an alarm that stays in the ledger. Nothing here changes or deletes a row, and the database would
refuse it. A booking is one statement on SQLite and one round trip on PostgreSQL; the rules
behind it are the database's. What kiosks have already served comes in by ``accounts.intake``.
"""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from accounts import chain
from accounts.clock import microseconds, school_day
from accounts.database import Remembered, Session
from accounts.entries import Booked, Draft, Eaten, EntryKind, Key, Move, No
from accounts.guards import JournalRefused, guarded
from accounts.money import Money
from accounts.tables import journal, kiosks

__all__ = [
    "Booked",
    "Draft",
    "Eaten",
    "EntryKind",
    "Key",
    "KeyReused",
    "Move",
    "No",
    "balance",
    "book",
    "content_of",
    "count_entries",
    "next_key",
    "reverse",
]


class KeyReused(Remembered):
    """A key came a second time with other content. The ledger holds an alarm about it.

    The alarm stays even where the exception leaves ``Database.write`` and undoes all else.
    """

    def __init__(self, key: Key, at: datetime) -> None:
        super().__init__(str(key))
        self.key = key
        self.at = at

    def remember(self, db: Session) -> None:
        """Write the alarm."""
        alarm = {
            "at_us": self.at,
            "kind": "key_reused",
            "origin_id": self.key.origin_id,
            "epoch": self.key.epoch,
            "seq": self.key.seq,
            "detail": "entry",
        }
        db.execute(kiosks.alarm.insert(), alarm)


# In the drivers' own words: this is the hot path, and a statement that is looked up in the cache
# of compiled statements costs it a tenth.
_BOOK_SQLITE = "INSERT INTO booking (document, content) VALUES (?, ?)"
_BOOK_POSTGRESQL = "SELECT book(%s::jsonb, %s::bytea)"


def book(db: Session, draft: Draft, *, now: datetime) -> Booked | No:
    """Book one entry, or say why not.

    Raises KeyReused where the key stands for another entry, JournalRefused where a guard of
    the database found the draft impossible (an unknown account, a gap, a wrong day).
    """
    asked = chain.canonical(_content(draft))
    floor = "null" if draft.floor is None else draft.floor.cents
    # What was asked for, and beside it what a retry may say otherwise.
    document = f'{asked[:-1].decode()},"recorded":{microseconds(now)},"floor":{floor}}}'
    content = hashlib.sha256(asked).digest()
    if db.dialect.name == "sqlite":
        return _book_sqlite(db, draft, (document, content), now)
    return _book_postgresql(db, draft, (document, content), now)


def reverse(
    db: Session, *, key: Key, of: Key, reason: str, actor: str, now: datetime
) -> Booked | No:
    """Take an entry back by its mirror image (Storno), which names it.

    Raises LookupError where there is no such entry, JournalRefused where it is a reversal.
    """
    header = db.execute(
        select(journal.entry.c.id, journal.entry.c.pupil_id, journal.entry.c.school_id).where(
            journal.entry.c.origin_id == of.origin_id,
            journal.entry.c.epoch == of.epoch,
            journal.entry.c.seq == of.seq,
        )
    ).one_or_none()
    if header is None:
        raise LookupError(f"no entry {of}")
    debit, credit = journal.account.alias(), journal.account.alias()
    rows = db.execute(
        select(debit.c.name, credit.c.name, journal.transfer.c.cents)
        .join_from(journal.transfer, debit, debit.c.id == journal.transfer.c.debit_id)
        .join(credit, credit.c.id == journal.transfer.c.credit_id)
        .where(journal.transfer.c.entry_id == header.id)
        .order_by(journal.transfer.c.no)
    )
    draft = Draft(
        key=key,
        kind=EntryKind.REVERSAL,
        occurred_at=now,
        actor=actor,
        moves=tuple(Move(credit, debit, Money(cents)) for debit, credit, cents in rows),
        pupil_id=header.pupil_id,
        school_id=header.school_id,
        reason=reason,
        reverses=of,
    )
    return book(db, draft, now=now)


def balance(db: Session, pupil_id: int) -> Money:
    """What the pupil has; below zero what the parents owe. Raises LookupError for nobody."""
    cents = db.execute(
        select(journal.balance.c.cents)
        .join(journal.account, journal.account.c.id == journal.balance.c.account_id)
        .where(journal.account.c.pupil_id == pupil_id)
    ).scalar_one_or_none()
    if cents is None:
        raise LookupError(f"no account for pupil {pupil_id}")
    return Money(cents)


def count_entries(db: Session) -> int:
    """How many entries the journal holds."""
    return int(db.execute(select(func.count()).select_from(journal.entry)).scalar_one())


def next_key(db: Session, origin_id: int, *, epoch: int = 1) -> Key:
    """The key after an origin's last entry; for writers without a journal of their own."""
    last = db.execute(
        select(func.max(journal.entry.c.seq)).where(
            journal.entry.c.origin_id == origin_id, journal.entry.c.epoch == epoch
        )
    ).scalar_one()
    return Key(origin_id, epoch, (last or 0) + 1)


def content_of(draft: Draft) -> bytes:
    """SHA-256 of what is asked for, as the entry keeps it; 32 bytes."""
    return hashlib.sha256(chain.canonical(_content(draft))).digest()


def _content(draft: Draft) -> dict[str, Any]:
    """What is asked for, without when it was heard: a retry has the same content."""
    of = draft.reverses
    content = {
        "origin": draft.key.origin_id,
        "epoch": draft.key.epoch,
        "seq": draft.key.seq,
        "kind": draft.kind.value,
        "school": draft.school_id,
        "pupil": draft.pupil_id,
        "day": school_day(draft.occurred_at).isoformat(),
        "occurred": microseconds(draft.occurred_at),
        "actor": draft.actor,
        "reason": draft.reason,
        "reverses": [of.origin_id, of.epoch, of.seq] if of else None,
        "transfers": [[m.debit, m.credit, m.amount.cents] for m in draft.moves],
        "lines": [
            [
                line.offer_id,
                line.tariff_id,
                line.item_class,
                line.quantity,
                line.price.cents,
                line.share.cents,
                line.tax_key,
                line.rate_permille,
            ]
            for line in draft.lines
        ],
    }
    if draft.request_id is not None:  # only then: the digests of other entries stay what they were
        content["request"] = draft.request_id
    return content


def _book_sqlite(db: Session, draft: Draft, ask: tuple[str, bytes], now: datetime) -> Booked | No:
    try:
        with guarded():
            db.exec_driver_sql(_BOOK_SQLITE, ask)
    except JournalRefused as refusal:
        if refusal.code == "key_used":
            return _repeated(db, draft.key, ask[1], now)
        try:
            return No(refusal.code)
        except ValueError:
            raise refusal from None
    return Booked(draft.key)


def _book_postgresql(
    db: Session, draft: Draft, ask: tuple[str, bytes], now: datetime
) -> Booked | No:
    with guarded():
        answer = str(db.exec_driver_sql(_BOOK_POSTGRESQL, ask).scalar_one())
    if answer == "alarm":
        raise KeyReused(draft.key, now)
    if answer.startswith("refused:"):
        return No(answer.removeprefix("refused:"))
    return Booked(draft.key, repeated=answer == "repeated")


def _repeated(db: Session, key: Key, content: bytes, now: datetime) -> Booked:
    entry = journal.entry.c
    known = db.execute(
        select(entry.content).where(
            entry.origin_id == key.origin_id, entry.epoch == key.epoch, entry.seq == key.seq
        )
    ).scalar_one()
    if known == content:
        return Booked(key, repeated=True)
    reused = KeyReused(key, now)
    reused.remember(db)
    raise reused
