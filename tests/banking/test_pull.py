"""Pulling into a ledger: whatever goes wrong, nothing is lost, nothing comes twice.

After each fault the next pull brings the ledger to where the bank stands, day by day.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bank_stage import IBAN, PIN, TAN, USER, BankStage, open_bank
from fetch_stage import PLAIN, PRODUCT, TODAY, Person, children, silent, typing
from sqlalchemy import text

from accounts.bank_accounts import BankAccount, add_bank_account
from accounts.bank_book import ledger_balance
from accounts.bank_vault import BankVault
from accounts.city import prepare
from accounts.clock import FixedClock
from accounts.database import Database, open_database
from accounts.settings_bank import FintsSettings
from accounts.verify import prove
from banking.asking import GaveUp, Nobody, Reply
from banking.client_state import hold
from banking.fetch_troubles import LATER, FetchTrouble
from banking.fetched_files import incoming
from banking.fetching import Fetched
from banking.keeping import keep
from banking.pull import Pulled, pull

DAY = timedelta(days=1)
PEPPER = b"the secret of a city of tests"


@pytest.fixture(scope="module")
def one_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankStage]:
    with open_bank(tmp_path_factory.mktemp("bank")) as bank:
        bank.today(TODAY)
        bank.book_all(
            [
                {"day": TODAY - no * DAY, "cents": cents, "purpose": f"Essen {no}"}
                for no, cents in ((6, 3500), (5, 2000), (5, 2000), (4, -1500), (2, 5000), (1, 700))
            ]
        )
        yield bank


@pytest.fixture
def bank(one_bank: BankStage) -> Iterator[BankStage]:
    one_bank.manners(**PLAIN)
    yield one_bank
    one_bank.behave()
    one_bank.unlock()


@dataclass(slots=True)
class City:
    """A ledger with one account at the test bank, and its pulls."""

    database: Database
    bank: BankStage
    settings: FintsSettings
    account: BankAccount
    clock: FixedClock
    vault: BankVault = field(default_factory=lambda: BankVault(PEPPER))
    pins: int = 0
    keeper: Callable[..., object] = keep

    def pull(
        self,
        ask: Person | Nobody | None = None,
        *,
        pin: str | None = PIN,
        vouched: bool = False,
        **settings: Any,
    ) -> Pulled:
        def take(fetched: Fetched) -> None:
            files = incoming(fetched)
            self.keeper(self.database, self.vault, files, actor="system", clock=self.clock,
                 rest=lambda _: None)  # fmt: skip

        def give() -> str | None:
            self.pins += 1
            return pin

        return pull(
            self.database,
            self.vault,
            replace(self.settings, **settings),
            pin=give,
            vouched=vouched,
            ask=ask or Nobody(),
            take=take,
            clock=self.clock,
            actor="system",
        )

    def trouble(self, ask: Person | Nobody | None = None, **more: Any) -> FetchTrouble:
        failure = self.pull(ask, **more).failure
        assert failure is not None
        return failure.trouble

    def amounts(self) -> list[int]:
        """The cents of every line in the books."""
        with self.database.read() as db:
            found = db.execute(text("SELECT cents FROM bank_line ORDER BY day, id"))
            return [cents for (cents,) in found]

    def equals_the_bank(self) -> bool:
        """Whether all the bank's finished lines are here once, and every day ends as it does there."""
        lines = [it for it in self.bank.lines() if it["day"] < TODAY.isoformat()]
        wanted = sorted(it["cents"] for it in lines)
        with self.database.read() as db:
            days = {
                day: ledger_balance(db, self.account, day=day).cents
                for day in self.bank.balances()
                if day < TODAY
            }
        told = {day: cents for day, cents in self.bank.balances().items() if day < TODAY}
        return sorted(self.amounts()) == wanted and days == told

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.read() as db:
            return [tuple(row) for row in db.execute(text(query))]


def _city(database: Database, bank: BankStage, folder: Path) -> City:
    prepare(database)
    clock = FixedClock(datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC))
    with database.write() as db:
        account = add_bank_account(db, iban=IBAN, holder="Stadt Musterstadt", at=clock.now())
    assert isinstance(account, BankAccount)
    settings = FintsSettings(
        url=bank.url,
        blz=bank.blz,
        user=USER,
        product=PRODUCT,
        state=folder / "state" / "bank.state",
        ca_file=bank.ca_file,
    )
    return City(database, bank, settings, account, clock)


@pytest.fixture
def both(database: Database, bank: BankStage, tmp_path: Path) -> City:
    """On each engine."""
    return _city(database, bank, tmp_path)


@pytest.fixture
def city(small: Database, bank: BankStage, tmp_path: Path) -> City:
    """On SQLite: what is looked at does not depend on the engine."""
    return _city(small, bank, tmp_path)


