"""That what guards the ledger is still there as it was shipped, and that every row it names is.

On SQLite every trigger and view is compared word for word with the text of the migrations,
and every table with each of its constraints. On PostgreSQL functions and triggers are, functions
with their owner and whether they act for that owner, and views by their plans
(``accounts.verify_views``); of constraints it is proved that they are there and validated (the
server keeps them in words of its own).
"""

import re
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Table, text

from accounts.database import Session
from accounts.migrations import sql
from accounts.proof import NAMED, Check, CheckName, Failure, count, found
from accounts.tables import metadata
from accounts.verify_views import changed_views

_MADE = re.compile(
    r"CREATE (?:OR REPLACE )?(?:UNIQUE |CONSTRAINT )?"
    r"(?P<kind>TABLE|INDEX|VIEW|TRIGGER|FUNCTION) (?P<name>\w+)"
    r"|ALTER TABLE \w+ ADD (?P<added>CONSTRAINT) (?P<constraint>\w+)"
)
_DROPPED = re.compile(r"DROP (?P<kind>TABLE|INDEX|VIEW|TRIGGER|FUNCTION) (?P<name>\w+)")
_REPLACED = re.compile(r"ALTER TABLE (?P<table>\w+) DROP CONSTRAINT (?P<name>\w+)")
_CONSTRAINT = re.compile(r"\bCONSTRAINT (?P<name>\w+)")

_PG_FUNCTIONS = """
    SELECT p.proname, p.prosrc, p.prosecdef,
           p.proowner = (SELECT c.relowner FROM pg_class c
                         WHERE c.relname = 'entry' AND c.relnamespace = p.pronamespace),
           EXISTS (SELECT 1 FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%, pg_temp')
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()"""
_ALTERED = {"book"}
"""Made to act for its owner after it was created."""
_PG_TRIGGERS = """
    SELECT t.tgname, pg_get_triggerdef(t.oid), t.tgisinternal, t.tgenabled = 'O', c.relname
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"""
_PG_NAMES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema()
    UNION SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE n.nspname = current_schema() AND k.convalidated"""


def references(db: Session, *, but: Collection[str] = ()) -> Check:
    """No row names one that is not there; asked of the rows, not of the database's own checks.

    SQLite enforces references only for connections that ask for it, so they are counted here.
    Tables of ``but`` are left out.
    """
    failures: list[Failure] = []
    counted = 0
    for table in metadata.sorted_tables:
        if not table.foreign_key_constraints or table.name in but:
            continue
        counted += count(db, table.name)
        failures += found(db, " UNION ALL ".join(_dangling(table)))
    return Check(CheckName.REFERENCES, counted, tuple(failures[:NAMED]))


def named(table: str) -> Iterator[tuple[str, ...]]:
    """By what columns a table's rows name others."""
    for constraint in metadata.tables[table].foreign_key_constraints:
        yield tuple(element.parent.name for element in constraint.elements)


def dangling(tables: Iterable[str]) -> str:
    """What finds the rows of these tables that name one that is not there."""
    return " UNION ALL ".join(part for name in tables for part in _dangling(metadata.tables[name]))


def guards(db: Session) -> Check:
    """Every guard of the migrations is in the database as it was shipped, and no other trigger."""
    made = _shipped(db.dialect.name)
    check = _sqlite_guards if db.dialect.name == "sqlite" else _postgresql_guards
    failures = sorted(check(db, made), key=lambda failure: (failure.where, failure.what))
    return Check(CheckName.GUARDS, len(made), tuple(failures[:NAMED]))


def storage(db: Session) -> Check:
    """SQLite's own check of its file; PostgreSQL's pages are its administrator's (checksums)."""
    if db.dialect.name != "sqlite":
        return Check(CheckName.STORAGE, 0)
    said = db.execute(text(f"PRAGMA quick_check({NAMED})")).scalars().all()
    failures = tuple(Failure("file_damaged", line) for line in said if line != "ok")
    return Check(CheckName.STORAGE, 1, failures)


def alarms(db: Session) -> Check:
    """How many alarms the ledger holds; they are the office's to answer."""
    return Check(CheckName.ALARMS, count(db, "alarm"))


def _dangling(table: Table) -> Iterator[str]:
    key = " || '/' || ".join(f"x.{column.name}" for column in table.primary_key)
    for constraint in table.foreign_key_constraints:
        pairs = [(e.parent.name, e.column.name) for e in constraint.elements]
        given = " AND ".join(f"x.{child} IS NOT NULL" for child, _ in pairs)
        same = " AND ".join(f"p.{parent} = x.{child}" for child, parent in pairs)
        yield (
            f"SELECT 'no_{constraint.referred_table.name}' AS what,"  # noqa: S608  # our own names
            f" '{table.name} ' || {key} AS place FROM {table.name} x"
            f" WHERE {given} AND NOT EXISTS"
            f" (SELECT 1 FROM {constraint.referred_table.name} p WHERE {same})"
        )


