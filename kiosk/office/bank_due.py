"""What the night tells of the bank in the morning: only what somebody has to look at.

Counts, amounts and days; no payer is named.
"""

from collections.abc import Iterator

from accounts.bank_state import BankState
from accounts.money import total
from accounts.texts import Texts, mark
from kiosk.office.bank_status import paid_all_the_same, spans


def lines(speech: Texts, state: BankState) -> Iterator[str]:
    """One line a matter; none where nothing is due."""
    if not state.accounts:
        return
    if not state.holds:
        yield speech.say(mark("Ledger and bank do NOT agree"))
    if state.stale:
        yield speech.say(mark("Nothing was heard of the bank for long"))
    for it in state.accesses:
        if it.failed is not None:
            yield speech.say(
                mark("The last fetch failed ({access}, {at})"),
                access=it.name, at=speech.moment(it.last_try),
            )  # fmt: skip
    for account in state.accounts:
        # Yesterday is told by the fetches of today: at night it is never there yet.
        overdue = account.open_days[:-1]
        if overdue:
            yield speech.say(
                mark("Days without the bank's balance: {days}"), days=spans(speech, overdue)
            )
    yield from paid_all_the_same(speech, state)
    yield from _waiting(speech, state)


def _waiting(speech: Texts, state: BankState) -> Iterator[str]:
    if state.fresh:
        yield speech.say(
            mark("Files not taken since the last night (mensa bank files): {count}, {all} in all"),
            count=speech.number(state.fresh),
            all=speech.number(len(state.quarantined)),
        )
    if state.waiting:
        yield speech.say(
            mark("Files that wait (mensa bank files): {count}"),
            count=speech.number(len(state.waiting)),
        )
    if state.queue:
        yield speech.say(
            mark("In the queue (mensa bank open): {count}, {amount}, the oldest of {day}"),
            count=speech.number(len(state.queue)),
            amount=speech.money(total(it.rest for it in state.queue)),
            day=speech.day(min(it.day for it in state.queue)),
        )


def fields(state: BankState) -> dict[str, object]:
    """The same for programs."""
    return {
        "holds": state.holds,
        "stale": state.stale,
        "failed": [it.name for it in state.accesses if it.failed is not None],
        "open_days": {it.name: [day.isoformat() for day in it.open_days] for it in state.accounts},
        "quarantined": len(state.quarantined),
        "quarantined_new": state.fresh,
        "waiting": len(state.waiting),
        "queue": len(state.queue),
        "paid_all_the_same": list(state.paid_all_the_same),
    }
