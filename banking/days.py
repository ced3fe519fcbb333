"""What a statement means for an account's known days: a plan, a wait, or a contradiction.

- Only days that were over when the statement came are taken, whole, each with the balance it ends
  at. A day that was not may be confirmed later, by a statement that opens with that balance.
- A statement fits where it opens with the balance we know from the day before, or with that of
  the newest day and goes on within it. Days between it and ours that moved nothing stood still.
- A known day is compared, never taken again. Told with the same amounts and other words it is
  amended; told with more lines it grows, if it is the newest day or they come to nothing; told
  with anything else it contradicts. The first and the last day of a statement may be in part.
- A day known from the other family of formats is compared by its amounts alone.
- Without balances of its own a statement is proved by the bank's answer to a balance enquiry, or
  by what another statement opens with.
- The first statement of an account begins it: its opening balance is taken as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from accounts.money import ZERO, total
from banking.claims import DAY, Claim, days_between, differ, opening_of, span
from banking.known_days import (
    Contradicts,
    Evidence,
    Known,
    Meaning,
    Name,
    Nothing,
    Plan,
    Proved,
    Told,
    Waits,
)
from banking.proof import euros
from banking.same_day import Compared, compare, compare_rest, same_amounts
from banking.standing import Unkept


def meaning(
    told: Told, known: Known | None, *, over: date, evidence: Evidence, name: Name
) -> Meaning:
    """What a statement means; ``over`` is the last day that had ended when it came.

    ``known`` is none before the account's first statement.
    """
    opening = opening_of(told, known, evidence)
    if isinstance(opening, Waits):
        return opening
    claim = Claim(told, opening, evidence, over, name)
    if known is None:
        return _begin(claim)
    if told.last <= known.begins:
        return Nothing(Unkept.BEFORE_BEGINNING)
    return _fit(claim, known)


def _begin(claim: Claim) -> Meaning:
    before = claim.told.first - DAY
    meant = _fit(claim, Known({before: Proved(claim.opening, claim.told.family)}))
    if not isinstance(meant, Plan):
        return meant
    if not meant.closings:
        return meant.rest or Nothing(Unkept.NO_DAYS)
    return replace(meant, begins=(before, claim.opening))


def _fit(claim: Claim, known: Known) -> Meaning:
    first, last = claim.told.first, known.last
    ours = known.days[last].closing
    compared = days_between(max(first - DAY, known.begins), min(claim.told.last, last))
    missing = [day for day in compared if day not in known.days]
    if missing:
        return Waits(Unkept.DAYS_MISSING, span(missing[0], missing[-1]))
    if first <= known.begins:
        begun = known.days[known.begins].closing
        if claim.at(known.begins) != begun:
            return differ(Unkept.OTHER_OPENING, known.begins, begun, claim.at(known.begins))
        return _walk(claim, known, known.begins + DAY, _whole)
    if first > last:
        silent = claim.evidence.moved.isdisjoint(days_between(last + DAY, first - DAY))
        if claim.opening == ours and silent:
            return _walk(claim, known, last + DAY, _whole)
        gap = span(min(last + DAY, first - DAY), first - DAY)
        return Waits(Unkept.DAYS_MISSING, f"{gap}: {euros(ours)} ≠ {euros(claim.opening)}")
    return _overlap(claim, known)


def _overlap(claim: Claim, known: Known) -> Meaning:
    """It begins on a known day: at its beginning, within it, or going on where it ends."""
    first, last = claim.told.first, known.last
    before, ours = known.days[first - DAY].closing, known.days[last].closing
    ways: list[_Way] = []
    if claim.opening == before:
        ways.append(_whole)
    if first == last and claim.opening == ours:
        ways.append(_going_on)
    if first == claim.told.last or claim.at(first) == known.days[first].closing:
        ways.append(_within)
    against: list[Meaning] = []
    for way in ways:
        meant = _walk(claim, known, first, way)
        if not isinstance(meant, Contradicts):
            return meant
        if way is not _within:
            against.append(meant)
    if against:
        return against[0]
    if first == last:
        missing = f"{span(last, last)}: {euros(ours)} ≠ {euros(claim.opening)}"
        return Waits(Unkept.DAYS_MISSING, missing)
    return differ(Unkept.OTHER_OPENING, first - DAY, before, claim.opening)


_Way = Callable[["Claim", Known, date], "Compared | Contradicts | Waits"]


def _walk(claim: Claim, known: Known, first: date, way: _Way) -> Meaning:
    """Compare the known days from the first, then take the new ones."""
    told, last = claim.told, known.last
    over, proved = claim.over_to(first), claim.proved_to(first)
    plan = Plan()
    for day in days_between(first, min(told.last, last, over)):
        ours = known.days[day].closing
        found = way(claim, known, day) if day == told.first else _whole(claim, known, day)
        if not isinstance(found, Compared):
            return found
        plan = _with(plan, found, regrown=day if found.extra else None)
        if not found.extra or claim.at(day) == ours:
            continue
        if day != last:
            return differ(Unkept.OTHER_CLOSING, day, ours, claim.at(day))
        if day > proved:
            return Waits(Unkept.NO_BALANCE, span(day, told.last))
        plan = replace(plan, closings={day: claim.at(day)})
    closings = dict(plan.closings)
    for day in days_between(max(first, last + DAY), min(told.last, over, proved)):
        # Lines may be kept of a day that is not proved: its writing was interrupted.
        found = compare(told.days.get(day, ()), known.lines.get(day, ()), claim.name)
        if found.missing:
            return Contradicts(Unkept.DAY_CHANGED, span(day, day))
        plan = _with(plan, found)
        closings[day] = claim.at(day)
    return replace(plan, closings=closings, rest=_rest(claim, last, over, proved))


def _with(plan: Plan, found: Compared, *, regrown: date | None = None) -> Plan:
    return replace(
        plan,
        new=(*plan.new, *found.extra),
        amended=(*plan.amended, *found.amended),
        regrown=plan.regrown if regrown is None else plan.regrown | {regrown},
    )


def _rest(claim: Claim, last: date, over: date, proved: date) -> Waits | None:
    """What of the statement has to wait: lines after the known days that were not taken."""
    told = claim.told
    left = [day for day in told.days if day > max(last, min(over, proved))]
    if left and max(left) > over:
        return Waits(Unkept.DAY_NOT_OVER, span(min(left), max(left)))
    if proved < min(told.last, over) and told.last > last:
        return Waits(Unkept.NO_BALANCE, span(max(told.first, last + DAY), told.last))
    return None


def _whole(claim: Claim, known: Known, day: date) -> Compared | Contradicts | Waits:
    """A known day, told from its beginning; the statement's last one perhaps not to its end."""
    told, kept = claim.told.days.get(day, ()), known.lines.get(day, ())
    in_part = day == claim.told.last
    if known.days[day].family is not claim.told.family:
        return _other_family(claim, known, day, in_part=in_part)
    found = compare(told, kept, claim.name)
    if found.missing and (found.extra or not in_part):
        return Contradicts(Unkept.DAY_CHANGED, span(day, day))
    return found


