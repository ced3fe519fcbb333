"""With --foreign: the product meets a bank that nobody here wrote."""

import datetime as dt
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bank_stage import IBAN as OWN_IBAN
from bank_stage import NUMBER
from fetch_stage import PRODUCT
from npm_bank import BLZ, IBAN, PIN, USER, run_npm_bank
from sqlalchemy import text

from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.bank_book import ledger_balance
from accounts.bank_files import Source
from accounts.bank_vault import BankVault
from accounts.city import prepare
from accounts.clock import FixedClock
from accounts.database import Database
from accounts.settings_bank import FintsSettings
from accounts.verify import prove
from banking.asking import Nobody
from banking.fetch_pipe import Order, Wanted
from banking.fetch_troubles import FetchTrouble
from banking.fetching import Fetched, Limits, run
from banking.keeping import Incoming, keep
from banking.lines import BankStatement
from banking.pull import pull
from banking.reading import read
from banking.testbank.books import Account, read_booking, sheets
from banking.testbank.mt940_writer import write_mt940

pytestmark = pytest.mark.foreign

TODAY = dt.date(2026, 11, 20)
CLOCK = FixedClock(datetime(2026, 11, 20, 9, tzinfo=UTC))


def fetch(url: str, *, pin: str = PIN) -> Fetched:
    wanted = (Wanted(IBAN, dt.date(2015, 1, 1), TODAY),)
    order = Order(url=url, blz=BLZ, user=USER, pin=pin, product=PRODUCT, wanted=wanted)
    return run(order, ask=Nobody(), keep_state=lambda _: None, limits=Limits(), clock=CLOCK)


@pytest.mark.parametrize("pages", [1, 2])
def test_its_own_statements_are_fetched_whole_and_close(pages: int) -> None:
    with run_npm_bank(pages=pages) as url:
        fetched = fetch(url)
    assert fetched.failure is None
    (statements,) = fetched.statements
    found = read(b"".join(statements.pages))
    assert all(isinstance(one, BankStatement) for one in found), found
    lines = [line for one in found if isinstance(one, BankStatement) for line in one.lines]
    assert [line.amount.cents for line in lines] == [18234, 10003, 10000]


def test_its_no_to_a_wrong_pin_is_understood() -> None:
    with run_npm_bank() as url:
        fetched = fetch(url, pin="9999")
    assert fetched.failure is not None
    assert fetched.failure.trouble is FetchTrouble.WRONG_PIN


def test_a_pull_from_it_brings_the_ledger_to_where_it_stands(
    database: Database, tmp_path: Path
) -> None:
    amounts = [3500, 2000, 2000, -1500, 5000, 700]
    lines = [
        read_booking({"id": at, "day": f"2026-11-{10 + at // 2:02d}", "cents": cents, "purpose": p})
        for at, (cents, p) in enumerate(zip(amounts, "abbcde", strict=True))
    ]
    account = Account(NUMBER, OWN_IBAN, bookings=lines)
    kept = tmp_path / "statement.sta"
    whole = sheets(account, lines, 0, len(lines), per_day=True)
    kept.write_bytes(write_mt940(whole, blz=BLZ))
    prepare(database)
    with database.write() as db:
        ours = add_bank_account(db, iban=OWN_IBAN, holder="Stadt Musterstadt", at=CLOCK.now())
    assert isinstance(ours, BankAccount)
    vault = BankVault(b"the secret of a city of tests")

    def take(fetched: Fetched) -> None:
        pages = [page for it in fetched.statements for page in it.pages]
        files = [Incoming(Source.FINTS, page) for page in pages]
        keep(database, vault, files, actor="system", clock=CLOCK, rest=lambda _: None)

    with run_npm_bank(OWN_IBAN, str(kept)) as url:
        settings = FintsSettings(
            url=url, blz=BLZ, user=USER, product=PRODUCT, state=tmp_path / "bank.state"
        )
        for _ in range(2):
            pulled = pull(
                database,
                vault,
                settings,
                pin=lambda: PIN,
                vouched=False,
                ask=Nobody(),
                take=take,
                clock=CLOCK,
                actor="system",
            )
            assert pulled.failure is None
    with database.read() as db:
        booked = db.execute(text("SELECT cents FROM bank_line ORDER BY id")).scalars().all()
        assert list(booked) == amounts
        for day in account.balances():
            assert ledger_balance(db, ours, day=day).cents == account.balance(day)
    assert prove(database).holds
