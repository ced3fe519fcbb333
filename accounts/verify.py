"""The ledger's promises, each checked anew on what stands in the database (``mensa verify``).

Nothing that was computed before is believed: balances are summed from transfers, chains and
digests are hashed again, days are worked out from moments, and the guards themselves are
compared with those that were shipped. It only reads, and sees one moment of the ledger. What a
ledger cannot know about itself it does not prove: rows cut off its newest end, or a history that
was written anew with all its hashes. Both are found by whoever noted a seal elsewhere
(``accounts.seals.find_seal``), and by a writer who counts on from there and meets a gap.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from accounts import (
    verify_bank,
    verify_cards,
    verify_chains,
    verify_closings,
    verify_facts,
    verify_glance,
    verify_guards,
    verify_history,
    verify_journal,
    verify_money,
    verify_seals,
)
from accounts.database import Database, Session
from accounts.proof import Check, CheckName, Failure, Proof, count
from accounts.verify_beside import Ask, second_view

__all__ = ["Check", "CheckName", "Failure", "Proof", "prove", "verify"]

CHECKS: Mapping[CheckName, Callable[[Session], Check]] = {
    CheckName.BALANCES: verify_money.balances,
    CheckName.ZERO_SUM: verify_money.zero_sum,
    CheckName.CHARGES: verify_money.charges,
    CheckName.TRANSFERS: verify_journal.transfers,
    CheckName.LINES: verify_journal.lines,
    CheckName.REVERSALS: verify_journal.reversals,
    CheckName.PUPILS: verify_journal.pupils,
    CheckName.DIGESTS: verify_journal.digests,
    CheckName.NUMBERS: verify_facts.numbers,
    CheckName.FACTS: verify_facts.facts,
    CheckName.KIOSK_DAYS: verify_facts.kiosk_days,
    CheckName.CHAINS: verify_chains.chains,
    CheckName.DAYS: verify_facts.days,
    CheckName.SEALS: verify_seals.seals,
    CheckName.HISTORY: verify_history.history,
    CheckName.CARDS: verify_cards.cards,
    CheckName.BANK: verify_bank.bank,
    CheckName.CLOSINGS: verify_closings.closings,
    CheckName.INCARNATION: verify_seals.incarnations,
    CheckName.REFERENCES: verify_guards.references,
    CheckName.GUARDS: verify_guards.guards,
    CheckName.STORAGE: verify_guards.storage,
    CheckName.ALARMS: verify_guards.alarms,
}
"""Every promise and how it is checked, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class _Parted:
    """Checks whose work can be shared: its parts, each in any view, and what they say together."""

    names: tuple[CheckName, ...]
    parts: Callable[[Session], Sequence[Callable[[Session], Any]]]
    joined: Callable[[Session, Sequence[Any]], Iterable[Check]]


_PARTED = (
    _Parted(
        (CheckName.SEALS,),
        verify_seals.parts,
        lambda db, differs: (verify_seals.joined(db, differs),),
    ),
    _Parted((CheckName.STORAGE,), lambda _: (verify_guards.storage,), lambda _, storage: storage),
    _Parted(
        (*verify_glance.GLANCED, CheckName.ZERO_SUM), verify_glance.parts, verify_glance.checks
    ),
    _Parted(
        (CheckName.CHAINS,),
        verify_chains.parts,
        lambda _, links: (verify_chains.joined(links),),
    ),
)
"""Begun in this order: what cannot be cut small comes first, and nothing long is left over."""


_SHARED_FROM = 20_000
"""Entries; to start a second process takes as long as to check so many."""


def verify(db: Session) -> Proof:
    """Check everything in one consistent view: give it ``Database.read()``."""
    return _prove(db)


def prove(database: Database) -> Proof:
    """``verify`` on two cores: two views of the same moment share the work.

    On SQLite the other view is a process of its own, and writers are held off until both stand,
    which takes milliseconds; a small ledger is looked at in one. Raises DatabaseUnavailable.
    """
    if not database.is_sqlite:
        with _same_moment(database) as (one, other):
            parts = parts_of(other)
            return _prove(one, lambda number: parts[number](other))
    with database.read() as db:
        if count(db, "entry") < _SHARED_FROM:
            return verify(db)
    with second_view(database) as (view, ask):
        return _prove(view, ask)


def parts_of(db: Session) -> list[Callable[[Session], Any]]:
    """All there is to do; the same in every view of a moment, so that a part has a number."""
    return [part for _, parts in _cut(db) for part in parts] + _alone()


def _cut(db: Session) -> list[tuple[_Parted, Sequence[Callable[[Session], Any]]]]:
    return [(way, way.parts(db)) for way in _PARTED]


def _alone() -> list[Callable[[Session], Check]]:
    apart = {name for way in _PARTED for name in way.names}
    return [check for name, check in CHECKS.items() if name not in apart]


def _prove(view: Session, elsewhere: Ask | None = None) -> Proof:
    cut, alone = _cut(view), _alone()
    parts = [*(part for _, some in cut for part in some), *alone]
    waiting = deque(range(len(parts)))
    made: dict[int, Any] = {}

    def work(do: Ask) -> None:
        while True:
            try:
                number = waiting.popleft()
            except IndexError:
                return
            made[number] = do(number)

    with ThreadPoolExecutor(1) as thread:
        other = None if elsewhere is None else thread.submit(work, elsewhere)
        work(lambda number: parts[number](view))
        if other is not None:
            other.result()  # what was raised there is raised here
    checks: dict[CheckName, Check] = {}
    done = iter(range(len(parts)))
    for way, some in cut:
        said = [made[next(done)] for _ in some]
        checks |= {check.name: check for check in way.joined(view, said)}
    checks |= {made[number].name: made[number] for number in done}
    return Proof(tuple(checks[name] for name in CHECKS))


@contextmanager
def _same_moment(database: Database) -> Iterator[tuple[Session, Session]]:
    """Two views of PostgreSQL: the server does nearly all of the work, in processes of its own."""
    with database.read() as one, database.read() as other:
        seen = one.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{seen}'")
        for view in (one, other):  # sums over all rows: sort in memory, compile nothing
            view.execute(text("SET LOCAL work_mem = '128MB'"))
            view.execute(text("SET LOCAL jit = off"))
            view.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
            view.execute(text("SET LOCAL enable_memoize = off"))  # no fact is met twice
        yield one, other
