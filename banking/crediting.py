"""Open lines of the bank reach whom they belong to, or stay in the queue.

- What is decided is booked in short transactions, so that no tap waits. What a crash or a refusal
  undoes leaves its lines open, and the next run decides them anew. Run again, nothing happens
  twice: what is assigned is not open.
- A line that somebody ever decided about is never decided by itself again.
- Payments come first, returns after them: what they give back has then gone where it belongs.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from accounts.allocations import (
    AllocationRefusal,
    OpenLine,
    Rule,
    allocate,
    hold_allocations,
    open_lines,
    set_aside,
)
from accounts.bank_vault import BankVault
from accounts.database import Database, Session
from accounts.given_back import Earlier, earlier_by_number
from accounts.money import ZERO, Money
from accounts.payers import decided_before
from accounts.polite import in_chunks
from banking.evidence import Ask, Decision, Post, Why
from banking.knowledge import comes_back, earlier_of, know, unmatched
from banking.matching import DEFAULT_CAP, Index, Unmatched, match
from banking.returning import still_so

AT_ONCE = 100
"""Decisions that share a transaction at least; one alone costs as much as twenty."""
_READ = 2000
"""Lines whose words are open in memory at a time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credited:
    """What a run came to: the lines it looked at, how many were posted and how many stay open.

    ``amount`` is the sum of what reached its place, returns taken off.
    """

    lines: int = 0
    posted: Mapping[Rule, int] = field(default_factory=dict)
    asked: Mapping[Why, int] = field(default_factory=dict)
    amount: Money = ZERO


def credit(
    database: Database,
    vault: BankVault,
    *,
    now: datetime,
    actor: str,
    cap: Money = DEFAULT_CAP,
    rest: Callable[[float], None] = time.sleep,
    progress: Callable[[int, int], None] | None = None,
) -> Credited:
    """Decide about every open line that nobody set aside; see the module's docstring.

    ``now`` is in UTC. ``progress`` hears how many lines were looked at, and of how many. Raises
    DatabaseUnavailable, Unopenable (``accounts.bank_vault``).
    """
    with database.read() as db:
        lines = open_lines(db)
        index = know(db, vault, lines, now=now, cap=cap)
    posted: Counter[Rule] = Counter()
    asked: Counter[Why] = Counter()
    seen = cents = 0
    for some in _in_turns(lines):
        decisions = _decisions(database, vault, some, index)
        asked.update(it.why for it in decisions if isinstance(it, Ask))
        posts = [it for it in decisions if isinstance(it, Post)]
        for post in _booked(database, posts, actor=actor, now=now, rest=rest):
            posted[post.rule] += 1
            cents += sum(new.amount.cents for new in post.allocations)
        seen += len(some)
        if progress is not None:
            progress(seen, len(lines))
    return Credited(len(lines), dict(posted), dict(asked), Money(cents))


def _in_turns(lines: Sequence[OpenLine]) -> Iterator[tuple[OpenLine, ...]]:
    """Payments first, then what comes back; the second look is at what the first one booked."""
    for back in (False, True):
        yield from _slices((it for it in lines if comes_back(it) is back), _READ)


def _decisions(
    database: Database, vault: BankVault, lines: Sequence[OpenLine], index: Index
) -> list[Decision]:
    with database.read() as db:
        earlier = dict(earlier_of(db, lines)) if comes_back(lines[0]) else {}
        found = unmatched(db, vault, lines)
    index = replace(index, earlier=earlier)
    decisions: list[Decision] = []
    for line in found:
        decision = match(line, index)
        decisions.append(decision)
        if isinstance(decision, Post) and earlier:
            _hand_out(decision, line, earlier)
    return decisions


def _hand_out(
    post: Post, line: Unmatched, earlier: dict[tuple[bytes, int], tuple[Earlier, ...]]
) -> None:
    """Of two equal returns the second one gives back another line."""
    given = {new.of_line for new in post.allocations}
    keys = {(it, -line.amount.cents) for it in (line.payer, line.end_to_end) if it is not None}
    found = {it.id: it for key in keys for it in earlier.get(key, ()) if it.id in given}
    for one in found.values():
        keys |= {(it, one.amount.cents) for it in (one.payer, one.end_to_end) if it is not None}
    for key in keys & earlier.keys():
        earlier[key] = tuple(it for it in earlier[key] if it.id not in given)


def _booked(
    database: Database,
    posts: Sequence[Post],
    *,
    actor: str,
    now: datetime,
    rest: Callable[[float], None],
) -> Iterator[Post]:
    done: list[Post] = []

    def book(db: Session, some: tuple[Post, ...]) -> None:
        done.extend(_book(db, some, actor=actor, now=now))

    for _ in in_chunks(database, _slices(posts, AT_ONCE), book, rest=rest):
        yield from done
        done.clear()


def _book(db: Session, posts: Iterable[Post], *, actor: str, now: datetime) -> list[Post]:
    """Book what still can be: another may have decided about a line since it was looked at."""
    hold_allocations(db)
    standing = list(posts)
    lines = {new.line_id for it in standing for new in it.allocations}
    taken = decided_before(db, lines) | set_aside(db, lines)
    given = {new.of_line for it in standing for new in it.allocations if new.of_line is not None}
    earlier = earlier_by_number(db, given)
    standing = [
        it
        for it in standing
        if not any(new.line_id in taken for new in it.allocations) and still_so(it, earlier)
    ]
    while standing:
        news = [(post, new) for post in standing for new in post.allocations]
        answer = allocate(db, [new for _, new in news], actor=actor, now=now)
        if not isinstance(answer, AllocationRefusal):
            break
        standing.remove(news[answer.at][0])
    return standing


def _slices(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    source = iter(items)
    while some := tuple(islice(source, size)):
        yield some
