"""That PostgreSQL's views still say what was shipped.

The server keeps a view in words of its own, which differ from one version to the next, so no text
is compared. A view is what its shipped query is when the server plans both alike: a plan names
every table, column, condition and constant that counts, but for how many rows a limit lets
through, which is compared by itself, as are the names of the columns and options that change
whose rights count. Nothing is made or run, so every role that reads may look, in a transaction
that only reads; its limits of planning are changed until it ends.
"""

import re
from collections.abc import Iterator

from sqlalchemy import text

from accounts.database import Session
from accounts.migrations import sql
from accounts.proof import Failure

_VIEW = re.compile(
    r"(?P<act>CREATE|DROP) (?:OR REPLACE )?VIEW (?P<name>\w+)(?: AS\s(?P<query>.*))?", re.DOTALL
)
_UNPLANNED = re.compile(r"\b(LIMIT|OFFSET|FETCH|OVER|WINDOW)\b\s*(\S+)?", re.IGNORECASE)
"""What a plan mentions without saying how much or over what."""
_STANDING = text("""
    SELECT c.relname, pg_get_viewdef(c.oid), c.reloptions IS NOT NULL,
           array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relkind = 'v' AND n.nspname = current_schema()
    GROUP BY c.oid, c.relname, c.reloptions""")
# Otherwise a view over views is planned anew in every order of its tables, for nothing here.
_AS_WRITTEN = "SET LOCAL join_collapse_limit = 1"


def changed_views(db: Session) -> Iterator[Failure]:
    """Each view of a PostgreSQL ledger that is another than the one shipped.

    One that is not there is not told of here. Call it in a transaction.
    """
    stands = {name: rest for name, *rest in db.execute(_STANDING)}
    db.exec_driver_sql(_AS_WRITTEN)
    for name, query in _shipped().items():
        if name not in stands:
            continue
        told, has_options, columns = stands[name]
        if (
            has_options
            or _unplanned(told) != _unplanned(query)
            or columns != _columns(db, query)
            or _plan(db, name) != _plan(db, f"({query}) AS {name}")
        ):
            yield Failure("guard_differs", f"view {name}")


def _shipped() -> dict[str, str]:
    """The query of every view the migrations leave behind."""
    made: dict[str, str] = {}
    for statement in sql.shipped("postgresql"):
        view = _VIEW.search(statement)
        if view is None or "$$" in statement:
            continue
        if view["act"] == "DROP":
            made.pop(view["name"], None)
        else:
            made[view["name"]] = view["query"]
    return made


def _unplanned(query: str) -> list[tuple[str, str]]:
    plain = re.sub(r"--[^\n]*", "", query)
    return sorted((word.upper(), much.rstrip("),;")) for word, much in _UNPLANNED.findall(plain))


def _columns(db: Session, query: str) -> list[str]:
    asked = f"SELECT * FROM ({query}) q LIMIT 0"  # noqa: S608  # our own texts
    return list(db.exec_driver_sql(_driver(asked)).keys())


def _plan(db: Session, of: str) -> list[str]:
    asked = f"EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM {of}"  # noqa: S608  # our own texts
    return list(db.exec_driver_sql(_driver(asked)).scalars())


def _driver(statement: str) -> str:
    return statement.replace("%", "%%")
