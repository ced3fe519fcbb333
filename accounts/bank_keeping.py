"""What whoever keeps a bank's statements asks of the ledger beside lines and days.

A stamp changes with every line that is kept and every day that is noted: where it is as it was,
nobody kept anything in between.
"""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select

from accounts.bank_accounts import BankAccount
from accounts.tables.bank import bank_day, bank_line, line_mark

Stamp = tuple[int, int]


def stamp(db: Connection, account: BankAccount) -> Stamp:
    """How far an account's lines and the noted days go."""
    line, day = bank_line.c, bank_day.c
    seq = select(func.coalesce(func.max(line.seq), 0)).where(line.bank_account_id == account.id)
    noted = select(func.coalesce(func.max(day.id), 0))
    return int(db.execute(seq).scalar_one()), int(db.execute(noted).scalar_one())


def amended_lines(db: Connection, account: BankAccount, *, first: date, last: date) -> set[int]:
    """The lines of these days (both included) that are marked as worded anew by the bank."""
    line = bank_line.c
    marked = (
        select(line_mark.c.line_id)
        .join_from(line_mark, bank_line, line.id == line_mark.c.line_id)
        .where(
            line_mark.c.mark == "amended",
            line.bank_account_id == account.id,
            line.day.between(first, last),
        )
    )
    return set(db.execute(marked).scalars())


def note_amended(
    db: Connection, line_ids: Collection[int], *, reason: str, actor: str, now: datetime
) -> None:
    """Mark lines that the bank words anew."""
    told = {"mark": "amended", "reason": reason, "actor": actor, "at_us": now}
    if line_ids:
        db.execute(insert(line_mark), [{"line_id": line_id, **told} for line_id in line_ids])
