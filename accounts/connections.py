"""The two engines, opened the one way that keeps what was acknowledged.

- SQLite runs in WAL mode with synchronous=FULL: with NORMAL a power cut takes acknowledged
  rows (measured). Foreign keys are on; a writer waits for another up to ten seconds.
- PostgreSQL commits with synchronous_commit=on, whatever the server's default. Of several hosts
  in the URL the one that takes writes serves; a pooled connection to a server that died, or that
  takes no writes any more, is thrown away with all that are older, so the next ask finds the new
  primary. A commit its standby did not confirm is an outage (``accounts.confirmed``).
- Which BEGIN is sent to SQLite, or none, is an option of the connection (``sqlite_begin``).
"""

import re
import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InvalidatePoolError,
    OperationalError,
)
from sqlalchemy.pool import ConnectionPoolEntry

from accounts import acting

_URLS = "the database is sqlite:////PATH/ledger.db or postgresql://USER@HOST[,HOST]/NAME"

_BUSY_SECONDS = 10
_CONNECT_SECONDS = 3
"""For each host."""
_SILENCE_SECONDS = 10
"""After which a network that swallows everything counts as broken."""
_PROBE_SECONDS = 3
_NOT_A_LEDGER = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_SUCH = re.compile(r"no such (table|column|function)|has no column named")
_UNDEFINED = frozenset({"42P01", "42703", "42883"})
"""PostgreSQL's SQLSTATE for a table, column or function that is not there."""
_READ_ONLY = "25006"
"""SQLSTATE of a server that was demoted, or fenced by default_transaction_read_only."""
_SEVERAL_HOSTS = re.compile(
    r"(?P<scheme>[^:/]+://(?:[^@/]*@)?)(?P<hosts>[^/?@]*,[^/?]*)(?P<rest>.*)"
)

_HOST = re.compile(r"(?P<name>\[[^]]+\]|[^:]+)(?::(?P<port>\d+))?")


class DatabaseUnavailable(Exception):  # noqa: N818  # it names a state of the world, not an error
    """The database cannot be reached now; what was not acknowledged may be asked again."""


class DatabaseBroken(Exception):  # noqa: N818  # as above
    """What is there is no ledger of ours: a damaged or other file, or changed tables."""


def open_engine(url: str) -> Engine:
    """The engine behind a URL; opens nothing yet. ``engine.url`` is the URL in one form.

    - ``sqlite:////PATH/ledger.db``
    - ``postgresql://USER@HOST:5432,HOST:5432/NAME`` as libpq writes several hosts, or with
      ``?host=HOST,HOST&port=5432,5432``; more of libpq's words may follow. Without
      ``target_session_attrs`` it is ``read-write``.
    - ``&prepare_threshold=none`` for a pooler in transaction mode (pgbouncer): nothing is
      prepared and no option is sent at connect. The pooler's servers must have
      synchronous_commit on by themselves; one that has not is refused.

    Raises ValueError for any other kind of URL.
    """
    try:
        parsed = make_url(_one_form(url))
    except (ArgumentError, ValueError):  # its words would show the password
        raise ValueError(_URLS) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise ValueError(_URLS)


def libpq_url(url: URL) -> str:
    """The URL for PostgreSQL's own programs, with its password and without words of ours."""
    plain = url.set(drivername="postgresql").difference_update_query(["prepare_threshold"])
    return plain.render_as_string(hide_password=False)


def shown_url(url: URL) -> str:
    """The URL without its password, for people and for command lines."""
    return url._replace(password=None).render_as_string(hide_password=False)


@contextmanager
def named_outage() -> Iterator[None]:
    """Faults of either driver by our names. Raises DatabaseUnavailable or DatabaseBroken."""
    try:
        yield
    except DBAPIError as error:
        if _is_broken(error.orig):
            raise DatabaseBroken(str(error.orig)) from error
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise DatabaseUnavailable(str(error.orig)) from error
        raise


