"""One pass over all entries that says of most checks whether there is anything to look for.

Most entries are alike: a charge of one line and one transfer, or one transfer and nothing else, as
the bank's are. Of these a single walk asks all that the checks of entries ask, each on its own rows
only. The few others are put to the checks' own queries. Where a pass finds nothing wrong and the totals agree, every row was looked at and
the checks hold; where it does, the check itself goes over the whole ledger and names the rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import text

from accounts import verify_facts, verify_guards, verify_journal, verify_money
from accounts.database import Session
from accounts.proof import Check, CheckName, count
from accounts.verify_few import aside, facts_of, wrong_among

GLANCED = (
    CheckName.TRANSFERS,
    CheckName.LINES,
    CheckName.CHARGES,
    CheckName.PUPILS,
    CheckName.FACTS,
    CheckName.REFERENCES,
)
"""In the order in which a walk counts what is wrong."""

_RANGE = {"sqlite": 50_000, "postgresql": 250_000}
"""Entries walked in one go."""
_NAMED = {
    "entry": {
        *(("origin_id",), ("school_id",), ("pupil_id",), ("reverses",), ("request_id",)),
        *(("id", "transfers"), ("id", "lines")),
    },
    "transfer": {("entry_id",), ("debit_id",), ("credit_id",)},
    "line": {("entry_id",), ("offer_id",), ("tariff_id",)},
    "fact": {("origin_id",)},
}
"""The references a walk asks for; where a table has others, all are asked one by one."""

_OTHERS = text("""
    SELECT id, transfers, coalesce(lines, 0), kind, reverses FROM entry
    WHERE id > :after AND id <= :last
      AND NOT (kind = 'charge' AND transfers = 1 AND coalesce(lines, 0) = 1)
      AND NOT (kind <> 'charge' AND transfers = 1 AND lines IS NULL AND reverses IS NULL)""")
_BEYOND = 2**63 - 1
_EDGE = text("SELECT id FROM entry WHERE id > :after ORDER BY id LIMIT 1 OFFSET :skip")
_ALIKE = text("""
    SELECT count(*), coalesce(sum(CASE WHEN kind = 'charge' THEN 1 ELSE 0 END), 0)
    FROM entry WHERE id > :after AND id <= :last""")
_FACT = {
    "sqlite": "fact x ON x.origin_id = e.origin_id AND x.epoch = e.epoch AND x.seq = e.seq",
    # Found by its key, one by one: there is no range of facts that belongs to one of entries.
    "postgresql": """LATERAL (SELECT * FROM fact y WHERE y.origin_id = e.origin_id
        AND y.epoch = e.epoch AND y.seq = e.seq LIMIT 1) x ON true""",
}
_WALK = """
    SELECT count(*), count(x.id),
      coalesce(sum(CASE WHEN t.cents > 0 AND t.debit_id <> t.credit_id THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN l.quantity >= 1 AND l.price_cents >= 1 AND l.share_cents >= 0
        AND l.share_cents <= l.price_cents THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN t.cents = l.price_cents * l.quantity
        AND (d.kind = 'pupil' AND l.share_cents = l.price_cents
             OR d.kind = 'receivable' AND l.share_cents = 0
                AND d.funding_body_id = f.funding_body_id)
        AND (c.kind = 'payable' OR c.kind = 'revenue' AND c.tax_key = l.tax_key)
        THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN (d.kind <> 'pupil' OR d.pupil_id = e.pupil_id) AND c.kind <> 'pupil'
        AND (k.kind <> 'kiosk' OR e.school_id = k.school_id)
        AND EXISTS (SELECT 1 FROM membership m WHERE m.pupil_id = e.pupil_id
          AND m.school_id = e.school_id AND m.valid_from <= e.day
          AND (m.valid_to IS NULL OR m.valid_to >= e.day))
        THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN k.kind <> 'kiosk' AND x.id IS NULL
        OR k.kind = 'kiosk' AND x.kind = 'charge' AND e.content = x.chain AND e.day = x.day
          AND e.occurred_us = x.occurred_us AND e.recorded_us = x.recorded_us
          AND coalesce(e.reason, '') = coalesce(x.reason, '')
          AND e.actor = CASE WHEN x.staff_id IS NULL THEN 'kiosk:' || x.origin_id
                             ELSE 'staff:' || x.staff_id END
          AND e.pupil_id = x.pupil_id
          AND x.items = '[[' || l.offer_id || ',' || l.quantity || ']]'
          AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.fact_id = x.id)
        THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN e.reverses IS NULL AND f.id IS NOT NULL AND o.id IS NOT NULL
        AND (k.kind = 'kiosk' AND e.school_id = k.school_id
             OR EXISTS (SELECT 1 FROM school s WHERE s.id = e.school_id))
        AND (d.kind = 'pupil' AND d.pupil_id = e.pupil_id
             OR EXISTS (SELECT 1 FROM pupil p WHERE p.id = e.pupil_id))
        AND (e.request_id IS NULL OR EXISTS (SELECT 1 FROM request r WHERE r.id = e.request_id))
        THEN 0 ELSE 1 END), 0)
    FROM entry e
    {join} origin k ON k.id = e.origin_id
    {join} transfer t ON t.entry_id = e.id AND t.no = 1
      AND t.entry_id > :after AND t.entry_id <= :last
    {join} account d ON d.id = t.debit_id
    {join} account c ON c.id = t.credit_id
    {join} line l ON l.entry_id = e.id AND l.no = 1
      AND l.entry_id > :after AND l.entry_id <= :last
    LEFT JOIN tariff f ON f.id = l.tariff_id
    LEFT JOIN offer o ON o.id = l.offer_id
    LEFT JOIN {fact}
    WHERE e.id > :after AND e.id <= :last AND e.kind = 'charge' AND e.transfers = 1
      AND e.lines = 1"""

# No line, no meal, no original: what is left to ask of an entry of one transfer.
_WALK_PLAIN = """
    SELECT count(*), count(x.id),
      coalesce(sum(CASE WHEN t.cents > 0 AND t.debit_id <> t.credit_id THEN 0 ELSE 1 END), 0),
      0, 0,
      coalesce(sum(CASE WHEN (d.kind <> 'pupil' OR d.pupil_id = e.pupil_id)
        AND (c.kind <> 'pupil' OR c.pupil_id = e.pupil_id) AND k.kind <> 'kiosk'
        THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN k.kind <> 'kiosk' AND x.id IS NULL THEN 0 ELSE 1 END), 0),
      coalesce(sum(CASE WHEN
        (e.school_id IS NULL OR EXISTS (SELECT 1 FROM school s WHERE s.id = e.school_id))
        AND (e.pupil_id IS NULL OR EXISTS (SELECT 1 FROM pupil p WHERE p.id = e.pupil_id))
        AND (e.request_id IS NULL OR EXISTS (SELECT 1 FROM request r WHERE r.id = e.request_id))
        THEN 0 ELSE 1 END), 0)
    FROM entry e
    {join} origin k ON k.id = e.origin_id
    {join} transfer t ON t.entry_id = e.id AND t.no = 1
    {join} account d ON d.id = t.debit_id
    {join} account c ON c.id = t.credit_id
    LEFT JOIN {fact}
    WHERE e.id > :after AND e.id <= :last AND e.kind <> 'charge' AND e.transfers = 1
      AND e.lines IS NULL AND e.reverses IS NULL"""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk saw: how many rows, and the checks that have something to look for."""

    entries: int
    charges: int
    transfers: int
    lines: int
    facts: int
    wrong: frozenset[CheckName]


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows there are, counted in the tables; ``aside`` are the facts in quarantine."""

    entries: int
    transfers: int
    lines: int
    facts: int
    aside: int | None


def parts(db: Session) -> list[Callable[[Session], Walk | Totals]]:
    """What ``checks`` needs, each to be had in any view."""
    return [*walks(db), _totals]


def walks(db: Session) -> list[Callable[[Session], Walk]]:
    """The walks that together see every entry."""
    edges: list[int] = [-_BEYOND]
    while edges[-1] < _BEYOND:
        span = {"after": edges[-1], "skip": _RANGE[db.dialect.name] - 1}
        edge = db.execute(_EDGE, span).scalar_one_or_none()
        edges.append(_BEYOND if edge is None else edge)

    def between(after: int, last: int) -> Callable[[Session], Walk]:
        return lambda view: _walk(view, after=after, last=last)

    return [between(*span) for span in pairwise(edges)]


def checks(db: Session, had: Sequence[Walk | Totals]) -> Iterator[Check]:
    """The checks of entries and of facts, and the sum of all accounts."""
    seen = [walk for walk in had if isinstance(walk, Walk)]
    (total,) = (totals for totals in had if isinstance(totals, Totals))
    entries, transfers, lines, facts = total.entries, total.transfers, total.lines, total.facts
    wrong = {name for walk in seen for name in walk.wrong}
    if entries != sum(walk.entries for walk in seen):
        wrong.update(GLANCED)
    if transfers != sum(walk.transfers for walk in seen):
        wrong |= {CheckName.TRANSFERS, CheckName.CHARGES, CheckName.PUPILS, CheckName.REFERENCES}
    if lines != sum(walk.lines for walk in seen):
        wrong |= {CheckName.LINES, CheckName.CHARGES, CheckName.REFERENCES}
    if total.aside is None or facts != sum(walk.facts for walk in seen) + total.aside:
        wrong |= {CheckName.FACTS, CheckName.REFERENCES}
    if {name: set(verify_guards.named(name)) for name in _NAMED} != _NAMED:
        wrong.add(CheckName.REFERENCES)
    for name, check, counted in (
        (CheckName.TRANSFERS, verify_journal.transfers, transfers),
        (CheckName.LINES, verify_journal.lines, lines),
        (CheckName.CHARGES, verify_money.charges, sum(walk.charges for walk in seen)),
        (CheckName.PUPILS, verify_journal.pupils, entries),
        (CheckName.FACTS, verify_facts.facts, facts),
    ):
        yield check(db) if name in wrong else Check(name, counted)
    if CheckName.REFERENCES in wrong:
        yield verify_money.zero_sum(db)
        yield verify_guards.references(db)
    else:  # where every transfer has both its accounts, what one loses the other gains
        yield Check(CheckName.ZERO_SUM, count(db, "account"))
        elsewhere = verify_guards.references(db, but=_NAMED)
        counted = elsewhere.counted + entries + transfers + lines + facts
        yield Check(CheckName.REFERENCES, counted, elsewhere.failures)


def _walk(db: Session, *, after: int, last: int) -> Walk:
    span = {"after": after, "last": last}
    others = db.execute(_OTHERS, span).all()
    entries, charges = map(int, db.execute(_ALIKE, span).one())
    odd_charges = sum(row[3] == "charge" for row in others)
    # SQLite is told the order of its joins; PostgreSQL finds it.
    join = "CROSS JOIN" if db.dialect.name == "sqlite" else "JOIN"
    seen, facts, wrong = 0, 0, set[CheckName]()
    for walk in (_WALK, _WALK_PLAIN):
        query = walk.format(join=join, fact=_FACT[db.dialect.name])
        met, had, *counts = db.execute(text(query), span).one()
        seen, facts = seen + met, facts + had
        wrong |= {name for name, number in zip(GLANCED, counts, strict=True) if number}
    if seen != entries - len(others):
        wrong.update(GLANCED)
    ids = {row[0] for row in others} | {row[4] for row in others if row[4] is not None}
    if ids:
        wrong |= set(wrong_among(db, ids))
        facts += facts_of(db, [row[0] for row in others])
    return Walk(
        entries=entries,
        charges=charges,
        transfers=entries - len(others) + sum(row[1] for row in others),
        lines=charges - odd_charges + sum(row[2] for row in others),
        facts=facts,
        wrong=frozenset(wrong),
    )


def _totals(db: Session) -> Totals:
    # A column that no index has: the rows of the table are counted, not those of an index.
    entries, transfers, lines, facts = (
        int(db.execute(text(f"SELECT count({column}) FROM {table}")).scalar_one())  # noqa: S608  # our own names
        for table, column in (
            ("entry", "recorded_us"),
            ("transfer", "cents"),
            ("line", "price_cents"),
            ("fact", "recorded_us"),
        )
    )
    return Totals(entries, transfers, lines, facts, aside(db))
