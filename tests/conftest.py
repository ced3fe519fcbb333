"""Services of the tests: what is missing is skipped with its reason, or fails where required.

``MENSA_REQUIRE`` names services (comma list of aqbanking, pcsc, postgresql, terminal) without which
a run is no run: a test that would skip for want of one fails instead.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank_stage import BankStage, fresh
from builders import School, open_school
from postgresql_server import Server, find_programs, run_server

from accounts.database import Database, open_database, upgrade
from banking.testbank.process import RunningBank, run_bank

_REMEDY = {
    "aqbanking": "apt-get install aqbanking-tools",
    "pcsc": "apt-get install pcscd, and the unpacked virtual reader: ./mensa test does both",
    "postgresql": "apt-get install postgresql",
    "terminal": "apt-get install tmux",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also the long worlds and histories")
    parser.addoption("--world", type=int, default=1, help="the seed of the ledger's random life")
    parser.addoption("--foreign", action="store_true", help="also a bank that others wrote, by npm")
    parser.addoption("--bank-samples", metavar="DIR", help="statements from elsewhere, to read too")
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures anew")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unasked = [name for name in ("long", "foreign") if not config.getoption(f"--{name}")]
    left_out = [item for item in items if any(map(item.get_closest_marker, unasked))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for service in _REMEDY:
        if item.get_closest_marker(service):
            needs(service)


def needs(service: str) -> None:
    """Skip the running test where the service is missing; fail it where it is required."""
    if _found(service):
        return
    reason = f"{service} is missing here: {_REMEDY[service]}"
    if service in os.environ.get("MENSA_REQUIRE", "").split(","):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _found(service: str) -> bool:
    if service in {"terminal", "aqbanking"}:
        program = {"terminal": "tmux", "aqbanking": "aqbanking-cli"}[service]
        return shutil.which(program) is not None
    if service == "postgresql":
        return find_programs() is not None
    default = Path(__file__).parents[1] / ".mensa" / "vpcd"
    unpacked = Path(os.environ.get("MENSA_VPCD") or default)
    return shutil.which("pcscd", path="/usr/sbin:/usr/bin") is not None and any(
        unpacked.rglob("libifdvpcd.so*")
    )


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A private PostgreSQL on a socket in a temporary folder, gone after the run."""
    needs("postgresql")
    with run_server() as server:
        yield server


@pytest.fixture(scope="session")
def empty_sqlite() -> Iterator[Path]:
    """A migrated, empty SQLite ledger to copy from."""
    with tempfile.TemporaryDirectory(prefix="mensa-") as folder:
        path = Path(folder) / "template.db"
        database = open_database(f"sqlite:///{path}")
        upgrade(database)
        database.close()
        yield path


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: Server) -> str:
    """The name of a migrated, empty PostgreSQL ledger to copy from."""
    name = postgresql.create()
    database = open_database(postgresql.url(name))
    upgrade(database)
    database.close()
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty ledger, once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        opened = open_database(f"sqlite:///{path}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        template: str = request.getfixturevalue("empty_postgresql")
        opened = open_database(server.url(server.create(template)))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def running_bank() -> Iterator[RunningBank]:
    """A test bank that serves one test after the other."""
    with tempfile.TemporaryDirectory(prefix="mensa-") as folder, run_bank(Path(folder)) as running:
        yield running


@pytest.fixture
def bank(running_bank: RunningBank) -> BankStage:
    """The test bank as if it were new, with one account and no lines."""
    return fresh(running_bank)


@pytest.fixture
def school(database: Database) -> School:
    """A small school with a lunch, a drink, a snack, one paying and one funded child."""
    return open_school(database)
