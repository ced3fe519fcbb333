"""Facts that a kiosk can bring no more, booked by somebody who has its journal.

They come in as the kiosk would have brought them: by ``book_facts``, as that origin, in the order
of their numbers, and each linked to the one before it. Behind a number that is missing or a link
that does not hold nothing of that epoch is taken. What the ledger knows already is answered as
before, so the same journal may be brought again.
"""

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import func, select, text

from accounts import chain
from accounts.database import Session
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.tables import kiosks

SET = 200


class Stop(enum.Enum):
    """Why the rest of an epoch was left where it is."""

    GAP = "gap"  # facts between what the ledger has and these are nowhere
    BROKEN_CHAIN = "broken_chain"  # a fact is not linked to the one before it


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of one epoch's facts. ``quarantined`` counts by reason.

    ``alarms`` are facts under whose number the ledger holds another. Where it was ``stopped``,
    ``left`` facts beginning with number ``at`` were not taken, and ``last`` is the newest number
    the ledger has now.
    """

    epoch: int
    known: int
    booked: int
    quarantined: Mapping[str, int]
    alarms: int
    last: int
    stopped: Stop | None = None
    at: int = 0
    left: int = 0


def may_salvage(db: Session) -> bool:
    """Whether this login may book facts at all: on PostgreSQL only the ledger's owner."""
    if db.dialect.name == "sqlite":
        return True
    asked = "SELECT has_function_privilege('book_facts(bigint, bigint, jsonb)', 'EXECUTE')"
    return bool(db.execute(text(asked)).scalar_one())


def salvage(
    db: Session, *, origin_id: int, facts: Sequence[Fact], now: datetime
) -> tuple[Salvaged, ...]:
    """Book what a kiosk's journal holds, epoch by epoch, in the caller's transaction.

    Raises JournalRefused where a guard finds a fact impossible.
    """
    ordered = sorted(facts, key=attrgetter("epoch", "seq"))
    return tuple(
        _epoch(db, origin_id, epoch, list(of_epoch), now)
        for epoch, of_epoch in groupby(ordered, key=attrgetter("epoch"))
    )


def _epoch(db: Session, origin_id: int, epoch: int, facts: list[Fact], now: datetime) -> Salvaged:
    last, link = _end(db, origin_id, epoch)
    known = [fact for fact in facts if fact.seq <= last]
    news: list[Fact] = []
    stopped: Stop | None = None
    for fact in facts[len(known) :]:
        if fact.seq != last + 1:
            stopped = Stop.GAP
        elif fact.linked(origin_id=origin_id, before=link).chain != fact.chain:
            stopped = Stop.BROKEN_CHAIN
        if stopped is not None:
            break
        news.append(fact)
        last, link = fact.seq, fact.chain
    brought = [*known, *news]
    answers = [
        answer
        for start in range(0, len(brought), SET)
        for answer in book_facts(db, origin_id, brought[start : start + SET], now=now)
    ]
    fresh = {fact.seq for fact in news}
    came = [answer for answer in answers if answer.seq in fresh]
    reasons = Counter(answer.quarantined for answer in came if answer.quarantined)
    alarms = sum(answer.alarm for answer in answers)
    taken = len(known) + len(news)
    return Salvaged(
        epoch=epoch,
        known=len(known) - alarms,
        booked=len(came) - reasons.total(),
        quarantined=dict(reasons),
        alarms=alarms,
        last=last,
        stopped=stopped,
        at=0 if stopped is None else facts[taken].seq,
        left=len(facts) - taken,
    )


def _end(db: Session, origin_id: int, epoch: int) -> tuple[int, bytes]:
    """The number and the link of the newest fact the ledger has of an epoch."""
    fact = kiosks.fact.c
    mine = (fact.origin_id == origin_id) & (fact.epoch == epoch)
    newest = select(func.max(fact.seq)).where(mine).scalar_subquery()
    found = db.execute(select(fact.seq, fact.chain).where(mine, fact.seq == newest)).one_or_none()
    if found is None:
        return 0, chain.genesis(origin_id=origin_id, epoch=epoch)
    return found.seq, bytes(found.chain)
