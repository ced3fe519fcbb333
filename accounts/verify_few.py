"""The checks' own queries, put to a few rows only: whether they find anything among them.

Each query is the check's as it stands; the names of tables stand for some of their rows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import text

from accounts import verify_facts, verify_guards, verify_journal, verify_money
from accounts.database import Session
from accounts.proof import CheckName, count

_TABLES = ("entry", "transfer", "line", "fact")
_AMONG = """
    WITH entry AS NOT MATERIALIZED (SELECT * FROM {schema}.entry WHERE id IN ({ids})),
    transfer AS NOT MATERIALIZED (SELECT * FROM {schema}.transfer WHERE entry_id IN ({ids})),
    line AS NOT MATERIALIZED (SELECT * FROM {schema}.line WHERE entry_id IN ({ids})),
    fact AS NOT MATERIALIZED (SELECT x.* FROM {schema}.entry e JOIN {schema}.fact x
      ON x.origin_id = e.origin_id AND x.epoch = e.epoch AND x.seq = e.seq WHERE e.id IN ({ids}))
    SELECT count(*) FROM ({query}) broken"""
_ASIDE = """
    WITH fact AS NOT MATERIALIZED (SELECT x.* FROM {schema}.quarantine q
      CROSS JOIN {schema}.fact x WHERE x.id = q.fact_id)  -- in this order: they are few
    SELECT count(*) FROM ({query}) broken"""
_IDS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json))",
}
_TOGETHER = 100
"""Each row is held against all of them: ten thousand at once took minutes."""
_SCHEMA = {"sqlite": "main", "postgresql": "public"}


def wrong_among(db: Session, ids: Iterable[int]) -> Iterator[CheckName]:
    """The checks that find something wrong with these entries."""
    every = sorted(ids)
    for start in range(0, len(every), _TOGETHER):
        yield from _wrong_among(db, every[start : start + _TOGETHER])


def _wrong_among(db: Session, ids: Sequence[int]) -> Iterator[CheckName]:
    dialect = db.dialect.name
    told = {"ids": json.dumps(ids)}
    for name, query in (
        (CheckName.TRANSFERS, verify_journal.TRANSFERS),
        (CheckName.LINES, verify_journal.LINES),
        (CheckName.CHARGES, verify_money.CHARGES),
        (CheckName.PUPILS, verify_journal.PUPILS),
        (CheckName.FACTS, verify_facts.facts_query(dialect)),
        (CheckName.REFERENCES, verify_guards.dangling(_TABLES)),
    ):
        asked = _AMONG.format(schema=_SCHEMA[dialect], ids=_IDS[dialect], query=query)
        if db.execute(text(asked), told).scalar_one():
            yield name


def facts_of(db: Session, ids: Sequence[int]) -> int:
    """How many facts have the keys of these entries."""
    asked = f"""
        SELECT count(*) FROM entry e JOIN fact x
          ON x.origin_id = e.origin_id AND x.epoch = e.epoch AND x.seq = e.seq
        WHERE e.id IN ({_IDS[db.dialect.name]})"""  # noqa: S608  # our own words
    return int(db.execute(text(asked), {"ids": json.dumps(ids)}).scalar_one())


def aside(db: Session) -> int | None:
    """How many facts are in quarantine, and rightly so; None where one is not."""
    for query in (
        verify_facts.kept_query(db.dialect.name),
        verify_guards.dangling(("fact",)),
    ):
        asked = _ASIDE.format(schema=_SCHEMA[db.dialect.name], query=query)
        if db.execute(text(asked)).scalar_one():
            return None
    return count(db, "quarantine q CROSS JOIN fact x WHERE x.id = q.fact_id")
