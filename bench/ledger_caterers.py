"""Everybody's debits to one caterer beside debits to a caterer of each client's own.

No balance is kept for a caterer, so there is no row that all would wait for.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from postgresql_server import find_programs, run_server

from accounts.database import open_database
from bench.figures import Figure
from bench.ledger_world import World, booking, open_world, postmaster
from bench.slices import Opened, Ways, clients, compared, wait_for_quiet

CONNECTIONS = (8, 16)
ROUNDS = 12


def run() -> list[Figure]:
    """One figure a number of connections; none where PostgreSQL is not installed."""
    if find_programs() is None:
        return []
    figures = []
    with run_server("fsync=on") as server:
        for number in CONNECTIONS:
            database = open_database(server.url(server.create()))
            world = open_world(database, clients=number)
            database.close()
            wait_for_quiet()
            with clients(number, _ways(world), roots=(postmaster(server.folder),)) as machine:
                name = f"one caterer for all, {number} connections"
                figures.append(compared(name, machine, "one", "many", rounds=ROUNDS))
    return figures


def _ways(world: World) -> Opened:
    @contextmanager
    def ways(index: int) -> Iterator[Ways]:
        client = world.clients[index]
        with (
            booking(world, client) as one,
            booking(world, client, epoch=2, caterer=client.caterer) as many,
        ):
            yield {"one": one, "many": many}

    return ways
