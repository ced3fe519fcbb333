"""How a ledger's servers are reached: which URLs, which server of several, what is thrown away."""

from collections.abc import Iterator

import pytest
from postgresql_server import Server
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from accounts.connections import libpq_url, open_engine
from accounts.database import Database, DatabaseUnavailable, open_database

MADE = "CREATE TABLE made (n int)"
COUNT = "INSERT INTO made VALUES (1)"


def arguments(url: str) -> dict[str, object]:
    """What the driver would be called with for a URL; nothing is opened."""
    engine = open_engine(url)
    made = dict(engine.dialect.create_connect_args(engine.url)[1])
    del made["context"]
    return made


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://till:word@one:5433,two:5434/city",
        "postgresql+psycopg://till:word@one:5433,two:5434/city",
        "postgresql://till:word@/city?host=one,two&port=5433,5434",
        "postgresql://till:word@/city?host=one:5433&host=two:5434",
    ],
)
def test_several_hosts_are_named_in_any_of_the_usual_ways(url: str) -> None:
    assert arguments(url) == {
        "user": "till",
        "password": "word",
        "dbname": "city",
        "host": "one,two",
        "port": "5433,5434",
    }


def test_hosts_without_a_port_have_the_usual_one_and_further_words_stay() -> None:
    found = arguments("postgresql://till@one,[::1]:5434/city?sslmode=verify-full")
    assert (found["host"], found["port"]) == ("one,::1", "5432,5434")
    assert found["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://till@one:5433,two:five/city",
        "postgresql://till@one,/city",
        "postgresql://till@one/city?prepare_threshold=few",
        "mysql://till@one/city",
    ],
)
def test_a_url_that_says_something_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"postgresql://USER|prepare_threshold"):
        open_engine(url)


def test_postgresqls_own_programs_are_not_told_our_words() -> None:
    engine = open_engine(
        "postgresql://till:word@one,two/city?prepare_threshold=none&sslmode=require"
    )
    told = libpq_url(engine.url)
    assert told.startswith("postgresql://till:word@/city?")
    assert "prepare_threshold" not in told
    assert "sslmode=require" in told


@pytest.fixture
def url(postgresql: Server) -> str:
    """An empty database of the test's own."""
    return postgresql.url(postgresql.create())


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    with opened.write() as db:
        db.exec_driver_sql(MADE)
    yield opened
    opened.close()


def shown(database: Database, setting: str) -> str:
    with database.read() as db:
        return str(db.execute(text(f"SHOW {setting}")).scalar_one())


@pytest.mark.postgresql
def test_a_commit_is_durable_whatever_the_servers_default(database: Database, url: str) -> None:
    name = database.url.database
    with database.write() as db:
        db.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    database.close()
    assert shown(database, "synchronous_commit") == "on"
    ours = open_database(f"{url}&options=-c%20work_mem%3D5MB")
    assert (shown(ours, "synchronous_commit"), shown(ours, "work_mem")) == ("on", "5MB")
    ours.close()


@pytest.mark.postgresql
def test_a_server_that_takes_no_writes_is_not_taken_unless_the_url_says_so(
    database: Database, url: str
) -> None:
    with database.write() as db:
        db.execute(
            text(f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = on")
        )
    database.close()
    with pytest.raises(DatabaseUnavailable), database.write() as db:
        db.exec_driver_sql(COUNT)
    auditors = open_database(f"{url}&target_session_attrs=any")
    assert shown(auditors, "default_transaction_read_only") == "on"
    auditors.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("way", ["write", "held"])
def test_a_connection_to_a_server_that_was_demoted_is_thrown_away(
    database: Database, way: str
) -> None:
    opened = getattr(database, way)
    with database.held() as db:
        db.exec_driver_sql("SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailable), opened() as db:
        db.exec_driver_sql(COUNT)
    with opened() as db:
        db.exec_driver_sql(COUNT)


@pytest.mark.postgresql
def test_writing_where_only_reading_was_asked_for_is_a_fault_and_no_outage(
    database: Database,
) -> None:
    with pytest.raises(InternalError), database.read() as db:
        db.exec_driver_sql(COUNT)


@pytest.mark.postgresql
def test_a_connection_that_died_in_the_pool_is_replaced_before_it_is_used(
    database: Database,
) -> None:
    with database.read() as one, database.read() as two:
        dying = [db.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for db in (one, two)]
    other = open_database(database.url.render_as_string(hide_password=False))
    with other.held() as db:
        for pid in dying:
            # It waits until the process has ended, or answers false.
            assert db.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 60000)").scalar_one()
    other.close()
    for _ in dying:
        with database.write() as db:
            db.exec_driver_sql(COUNT)


@pytest.mark.postgresql
def test_behind_a_pooler_nothing_is_prepared(url: str) -> None:
    pooled = open_database(f"{url}&prepare_threshold=none")
    with pooled.held() as db:
        for _ in range(10):
            db.exec_driver_sql("SELECT %s::int", (1,))
        assert db.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one() == 0
    pooled.close()
    eager = open_database(f"{url}&prepare_threshold=0")
    with eager.held() as db:
        db.exec_driver_sql("SELECT %s::int", (1,))
        assert db.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one() > 0
    eager.close()


@pytest.mark.postgresql
def test_a_pooler_whose_servers_acknowledge_before_the_disk_has_it_is_refused(url: str) -> None:
    pooled = open_database(f"{url}&prepare_threshold=none")
    name = pooled.url.database
    assert shown(pooled, "synchronous_commit") == "on"
    with pooled.write() as db:
        db.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    pooled.close()
    with pytest.raises(DatabaseUnavailable, match="synchronous_commit=off"):
        shown(pooled, "synchronous_commit")
    pooled.close()
