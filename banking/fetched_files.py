"""What a fetch brought, as files to be kept, with the bank's balance as evidence of each day.

The balance was told after all of an account's lines up to that day, so taking off what was booked
later gives the balance each day ended at. It proves nothing by itself: a line that was lost makes
it differ from what is known of the days before, and then nothing is kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from accounts.bank_files import Source
from accounts.money import Money
from banking.fetching import BankBalance, Fetched
from banking.kept import Incoming
from banking.lines import BankStatement


def incoming(fetched: Fetched) -> list[Incoming]:
    """Every page of every account, in the bank's order."""
    balances = {it.iban: it for it in fetched.balances}
    files = []
    for statements in fetched.statements:
        balance = balances.get(statements.iban)
        ends = {} if balance is None else ends_of_days(statements.pages, balance)
        files += [Incoming(Source.FINTS, page, ends) for page in statements.pages]
    return files


def ends_of_days(pages: Iterable[bytes], balance: BankBalance) -> Mapping[date, Money]:
    """The balance at the end of each day with lines; empty where a page cannot be read."""
    from banking.reading import read  # noqa: PLC0415  # lxml is heavy, and this is seldom needed

    moved: Counter[date] = Counter()
    for page in pages:
        for statement in read(page):
            if not isinstance(statement, BankStatement):
                return {}
            for line in statement.lines:
                moved[line.day] += line.amount.cents
    cents, ends = balance.amount.cents, {balance.day: balance.amount}
    for day in sorted((day for day in moved if day <= balance.day), reverse=True):
        ends[day] = Money(cents)
        cents -= moved[day]
    return ends
