"""The price of a synchronous standby: commits that wait for it beside commits that do not.

The reference commits to the primary's disk alone (``synchronous_commit = local``), which no
ledger of ours is opened with. Both servers share one machine, so neither a network's time nor a
second machine's power is in it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count

from builders import NOON
from postgresql_server import find_programs
from standby import run_pair

from accounts.database import open_database
from accounts.entries import Booked
from accounts.ledger import book
from bench.figures import Figure
from bench.ledger_world import Client, World, booking, open_world, postmaster
from bench.slices import Opened, Ways, clients, compared, wait_for_quiet

CONNECTIONS = (1, 8, 16)
ROUNDS = 12


def run() -> list[Figure]:
    """One figure a number of connections; none where PostgreSQL is not installed."""
    if find_programs() is None:
        return []
    figures = []
    with run_pair("fsync=on") as pair:
        roots = tuple(postmaster(node.folder) for node in (pair.primary, pair.standby))
        for number in CONNECTIONS:
            pair.name = f"with_{number}"
            pair.primary.tell(f"CREATE DATABASE {pair.name}")
            database = open_database(pair.url)
            world = open_world(database, clients=number)
            database.close()
            wait_for_quiet()
            with clients(number, _ways(world), roots=roots) as machine:
                name = f"book with a synchronous standby, {number} connection{'s' * (number > 1)}"
                figures.append(compared(name, machine, "on", "local", rounds=ROUNDS))
    return figures


def _ways(world: World) -> Opened:
    @contextmanager
    def ways(index: int) -> Iterator[Ways]:
        client = world.clients[index]
        with booking(world, client) as confirmed, _alone(world, client) as alone:
            yield {"on": confirmed, "local": alone}

    return ways


@contextmanager
def _alone(world: World, client: Client) -> Iterator[Callable[[], None]]:
    database = open_database(world.school.database.url.render_as_string(hide_password=False))
    numbers = count(1)
    with closing(database), database.held() as db:
        db.exec_driver_sql("SET synchronous_commit = local")

        def once() -> None:
            answer = book(db, world.draft(client, next(numbers), epoch=2), now=NOON)
            assert isinstance(answer, Booked), answer

        yield once
