"""The ledger's promises, each checked anew on what stands in the database (``mensa verify``).

Nothing that was computed before is believed: balances are summed from transfers, chains and
digests are hashed again, days are worked out from moments, and the guards themselves are
compared with those that were shipped. It only reads, and sees one moment of the ledger. What a
ledger cannot know about itself it does not prove: rows cut off its newest end, or a history that
was written anew with all its hashes. Both are found by whoever noted a seal elsewhere
(``accounts.seals.find_seal``), and by a writer who counts on from there and meets a gap.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from sqlalchemy import text

from accounts import (
    verify_closings,
    verify_facts,
    verify_guards,
    verify_history,
    verify_journal,
    verify_money,
    verify_seals,
)
from accounts.database import Database, Session
from accounts.proof import Check, CheckName, Failure, Proof

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
    CheckName.CHAINS: verify_facts.chains,
    CheckName.DAYS: verify_facts.days,
    CheckName.SEALS: verify_seals.seals,
    CheckName.HISTORY: verify_history.history,
    CheckName.CLOSINGS: verify_closings.closings,
    CheckName.INCARNATION: verify_seals.incarnations,
    CheckName.REFERENCES: verify_guards.references,
    CheckName.GUARDS: verify_guards.guards,
    CheckName.STORAGE: verify_guards.storage,
    CheckName.ALARMS: verify_guards.alarms,
}
"""Every promise and how it is checked, in the order in which they are told."""


_LONGEST = (CheckName.SEALS, CheckName.CHAINS, CheckName.CHARGES, CheckName.FACTS)
"""Begun first, so that at the end nothing long is left over."""


def verify(db: Session) -> Proof:
    """Check everything in one consistent view: give it ``Database.read()``."""
    return Proof(tuple(check(db) for check in CHECKS.values()))


def prove(database: Database) -> Proof:
    """``verify`` on two cores: two views of the same moment share the checks.

    On SQLite writers are held off until both views stand, which takes no time. Raises
    DatabaseUnavailable.
    """
    waiting = deque(sorted(CHECKS, key=lambda name: name not in _LONGEST))

    def some(db: Session) -> dict[CheckName, Check]:
        made: dict[CheckName, Check] = {}
        while True:
            try:
                name = waiting.popleft()
            except IndexError:
                return made
            made[name] = CHECKS[name](db)

    with _same_moment(database) as views, ThreadPoolExecutor(len(views)) as threads:
        made = {name: check for part in threads.map(some, views) for name, check in part.items()}
    return Proof(tuple(made[name] for name in CHECKS))


@contextmanager
def _same_moment(database: Database) -> Iterator[tuple[Session, Session]]:
    with ExitStack() as views:
        if database.is_sqlite:
            with database.write():
                one, other = (views.enter_context(database.read()) for _ in range(2))
                for view in (one, other):  # it is the first look that fixes what is seen
                    view.execute(text("SELECT 1 FROM incarnation")).all()
        else:
            one, other = (views.enter_context(database.read()) for _ in range(2))
            seen = one.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{seen}'")
            for view in (one, other):  # sums over all rows: sort in memory, compile nothing
                view.execute(text("SET LOCAL work_mem = '128MB'"))
                view.execute(text("SET LOCAL jit = off"))
        yield one, other
