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

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from accounts.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_URLS = "the database is sqlite:////PATH/ledger.db or postgresql://USER@HOST/NAME"

Session = Connection
"""What a function of the ledger is given: an open connection, usually inside a transaction."""

_BUSY_SECONDS = 10
_CONNECT_SECONDS = 3
_SILENCE_SECONDS = 10
"""After which a network that swallows everything counts as broken."""
_NOT_A_LEDGER = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_SUCH = re.compile(r"no such (table|column|function)|has no column named")
_UNDEFINED = frozenset({"42P01", "42703", "42883"})
"""PostgreSQL's SQLSTATE for a table, column or function that is not there."""


class DatabaseUnavailable(Exception):  # noqa: N818  # it names a state of the world, not an error
    """The database cannot be reached now; what was not acknowledged may be asked again."""


class DatabaseBroken(Exception):  # noqa: N818  # as above
    """What is there is no ledger of ours: a damaged or other file, or changed tables."""


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
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # its words would show the password
        raise ValueError(_URLS) from None
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    elif parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        # Whatever the server's default: what was acknowledged has reached its disk.
        durable = "-c synchronous_commit=on"
        engine = create_engine(
            parsed,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "tcp_user_timeout": _SILENCE_SECONDS * 1000,
                "keepalives_idle": _SILENCE_SECONDS,
                "options": durable,
            },
        )
    else:
        raise ValueError(_URLS)
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
    except DBAPIError as error:
        if _is_broken(error.orig):
            raise DatabaseBroken(str(error.orig)) from error
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise DatabaseUnavailable(str(error.orig)) from error
        raise


def _is_broken(fault: BaseException | None) -> bool:
    if isinstance(fault, sqlite3.Error):
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF  # the rest says it more exactly
        return code in _NOT_A_LEDGER or bool(_NO_SUCH.search(str(fault)))
    return getattr(fault, "sqlstate", None) in _UNDEFINED


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

    Raises WrongSchema where it is newer than this software.
    """
    from alembic import command  # noqa: PLC0415  # as above

    with database.write() as db:
        wrong = _wrong_schema(db)
        if wrong is not None and wrong.newer:
            raise wrong
        command.upgrade(_alembic(db), "head")


def check_schema(database: Database) -> None:
    """Raises WrongSchema where the database is older or newer than this software."""
    with database.read() as db:
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
