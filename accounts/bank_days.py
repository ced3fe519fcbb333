"""The days of a bank account that are finished and proved, and what the bank closed each at.

A day is noted when its statement closed on its own balances and the ledger came to the same. Said
again, the newest word counts; what was said before stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, insert, select

from accounts.bank_accounts import BankAccount
from accounts.database import Session
from accounts.guards import guarded
from accounts.money import Money
from accounts.tables.bank import bank_day


@dataclass(frozen=True, slots=True)
class BankDay:
    """A day that was proved: what the bank closed it at, and what kind of statement said so."""

    day: date
    closing: Money
    family: str
    reading_id: int


def note_days(
    db: Session,
    account: BankAccount,
    days: Mapping[date, Money],
    *,
    family: str,
    reading_id: int,
) -> None:
    """Note that these days are finished, and proved to have closed at these balances.

    ``family`` is "camt" or "mt940". Raises JournalRefused: "wrong_reading" where the reading is
    of another account or does not reach a day, "unfinished_day" where one was not over by then.
    """
    if not days:
        return
    with guarded():
        db.execute(
            insert(bank_day),
            [
                {
                    "bank_account_id": account.id,
                    "day": day,
                    "closing_cents": days[day].cents,
                    "family": family,
                    "reading_id": reading_id,
                }
                for day in sorted(days)
            ],
        )


def bank_days(
    db: Connection, account: BankAccount, *, since: date | None = None
) -> Mapping[date, BankDay]:
    """The proved days, from ``since`` on, in the order of the calendar."""
    newest = select(func.max(bank_day.c.id)).where(bank_day.c.bank_account_id == account.id)
    if since is not None:
        newest = newest.where(bank_day.c.day >= since)
    found = (
        select(bank_day)
        .where(bank_day.c.id.in_(newest.group_by(bank_day.c.day)))
        .order_by(bank_day.c.day)
    )
    return {
        row.day: BankDay(row.day, Money(row.closing_cents), row.family, row.reading_id)
        for row in db.execute(found)
    }
