"""A statement's claim about an account: which balance each of its days ends at, and what proves it.

Days and amounts are said as statements print them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

from accounts.money import Money
from banking.known_days import Contradicts, Evidence, Known, Name, Told, Waits
from banking.proof import euros
from banking.standing import Unkept

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement with the opening balance it has or must have, and what it is judged by."""

    told: Told
    opening: Money
    evidence: Evidence
    over: date
    name: Name
    _ends: dict[date, Money] = field(default_factory=dict)

    def at(self, day: date) -> Money:
        """The balance the day ends at, by this statement."""
        if not self._ends:
            days = sorted(self.told.days)
            sums = accumulate(map(self.told.moved_on, days), initial=self.opening)
            self._ends.update(zip(days, list(sums)[1:], strict=True))
            self._ends[date.min] = self.opening
        return self._ends[max(one for one in self._ends if one <= day)]

    def goes_on_from(self, day: date) -> bool:
        """Whether another statement opens with the balance the day ends at, by this one."""
        reached = self.at(day)
        if reached in self.evidence.ends.get(day, ()):
            return True
        # Where the day came to nothing, its beginning would look like its end.
        within = self.evidence.within.get((self.told.family, day), ())
        return reached in within and reached != self.at(day - DAY)

    def over_to(self, first: date) -> date:
        """The last day that had ended, by the moment it came or by what another opens with."""
        confirmed = (day for day in self._told(first) if self.goes_on_from(day))
        return max([self.over, *confirmed])

    def proved_to(self, first: date) -> date:
        """The last day to which its lines are proved by a balance."""
        if self.told.closing is not None:
            return self.told.last
        proved = (
            day
            for day in self._told(first)
            if self.goes_on_from(day) or self.evidence.balances.get(day) == self.at(day)
        )
        return max([date.min, *proved])

    def _told(self, first: date) -> Iterator[date]:
        parts = (day for _, day in self.evidence.within)
        named = {*self.evidence.ends, *parts, *self.evidence.balances}
        return (day for day in named if first <= day <= self.told.last)


def opening_of(told: Told, known: Known | None, evidence: Evidence) -> Money | Waits:
    """The opening balance it has, or must have by its closing one or by what is known."""
    if told.opening is not None:
        return told.opening
    if told.closing is not None:
        return told.closing - told.moved()
    inside = [day for day in sorted(evidence.balances) if told.first <= day <= told.last]
    if known is None:
        if inside:
            return evidence.balances[inside[0]] - told.moved(upto=inside[0])
        return Waits(Unkept.NO_BALANCE, span(told.first, told.last))
    before = told.first - DAY
    if before < known.begins:
        return known.days[known.begins].closing - told.moved(upto=known.begins)
    if before <= known.last:
        return known.days[before].closing
    still = known.days[known.last].closing
    if any(still + told.moved(upto=day) == evidence.balances[day] for day in inside):
        return still
    return Waits(Unkept.NO_BALANCE, span(known.last + DAY, before))


def differ(reason: Unkept, day: date, ours: Money, theirs: Money) -> Contradicts:
    """It says another balance at the end of a day than is proved."""
    return Contradicts(reason, f"{span(day, day)}: {euros(ours)} ≠ {euros(theirs)}")


def span(first: date, last: date) -> str:
    """Days as the office reads them: "03.11.2026", "03.11.2026 - 05.11.2026"."""
    return " - ".join(f"{day:%d.%m.%Y}" for day in sorted({first, last}))


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    while first <= last:
        yield first
        first += DAY