def _one_form(url: str) -> str:
    """Several hosts as SQLAlchemy's psycopg dialect reads them: in the query."""
    found = _SEVERAL_HOSTS.fullmatch(url)
    if found is None:
        return url
    hosts = [_HOST.fullmatch(host) for host in found["hosts"].split(",")]
    if not all(hosts):
        raise ValueError(_URLS)
    names = ",".join(host["name"].strip("[]") for host in hosts if host)
    ports = ",".join(host["port"] or "5432" for host in hosts if host)
    path, _, query = found["rest"].partition("?")
    more = f"&{query}" if query else ""
    return f"{found['scheme']}{path}?host={names}&port={ports}{more}"


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event sends BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite has had unhex() only since 3.41; Debian 12 ships 3.40.
    connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)
    acting.equip_sqlite(connection, record.info)


def _sqlite_begin(connection: Connection) -> None:
    acting.forget(connection)
    how = connection.get_execution_options().get("sqlite_begin")
    if how is not None:
        connection.exec_driver_sql(f"BEGIN {how}")


def _postgresql(url: URL) -> Engine:
    words = url.query
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
        "keepalives_idle": _SILENCE_SECONDS,
        "keepalives_interval": _PROBE_SECONDS,
        "target_session_attrs": "read-write",
    }
    arguments = {name: value for name, value in arguments.items() if name not in words}
    threshold = words.get("prepare_threshold")
    if threshold is not None:
        if threshold != "none" and not str(threshold).isdecimal():
            raise ValueError("prepare_threshold is none or a number")
        arguments["prepare_threshold"] = None if threshold == "none" else int(str(threshold))
    pooled = threshold == "none"
    if not pooled:
        # Whatever the server's default: what was acknowledged has reached its disk.
        arguments["options"] = f"{words.get('options', '')} -c synchronous_commit=on".strip()
    engine = create_engine(url, connect_args=arguments)
    event.listen(engine, "do_connect", _connect_confirmed)
    event.listen(engine, "checkout", _drop_dead)
    event.listen(engine, "handle_error", _drop_demoted)
    if pooled:
        event.listen(engine, "connect", _refuse_careless)
    return engine


def _connect_confirmed(
    _dialect: Dialect, _entry: ConnectionPoolEntry, words: tuple[str, ...], named: dict[str, Any]
) -> Any:
    from accounts.confirmed import ConfirmedConnection  # noqa: PLC0415  # imports the driver

    return ConfirmedConnection.connect(*words, **named)


def _drop_dead(connection: Any, _entry: ConnectionPoolEntry, _lent: object) -> None:
    """Something to read before anything was asked is the end of the server; no round trip."""
    if connection.closed or _has_news(connection.fileno()):
        raise InvalidatePoolError("the server has gone")


def _has_news(descriptor: int) -> bool:
    watched = select.poll()
    watched.register(descriptor, select.POLLIN)
    return bool(watched.poll(0))


def _drop_demoted(context: ExceptionContext) -> None:
    asked = context.connection
    if getattr(context.original_exception, "sqlstate", None) != _READ_ONLY or (
        asked is not None and asked.get_execution_options().get("postgresql_readonly")
    ):
        return
    context.is_disconnect = True


def _refuse_careless(connection: Any, _record: Any) -> None:
    from psycopg import OperationalError as Refused  # noqa: PLC0415  # as above

    (level,) = connection.execute("SHOW synchronous_commit").fetchone()
    connection.rollback()
    if level not in {"on", "remote_apply"}:
        connection.close()
        raise Refused(f"the servers behind the pooler run with synchronous_commit={level}")


def _is_broken(fault: BaseException | None) -> bool:
    if isinstance(fault, sqlite3.Error):
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF  # the rest says it more exactly
        return code in _NOT_A_LEDGER or bool(_NO_SUCH.search(str(fault)))
    return getattr(fault, "sqlstate", None) in _UNDEFINED
