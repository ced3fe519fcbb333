"""The two engines, opened the one way that keeps what was acknowledged.

- SQLite runs in WAL mode with synchronous=FULL: with NORMAL a power cut takes acknowledged
  rows (measured). Foreign keys are on; a writer waits for another up to ten seconds.
- A writing transaction on SQLite begins with BEGIN IMMEDIATE, so it never fails at its last
  statement because another wrote meanwhile. Which BEGIN is sent, or none, is an option of the
  connection: a begin on a connection that commits by itself would open a transaction nobody
  ends, and acknowledged rows would be gone.
- A held connection commits every statement by itself: one statement, one round trip, one
  commit. It is for the hot path; everything else uses ``write`` and ``read``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from accounts.tables import metadata

Session = Connection
"""What a function of the ledger is given: an open connection, usually inside a transaction."""

_BUSY_SECONDS = 10
_CONNECT_SECONDS = 3


class DatabaseUnavailable(Exception):  # noqa: N818  # it names a state of the world, not an error
    """The database cannot be reached now; what was not acknowledged may be asked again."""


class Remembered(Exception):  # noqa: N818  # what it is about is no error of this program
    """An exception that leaves something in the ledger although its transaction is undone."""

    def remember(self, db: Session) -> None:
        """Write it down; called in a transaction of its own after the other was undone."""
        raise NotImplementedError


class WrongSchema(Exception):  # noqa: N818
    """The database is not at the schema this software knows; ``mensa db upgrade`` mends it."""


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

        Raises DatabaseUnavailable where the database cannot be reached.
        """
        with _named_outage(), self.engine.connect() as connection:
            connection.execution_options(sqlite_begin="IMMEDIATE")
            try:
                with connection.begin():
                    yield connection
            except Remembered as news:
                with connection.begin():
                    news.remember(connection)
                raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view of everything. Raises DatabaseUnavailable."""
        with _named_outage(), self.engine.connect() as connection:
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
        with _named_outage(), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT", sqlite_begin=None)
            yield connection

    def close(self) -> None:
        """Let go of all pooled connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database behind a URL: ``sqlite:///PATH`` or ``postgresql+psycopg://...``.

    Nothing is opened yet. Raises ValueError for any other kind of URL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    elif parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            parsed, connect_args={"connect_timeout": _CONNECT_SECONDS}, pool_pre_ping=False
        )
    else:
        raise ValueError("the database is sqlite:///FILE or postgresql://...")
    return Database(parsed, engine)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event sends BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite has had unhex() only since 3.41; Debian 12 ships 3.40.
    connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)


def _sqlite_begin(connection: Connection) -> None:
    how = connection.get_execution_options().get("sqlite_begin")
    if how is not None:
        connection.exec_driver_sql(f"BEGIN {how}")


@contextmanager
def _named_outage() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable(str(error.orig)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(str(error.orig)) from error
        raise


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "accounts:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version; does nothing where it is there already."""
    with database.write() as db:
        command.upgrade(_alembic(db), "head")


def check_schema(database: Database) -> None:
    """Raises WrongSchema where the database is older or newer than this software."""
    with database.read() as db:
        found = MigrationContext.configure(db).get_current_revision()
    expected = ScriptDirectory.from_config(_alembic()).get_current_head()
    if found != expected:
        raise WrongSchema(f"the database is at {found}, this software needs {expected}")
