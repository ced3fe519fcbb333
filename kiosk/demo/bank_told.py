"""The day at the bank as the demo tells it: a table for people, fields for programs."""

from collections.abc import Iterator

from accounts.line_story import Went
from accounts.texts import Language, texts
from kiosk.demo.bank import BankDay, Shown
from kiosk.sentences_bank import RULES, WHYS

_WHYS = {why.value: said for why, said in WHYS.items()}


def lines(day: BankDay) -> Iterator[str]:
    """What came in, where it went and why, and whether ledger and bank agree."""
    german = texts(Language.GERMAN)
    yield f"Ein Tag bei der Bank / a day at the bank ({day.banner})"
    for it in day.lines:
        amount = german.money(it.line.amount)
        yield f"  {it.part:<34} {amount:>12}  {_where(day, it)}"
    yield ""
    for account in day.state.accounts:
        balance = "-" if account.balance is None else german.money(account.balance)
        verdict = "stimmt / holds" if day.holds else "STIMMT NICHT / DOES NOT HOLD"
        yield (
            f"Hauptbuch = Bank an {account.days} bewiesenen Tagen, {balance} / "
            f"ledger = bank on {account.days} proved days: {verdict}"
        )
    waiting = german.money(day.state.suspense)
    yield (
        f"In der Warteschlange / in the queue (mensa bank open): {len(day.state.queue)}, {waiting}"
    )


def fields(day: BankDay) -> dict[str, object]:
    """The same for programs: amounts in euro as text, children by their school's number."""
    return {
        "lines": [
            {
                "part": it.part,
                "amount": str(it.line.amount),
                "rest": str(it.line.rest),
                "went": [
                    {"to": _named(day, went), "amount": str(went.amount), "rule": went.rule}
                    for went in it.line.standing
                ],
                "why_open": it.why,
            }
            for it in day.lines
        ],
        "accounts": [
            {
                "days": it.days,
                "balance": None if it.balance is None else str(it.balance),
                "unequal": [one.day.isoformat() for one in it.unequal],
            }
            for it in day.state.accounts
        ],
        "queue": len(day.state.queue),
        "suspense": str(day.state.suspense),
        "ledger_equals_bank": day.holds,
    }


def _where(day: BankDay, shown: Shown) -> str:
    german = texts(Language.GERMAN)
    if shown.why is not None:
        return f"? {german.say(_WHYS[shown.why])}"
    rule = german.say(RULES[shown.line.standing[0].rule])
    several = len(shown.line.standing) > 1
    parts = (
        f"{_named(day, it)} {german.money(it.amount)}" if several else _named(day, it)
        for it in shown.line.standing
    )
    return f"-> {', '.join(parts)} ({rule})"


def _named(day: BankDay, went: Went) -> str:
    kind, _, number = went.account.partition(":")
    return day.pupils.get(int(number), number) if kind == "pupil" else went.account
