"""``book`` on held connections beside the raw driver sending the very same statement.

Both engines on disk, every commit durable (SQLite synchronous=FULL, PostgreSQL fsync on). Each
call is a new key and a new debit of the same size. The reference is given its parameters ready
made: what is compared is everything this software adds. Clients and server share the machine.
Round trips are counted by a relay between driver and server: a client's message after one of the
server's begins a new trip.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from postgresql_server import Server, find_programs, run_server

from accounts.database import open_database
from bench.figures import Figure
from bench.ledger_relay import relay
from bench.ledger_world import World, booking, open_world, postmaster, raw_booking
from bench.slices import Ways, clients, compared, wait_for_quiet

CONNECTIONS = (1, 4, 8, 16)
ROUNDS = 12
_RAW_EPOCH = 2


def run() -> list[Figure]:
    """The figures of both engines; PostgreSQL's where its server programs are installed."""
    # /var/tmp is on disk where /tmp may be memory, which would hide what a commit costs.
    with TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder:
        figures = [_rate("book, SQLite", _world(f"sqlite:///{folder}/ledger.db", 1), 1, ())]
    if find_programs() is None:
        return figures
    with run_server("fsync=on") as server:
        for number in CONNECTIONS:
            world = _world(server.url(server.create()), number)
            name = f"book, PostgreSQL, {number} connection{'s' * (number > 1)}"
            figures.append(_rate(name, world, number, (postmaster(server.folder),)))
        figures.append(_round_trips(server))
    return figures


def _world(url: str, number: int) -> World:
    database = open_database(url)
    with closing(database):
        return open_world(database, clients=number)


def _rate(name: str, world: World, number: int, roots: tuple[int, ...]) -> Figure:
    @contextmanager
    def ways(index: int) -> Iterator[Ways]:
        client = world.clients[index]
        with booking(world, client) as ours, raw_booking(world, client, epoch=_RAW_EPOCH) as raw:
            yield {"ours": ours, "raw": raw}

    wait_for_quiet()
    with clients(number, ways, roots=roots) as machine:
        return compared(name, machine, "ours", "raw", rounds=ROUNDS)


def _round_trips(server: Server) -> Figure:
    """Round trips of one booking on a held connection, once its statement is prepared."""
    world = _world(server.url(server.create()), 1)
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="mensa-", dir="/tmp")))
        trips = stack.enter_context(relay(server, place))
        once = stack.enter_context(booking(world.seen_through(place), world.clients[0]))
        for _ in range(20):  # the driver prepares a statement at its fifth use
            once()
        before = trips()
        for _ in range(100):
            once()
        made = (trips() - before) / 100
    return Figure("round trips of one booking, PostgreSQL", made, "", 1, made, "100 bookings")
