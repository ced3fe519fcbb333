"""A desk that brings paper statements to a real ledger, and asks what the ledger has then."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from paper_bank import DAY, IBAN, Booked, PaperBank, read_paper

from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.bank_book import bank_days, ledger_balance, stored_lines
from accounts.bank_files import Outcome, Source, waiting
from accounts.bank_vault import BankVault
from accounts.city import open_city_accounts
from accounts.clock import FixedClock
from accounts.database import Database
from accounts.money import Money
from banking.keeping import Incoming, Kept, Unkept, keep

VAULT = BankVault(bytes(range(32)))
FIRST = date(2026, 11, 2)  # a Monday
LATER = datetime(2026, 12, 1, 9, tzinfo=UTC)


@dataclass(slots=True)
class Desk:
    """Brings files, and asks what the ledger has."""

    database: Database
    account: BankAccount
    clock: FixedClock = field(default_factory=lambda: FixedClock(LATER))

    def bring(self, *raws: bytes, balances: dict[date, Money] | None = None) -> tuple[Kept, ...]:
        """Keep these files."""
        return keep(
            self.database,
            VAULT,
            [Incoming(Source.FILE, raw, balances or {}) for raw in raws],
            actor="office:1",
            clock=self.clock,
            read=read_paper,
            rest=lambda _: None,
        )

    def on(self, day: int, hour: int = 12) -> "Desk":
        """The same at that hour (UTC) of the day with this number."""
        at = FIRST + day * DAY
        self.clock.at = datetime(at.year, at.month, at.day, hour, tzinfo=UTC)
        return self

    def lines(self) -> list[tuple[date, int]]:
        """Day and cents of every kept line."""
        with self.database.read() as db:
            lines = stored_lines(db, self.account, first=date.min, last=date.max)
        return sorted((line.day, line.amount.cents) for line in lines)

    def line_ids(self) -> list[int]:
        """The numbers of all kept lines."""
        with self.database.read() as db:
            return [it.id for it in stored_lines(db, self.account, first=date.min, last=date.max)]

    def proved(self) -> dict[date, Money]:
        """The balance at the end of every proved day."""
        with self.database.read() as db:
            return {day: it.closing for day, it in bank_days(db, self.account).items()}

    def agrees_with(self, truth: PaperBank) -> None:
        """On each proved day the ledger equals the bank, and each line is there once.

        Except for a day that a waiting statement may go on with: it is named.
        """
        with self.database.read() as db:
            proved = {day: it.closing for day, it in bank_days(db, self.account).items()}
            named = {it.first_day for it in waiting(db) if it.reason == Unkept.AGAIN_OR_MORE.value}
            for day, closing in proved.items():
                assert day in named or closing == truth.closing(day), day
                assert ledger_balance(db, self.account, day=day) == closing, day
        begun, last = min(proved), max(proved)
        booked = [
            (day, one.cents)
            for day, some in truth.days.items()
            if begun < day <= last and day not in named
            for one in some
        ]
        assert [line for line in self.lines() if line[0] not in named] == sorted(booked)


def open_desk(database: Database) -> Desk:
    """A ledger with one account at the bank."""
    with database.write() as db:
        open_city_accounts(db)
        account = add_bank_account(db, iban=IBAN, holder="Stadt Musterhausen", at=LATER)
    assert isinstance(account, BankAccount)
    return Desk(database, account)


def on(day: int) -> date:
    """The day with this number; 0 is a Monday."""
    return FIRST + day * DAY


def bank_with(*days: list[Booked], opening: int = 1000) -> PaperBank:
    """A bank with these lines, day by day from 0."""
    return PaperBank(FIRST, Money(opening), {on(no): some for no, some in enumerate(days)})


def week() -> PaperBank:
    """Five days: twins, a fee, nothing, two lines that only the bank's numbers tell apart."""
    return bank_with(
        [Booked(2000), Booked(2000), Booked(-500, "Gebühr")],
        [Booked(3500, "K7M-4XP")],
        [],
        [Booked(2000, number="A1"), Booked(2000, number="A2")],
        [Booked(5000, "Oma")],
    )


def outcomes(kept: tuple[Kept, ...]) -> list[Outcome]:
    """What became of each."""
    return [one.outcome for one in kept]
