"""The city's accounts at the bank, each with a ledger account and a writer of its own.

Of each the ledger account is moved by what the bank booked and by nothing else, so it stands where
the statement stands. An account that was moved by hand before its lines were kept never becomes
one: the bank then gets another ("bank:2"). What an account is never changes; it may end once.
"""

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, insert, or_, select, update

from accounts.database import Session
from accounts.tables.bank import bank_account
from accounts.tables.journal import account, transfer
from accounts.tables.kiosks import origin


class BankAccountRefusal(enum.Enum):
    """Why an account of the bank was not added."""

    BAD_IBAN = "bad_iban"  # ISO 13616: length, letters, check digits
    BAD_HOLDER = "bad_holder"  # empty, or beyond the 70 characters a payment order has room for
    KNOWN_IBAN = "known_iban"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account at the bank: its number here, who writes, its ledger account's name, and whose.

    ``iban`` is without blanks, ``holder`` the exact name of the account holder as the bank has it.
    """

    id: int
    origin_id: int
    account: str
    iban: str
    holder: str
    until: datetime | None = None


_BY_ID = (
    select(
        bank_account.c.id,
        bank_account.c.origin_id,
        account.c.name,
        bank_account.c.iban,
        bank_account.c.holder,
        bank_account.c.until_us,
    )
    .join(account, account.c.id == bank_account.c.account_id)
    .order_by(bank_account.c.id)
)


def add_bank_account(
    db: Session, *, iban: str, holder: str, at: datetime
) -> BankAccount | BankAccountRefusal:
    """Let the ledger keep an account of the bank; ``at`` is now, in UTC."""
    from stdnum import iban as numbers  # noqa: PLC0415  # nobody else on the way in needs it

    compact, name = re.sub(r"[\s-]", "", iban).upper(), " ".join(holder.split())
    if not numbers.is_valid(compact):
        return BankAccountRefusal.BAD_IBAN
    if not 1 <= len(name) <= 70:
        return BankAccountRefusal.BAD_HOLDER
    if bank_account_of(db, compact) is not None:
        return BankAccountRefusal.KNOWN_IBAN
    account_id, account_name = _free_account(db)
    writer = insert(origin).values(kind="bank", name=f"bank:{compact}", enrolled_us=at)
    origin_id = db.execute(writer.returning(origin.c.id)).scalar_one()
    made = insert(bank_account).values(
        account_id=account_id, origin_id=origin_id, iban=compact, holder=name, since_us=at
    )
    number = db.execute(made.returning(bank_account.c.id)).scalar_one()
    return BankAccount(number, origin_id, account_name, compact, name)


def bank_accounts(db: Connection) -> tuple[BankAccount, ...]:
    """All of them, in the order in which they were added; those that ended too."""
    return tuple(_read(row) for row in db.execute(_BY_ID))


def bank_account_of(db: Connection, iban: str) -> BankAccount | None:
    """The account with that IBAN, blanks or not; None where the ledger keeps none."""
    compact = re.sub(r"[\s-]", "", iban).upper()
    row = db.execute(_BY_ID.where(bank_account.c.iban == compact)).one_or_none()
    return None if row is None else _read(row)


def end_bank_account(db: Session, iban: str, *, at: datetime) -> bool:
    """Say that the account is closed at the bank; False where there is none that is open."""
    compact = re.sub(r"[\s-]", "", iban).upper()
    this = (bank_account.c.iban == compact) & bank_account.c.until_us.is_(None)
    return bool(db.execute(update(bank_account).where(this).values(until_us=at)).rowcount)


def _free_account(db: Session) -> tuple[int, str]:
    """An account of the bank's kind that nothing moved; opened where there is none."""
    moved = or_(
        exists().where(transfer.c.debit_id == account.c.id),
        exists().where(transfer.c.credit_id == account.c.id),
    )
    taken = exists().where(bank_account.c.account_id == account.c.id)
    free = (
        select(account.c.id, account.c.name)
        .where(account.c.kind == "bank", ~taken, ~moved)
        .order_by(account.c.id)
        .limit(1)
    )
    row = db.execute(free).one_or_none()
    if row is not None:
        return row.id, row.name
    there = select(func.count()).select_from(account).where(account.c.kind == "bank")
    number = db.execute(there).scalar_one() + 1
    name = "bank" if number == 1 else f"bank:{number}"
    made = insert(account).values(name=name, kind="bank").returning(account.c.id)
    return db.execute(made).scalar_one(), name


def _read(row: Any) -> BankAccount:
    number, origin_id, name, iban, holder, until = row
    return BankAccount(number, origin_id, name, iban, holder, until)
