"""Read models for screens: what the ledger booked, in the ledger's own words.

Accounts are named as the ledger names them ("pupil:17", "revenue:1:6"); no person's name is
read here.
"""

from dataclasses import dataclass

from sqlalchemy import select

from accounts.database import Session
from accounts.ledger import EntryKind
from accounts.money import Money
from accounts.tables import journal


@dataclass(frozen=True, slots=True)
class BookedTransfer:
    """One transfer of an entry."""

    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """One entry with its transfers."""

    id: int
    kind: EntryKind
    pupil_id: int | None
    transfers: tuple[BookedTransfer, ...]


def entries_after(db: Session, entry_id: int, *, at_most: int = 100) -> tuple[BookedEntry, ...]:
    """The entries that were booked after that one, oldest first."""
    entry, transfer = journal.entry.c, journal.transfer.c
    debit, credit = journal.account.alias(), journal.account.alias()
    newest = (
        select(entry.id)
        .where(entry.id > entry_id)
        .order_by(entry.id)
        .limit(at_most)
        .scalar_subquery()
    )
    rows = db.execute(
        select(
            entry.id,
            entry.kind,
            entry.pupil_id,
            debit.c.name.label("debit"),
            credit.c.name.label("credit"),
            transfer.cents,
        )
        .join_from(journal.entry, journal.transfer, transfer.entry_id == entry.id)
        .join(debit, debit.c.id == transfer.debit_id)
        .join(credit, credit.c.id == transfer.credit_id)
        .where(entry.id.in_(newest))
        .order_by(entry.id, transfer.no)
    ).all()
    booked: dict[int, BookedEntry] = {}
    for row in rows:
        before = booked[row.id].transfers if row.id in booked else ()
        booked[row.id] = BookedEntry(
            row.id,
            EntryKind(row.kind),
            row.pupil_id,
            (*before, BookedTransfer(row.debit, row.credit, Money(row.cents))),
        )
    return tuple(booked.values())
