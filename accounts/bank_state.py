"""How ledger and bank stand to each other: day by day, and what is still to be done about it.

A day counts as proved where the bank's own closing balance of it was read; whether the ledger's
account says the same is computed anew from its transfers, over all of them. A day up to yesterday
without such a balance is open: it is named, never counted as equal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, case, func, or_, select

from accounts.allocated import OpenLine, open_lines
from accounts.bank_readings import Reading, quarantined, waiting
from accounts.clock import school_day
from accounts.database import Session
from accounts.money import Money
from accounts.refund_standing import Standing, refunds
from accounts.tables.bank import bank_account, bank_day, bank_fetch, bank_file, bank_reading
from accounts.tables.journal import account, entry, transfer

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unequal:
    """A day whose end the bank and the ledger do not agree on."""

    day: date
    bank: Money
    ledger: Money


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account at a bank: its proved days, the open ones up to yesterday, the unequal ones.

    ``balance`` is the bank's own at the end of ``last_day``, the last day that was proved; both
    are None before the first one.
    """

    name: str
    iban: str
    holder: str
    days: int
    first_day: date | None
    last_day: date | None
    balance: Money | None
    open_days: tuple[date, ...]
    unequal: tuple[Unequal, ...]

    @property
    def holds(self) -> bool:
        """Whether the ledger equals the bank at the end of every proved day."""
        return not self.unequal


@dataclass(frozen=True, slots=True)
class Access:
    """The fetches by one access: the last good one, and why the last try failed, if it did."""

    name: str
    last_good: datetime | None
    last_try: datetime
    failed: str | None


@dataclass(frozen=True, slots=True)
class BankState:
    """Everything about the bank that somebody may have to look at.

    ``queue`` and ``aside`` are the lines that are not wholly assigned; ``fresh`` of what is
    quarantined came since the moment that was asked about. ``stale`` says that the
    bank was not heard of for longer than it may be: by no good fetch, and where nothing is ever
    fetched by no statement.
    """

    accounts: tuple[AccountState, ...]
    accesses: tuple[Access, ...]
    last_statement: datetime | None
    suspense: Money
    queue: tuple[OpenLine, ...]
    aside: tuple[OpenLine, ...]
    quarantined: tuple[Reading, ...]
    waiting: tuple[Reading, ...]
    stale: bool
    fresh: int = 0
    paid_all_the_same: tuple[int, ...] = ()
    """The refunds that were cancelled and that the bank paid."""

    @property
    def holds(self) -> bool:
        """Whether the ledger equals the bank at the end of every proved day."""
        return all(it.holds for it in self.accounts)


SILENCE = timedelta(hours=36)
"""After which the bank counts as not heard of, where no setting says otherwise."""


def bank_state(
    db: Session, *, at: datetime, silence: timedelta = SILENCE, since: datetime | None = None
) -> BankState:
    """How it stands at that moment; ``since`` is for what is told as new, None for all of it."""
    lines = open_lines(db, include_set_aside=True)
    known, last = accesses(db), last_statement(db)
    accounts = account_states(db, today=school_day(at))
    heard = [it.last_good for it in known] if known else [last]
    refused = quarantined(db)
    long_ago = any(it is None or it < at - silence for it in heard)
    return BankState(
        accounts=accounts,
        accesses=known,
        last_statement=last,
        suspense=suspense(db),
        queue=tuple(it for it in lines if not it.set_aside),
        aside=tuple(it for it in lines if it.set_aside),
        quarantined=refused,
        waiting=waiting(db),
        stale=bool(accounts) and long_ago,
        fresh=sum(since is None or it.at is None or it.at > since for it in refused),
        paid_all_the_same=tuple(
            it.id for it in refunds(db, at=at) if it.standing is Standing.PAID_ALL_THE_SAME
        ),
    )


