"""Statements that may be kept: whose account they are of, in which order they are tried.

An account's are tried by their days. What one opens with tells what the day before ended at.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from accounts.bank_accounts import BankAccount
from accounts.bank_files import BankFile, Source
from accounts.clock import school_day
from accounts.money import Money
from banking.known_days import Evidence, Told
from banking.lines import Family
from banking.shelf import Opened

_DAY = timedelta(days=1)
Place = tuple[int, int]
"""A file's number and a statement's place in it, from 1; 0 is the file as a whole."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """A statement that may be kept: where it is found, when it came, and its outline.

    ``over`` is the last day that had ended when it was made, as far as that can be told.
    """

    place: Place
    came: date
    over: date
    iban: str
    outline: Told
    moved: frozenset[date]
    lines: int


def claimant_of(place: Place, file: BankFile, opened: Opened, told: Told) -> Claimant:
    """A statement that was opened, without its lines: there may be many statements."""
    came = school_day(file.at)
    over = came - _DAY
    if told.interim and file.source is not Source.FINTS:
        # It may have lain in a folder since the noon it was made at.
        over = min(over, told.last - _DAY)
    statement, outline = opened.statement, replace(told, days={})
    moved, lines = frozenset(told.days), len(statement.lines)
    return Claimant(place, came, over, statement.iban, outline, moved, lines)


def account_of(accounts: Iterable[BankAccount], number: str) -> BankAccount | None:
    """The account of an IBAN, or of an old German "bank code/account" pair (the BBAN within it)."""
    code, _, local = number.partition("/")
    for account in accounts:
        if account.iban == number:
            return account
        german = account.iban[:2] == "DE" and local.isdigit()
        if german and (account.iban[4:12], account.iban[12:]) == (code, local.zfill(10)):
            return account
    return None


def in_order(some: Iterable[Claimant]) -> list[Claimant]:
    """Statements by day; of those that begin on one day, those first that open with nobody else's closing."""
    closings: dict[date, list[tuple[Place, Money | None]]] = defaultdict(list)
    for one in some:
        closings[one.outline.first].append((one.place, one.outline.closing))

    def order(one: Claimant) -> tuple[date, bool, date, Place]:
        told = one.outline
        follows = any(
            closing == told.opening
            for place, closing in closings[told.first]
            if place != one.place and closing is not None
        )
        return told.first, follows, told.last, one.place

    return sorted(some, key=order)


def evidence_of(some: Sequence[Claimant], *, today: date) -> Evidence:
    """What statements of an account tell of its balance beside their own days.

    One that came after its first day tells what that stood at where it begins, and what the day
    before ended at. One that came on it tells of the day before; and of its own beginning once
    another tells that it ended where it says.
    """
    ends: dict[date, set[Money]] = defaultdict(set)
    within: dict[tuple[Family, date], set[Money]] = defaultdict(set)
    rest: list[Claimant] = []
    for one in some:
        first, opening = one.outline.first, one.outline.opening
        if opening is None or first > min(one.came, today):
            continue
        ends[first - _DAY].add(opening)
        if one.over >= one.outline.last:
            within[one.outline.family, first].add(opening)
        else:
            rest.append(one)
    grows = True
    while grows:
        grows = False
        for one in rest:
            told = one.outline
            points = ends.get(told.last, set()) | within.get((told.family, told.last), set())
            if told.last < today and told.closing in points and told.opening is not None:
                begins = within[told.family, told.first]
                grows = grows or told.opening not in begins
                begins.add(told.opening)
    moved = frozenset(day for one in some for day in one.moved)
    return Evidence(ends=ends, within=within, moved=moved)
