"""A booking and a drain over a line of 20 ms: how many round trips one waits for.

A relay holds every message back for half the round trip. The reference is the round trip itself;
a bare ``SELECT 1`` in turns with the others says what relay and machine add to it.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from builders import NOON, Kiosk
from postgresql_server import find_programs, run_server
from tireless import unlimited

from accounts.database import open_database
from accounts.intake import book_facts
from bench.figures import Figure
from bench.ledger_relay import relay
from bench.ledger_world import World, booking, open_world

ROUND_TRIP_MS = 20
CALLS = 100
NOW = NOON + timedelta(minutes=1)


def run() -> list[Figure]:
    """Three figures; none where PostgreSQL is not installed."""
    if find_programs() is None:
        return []
    with run_server("fsync=on") as server, ExitStack() as stack:
        database = open_database(server.url(server.create()))
        world = open_world(database, clients=1)
        unlimited(database)
        database.close()
        place = Path(stack.enter_context(TemporaryDirectory(prefix="mensa-", dir="/tmp")))
        stack.enter_context(relay(server, place, one_way_seconds=ROUND_TRIP_MS / 2000))
        far = world.seen_through(place)
        ways = {
            "a bare round trip": stack.enter_context(_bare(far)),
            "book": stack.enter_context(booking(far, far.clients[0])),
            "drain of one fact": stack.enter_context(_draining(far)),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(CALLS + 10):
            for name, way in ways.items():
                begun = perf_counter()
                way()
                if turn >= 10:  # the driver prepares a statement at its fifth use
                    took[name].append((perf_counter() - begun) * 1e3)
    return [
        Figure(
            f"{name}, {ROUND_TRIP_MS} ms away",
            statistics.median(calls),
            "ms",
            ROUND_TRIP_MS,
            statistics.median(calls) / ROUND_TRIP_MS,
            f"{CALLS} calls, longest {max(calls):.1f} ms",
        )
        for name, calls in took.items()
    ]


@contextmanager
def _bare(world: World) -> Iterator[Callable[[], None]]:
    with world.school.database.held() as db:
        yield lambda: db.exec_driver_sql("SELECT 1").close()


@contextmanager
def _draining(world: World) -> Iterator[Callable[[], None]]:
    """As a kiosk's own role drains: one call that commits by itself."""
    database = open_database(world.school.database.url.render_as_string(hide_password=False))
    pen = Kiosk(world.school.kiosk.origin_id)

    def once() -> None:
        pupils = world.clients[0].pupils
        fact = pen.charge(pupils[pen.seq % len(pupils)], world.school.drink)
        with database.held() as db:
            (answer,) = book_facts(db, pen.origin_id, [fact], now=NOW)
        assert answer.quarantined is None

    yield once
    database.close()
