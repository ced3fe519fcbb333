"""An account's proved days, a statement by its days, and what the one means for the other.

Values only; what is true of them stands in ``banking.days``.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from accounts.money import Money, total
from banking.identity import Seen
from banking.lines import BankStatement, Family
from banking.standing import Unkept

Name = Callable[[bytes, int], bytes]
"""The identity of the n-th of a day's lines that are alike."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a kept line is compared by."""

    id: int
    identity: bytes
    amount: Money
    payer: bytes | None
    text_digest: bytes


@dataclass(frozen=True, slots=True)
class Proved:
    """The balance a day ended at, and the family that told it."""

    closing: Money
    family: Family


@dataclass(frozen=True, slots=True)
class Known:
    """An account's proved days around a statement, without a gap, and the lines kept there.

    The first of all days is the one before the first statement; it has a balance and no lines.
    """

    days: Mapping[date, Proved]
    lines: Mapping[date, Sequence[Stored]] = field(default_factory=dict)

    @property
    def begins(self) -> date:
        """The first known day here."""
        return min(self.days)

    @property
    def last(self) -> date:
        """The newest proved day."""
        return max(self.days)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else is told of an account's balance.

    ``balances`` are the bank's answers to an enquiry, as of the day. By what other statements open
    with, ``ends`` are the balances a day ended at, and ``within`` those it stood at where a later
    part of it begins, in the same family. ``moved`` are days of which another statement tells lines.
    """

    balances: Mapping[date, Money] = field(default_factory=dict)
    ends: Mapping[date, Collection[Money]] = field(default_factory=dict)
    within: Mapping[tuple[Family, date], Collection[Money]] = field(default_factory=dict)
    moved: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """A statement by its days. ``interim``: by its own word its last day was not over."""

    family: Family
    first: date
    last: date
    opening: Money | None
    closing: Money | None
    days: Mapping[date, Sequence[Seen]]
    interim: bool = False

    def moved_on(self, day: date) -> Money:
        """The sum of a day's lines."""
        return total(seen.line.amount for seen in self.days.get(day, ()))

    def moved(self, upto: date = date.max) -> Money:
        """The sum of all lines, or of those up to a day."""
        return total(self.moved_on(day) for day in self.days if day <= upto)


@dataclass(frozen=True, slots=True)
class New:
    """A line to be kept, under its identity."""

    identity: bytes
    seen: Seen


@dataclass(frozen=True, slots=True)
class Waits:
    """It, or the rest of it, waits."""

    reason: Unkept
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Contradicts:
    """Nothing of it is taken."""

    reason: Unkept
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to keep in it."""

    reason: Unkept


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written.

    ``begins`` is the day before and the balance an account begins with, once. ``closings`` are
    the balances that days end at, in order; each day's lines are among ``new``. ``regrown`` are
    days that were proved before: their lines and their new balance belong into one transaction.
    """

    begins: tuple[date, Money] | None = None
    new: tuple[New, ...] = ()
    closings: Mapping[date, Money] = field(default_factory=dict)
    regrown: frozenset[date] = frozenset()
    amended: tuple[int, ...] = ()
    rest: Waits | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether all of it was known."""
        return not (self.new or self.closings or self.amended)


Meaning = Plan | Waits | Contradicts | Nothing


def by_days(statement: BankStatement, lines: Iterable[Seen]) -> Told | Nothing:
    """A statement by its days; Nothing where it names none."""
    days: dict[date, list[Seen]] = defaultdict(list)
    for seen in lines:
        days[seen.line.day].append(seen)
    told = {statement.first_day, statement.last_day, *days} - {None}
    if not told:
        return Nothing(Unkept.NO_DAYS)
    named = [day for day in told if day is not None]
    opening, closing = statement.opening, statement.closing
    return Told(
        statement.family,
        min(named),
        max(named),
        None if opening is None else opening.amount,
        None if closing is None else closing.amount,
        days,
        closing is not None and closing.kind == "interim",
    )
