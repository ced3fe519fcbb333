"""The one text form of a table's row, which both engines compute in SQL to the same bytes.

Columns stand in the order of the metadata, with commas between them, and a newline ends the row.
Nothing is "~", a number is plain, a day is ISO 8601, bytes are hex in small letters, a text is a
netstring: its length in bytes of UTF-8, a colon, the text (https://cr.yp.to/proto/netstrings.txt).
The length leads, so no text can pass for the rest of its row; and bytes are counted because
SQLite's count of characters ends at a NUL. Two rows of a table that differ have different forms.

A secret (a hash of a PIN or a password) stands as the hex of its SHA-256, so that a copy of the
form gives nothing away. What was sealed stays sealed: a column that a later version added stands
behind all others, as its name, "=" and its value, and where it is empty (nothing, or the value that
every older row was given) it does not stand at all, so that the digests of older rows are what they
were.
"""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType

from sqlalchemy import Column, LargeBinary, Table, Text

from accounts.tables.types import Day

SECRETS = frozenset({("staff", "pin_hash"), ("office_user", "password_hash")})
"""Columns that stand in a row's form as their SHA-256."""
LATER: Mapping[tuple[str, str], str] = MappingProxyType(
    {("school", "uid_day_limit_cents"): "IS NULL", ("school", "remember_iban"): "= 0"}
)
"""Columns added to a table that had rows and digests already, and what is true of an empty one."""

# Of two ways to write one form down, here stands the one that took half the time of the other:
# one printf on SQLite for all but texts, whose end it would take a NUL for; on PostgreSQL concat.
_FORMS = {
    "sqlite": {
        "number": "{x}",
        "day": "{x}",
        "bytes": "lower(hex({x}))",
        "text": "coalesce(length(CAST({x} AS BLOB)) || ':' || {x}, '~')",
        "secret": "sha256_hex({x})",
    },
    "postgresql": {
        "number": "{x}",
        # Years before our era would otherwise look like ours.
        "day": "replace(to_char({x}, 'YYYY-MM-DD AD'), ' AD', '')",
        "bytes": "encode({x}, 'hex')",
        "text": "coalesce(octet_length({x}) || ':' || {x}, '~')",
        "secret": "encode(sha256(convert_to({x}, 'UTF8')), 'hex')",
    },
}
_NOTHING = {
    "sqlite": "CASE WHEN {x} IS NULL THEN '~' ELSE {told} END",
    "postgresql": "coalesce(({told})::text, '~')",
}


def form(table: Table, dialect: str, *, of: str) -> str:
    """The SQL expression of a row's form without its newline.

    ``of`` is what the row is called there: the table's own name or alias, NEW, OLD.
    """
    return _written(tuple(table.columns), dialect, of)


def key(table: Table, dialect: str, *, of: str) -> str:
    """The SQL expression of what names a row: the form of its primary key's columns."""
    return _written(tuple(table.primary_key), dialect, of)


def _written(columns: "tuple[Column[object], ...]", dialect: str, of: str) -> str:
    first = [column for column in columns if (column.table.name, column.name) not in LATER]
    later = [_later(column, dialect, of) for column in columns if column not in first]
    parts = [(_kind(column) == "text", _part(column, dialect, of)) for column in first]
    if dialect == "postgresql":
        every = ", ',', ".join(told for _, told in parts)
        return f"concat({', '.join([every, *later])})"
    runs = []
    for is_text, told in groupby(parts, key=itemgetter(0)):
        values = [value for _, value in told]
        if is_text:
            runs.append(" || ',' || ".join(values))
        else:
            runs.append(f"printf('{','.join(['%s'] * len(values))}', {', '.join(values)})")
    return " || ".join([" || ',' || ".join(runs), *later])


def _part(column: "Column[object]", dialect: str, of: str) -> str:
    told = _told(column, dialect, of)
    if not column.nullable or _kind(column) == "text":
        return told
    return _NOTHING[dialect].format(x=f"{of}.{_quoted(column.name)}", told=told)


def _later(column: "Column[object]", dialect: str, of: str) -> str:
    empty = LATER[column.table.name, column.name]
    nothing = f"{of}.{_quoted(column.name)} {empty}"
    told = f"',{column.name}=' || {_told(column, dialect, of)}"
    return f"CASE WHEN {nothing} THEN '' ELSE {told} END"


def _told(column: "Column[object]", dialect: str, of: str) -> str:
    return _FORMS[dialect][_kind(column)].format(x=f"{of}.{_quoted(column.name)}")


def _quoted(name: str) -> str:
    # The migrations write these two in quotes; both engines take them so.
    return f'"{name}"' if name in {"key", "before"} else name


def _kind(column: "Column[object]") -> str:
    if (column.table.name, column.name) in SECRETS:
        return "secret"
    if isinstance(column.type, Day):
        return "day"
    if isinstance(column.type, LargeBinary):
        return "bytes"
    return "text" if isinstance(column.type, Text) else "number"
