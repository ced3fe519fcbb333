"""Why a line is open and whose it may be: all that speaks for anybody, for the one who decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.allocations import open_line
from accounts.bank_vault import BankVault
from accounts.clock import school_day
from accounts.database import Session
from accounts.money import ZERO, Money
from accounts.named_people import named_people
from banking.evidence import Suggestion, Why
from banking.knowledge import earlier_of, know, unmatched
from banking.matching import DEFAULT_CAP, Post, match
from banking.weighing import as_suggestions, ranked

MOST = 8
"""Suggestions told of a line at most."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Why a line is open, and whose it may be, the likeliest first."""

    why: Why
    suggestions: tuple[Suggestion, ...]


def advise(
    db: Session,
    vault: BankVault,
    line_ids: Sequence[int],
    *,
    now: datetime,
    cap: Money = DEFAULT_CAP,
) -> Mapping[int, Advice]:
    """What is to be said of each of these lines that is open; others are not in the answer.

    Each suggestion's amount is signed as the line and never more than what is open of it. ``now``
    is in UTC. Raises Unopenable (``accounts.bank_vault``).
    """
    from banking.suggestions import Named, NameIndex, by_name  # noqa: PLC0415  # rapidfuzz: 30 ms

    found = (open_line(db, number) for number in dict.fromkeys(line_ids))
    lines = [line for line in found if line is not None and line.rest]
    if not lines:
        return {}
    index = replace(know(db, vault, lines, now=now, cap=cap), earlier=earlier_of(db, lines))
    names = NameIndex.of(Named(*it) for it in named_people(db, day=school_day(now)))
    advice: dict[int, Advice] = {}
    for line in unmatched(db, vault, lines):
        decision = match(line, index)
        if isinstance(decision, Post):
            advice[line.id] = Advice(Why.NEXT_RUN, as_suggestions(decision, line.id))
            continue
        suggestions = decision.suggestions
        if line.text is not None and line.amount > ZERO:
            suggestions = ranked((*suggestions, *by_name(line.text, line.amount, names)))
        advice[line.id] = Advice(decision.why, suggestions[:MOST])
    return advice
