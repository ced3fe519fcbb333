"""``mensa bank status``: whether ledger and bank agree for every proved day, and what is open.

It ends with 1 where they do not. What is merely open (a day without the bank's balance, a file
that waits, a queue, a fetch that is long ago) is named and ends with 0. No payer is named.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from accounts.bank_state import AccountState, BankState, bank_state
from accounts.money import total
from accounts.settings_bank import BankSettings
from accounts.texts import Texts, mark
from kiosk.jobs.common import settings_of
from kiosk.office import bank_files
from kiosk.office.bank_words import in_fours
from kiosk.office.desk import Answer, Desk, Said

_FEW_DAYS = 10
_FEW_FILES = 5
_ONE_DAY = timedelta(days=1)


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank status``."""
    bank = settings_of(asked).bank or BankSettings()
    state = bank_state(desk.db, at=desk.at, silence=timedelta(hours=bank.warn_hours))
    if not state.accounts:
        hint = desk.say('There is no account yet. Add one: mensa bank account add IBAN "HOLDER"')
        return Said((hint,), fields(state))
    return Said(tuple(lines(desk.texts, state, today=desk.day)), fields(state), holds=state.holds)


def lines(speech: Texts, state: BankState, *, today: date) -> Iterator[str]:
    """The state for people."""
    for it in state.accounts:
        yield from _account(speech, it)
    yield ""
    yield from _heard(speech, state)
    yield from _queue(speech, state, today)
    untaken = sorted((*state.quarantined, *state.waiting), key=lambda it: -it.id)
    for reading in untaken[:_FEW_FILES]:
        outcome = speech.say(bank_files.OUTCOMES[reading.outcome])
        told = bank_files.why(speech, reading)
        yield speech.say(
            mark("File {file} {outcome}: {why}"),
            file=bank_files.place(reading), outcome=outcome, why=told,
        )  # fmt: skip
    if len(untaken) > _FEW_FILES:
        yield speech.say(
            mark("and {count} older ones: mensa bank files"), count=len(untaken) - _FEW_FILES
        )
    yield from paid_all_the_same(speech, state)
    if not state.holds:
        yield speech.say(
            mark(
                "Ledger and bank do NOT agree. Assign nothing more and look at what differs: "
                "mensa verify"
            )
        )


def _account(speech: Texts, state: AccountState) -> Iterator[str]:
    yield f"{in_fours(state.iban)}  {state.holder}"
    if state.last_day is None or state.first_day is None or state.balance is None:
        yield "  " + speech.say(mark("No day is proved yet: no statement was taken."))
        return
    if state.holds:
        yield "  " + speech.say(
            mark("Ledger = bank for all {count} proved days, {first} to {last}: {balance}"),
            count=speech.number(state.days),
            first=speech.day(state.first_day),
            last=speech.day(state.last_day),
            balance=speech.money(state.balance),
        )
    for it in state.unequal[:_FEW_DAYS]:
        yield "  " + speech.say(
            mark("{day}: the bank says {bank}, the ledger {ledger}"),
            day=speech.day(it.day), bank=speech.money(it.bank), ledger=speech.money(it.ledger),
        )  # fmt: skip
    if len(state.unequal) > _FEW_DAYS:
        yield "  " + speech.say(mark("and {count} more days"), count=len(state.unequal) - _FEW_DAYS)
    if state.open_days:
        yield "  " + speech.say(
            mark("Open, because the bank's balance is missing: {days}"),
            days=spans(speech, state.open_days),
        )


def spans(speech: Texts, days: Sequence[date]) -> str:
    """Days in order, runs of them as "from - to"."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _ONE_DAY:
            runs[-1] = [runs[-1][0], day]
        else:
            runs.append([day])
    told = (" - ".join(speech.day(day) for day in dict.fromkeys(run)) for run in runs)
    return ", ".join(told)


def _heard(speech: Texts, state: BankState) -> Iterator[str]:
    for it in state.accesses:
        if it.last_good is not None:
            yield speech.say(
                mark("Last good fetch ({access}): {at}"),
                access=it.name, at=speech.moment(it.last_good),
            )  # fmt: skip
        else:
            yield speech.say(mark("Never fetched yet ({access})"), access=it.name)
        if it.failed is not None:
            yield speech.say(
                mark("The last try failed ({access}, {at}): {why}"),
                access=it.name, at=speech.moment(it.last_try), why=it.failed,
            )  # fmt: skip
    if state.last_statement is not None:
        yield speech.say(
            mark("Last statement that was taken: {at}"), at=speech.moment(state.last_statement)
        )
    if state.stale:
        yield speech.say(
            mark("WARNING: nothing was heard of the bank for long. Look: mensa bank pull")
        )


def _queue(speech: Texts, state: BankState, today: date) -> Iterator[str]:
    yield speech.say(mark("In suspense: {amount}"), amount=speech.money(state.suspense))
    if state.queue:
        oldest = min(it.day for it in state.queue)
        yield speech.say_many(
            "{count} line waits in the queue (mensa bank open): {amount}, since {day} ({age} days)",
            "{count} lines wait in the queue (mensa bank open): {amount}, the oldest since {day} "
            "({age} days)",
            len(state.queue),
            amount=speech.money(total(it.rest for it in state.queue)),
            day=speech.day(oldest),
            age=(today - oldest).days,
        )
    if state.aside:
        yield speech.say_many(
            "{count} line is set aside (mensa bank open --all): {amount}",
            "{count} lines are set aside (mensa bank open --all): {amount}",
            len(state.aside),
            amount=speech.money(total(it.rest for it in state.aside)),
        )


def paid_all_the_same(speech: Texts, state: BankState) -> Iterator[str]:
    """The refunds that were cancelled and that the bank paid, where there are any."""
    if state.paid_all_the_same:
        yield speech.say(
            mark(
                "Cancelled, and the bank paid it all the same: refund {refunds}. Clear it up: "
                "mensa refund list"
            ),
            refunds=", ".join(map(str, state.paid_all_the_same)),
        )


def fields(state: BankState) -> dict[str, object]:
    """The state for programs."""
    return {
        "holds": state.holds,
        "accounts": [
            {
                "account": it.name,
                "iban": it.iban,
                "holds": it.holds,
                "days": it.days,
                "first_day": it.first_day and it.first_day.isoformat(),
                "last_day": it.last_day and it.last_day.isoformat(),
                "balance": None if it.balance is None else str(it.balance),
                "open_days": [day.isoformat() for day in it.open_days],
                "unequal": [
                    {"day": one.day.isoformat(), "bank": str(one.bank), "ledger": str(one.ledger)}
                    for one in it.unequal
                ],
            }
            for it in state.accounts
        ],
        "fetches": [
            {
                "access": it.name,
                "last_good": it.last_good and it.last_good.isoformat(),
                "last_try": it.last_try.isoformat(),
                "failed": it.failed,
            }
            for it in state.accesses
        ],
        "last_statement": state.last_statement and state.last_statement.isoformat(),
        "stale": state.stale,
        "suspense": str(state.suspense),
        "queue": {
            "lines": len(state.queue),
            "amount": str(total(it.rest for it in state.queue)),
            "oldest": min((it.day for it in state.queue), default=None)
            and min(it.day for it in state.queue).isoformat(),
        },
        "set_aside": len(state.aside),
        "paid_all_the_same": list(state.paid_all_the_same),
        "quarantined": [bank_files.fields(it) for it in state.quarantined],
        "waiting": [bank_files.fields(it) for it in state.waiting],
    }
