"""A pull: fetch what one access's accounts have new, keep it, credit it, and write it all down.

- A pull asks for the days since well before the last proved one, so what a failed one missed the
  next one brings; lines that are known are not taken again.
- A PIN or login that the bank refused, and an access it locked, are remembered (not the PIN):
  without a person who vouches for the PIN, nothing is sent to the bank any more.
- That a PIN is being tried is on the disk before it is sent, and gone once the bank has let it in or
  is known not to have judged it; who finds it has to take the PIN for refused.
- What came in before a failure is kept and credited all the same.
- Each pull that did anything leaves a row, good or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from accounts.bank_accounts import BankAccount, bank_accounts
from accounts.bank_book import bank_days
from accounts.bank_fetches import note_fetch
from accounts.bank_vault import BankVault
from accounts.clock import Clock, school_day
from accounts.database import Database, Session
from accounts.settings_bank import FintsSettings
from banking.asking import Asker
from banking.client_state import Busy, ClientState, StateFile, Unreadable, hold
from banking.fetch_pipe import Order, Wanted
from banking.fetch_troubles import FetchTrouble
from banking.fetching import Failure, Fetched, Limits, run

Pin = Callable[[], str | None]
"""Gives the PIN; asked only once it is clear that it will be used."""

_PIN_REFUSED = frozenset({FetchTrouble.WRONG_PIN, FetchTrouble.LOGIN_REFUSED})
"""A refused login may count as a wrong PIN, whatever the bank says of it."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """How a pull went. ``failure`` is the first of all; ``wanted`` is what was asked for."""

    access: str
    at: datetime
    failure: Failure | None = None
    wanted: tuple[Wanted, ...] = ()
    fetched: Fetched | None = None


def pull(
    database: Database,
    vault: BankVault,
    settings: FintsSettings,
    *,
    pin: Pin,
    vouched: bool,
    ask: Asker,
    take: Callable[[Fetched], None],
    clock: Clock,
    actor: str,
) -> Pulled:
    """Pull once. ``vouched`` is whether a person stands for the PIN; ``take`` gets what came in.

    Raises OSError where the state cannot be kept, DatabaseUnavailable, and what ``take`` raises.
    """
    at = clock.now()
    pulled = Pulled(settings.access, at)
    try:
        with hold(settings.state, vault, access=_identity(settings)) as file:
            wanted = _wanted(database, settings, today=school_day(at))
            fetched = _fetched(
                file, settings, wanted, pin=pin, vouched=vouched, ask=ask, clock=clock
            )
            pulled = Pulled(settings.access, at, _first_failure(fetched), wanted, fetched)
            if fetched.statements:
                take(fetched)
    except Busy:
        return Pulled(settings.access, at, Failure(FetchTrouble.BUSY))
    except Unreadable:
        pulled = Pulled(settings.access, at, Failure(FetchTrouble.STATE))
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt)
        trouble = FetchTrouble.INTERRUPTED if stopped else FetchTrouble.FAULT
        pulled = replace(pulled, failure=Failure(trouble))
        _note(database, pulled, ended=clock.now(), actor=actor)
        raise
    _note(database, pulled, ended=clock.now(), actor=actor)
    return pulled


def _wanted(database: Database, settings: FintsSettings, *, today: date) -> tuple[Wanted, ...]:
    """What to ask for: accounts in use that the settings name, or that are at this bank."""
    with database.read() as db:
        return tuple(
            Wanted(account.iban, _first_day(db, account, settings, today), today)
            for account in bank_accounts(db)
            if account.until is None
            and (
                account.iban in settings.ibans or (not settings.ibans and _is_at(account, settings))
            )
        )


def _is_at(account: BankAccount, settings: FintsSettings) -> bool:
    """A German IBAN holds the bank's code behind its check digits (ISO 13616 registry)."""
    return account.iban[:2] == "DE" and account.iban[4:12] == settings.blz


