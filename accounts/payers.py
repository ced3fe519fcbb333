"""What the ledger remembers of who paid: an account's keyed hash, and where its money went.

Only what a reference decided or a person is remembered, and only while it stands: what was posted
because it was remembered confirms nothing, and what was taken back, or given back by the bank, is
forgotten by itself. Nothing is kept for it; it is read from the allocations, and goes where their
lines go.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, or_, select, text

from accounts.tables.people import membership, school

# Not "payer": what was posted because it was remembered would confirm itself.
_REMEMBERED = """
    SELECT l.payer, s.pupil_id, t.name, count(DISTINCT l.id) AS times
    FROM standing_allocation s
    JOIN bank_line l ON l.id = s.line_id
    JOIN account t ON t.id = s.account_id
    WHERE l.payer IS NOT NULL AND l.nature = 'payment'
      AND (l.cents > 0 OR s.pupil_id IS NULL)
      AND s.rule IN ('code', 'household', 'suggested', 'by_hand') {only}
      AND NOT EXISTS (SELECT 1 FROM standing_allocation r WHERE r.of_line_id = l.id)
    GROUP BY l.payer, s.pupil_id, t.name"""
_ONLY = {
    "sqlite": "AND hex(l.payer) IN (SELECT value FROM json_each(:payers))",
    "postgresql": "AND l.payer IN (SELECT decode(value, 'hex')"
    " FROM json_array_elements_text(CAST(:payers AS json)))",
}
_DECIDED = {
    "sqlite": "SELECT DISTINCT line_id FROM allocation"
    " WHERE line_id IN (SELECT value FROM json_each(:ids))",
    "postgresql": "SELECT DISTINCT line_id FROM allocation WHERE line_id IN"
    " (SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json)))",
}
_TRANSIT = "refunds"
_MANY = 500


@dataclass(frozen=True, slots=True)
class Remembered:
    """Of one account: how many of its lines went to each child, and to each other account."""

    pupils: Mapping[int, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)


def remembered(
    db: Connection, payers: Collection[bytes] | None = None
) -> Mapping[bytes, Remembered]:
    """What is remembered of these accounts, or of all."""
    values: dict[str, Any] = {}
    only = ""
    if payers is not None and len(payers) <= _MANY:
        only = _ONLY[db.dialect.name]
        values["payers"] = json.dumps(sorted(payer.hex().upper() for payer in payers))
    pupils: dict[bytes, dict[int, int]] = {}
    accounts: dict[bytes, dict[str, int]] = {}
    for payer, pupil_id, name, times in db.execute(text(_REMEMBERED.format(only=only)), values):
        key = bytes(payer)
        if pupil_id is not None:
            pupils.setdefault(key, {})[pupil_id] = int(times)
        elif name != _TRANSIT:
            accounts.setdefault(key, {})[name] = int(times)
    return {
        key: Remembered(pupils.get(key, {}), accounts.get(key, {}))
        for key in pupils.keys() | accounts.keys()
        if payers is None or key in payers or len(payers) > _MANY
    }


def decided_before(db: Connection, line_ids: Collection[int]) -> frozenset[int]:
    """Those of the lines that were ever assigned, wholly or in part, taken back or not."""
    found = text(_DECIDED[db.dialect.name])
    return frozenset(db.execute(found, {"ids": json.dumps(sorted(line_ids))}).scalars())


def remembering(db: Connection, *, day: date) -> frozenset[int]:
    """The people whose school lets a payer's account stand for them on that day."""
    found = (
        select(membership.c.pupil_id)
        .join(school, school.c.id == membership.c.school_id)
        .where(
            school.c.remember_iban == 1,
            membership.c.valid_from <= day,
            or_(membership.c.valid_to.is_(None), membership.c.valid_to >= day),
        )
    )
    return frozenset(db.execute(found.distinct()).scalars())
