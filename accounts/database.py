"""A ledger's database: how it is written, read, held open, and brought to the newest schema.

- A writing transaction on SQLite begins with BEGIN IMMEDIATE, so it never fails at its last
  statement because another wrote meanwhile.
- A held connection commits every statement by itself: one statement, one round trip, one
  commit. It is for the hot path; everything else uses ``write`` and ``read``. No BEGIN is sent
  on it: that would open a transaction nobody ends, and acknowledged rows would be gone.
- Whatever cannot be reached, takes no writes any more, or committed without its standby's
  confirmation raises DatabaseUnavailable: ask again with the same key.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from accounts.connections import (
    DatabaseBroken,
    DatabaseUnavailable,
    named_outage,
    open_engine,
)
from accounts.guards import guarded
from accounts.serving import NotServing, refuse_idle
from accounts.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "Database",
    "DatabaseBroken",
    "DatabaseUnavailable",
    "NotServing",
    "Remembered",
    "Session",
    "WrongSchema",
    "bring_up",
    "check_schema",
    "open_database",
    "upgrade",
]

Session = Connection
"""What a function of the ledger is given: an open connection, usually inside a transaction."""


class Remembered(Exception):  # noqa: N818  # what it is about is no error of this program
    """An exception that leaves something in the ledger although its transaction is undone."""

    def remember(self, db: Session) -> None:
        """Write it down; called in a transaction of its own after the other was undone."""
        raise NotImplementedError


class WrongSchema(Exception):  # noqa: N818
    """The database is not at the schema this software knows.

    ``mensa db upgrade`` mends an older one and one without any (``found`` is None); a ``newer``
    one needs newer software.
    """

    def __init__(self, *, found: str | None, known: str | None, newer: bool) -> None:
        super().__init__(f"the database is at {found}, this software knows {known}")
        self.found = found
        self.known = known
        self.newer = newer


@dataclass(frozen=True, slots=True)
class Database:
    """A ledger's database. Opens no connection until one is asked for."""

    url: URL
    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded engine serves."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write: commits at the end, rolls back on any exception.

        Raises DatabaseUnavailable where the database cannot be reached, JournalRefused where a
        guard that looks at the whole at its end refuses it.
        """
        with named_outage(), self.engine.connect() as connection:
            connection.execution_options(sqlite_begin="IMMEDIATE")
            all_said = False
            try:
                with connection.begin():
                    yield connection
                    all_said = True
            except DBAPIError as error:
                # Some guards look when all is there; what they say then is their word, too.
                if all_said and "mensa:" in str(error.orig):
                    with guarded():
                        raise
                raise
            except Remembered as news:
                with connection.begin():
                    news.remember(connection)
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view of everything. Raises DatabaseUnavailable."""
        with named_outage(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(sqlite_begin="DEFERRED")
            else:
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def held(self) -> Iterator[Session]:
        """One connection kept open; each statement commits by itself."""
        with named_outage(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
            yield connection

    def close(self) -> None:
        """Let go of all pooled connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database behind a URL: ``sqlite:////PATH`` or ``postgresql://...``.

    ``accounts.connections.open_engine`` says which words a URL may have. Nothing is opened yet.
    Raises ValueError for any other kind of URL.
    """
    engine = open_engine(url)
    return Database(engine.url, engine)


def _alembic(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415  # slow to import, and a kiosk never needs it

    config = Config()
    config.set_main_option("script_location", "accounts:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version; does nothing where it is there already.

    Raises WrongSchema where it is newer than this software, NotServing as ``check_schema``.
    """
    with database.write() as db:
        refuse_idle(db)
        bring_up(db)


def bring_up(db: Session) -> None:
    """Bring the schema to the newest version, in the caller's transaction. Raises WrongSchema."""
    from alembic import command  # noqa: PLC0415  # as above

    wrong = _wrong_schema(db)
    if wrong is not None and wrong.newer:
        raise wrong
    command.upgrade(_alembic(db), "head")


def check_schema(database: Database) -> None:
    """Raises WrongSchema where the database is older or newer than this software.

    Raises NotServing where the ledger was moved away or is not proved yet.
    """
    with database.read() as db:
        refuse_idle(db)
        wrong = _wrong_schema(db)
    if wrong is not None:
        raise wrong


def _wrong_schema(db: Session) -> WrongSchema | None:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415  # as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as above

    found = MigrationContext.configure(db).get_current_revision()
    scripts = ScriptDirectory.from_config(_alembic())
    known = scripts.get_current_head()
    if found == known:
        return None
    every = {script.revision for script in scripts.walk_revisions()}
    return WrongSchema(found=found, known=known, newer=found is not None and found not in every)
