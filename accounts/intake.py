"""The way in for facts: what was eaten is taken, whatever the balance.

Facts come in sets. Each is kept as it came, then priced and booked as of its day; what cannot
be booked goes to quarantine with its reason and the rest goes on. The same key with the same
content is answered as the first time, with other content it raises an alarm in the ledger. On
PostgreSQL a set is one call of a function, on SQLite it is kept by one statement whose trigger
books it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from accounts.clock import microseconds
from accounts.database import Session
from accounts.facts import Fact
from accounts.guards import guarded


@dataclass(frozen=True, slots=True)
class FactBooked:
    """What became of a fact: ``quarantined`` carries the reason where it was not booked.

    ``alarm`` says that the ledger already holds another fact under this key.
    """

    epoch: int
    seq: int
    quarantined: str | None = None
    alarm: bool = False


_KEEP_FACTS = text("""
    INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us, items,
                      voids_epoch, voids_seq, staff_id, reason, chain)
    SELECT :origin, n.value ->> 'epoch', n.value ->> 'seq', n.value ->> 'kind',
           n.value ->> 'pupil', n.value ->> 'day', n.value ->> 'occurred', :heard,
           n.value ->> 'items', n.value ->> 'voids_epoch', n.value ->> 'voids_seq',
           n.value ->> 'staff', n.value ->> 'reason', from_hex(n.value ->> 'chain')
    FROM json_each(:facts) n
    WHERE NOT EXISTS (SELECT 1 FROM fact f WHERE f.origin_id = :origin
                      AND f.epoch = n.value ->> 'epoch' AND f.seq = n.value ->> 'seq')
    ORDER BY n.value ->> 'epoch', n.value ->> 'seq'""")
_FACT_ALARMS = text("""
    INSERT INTO alarm (at_us, kind, origin_id, epoch, seq, detail)
    SELECT :heard, 'key_reused', f.origin_id, f.epoch, f.seq, 'fact'
    FROM json_each(:facts) n CROSS JOIN fact f  -- in this order: the set is small
    WHERE f.origin_id = :origin AND f.epoch = n.value ->> 'epoch' AND f.seq = n.value ->> 'seq'
      AND f.chain <> from_hex(n.value ->> 'chain')""")
_FACT_OUTCOMES = text("""
    SELECT f.epoch, f.seq, CASE WHEN f.chain <> from_hex(n.value ->> 'chain') THEN 'alarm'
           WHEN q.reason IS NOT NULL THEN 'quarantined:' || q.reason ELSE 'booked' END
    FROM json_each(:facts) n CROSS JOIN fact f
    LEFT JOIN quarantine q ON q.fact_id = f.id
    WHERE f.origin_id = :origin AND f.epoch = n.value ->> 'epoch' AND f.seq = n.value ->> 'seq'
    ORDER BY f.epoch, f.seq""")
_BOOK_FACTS = text(
    "SELECT fact_epoch, fact_seq, outcome FROM book_facts(:origin, :heard, CAST(:facts AS jsonb))"
)


def book_facts(
    db: Session, origin_id: int, news: Sequence[Fact], *, now: datetime
) -> tuple[FactBooked, ...]:
    """Take a kiosk's facts, in the order of their keys. Every fact is answered.

    Call it in a transaction on SQLite. A fact that is twice in the set is answered once. Raises
    JournalRefused ("gap") where facts before these have not come yet; then none of them was
    taken.
    """
    first: dict[tuple[int, int], Fact] = {}
    for fact in news:
        first.setdefault((fact.epoch, fact.seq), fact)
    others = [fact for fact in news if first[fact.epoch, fact.seq].chain != fact.chain]
    answers = _book_set(db, origin_id, tuple(first.values()), now)
    return answers + book_facts(db, origin_id, others, now=now) if others else answers


def _book_set(
    db: Session, origin_id: int, news: tuple[Fact, ...], now: datetime
) -> tuple[FactBooked, ...]:
    """The answers to facts of which no two have the same key."""
    ask = {
        "origin": origin_id,
        "heard": microseconds(now),
        "facts": f"[{','.join([_told(fact) for fact in news])}]",
    }
    with guarded():
        if db.dialect.name == "sqlite":
            db.execute(_KEEP_FACTS, ask)
            db.execute(_FACT_ALARMS, ask)
            rows = db.execute(_FACT_OUTCOMES, ask).all()
        else:
            rows = db.execute(_BOOK_FACTS, ask).all()
    return tuple([_answer(*row) for row in rows])


def _told(fact: Fact) -> str:
    """The fact as JSON, its origin left out, and every field that is nothing.

    In a set each field costs both sides time: what ``facts.to_json`` says of a fact takes twice
    as long to write and to read.
    """
    more = ""
    if fact.pupil_id is not None:
        more = f',"pupil":{fact.pupil_id}'
    if fact.voids is not None:
        more += f',"voids_epoch":{fact.voids[0]},"voids_seq":{fact.voids[1]}'
    if fact.staff_id is not None:
        more += f',"staff":{fact.staff_id}'
    if fact.reason is not None:
        more += f',"reason":{json.dumps(fact.reason)}'
    return (
        f'{{"epoch":{fact.epoch},"seq":{fact.seq},"kind":"{fact.kind.value}","day":"{fact.day}",'
        f'"occurred":{microseconds(fact.occurred_at)},"items":"{fact.items_text}",'
        f'"chain":"{fact.chain.hex()}"{more}}}'
    )


def _answer(epoch: int, seq: int, outcome: str) -> FactBooked:
    if outcome == "booked":
        return FactBooked(epoch, seq)
    return FactBooked(epoch, seq, outcome.partition(":")[2] or None, outcome == "alarm")