def account_states(db: Connection, *, today: date) -> tuple[AccountState, ...]:
    """Every account at a bank that is in use, in the order they were added."""
    found = (
        select(bank_account, account.c.name)
        .join(account, account.c.id == bank_account.c.account_id)
        .where(bank_account.c.until_us.is_(None))
        .order_by(bank_account.c.id)
    )
    return tuple(
        _state(db, row.id, row.account_id, (row.name, row.iban, row.holder), today)
        for row in db.execute(found).all()
    )


def accesses(db: Connection) -> tuple[Access, ...]:
    """Each access that was ever fetched by, by name."""
    good = case((bank_fetch.c.outcome == "done", bank_fetch.c.ended_us))
    newest = select(
        bank_fetch.c.access, func.max(bank_fetch.c.id).label("id"), func.max(good).label("good")
    ).group_by(bank_fetch.c.access)
    each = newest.subquery()
    found = select(bank_fetch, each.c.good).join(each, each.c.id == bank_fetch.c.id)
    return tuple(
        Access(row.access, row.good, row.ended_us, row.reason)
        for row in db.execute(found.order_by(bank_fetch.c.access))
    )


def last_statement(db: Connection) -> datetime | None:
    """When a statement was last taken, or known already, whichever way it came."""
    found: datetime | None = db.execute(
        select(func.max(bank_reading.c.at_us))
        .join(bank_file, bank_file.c.id == bank_reading.c.file_id)
        .where(bank_reading.c.outcome.in_(("kept", "known")))
    ).scalar_one()
    return found


def suspense(db: Connection) -> Money:
    """What came in and is nobody's yet, less what went out and is not explained."""
    here = account.c.name == "suspense"
    ours = select(account.c.id).where(here).scalar_subquery()
    signed = case((transfer.c.credit_id == ours, transfer.c.cents), else_=-transfer.c.cents)
    moved = select(func.coalesce(func.sum(signed), 0)).where(
        or_(transfer.c.credit_id == ours, transfer.c.debit_id == ours)
    )
    return Money(int(db.execute(moved).scalar_one()))


def _state(
    db: Connection, account_id: int, ledger_id: int, named: tuple[str, str, str], today: date
) -> AccountState:
    proved = _proved(db, account_id)
    days = sorted(proved)
    moved = _moved(db, ledger_id)
    name, iban, holder = named
    return AccountState(
        name=name,
        iban=iban,
        holder=holder,
        days=len(days),
        first_day=days[0] if days else None,
        last_day=days[-1] if days else None,
        balance=proved[days[-1]] if days else None,
        open_days=tuple(day for day in _until(days[0], today) if day not in proved) if days else (),
        unequal=tuple(_unequal(proved, moved)),
    )


def _proved(db: Connection, account_id: int) -> Mapping[date, Money]:
    """The bank's balance at the end of each proved day; of two proofs the newer counts."""
    found = (
        select(bank_day.c.day, bank_day.c.closing_cents)
        .where(bank_day.c.bank_account_id == account_id)
        .order_by(bank_day.c.id)
    )
    return {day: Money(cents) for day, cents in db.execute(found)}


def _moved(db: Connection, ledger_id: int) -> Mapping[date, int]:
    """What each day's entries moved on the ledger's account, in cents."""
    signed = case((transfer.c.debit_id == ledger_id, transfer.c.cents), else_=-transfer.c.cents)
    found = (
        select(entry.c.day, func.sum(signed))
        .join(transfer, transfer.c.entry_id == entry.c.id)
        .where(or_(transfer.c.debit_id == ledger_id, transfer.c.credit_id == ledger_id))
        .group_by(entry.c.day)
    )
    return {day: int(cents) for day, cents in db.execute(found)}


def _unequal(proved: Mapping[date, Money], moved: Mapping[date, int]) -> Iterator[Unequal]:
    stands = 0
    for day in sorted({*proved, *moved}):
        stands += moved.get(day, 0)
        if day in proved and proved[day].cents != stands:
            yield Unequal(day, proved[day], Money(stands))


def _until(first: date, today: date) -> Iterator[date]:
    """The days from the first one to yesterday."""
    day = first
    while day < today:
        yield day
        day += _DAY
