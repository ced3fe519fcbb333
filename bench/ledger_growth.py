"""What a booking and a drain cost as the history grows, beside a ledger with little history.

Two ledgers with the same schools: one stays at 10,000 postings, the other is filled to 100,000,
to 1,000,000 and, with ``--long``, to 10,000,000 (some minutes and gigabytes an engine). Calls on
both take turns in blocks; the ratio is the median of the blocks' ratios of medians. The grown one is
sealed, what ``mensa verify`` runs is timed on it, and it has to hold.
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

from accounts.clock import FixedClock
from accounts.database import Database, open_database
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.seals import make_seal
from accounts.verify import prove
from bench.figures import Figure, quartiles
from bench.ledger_fill import City, fill, found_city
from bench.ledger_world import World, booking, open_world

FEW = 10_000
MANY = (100_000, 1_000_000)
MOST = 10_000_000
BLOCKS, SIZE = 60, 15
CHILDREN = 1000
NOW = NOON + timedelta(minutes=1)


def run(*, long: bool = False) -> list[Figure]:
    """Three figures a size and engine."""
    sizes = (*MANY, MOST) if long else MANY
    with TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder:
        paths = (Path(folder) / name for name in ("few.db", "many.db"))
        figures = _measure("SQLite", [f"sqlite:///{path}" for path in paths], sizes)
    if find_programs() is not None:
        with run_server(
            "fsync=on", "shared_buffers=512MB", "max_wal_size=4GB", "autovacuum=off"
        ) as server:
            urls = [server.url(server.create()) for _ in "ab"]
            figures += _measure("PostgreSQL", urls, sizes)
    return figures


def _measure(engine: str, urls: list[str], sizes: tuple[int, ...]) -> list[Figure]:
    few, many = (_open(url) for url in urls)
    fill(few[1], FEW // 2)
    figures = []
    for round_, size in enumerate(sizes, 1):
        begun = perf_counter()
        fill(many[1], size // 2)
        filled = perf_counter() - begun
        with ExitStack() as stack:
            for name, way in {"book": _booking, "drain of one fact": _draining}.items():
                small, grown = (
                    stack.enter_context(way(world, round_)) for world in (few[0], many[0])
                )
                title = f"{name}, {engine}, {size:,} postings"
                figures.append(_in_turns(title, grown, small))
        make_seal(many[0].school.database, actor="bench", clock=FixedClock(NOW))
        begun = perf_counter()
        proof = prove(many[0].school.database)
        took = perf_counter() - begun
        assert proof.holds, [check for check in proof.checks if not check.holds]
        figures.append(
            Figure(
                f"verify, {engine}, {size:,} postings",
                took,
                "s",
                note=f"holds, all of it under seals; filling took {filled:.0f} s",
            )
        )
    for world, _ in (few, many):
        world.school.database.close()
    return figures


def _open(url: str) -> tuple[World, City]:
    database = open_database(url)
    world = open_world(database, clients=1, children=CHILDREN)
    unlimited(database)
    return world, found_city(database, world.school)


@contextmanager
def _booking(world: World, epoch: int) -> Iterator[Callable[[], None]]:
    with booking(world, world.clients[0], epoch=epoch) as once:
        yield once


@contextmanager
def _draining(world: World, epoch: int) -> Iterator[Callable[[], None]]:
    database = open_database(world.school.database.url.render_as_string(hide_password=False))
    pen = Kiosk(world.school.kiosk.origin_id, epoch)
    pupils = world.clients[0].pupils

    def once() -> None:
        fact = pen.charge(pupils[pen.seq % len(pupils)], world.school.drink)
        _drain(database, pen, fact)

    yield once
    database.close()


def _drain(database: Database, pen: Kiosk, fact: Fact) -> None:
    # One call is one commit on PostgreSQL; SQLite's is three statements.
    with database.write() if database.is_sqlite else database.held() as db:
        (answer,) = book_facts(db, pen.origin_id, [fact], now=NOW)
    assert answer.quarantined is None


def _in_turns(name: str, grown: Callable[[], None], small: Callable[[], None]) -> Figure:
    medians: list[tuple[float, float]] = []
    for block in range(BLOCKS + 2):
        pair = {}
        for way in (grown, small) if block % 2 else (small, grown):
            took = []
            for _ in range(SIZE):
                begun = perf_counter()
                way()
                took.append(perf_counter() - begun)
            pair[way is grown] = statistics.median(took) * 1e3
        if block >= 2:
            medians.append((pair[True], pair[False]))
    ratios = [many / few for many, few in medians]
    low, high = quartiles(ratios)
    return Figure(
        name,
        statistics.median(many for many, _ in medians),
        "ms",
        statistics.median(few for _, few in medians),
        statistics.median(ratios),
        f"{BLOCKS} blocks of {SIZE}, middle half {low:.2f} to {high:.2f}; reference: {FEW:,}",
    )