def _first_day(db: Session, account: BankAccount, settings: FintsSettings, today: date) -> date:
    earliest = today - timedelta(days=settings.first_days)
    proved = bank_days(db, account, since=earliest)
    if not proved:
        return earliest
    return max(proved) - timedelta(days=settings.overlap_days)


def _fetched(
    file: StateFile,
    settings: FintsSettings,
    wanted: tuple[Wanted, ...],
    *,
    pin: Pin,
    vouched: bool,
    ask: Asker,
    clock: Clock,
) -> Fetched:
    state = file.read()
    if not wanted:
        return Fetched(failure=Failure(FetchTrouble.NO_ACCOUNT))
    known = _known(state)
    if known is not None and not vouched:
        return Fetched(failure=Failure(known))
    secret = pin()
    if not secret:
        return Fetched(failure=Failure(FetchTrouble.NO_PIN))

    def note(**values: Any) -> None:
        nonlocal state
        if (newer := replace(state, **values)) != state:
            file.write(newer)
            state = newer

    note(pin_sent=True)
    fetched = run(
        _order(settings, wanted, secret, state),
        ask=ask,
        keep_state=lambda blob: note(client=blob),
        limits=Limits(60 * settings.limit_minutes, timedelta(minutes=settings.tan_minutes)),
        clock=clock,
        let_in=lambda: note(pin_sent=False),
    )
    trouble = None if fetched.failure is None else fetched.failure.trouble
    note(
        pin_refused=trouble in _PIN_REFUSED or (state.pin_refused and not fetched.accepted),
        locked=trouble is FetchTrouble.LOCKED or (state.locked and not fetched.accepted),
        # A fault may have swallowed the bank's no; of anything else it would have been told.
        pin_sent=trouble is FetchTrouble.FAULT and not fetched.accepted,
    )
    return fetched


def _known(state: ClientState) -> FetchTrouble | None:
    """Why nothing is sent until somebody vouches for the PIN."""
    if state.locked:
        return FetchTrouble.LOCKED_BEFORE
    if state.pin_refused:
        return FetchTrouble.PIN_REFUSED_BEFORE
    return FetchTrouble.PIN_UNANSWERED if state.pin_sent else None


def _order(
    settings: FintsSettings, wanted: tuple[Wanted, ...], secret: str, state: ClientState
) -> Order:
    return Order(
        url=settings.url,
        blz=settings.blz,
        user=settings.user,
        pin=secret,
        product=settings.product,
        wanted=wanted,
        customer=settings.customer,
        ca_file="" if settings.ca_file is None else str(settings.ca_file),
        mechanism=settings.tan_mechanism,
        medium=settings.tan_medium,
        statements=settings.statements,
        reply_seconds=settings.reply_seconds,
        state=state.client,
    )


def _first_failure(fetched: Fetched) -> Failure | None:
    return fetched.failure or next(iter(fetched.refused.values()), None)


def _identity(settings: FintsSettings) -> str:
    """What makes a state another's: the bank, and who fetches there."""
    return f"{settings.url}|{settings.blz}|{settings.user}|{settings.customer}"


def _note(database: Database, pulled: Pulled, *, ended: datetime, actor: str) -> None:
    failure = pulled.failure
    with database.write() as db:
        note_fetch(
            db,
            access=pulled.access,
            at=pulled.at,
            ended=ended,
            reason=None if failure is None else failure.trouble.value,
            detail=_detail(pulled),
            actor=actor,
        )


def _detail(pulled: Pulled) -> str:
    """The bank's codes, days and counts; none of its words, which may name somebody."""
    told = []
    if pulled.failure is not None:
        told += [it.code for it in pulled.failure.codes]
        if pulled.failure.trouble in {FetchTrouble.FAULT, FetchTrouble.HTTP_ERROR}:
            told.append(pulled.failure.detail)
    if pulled.fetched is not None:
        for wanted in pulled.wanted:
            pages = [len(it.pages) for it in pulled.fetched.statements if it.iban == wanted.iban]
            told.append(f"{wanted.first} {wanted.last} {sum(pages) if pages else '-'}")
    return ", ".join(one for one in told if one)
