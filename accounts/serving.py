"""Whether a ledger may be served from: not where it was moved away, nor before it is proved.

- A ledger that was moved takes no row any more, whichever program brings it: every table has a
  trigger that refuses with "mensa:moved". Where it went stands in the table ``moved``.
- A PostgreSQL ledger that is being restored lies in a schema nobody looks into; renaming that
  schema is the last act. An unfinished restore on SQLite is a file under another name.
"""

import enum

from sqlalchemy import Connection, text

from accounts.tables import metadata

UNPROVED = "mensa_unproved"
"""The schema of a PostgreSQL ledger that is restored and not proved yet."""

_STOP = (
    "CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'mensa:moved'; END $$"
)


class Idle(enum.Enum):
    """Why a ledger does not serve."""

    MOVED = "moved"
    UNPROVED = "unproved"


class NotServing(Exception):  # noqa: N818  # it names a state, not an error
    """This ledger was moved (``where`` names the new place, without password), or is unproved."""

    def __init__(self, why: Idle, where: str = "") -> None:
        super().__init__(f"{why.value} {where}".strip())
        self.why = why
        self.where = where


def refuse_idle(db: Connection) -> None:
    """Raises NotServing where this ledger does not serve."""
    where = moved_to(db)
    if where is not None:
        raise NotServing(Idle.MOVED, where)
    if has_unproved(db):
        raise NotServing(Idle.UNPROVED)


def moved_to(db: Connection) -> str | None:
    """Where this ledger was moved; None where it was not."""
    if db.dialect.name == "sqlite":
        there = db.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'moved'")).first()
    else:
        there = db.execute(text("SELECT 1 WHERE to_regclass('moved') IS NOT NULL")).first()
    if there is None:
        return None
    return str(db.execute(text("SELECT where_to FROM moved")).scalar_one())


def has_unproved(db: Connection) -> bool:
    """Whether a restore into this PostgreSQL database was begun and not ended."""
    if db.dialect.name == "sqlite":
        return False
    asked = text("SELECT to_regnamespace(:name) IS NOT NULL")
    return bool(db.execute(asked, {"name": UNPROVED}).scalar_one())


def stop_serving(db: Connection, *, where: str) -> None:
    """From the commit on this ledger refuses every row and names where it went."""
    sqlite = db.dialect.name == "sqlite"
    if not sqlite:
        db.exec_driver_sql(_STOP)
    for table in metadata.sorted_tables:
        for act in ("INSERT", "UPDATE", "DELETE"):
            head = f"CREATE TRIGGER moved_{table.name}_{act.lower()} BEFORE {act} ON {table.name}"
            does = (
                " BEGIN SELECT RAISE(ABORT, 'mensa:moved'); END"
                if sqlite
                else " FOR EACH STATEMENT EXECUTE FUNCTION moved()"
            )
            db.exec_driver_sql(head + does)
    db.exec_driver_sql(f"CREATE TABLE moved (where_to TEXT NOT NULL){' STRICT' if sqlite else ''}")
    db.execute(text("INSERT INTO moved VALUES (:where)"), {"where": where})


def serve_again(db: Connection) -> None:
    """Take back ``stop_serving``: for a move whose target was never finished."""
    sqlite = db.dialect.name == "sqlite"
    db.exec_driver_sql("DROP TABLE moved")
    if not sqlite:
        db.exec_driver_sql("DROP FUNCTION moved() CASCADE")
        return
    for table in metadata.sorted_tables:
        for act in ("insert", "update", "delete"):
            db.exec_driver_sql(f"DROP TRIGGER moved_{table.name}_{act}")