def _within(claim: Claim, known: Known, day: date) -> Compared | Contradicts | Waits:
    """A known day, told from somewhere within it: nothing of it may be new."""
    told, kept = claim.told.days.get(day, ()), known.lines.get(day, ())
    if known.days[day].family is not claim.told.family:
        return _other_family(claim, known, day, in_part=True)
    found = compare(told, kept, claim.name)
    if found.extra:
        return Contradicts(Unkept.DAY_CHANGED, span(day, day))
    return found


def _going_on(claim: Claim, known: Known, day: date) -> Compared | Contradicts | Waits:
    """The newest day goes on in this statement.

    Or a part of it is told again that begins, by chance, with the balance it ended at: where
    lines are known, only a balance tells, and where they come to nothing not even that.
    """
    told, kept = claim.told.days.get(day, ()), known.lines.get(day, ())
    if known.days[day].family is not claim.told.family:
        return Waits(Unkept.REST_IN_OTHER_FORMAT, span(day, day)) if told else Compared()
    new = {id(one.seen) for one in compare(told, kept, claim.name).extra}
    again = [seen for seen in told if id(seen) not in new]
    if not again:
        return compare_rest(told, kept, claim.name)
    if total(seen.line.amount for seen in again) == ZERO:
        return Waits(Unkept.AGAIN_OR_MORE, span(day, day)) if new else Compared()
    if claim.goes_on_from(day) or claim.goes_on_from(claim.told.last):
        return compare_rest(told, kept, claim.name)
    return Waits(Unkept.AGAIN_OR_MORE, span(day, day))


def _other_family(
    claim: Claim, known: Known, day: date, *, in_part: bool
) -> Compared | Contradicts:
    told, kept = claim.told.days.get(day, ()), known.lines.get(day, ())
    if same_amounts(told, kept, in_part=in_part):
        return Compared()
    return differ(Unkept.FORMATS_DIFFER, day, known.days[day].closing, claim.at(day))
