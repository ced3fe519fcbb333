"""Bookings, drains and taps while 100,000 bank entries are posted politely.

The import is a process of its own, as ``mensa bank import`` would be; the guarded way in posts
each entry fees -> write_off. Meanwhile one client books, drains a fact and writes a tap into a
kiosk's journal in turns, a hundred turns a second at most. The reference is the same client
before the import begins.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from builders import NOON, Kiosk, row
from postgresql_server import find_programs, run_server
from till import KEY
from tireless import NOW, unlimited

from accounts.charge import Choice
from accounts.database import Database, Session, open_database
from accounts.entries import Booked, Draft, EntryKind, Key, Move
from accounts.facts import Fact, FactKind
from accounts.intake import book_facts
from accounts.ledger import book
from accounts.money import Money
from accounts.polite import in_chunks
from accounts.tables import journal, kiosks
from bench.figures import Figure
from bench.ledger_world import World, booking, open_world
from bench.slices import percentile, spread
from kiosk.journal import Item, open_journal

ENTRIES = 100_000
ALONE_SECONDS = 20.0
PACE_SECONDS = 0.01
CHILDREN = 2000
"""So many that none buys more a day than a child does: what it had that day is looked through."""


def run() -> list[Figure]:
    """Three figures an engine and the import's own rate."""
    with TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder:
        figures = _measure("SQLite", f"sqlite:///{folder}/ledger.db", Path(folder))
    if find_programs() is not None:
        with (
            run_server("fsync=on") as server,
            TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder,
        ):
            figures += _measure("PostgreSQL", server.url(server.create()), Path(folder))
    return figures


@dataclass(frozen=True, slots=True)
class _Taken:
    """Seconds of each call, by what was called."""

    calls: dict[str, list[float]]
    seconds: float


def _measure(engine: str, url: str, folder: Path) -> list[Figure]:
    database = open_database(url)
    world = open_world(database, clients=1, children=CHILDREN)
    unlimited(database)
    with database.write() as db:
        for name in ("fees", "write_off"):
            row(db, journal.account, name=name, kind=name)
        bank = row(db, kiosks.origin, kind="office", name="Girokonto", enrolled_us=NOON)
    database.close()
    process = multiprocessing.get_context("fork").Process(target=_import, args=(url, bank))
    with ExitStack() as stack:
        ways = dict(_ways(world, folder, stack))
        _in_turns(ways, lambda seconds: seconds > 2)
        before = _in_turns(ways, lambda seconds: seconds > ALONE_SECONDS)
    process.start()
    with ExitStack() as stack:  # opened again: nothing is shared with the other process
        ways = dict(_ways(world, folder, stack, epoch=2))
        during = _in_turns(ways, lambda _: process.exitcode is not None)
    assert process.exitcode == 0
    figures = [
        Figure(
            f"{name} during an import, {engine}, 99th percentile",
            percentile(calls, 99),
            "ms",
            percentile(before.calls[name], 99),
            percentile(calls, 99) / percentile(before.calls[name], 99),
            f"p50/p99 {spread(calls)} ms, longest {max(calls) * 1e3:.0f} ms, {len(calls)} calls;"
            f" before it {spread(before.calls[name])} ms",
        )
        for name, calls in during.calls.items()
    ]
    rate = ENTRIES / during.seconds
    note = f"{ENTRIES:,} entries in {during.seconds:.0f} s, with pauses"
    return [*figures, Figure(f"bank entries posted, {engine}", rate, "/s", note=note)]


def _ways(
    world: World, folder: Path, stack: ExitStack, *, epoch: int = 1
) -> Iterator[tuple[str, Callable[[], object]]]:
    database = open_database(world.school.database.url.render_as_string(hide_password=False))
    stack.callback(database.close)
    yield "book", stack.enter_context(booking(world, world.clients[0], epoch=epoch))
    pen = Kiosk(world.school.kiosk.origin_id, epoch)
    yield "drain of one fact", lambda: _drain(database, pen, world)
    taps = open_journal(folder / "journal.db", origin_id=pen.origin_id, key=KEY)
    stack.enter_context(closing(taps))
    lunch = Fact(
        epoch=0, seq=0, kind=FactKind.CHARGE, occurred_at=NOON, pupil_id=1, items=(Choice(1),)
    )
    yield "tap to durable", lambda: taps.record(lunch, (Item(1, "lunch", 1, 420),))


def _drain(database: Database, pen: Kiosk, world: World) -> None:
    pupils = world.clients[0].pupils
    fact = pen.charge(pupils[pen.seq % len(pupils)], world.school.drink)
    # One call is one commit on PostgreSQL; SQLite's is three statements.
    with database.write() if database.is_sqlite else database.held() as db:
        (answer,) = book_facts(db, pen.origin_id, [fact], now=NOW)
    assert answer.quarantined is None


def _in_turns(ways: dict[str, Callable[[], object]], enough: Callable[[float], bool]) -> _Taken:
    calls: dict[str, list[float]] = {name: [] for name in ways}
    begun = perf_counter()
    while not enough(perf_counter() - begun):
        for name, way in ways.items():
            asked = perf_counter()
            way()
            calls[name].append(perf_counter() - asked)
        time.sleep(PACE_SECONDS)
    return _Taken(calls, perf_counter() - begun)


def _import(url: str, bank: int) -> None:
    def post(db: Session, draft: Draft) -> None:
        assert isinstance(book(db, draft, now=NOON), Booked)

    drafts = (
        Draft(
            key=Key(bank, 1, seq),
            kind=EntryKind.TOPUP,
            occurred_at=NOON,
            actor="bank",
            moves=(Move("fees", "write_off", Money(1 + seq % 9000)),),
        )
        for seq in range(1, ENTRIES + 1)
    )
    database = open_database(url)
    for _ in in_chunks(database, drafts, post):
        pass
    database.close()