@pytest.fixture
def small(empty_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "small.db"
    shutil.copy(empty_sqlite, path)
    opened = open_database(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_a_pull_brings_the_ledger_to_where_the_bank_stands(both: City) -> None:
    assert both.pull().failure is None
    assert both.equals_the_bank()
    assert both.pull().failure is None
    assert both.equals_the_bank()
    assert prove(both.database).holds
    assert (
        both.rows("SELECT access, outcome, reason FROM bank_fetch") == [("bank", "done", None)] * 2
    )


def test_a_pull_asks_from_well_before_the_last_proved_day(city: City) -> None:
    since = len(city.bank.log())
    city.pull()
    city.pull()
    city.pull(overlap_days=20)
    asked = [(order["from"], order["to"]) for order in city.bank.orders(since)]
    days = [TODAY - 90 * DAY, TODAY - DAY - 10 * DAY, TODAY - DAY - 20 * DAY]
    assert asked == [(f"{day:%Y%m%d}", f"{TODAY:%Y%m%d}") for day in days]


TORN = [
    ("timeout", "HKCAZ", {}, FetchTrouble.TIME_OUT),
    ("reset", "HKCAZ", {"skip": 1}, FetchTrouble.UNREACHABLE),
    ("http_500", "HKCAZ", {"skip": 2}, FetchTrouble.HTTP_ERROR),
    ("html_page", "HKIDN", {}, FetchTrouble.STRANGE_REPLY),
    ("truncated_body", "HKCAZ", {"skip": 1}, FetchTrouble.STRANGE_REPLY),
    ("cut_short", "HKCAZ", {"skip": 1}, FetchTrouble.UNREACHABLE),
    ("lost_dialog", "HKCAZ", {"skip": 1}, FetchTrouble.ORDER_REFUSED),
    ("code", "HKCAZ", {"code": "9210"}, FetchTrouble.ORDER_REFUSED),
]


@pytest.mark.parametrize(("fault", "on", "more", "trouble"), TORN, ids=lambda it: str(it)[:20])
def test_a_torn_pull_books_nothing_and_the_next_one_all(
    city: City, fault: str, on: str, more: dict[str, Any], trouble: FetchTrouble
) -> None:
    city.bank.manners(page=2)
    city.bank.fault(fault, on=on, **more)
    pulled = city.pull(reply_seconds=1)
    assert pulled.failure is not None
    assert pulled.failure.trouble is trouble
    assert city.amounts() == []
    assert city.rows("SELECT outcome, reason FROM bank_fetch") == [("failed", trouble.value)]
    city.pull()
    assert city.equals_the_bank()


@pytest.mark.parametrize("family", ["camt", "mt940"])
@pytest.mark.parametrize("fault", ["lost_page", "repeated_page", "lost_line", "unbalanced"])
def test_what_does_not_prove_itself_is_not_booked(city: City, fault: str, family: str) -> None:
    """Pages of one statement a day, so that a lost one leaves a hole in the balances."""
    order = {"camt": "HKCAZ", "mt940": "HKKAZ"}[family]
    city.bank.manners(page=2, formats=[family])
    city.bank.fault(fault, on=order, skip=1 if fault == "lost_line" else 0)
    city.pull()
    wanted = sorted(it["cents"] for it in city.bank.lines())
    booked = city.amounts()
    assert len(booked) < len(wanted) or fault == "repeated_page"
    assert all(booked.count(cents) <= wanted.count(cents) for cents in booked)
    assert prove(city.database).holds
    city.pull()
    assert city.equals_the_bank()


def test_no_lines_is_no_failure_and_changes_nothing(city: City) -> None:
    city.pull()
    city.bank.fault("empty_document", on="HKCAZ")
    assert city.pull().failure is None
    assert city.equals_the_bank()


@pytest.mark.parametrize("where", ["statement", "login"])
@pytest.mark.parametrize("way", ["930", "946"])
def test_an_approved_pull_brings_all(city: City, where: str, way: str) -> None:
    city.bank.manners(sca=where, mechanisms=[way])
    assert city.pull(typing(TAN) if way == "930" else Person([])).failure is None
    assert city.equals_the_bank()


def test_a_pull_without_approval_books_nothing_and_says_so(city: City) -> None:
    city.bank.manners(sca="statement")
    told = [city.trouble(Person([Reply("000000")])), city.trouble(Person([GaveUp.GAVE_UP])),
            city.trouble(silent(city.clock))]  # fmt: skip
    assert told == [
        FetchTrouble.WRONG_TAN,
        FetchTrouble.TAN_GIVEN_UP,
        FetchTrouble.TAN_UNANSWERED,
    ]
    assert city.amounts() == []
    city.pull(typing(TAN))
    assert city.equals_the_bank()


def test_a_refused_pin_is_not_sent_again_until_somebody_vouches_for_one(city: City) -> None:
    since = len(city.bank.log())
    assert city.trouble(pin="99999") is FetchTrouble.WRONG_PIN
    tried = len(city.bank.log())
    for _ in range(3):
        assert city.trouble(pin="99999") is FetchTrouble.PIN_REFUSED_BEFORE
        assert city.trouble() is FetchTrouble.PIN_REFUSED_BEFORE
    assert len(city.bank.log()) == tried
    assert city.pins == 1
    assert city.bank.pin_tries(since) == ["wrong"]
    assert city.pull(vouched=True).failure is None
    assert city.pull().failure is None
    assert city.equals_the_bank()


def test_a_torn_line_does_not_clear_a_pin(city: City) -> None:
    city.trouble(pin="99999")
    city.bank.fault("html_page", on="HKIDN")
    assert city.trouble(vouched=True) is FetchTrouble.STRANGE_REPLY
    assert city.trouble() is FetchTrouble.PIN_REFUSED_BEFORE


def test_a_locked_access_is_left_alone_until_somebody_vouches_for_it(city: City) -> None:
    told = [city.trouble(pin="99999", vouched=True) for _ in range(3)]
    assert told[0] is FetchTrouble.WRONG_PIN
    assert city.trouble(vouched=True) is FetchTrouble.LOCKED
    tried = len(city.bank.log())
    assert city.trouble() is FetchTrouble.LOCKED_BEFORE
    assert len(city.bank.log()) == tried
    city.bank.unlock()
    assert city.pull(vouched=True).failure is None
    assert city.pull().failure is None


def test_nothing_is_sent_without_a_pin(city: City) -> None:
    tried = len(city.bank.log())
    assert city.trouble(pin=None) is FetchTrouble.NO_PIN
    assert len(city.bank.log()) == tried


def test_a_system_id_that_ran_out_is_renewed(city: City) -> None:
    city.pull()
    city.bank.manners(stranger="renew")
    city.bank.forget_devices()
    assert city.pull().failure is None
    assert city.pull().failure is None
    assert city.equals_the_bank()


def test_an_approval_that_the_bank_withdrew_is_replaced(city: City) -> None:
    city.pull()
    city.bank.manners(mechanisms=["946"], sca="statement")
    person = Person([])
    assert city.pull(person).failure is None
    assert [it.decoupled for it in person.asked] == [True]


def test_whoever_interrupts_a_pull_leaves_nothing_running(city: City) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    city.bank.manners(sca="statement")
    person = Person([], then=interrupt)
    with pytest.raises(KeyboardInterrupt):
        city.pull(person)
    assert (person.ended, children()) == (1, [])
    assert city.rows("SELECT reason FROM bank_fetch") == [("interrupted",)]
    city.pull(typing(TAN))
    assert city.equals_the_bank()


def test_a_fault_after_the_fetch_is_noted_and_made_good(city: City) -> None:
    def fault(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    city.keeper = fault
    with pytest.raises(RuntimeError):
        city.pull()
    city.keeper = keep
    assert city.rows("SELECT outcome, reason FROM bank_fetch") == [("failed", "fault")]
    city.pull()
    assert city.equals_the_bank()


def test_one_pull_at_a_time(city: City) -> None:
    access = f"{city.settings.url}|{city.settings.blz}|{USER}|"
    tried = len(city.bank.log())
    with hold(city.settings.state, city.vault, access=access):
        assert city.trouble() is FetchTrouble.BUSY
    assert len(city.bank.log()) == tried
    assert city.rows("SELECT * FROM bank_fetch") == []
    assert city.pull().failure is None


def test_a_state_nobody_can_open_sends_nothing(city: City) -> None:
    city.pull()
    city.settings.state.write_bytes(city.settings.state.read_bytes()[:-1])
    tried = len(city.bank.log())
    assert city.trouble() is FetchTrouble.STATE
    assert len(city.bank.log()) == tried


def test_what_is_kept_and_noted_holds_no_pin(city: City) -> None:
    city.pull(pin="99999")
    city.bank.manners(sca="statement")
    city.pull(typing(TAN), vouched=True)
    kept = city.settings.state.read_bytes()
    noted = repr(city.rows("SELECT * FROM bank_fetch"))
    for secret in (PIN, "99999", TAN):
        assert secret.encode() not in kept
        assert secret not in noted


def test_a_ledger_without_an_account_there_is_told_so(city: City) -> None:
    assert city.trouble(blz="10020030") is FetchTrouble.NO_ACCOUNT
    assert city.trouble(ibans=("DE02120300000000202051",)) is FetchTrouble.NO_ACCOUNT


def test_the_format_changes_from_one_pull_to_the_next(city: City) -> None:
    city.pull(statements="mt940")
    assert city.equals_the_bank()
    city.pull()
    assert city.equals_the_bank()


@pytest.mark.parametrize("per_day", [True, False])
def test_statements_without_balances_are_proved_by_the_banks_own(
    city: City, *, per_day: bool
) -> None:
    city.bank.manners(balances=False, per_day=per_day)
    for _ in range(2):
        assert city.pull().failure is None
        assert city.equals_the_bank()


def test_a_line_lost_without_any_balance_is_not_passed_over(city: City) -> None:
    """The bank's balance proves the lines since the last proved day, not the first ones."""
    city.pull(first_days=3)
    city.bank.manners(balances=False)
    number = city.bank.book(TODAY - DAY, 1234, "late")
    city.bank.fault("lost_line", on="HKCAZ")
    before = city.amounts()
    city.pull()
    assert city.amounts() == before
    city.pull()
    assert 1234 in city.amounts()
    city.bank.remove(number)


def test_what_needs_a_person_is_not_left_to_time() -> None:
    assert {FetchTrouble.WRONG_PIN, FetchTrouble.LOCKED, FetchTrouble.WRONG_TAN}.isdisjoint(LATER)


@pytest.mark.parametrize("code", ["9010", "9210"])
def test_a_refused_login_is_not_tried_again_until_somebody_vouches(city: City, code: str) -> None:
    city.bank.fault("code", on="HKIDN", code=code)
    assert city.trouble() in {FetchTrouble.LOGIN_REFUSED, FetchTrouble.WRONG_PIN}
    tried = len(city.bank.log())
    assert city.trouble() is FetchTrouble.PIN_REFUSED_BEFORE
    assert len(city.bank.log()) == tried
    assert city.pull(vouched=True).failure is None
    assert city.pull().failure is None


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from accounts.bank_vault import BankVault
from accounts.clock import SystemClock
from accounts.database import open_database
from accounts.settings_bank import FintsSettings
from banking.pull import pull

class Struck:
    def begin(self, question): os.kill(os.getpid(), signal.SIGKILL)
    def look(self): return None
    def end(self): pass

database, pepper, url, blz, user, product, state, ca_file, pin = sys.argv[1:]
settings = FintsSettings(url=url, blz=blz, user=user, product=product, state=Path(state),
                         ca_file=Path(ca_file))
pull(open_database(database), BankVault(pepper.encode()), settings, pin=lambda: pin, vouched=False,
     ask=Struck(), take=lambda _: None, clock=SystemClock(), actor="system")
"""


def _killed(city: City, database: str) -> None:
    """A pull that dies as soon as the bank asks something."""
    given = city.settings
    values = [PEPPER.decode(), given.url, given.blz, given.user, given.product]
    words = [sys.executable, "-P", "-c", KILLED, database, *values, str(given.state)]
    died = subprocess.run([*words, str(given.ca_file), PIN], check=False)
    assert died.returncode == -signal.SIGKILL


def test_a_pull_cut_off_before_the_bank_let_it_in_is_not_repeated_by_itself(
    city: City, tmp_path: Path
) -> None:
    city.bank.manners(sca="login")
    _killed(city, f"sqlite:///{tmp_path / 'small.db'}")
    city.bank.manners(**PLAIN)
    tried = len(city.bank.log())
    assert city.trouble() is FetchTrouble.PIN_UNANSWERED
    assert city.trouble() is FetchTrouble.PIN_UNANSWERED
    assert len(city.bank.log()) == tried
    assert city.pull(vouched=True).failure is None
    assert city.pull().failure is None
    assert city.equals_the_bank()


def test_a_pull_cut_off_after_the_bank_let_it_in_stops_no_timer(city: City, tmp_path: Path) -> None:
    city.bank.manners(sca="statement")
    _killed(city, f"sqlite:///{tmp_path / 'small.db'}")
    city.bank.manners(**PLAIN)
    assert city.pull().failure is None
    assert city.equals_the_bank()


def test_a_fetching_process_that_dies_before_the_bank_let_it_in_is_not_repeated(
    city: City,
) -> None:
    def kill() -> None:
        for pid in children():
            os.kill(pid, signal.SIGKILL)

    city.bank.manners(sca="login")
    assert city.trouble(Person([], then=kill)) is FetchTrouble.FAULT
    city.bank.manners(**PLAIN)
    assert city.trouble() is FetchTrouble.PIN_UNANSWERED


@pytest.mark.parametrize("fault", ["timeout", "reset_unheard", "http_500"])
def test_a_bank_that_said_nothing_to_a_pin_stops_no_timer(city: City, fault: str) -> None:
    city.bank.fault(fault, on="HKIDN")
    assert city.trouble(reply_seconds=1) in LATER
    assert city.pull().failure is None