def _shipped(dialect: str) -> dict[tuple[str, str], str]:
    """The last text of everything the migrations make on that engine, by kind and name."""
    made: dict[tuple[str, str], str] = {}
    for statement in sql.shipped(dialect):
        if gone := _REPLACED.search(statement):
            whole = made["TABLE", gone["table"]]
            made["TABLE", gone["table"]] = re.sub(rf"CONSTRAINT {gone['name']}\b", "", whole)
        elif drop := _DROPPED.search(statement):
            made.pop((drop["kind"], drop["name"]), None)
        elif create := _MADE.search(statement):
            key = (create["kind"] or create["added"], create["name"] or create["constraint"])
            made[key] = _plain(statement[create.start() :])
    return made


def _plain(statement: str) -> str:
    return " ".join(statement.rstrip().rstrip(";").split())


def _sqlite_guards(db: Session, made: dict[tuple[str, str], str]) -> Iterator[Failure]:
    rows = db.execute(text("SELECT upper(type), name, sql FROM sqlite_master WHERE sql <> ''"))
    stands = {(kind, name): _plain(told) for kind, name, told in rows}
    for (kind, name), told in made.items():
        here = stands.get((kind, name))
        where = f"{kind.lower()} {name}"
        if here is None:
            yield Failure("guard_missing", where)
        elif kind == "TABLE":
            # Later columns may have been added behind; what was promised must still be there.
            promises = re.split(r", (?=CONSTRAINT )", told.removesuffix(") STRICT").rstrip())[1:]
            if not here.endswith(" STRICT") or any(part not in here for part in promises):
                yield Failure("guard_differs", where)
        elif here != told:
            yield Failure("guard_differs", where)
    for kind, name in stands.keys() - made.keys():
        if kind == "TRIGGER":
            yield Failure("guard_unknown", f"trigger {name}")


def _postgresql_guards(db: Session, made: dict[tuple[str, str], str]) -> Iterator[Failure]:
    yield from _postgresql_functions(db, made)
    yield from _postgresql_triggers(db, made)
    yield from changed_views(db)
    names = set(db.execute(text(_PG_NAMES)).scalars())
    for (kind, name), told in made.items():
        if kind in ("FUNCTION", "TRIGGER"):
            continue
        for wanted in {name, *_CONSTRAINT.findall(told)} - names:
            place = f"{kind.lower()} {name}" if wanted == name else f"constraint {wanted}"
            yield Failure("guard_missing", place)


def _postgresql_functions(db: Session, made: dict[tuple[str, str], str]) -> Iterator[Failure]:
    stand: dict[str, list[str]] = {}
    shipped = {name: told for (kind, name), told in made.items() if kind == "FUNCTION"}
    for name, body, acts_for_owner, owned, fixed_path in db.execute(text(_PG_FUNCTIONS)):
        stand.setdefault(name, []).append(_plain(body))
        if name not in shipped:
            # It would act with all rights of whoever made it.
            if acts_for_owner:
                yield Failure("guard_unknown", f"function {name}")
            continue
        wanted = name in _ALTERED or "SECURITY DEFINER" in shipped[name].split("$$")[0]
        if not owned:
            yield Failure("guard_owner", f"function {name}")
        if acts_for_owner != wanted or (wanted and not fixed_path):
            yield Failure("guard_rights", f"function {name}")
    for (kind, name), told in made.items():
        if kind == "FUNCTION" and stand.get(name) != [_plain(told.split("$$")[1])]:
            what = "guard_differs" if name in stand else "guard_missing"
            yield Failure(what, f"function {name}")


def _postgresql_triggers(db: Session, made: dict[tuple[str, str], str]) -> Iterator[Failure]:
    stand: dict[str, str] = {}
    for name, told, internal, enabled, table in db.execute(text(_PG_TRIGGERS)):
        if not enabled:
            yield Failure("guard_disabled", f"table {table}" if internal else f"trigger {name}")
        if not internal:
            stand[name] = _trigger(_plain(told))
    shipped = {name: _trigger(told) for (kind, name), told in made.items() if kind == "TRIGGER"}
    for name, told in shipped.items():
        if stand.get(name) != told:
            what = "guard_differs" if name in stand else "guard_missing"
            yield Failure(what, f"trigger {name}")
    for name in stand.keys() - shipped.keys():
        yield Failure("guard_unknown", f"trigger {name}")


def _trigger(told: str) -> str:
    """A trigger's text in one order of events and without schema names."""
    head, _, tail = re.sub(r"\b\w+\.(?=\w)", "", told).partition(" ON ")
    words = head.split()
    return f"{' '.join(words[:4])} {sorted(set(words[4:]) - {'OR'})} ON {tail}"
