"""The ledger's promises, each checked anew on what stands in the database (``mensa verify``).

Nothing that was computed before is believed: balances are summed from transfers, chains and
digests are hashed again, days are worked out from moments, and the guards themselves are
compared with those that were shipped. It only reads, and sees one moment of the ledger. What a
ledger cannot know about itself it does not prove: rows cut off the newest end of a writer's
numbers are found by the writer, who counts on from there and meets a gap.
"""

from collections.abc import Callable

from accounts import verify_facts, verify_guards, verify_journal, verify_money
from accounts.database import Session
from accounts.proof import Check, CheckName, Failure, Proof

__all__ = ["Check", "CheckName", "Failure", "Proof", "verify"]

_CHECKS: tuple[Callable[[Session], Check], ...] = (
    verify_money.balances,
    verify_money.zero_sum,
    verify_money.charges,
    verify_journal.transfers,
    verify_journal.lines,
    verify_journal.reversals,
    verify_journal.pupils,
    verify_journal.digests,
    verify_facts.numbers,
    verify_facts.facts,
    verify_facts.kiosk_days,
    verify_facts.chains,
    verify_facts.days,
    verify_guards.references,
    verify_guards.guards,
    verify_guards.storage,
    verify_guards.alarms,
)


def verify(db: Session) -> Proof:
    """Check everything in one consistent view: give it ``Database.read()``."""
    return Proof(tuple(check(db) for check in _CHECKS))
