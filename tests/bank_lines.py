"""A bank account in a test's ledger, lines on it, and where they belong.

The account is one of the demo bank's; its opening was 50.00 euro on the last day of October 2026.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from builders import NOON, row
from sqlalchemy import select

from accounts.allocations import NewAllocation, Rule, allocate
from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.bank_book import Nature, NewLine, book_opening, keep_lines, note_days
from accounts.city import open_city_accounts
from accounts.database import Session
from accounts.money import Money
from accounts.tables import bank

IBAN = "DE89370400440532013000"
OTHER_IBAN = "DE02120300000000202051"
BEFORE = date(2026, 10, 31)
FRIDAY = date(2026, 11, 20)


def digest(*of: object) -> bytes:
    """32 bytes that stand for these words."""
    return hashlib.sha256(repr(of).encode()).digest()


def open_bank(
    db: Session, *, iban: str = IBAN, at: datetime = NOON, opening: int = 5000
) -> BankAccount:
    """The city's accounts, and one at the bank that stood at ``opening`` cents before all lines."""
    open_city_accounts(db)
    account = add_bank_account(db, iban=iban, holder="Stadt Probe", at=at)
    assert isinstance(account, BankAccount), account
    book_opening(db, account, Money(opening), day=BEFORE, actor="import", now=at)
    said = reading(db, f"opening {account.id}", account=account, at=at)
    note_days(db, account, {BEFORE: Money(opening)}, family="camt", reading_id=said)
    return account


def reading(
    db: Session,
    name: str = "a",
    *,
    account: BankAccount | None = None,
    last: date = FRIDAY,
    at: datetime = NOON,
) -> int:
    """A statement that was read, as lines have to name one; one of an account proves its days."""
    known = select(bank.bank_file.c.id).where(bank.bank_file.c.fingerprint == digest("file", name))
    file_id = db.execute(known).scalar_one_or_none() or row(
        db, bank.bank_file, at_us=NOON, source="file", format="camt", size=1,
        fingerprint=digest("file", name), digest=digest("bytes", name),
    )  # fmt: skip
    return row(
        db, bank.bank_reading, file_id=file_id, no=1, at_us=at, outcome="kept", reason=None,
        detail="", bank_account_id=account and account.id,
        first_day=account and BEFORE + timedelta(1), last_day=account and last, opening_cents=None,
        closing_cents=None, lines=1000, new_lines=1,
    )  # fmt: skip


def line(name: object, cents: int, *, day: date = FRIDAY, **other: object) -> NewLine:
    """A booked line; the name is all that tells it from others."""
    made = NewLine(
        day=day,
        value_day=day,
        amount=Money(cents),
        nature=Nature.PAYMENT if cents > 0 else Nature.RETURN,
        identity=digest("line", name),
        payer=digest("payer", name),
        end_to_end=None,
        gvc="166",
        text_digest=digest("text", name),
    )
    return replace(made, **other)  # type: ignore[arg-type]  # NewLine's own fields


def keep(
    db: Session, account: BankAccount, *lines: NewLine, now: datetime = NOON
) -> tuple[int, ...]:
    """Keep these lines; their numbers."""
    return keep_lines(db, account, lines, reading_id=reading(db), actor="import", now=now)


def assign(
    db: Session,
    line_id: int,
    cents: int,
    target: str,
    *,
    rule: Rule = Rule.CODE,
    evidence: Mapping[str, object] | None = None,
    of_line: int | None = None,
    now: datetime = NOON,
) -> int:
    """Assign a part of a line; the allocation's number."""
    new = NewAllocation(line_id, target, Money(cents), rule, evidence or {}, of_line)
    made = allocate(db, [new], actor="office", now=now)
    assert isinstance(made, tuple), made
    return made[0]


def noon_of(day: date) -> datetime:
    """Noon UTC of a day in winter is one in the afternoon in Germany."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
