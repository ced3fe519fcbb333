"""Which earlier lines a return may give back: the same amount the other way, and not given back yet."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from accounts.money import Money
from accounts.tables.types import Day

_LISTS = {
    "sqlite": "SELECT value FROM json_each(:numbers)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(CAST(:numbers AS json))",
}
_EARLIER = """
    SELECT l.id, l.bank_account_id, l.day, l.cents, l.payer, l.end_to_end,
      EXISTS (SELECT 1 FROM allocation a WHERE a.line_id = l.id) AS decided,
      'set_aside' = coalesce((SELECT m.mark FROM line_mark m
        WHERE m.line_id = l.id AND m.mark <> 'amended' ORDER BY m.id DESC LIMIT 1), '') AS aside,
      t.name, s.cents AS part, s.attempt_id
    FROM bank_line l
    LEFT JOIN standing_allocation s ON s.line_id = l.id
    LEFT JOIN account t ON t.id = s.account_id
    WHERE l.nature = 'payment' AND ({which})
      AND NOT EXISTS (SELECT 1 FROM standing_allocation r WHERE r.of_line_id = l.id)
    ORDER BY l.id, s.no"""
_HASHES = {
    "sqlite": "hex(l.{column}) IN (SELECT value FROM json_each(:{column}))",
    "postgresql": "l.{column} IN (SELECT decode(value, 'hex')"
    " FROM json_array_elements_text(CAST(:{column} AS json)))",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What stands of a line at one account, signed as the line is."""

    target: str
    amount: Money
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A payment that was not given back, and where it went; ``rest`` lies in suspense of it.

    ``untouched``: nobody ever decided about it, or set it aside. ``payer`` and ``end_to_end`` are
    hashes, None where the bank told none.
    """

    id: int
    account_id: int
    day: date
    amount: Money
    parts: tuple[Part, ...] = ()
    untouched: bool = False
    payer: bytes | None = None
    end_to_end: bytes | None = None

    @property
    def rest(self) -> Money:
        """Signed as the line is."""
        return Money(self.amount.cents - sum(part.amount.cents for part in self.parts))

    @property
    def went(self) -> tuple[tuple[str, int], ...]:
        """Where it went, in a form that can be compared."""
        return tuple(sorted((part.target, part.amount.cents) for part in self.parts))


def earlier_lines(
    db: Connection,
    *,
    cents: Collection[int],
    payers: Collection[bytes],
    end_to_ends: Collection[bytes],
) -> Mapping[tuple[bytes, int], tuple[Earlier, ...]]:
    """By hash of payer or end-to-end id and by cents, the lines of these, the oldest first."""
    which = [
        _HASHES[db.dialect.name].format(column=column)
        for column, wanted in (("payer", payers), ("end_to_end", end_to_ends))
        if wanted
    ]
    if not which or not cents:
        return {}
    both = f"l.cents IN ({_LISTS[db.dialect.name]}) AND ({' OR '.join(which)})"
    values = {"numbers": json.dumps(sorted(set(cents)))}
    if payers:
        values["payer"] = json.dumps(sorted(it.hex().upper() for it in payers))
    if end_to_ends:
        values["end_to_end"] = json.dumps(sorted(it.hex().upper() for it in end_to_ends))
    found: dict[tuple[bytes, int], list[Earlier]] = {}
    for line in _read(db, both, values):
        for key in (line.payer, line.end_to_end):
            if key is not None:
                found.setdefault((key, line.amount.cents), []).append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def earlier_by_number(db: Connection, line_ids: Collection[int]) -> Mapping[int, Earlier]:
    """Those of the lines that may be given back, as they are now."""
    if not line_ids:
        return {}
    values = {"numbers": json.dumps(sorted(line_ids))}
    which = f"l.id IN ({_LISTS[db.dialect.name]})"
    return {line.id: line for line in _read(db, which, values)}


def _read(db: Connection, which: str, values: Mapping[str, Any]) -> Iterator[Earlier]:
    lines: dict[int, list[Any]] = {}
    for row in db.execute(text(_EARLIER.format(which=which)).columns(day=Day), values):
        lines.setdefault(row.id, []).append(row)
    return map(_line, lines.values())


def _line(rows: list[Any]) -> Earlier:
    one = rows[0]
    parts = tuple(
        Part(row.name, Money(row.part), row.attempt_id) for row in rows if row.name is not None
    )
    return Earlier(
        one.id,
        one.bank_account_id,
        one.day,
        Money(one.cents),
        parts,
        untouched=not one.decided and not one.aside,
        payer=None if one.payer is None else bytes(one.payer),
        end_to_end=None if one.end_to_end is None else bytes(one.end_to_end),
    )


def debits_of_attempts(db: Connection) -> Mapping[int, int]:
    """By refund attempt, the line that carried it out of the bank account."""
    found = text(
        "SELECT attempt_id, line_id FROM standing_allocation"
        " WHERE attempt_id IS NOT NULL AND cents < 0"
    )
    return {attempt_id: line_id for attempt_id, line_id in db.execute(found)}  # noqa: C416  # rows
