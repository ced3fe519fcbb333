"""A ledger whose every test is taken back, for tests that need no commit of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import Server

from accounts.database import Session, open_database


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def kept_connection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """One connection to an empty ledger for a whole module, once on each engine."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("kept") / "ledger.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        opened = open_database(f"sqlite:///{path}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        template: str = request.getfixturevalue("empty_postgresql")
        opened = open_database(server.url(server.create(template)))
    with opened.engine.connect() as connection:
        connection.execution_options(sqlite_begin="IMMEDIATE")
        yield connection
    opened.close()


@pytest.fixture
def db(kept_connection: Session) -> Iterator[Session]:
    """A transaction on an empty ledger that is rolled back when the test is over."""
    with kept_connection.begin() as transaction:
        yield kept_connection
        transaction.rollback()
