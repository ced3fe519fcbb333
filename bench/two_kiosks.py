"""How long it takes until a lunch taken at one kiosk is known at the other.

Two whole kiosks without screens, each with its own journal, on one ledger: from the tap at the
first to the moment the second has learned a snapshot that contains it. SQLite and PostgreSQL.
"""

import queue
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from builders import School, add_child, open_school
from postgresql_server import run_server
from till import KEY, card_hash, give_card, set_school

from accounts.clock import SystemClock
from accounts.database import Database, open_database, upgrade
from accounts.door import DirectDoor
from accounts.snapshot import Snapshot
from bench.figures import Figure
from cards.reader import Proof, Tap
from kiosk.journal import Journal, open_journal
from kiosk.messages import Served
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync

LUNCHES = 30
PATIENCE = 60


def run() -> list[Figure]:
    """One figure an engine."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="mensa-bench-") as folder:
        figures.append(_measure("SQLite", f"sqlite:///{folder}/ledger.db", Path(folder)))
    with run_server("fsync=on") as server, tempfile.TemporaryDirectory() as folder:
        figures.append(_measure("PostgreSQL", server.url(server.create()), Path(folder)))
    return figures


def _measure(engine: str, url: str, folder: Path) -> Figure:
    database = open_database(url)
    upgrade(database)
    school, cards = _today(database)
    news: queue.SimpleQueue[tuple[float, Snapshot]] = queue.SimpleQueue()
    first = _kiosk(database, school.kiosk.origin_id, folder / "a.db", lambda _: None)
    second = _kiosk(
        database,
        school.other_kiosk.origin_id,
        folder / "b.db",
        lambda snapshot: news.put((time.perf_counter(), snapshot)),
    )
    counter, sync, _ = first
    second[1].start()
    sync.start()
    taken = []
    for pupil, uid in cards:
        begun = time.perf_counter()
        outcome = counter.tap(Tap(uid, Proof.UID, "bench", SystemClock().now(), 0))
        assert isinstance(outcome, Served), outcome
        sync.wake()
        while True:
            at, snapshot = news.get(timeout=PATIENCE)
            if any(person.id == pupil and person.lunches for person in snapshot.people):
                break
        taken.append(at - begun)
    for _, one, book in (first, second):
        one.close()
        book.close()
    database.close()
    return Figure(
        f"a lunch known at the other kiosk, {engine}",
        statistics.median(taken) * 1000,
        "ms",
        note=f"{LUNCHES} lunches, longest {max(taken) * 1000:.0f} ms",
    )


def _today(database: Database) -> tuple[School, list[tuple[int, str]]]:
    """The tests' school with today's menu, and children with cards."""
    school = open_school(database)
    today = SystemClock().now()
    set_school(school, accepts="aes,uid")
    with database.write() as db:
        day = today.date().isoformat()
        db.exec_driver_sql(f"UPDATE offer SET day = '{day}'")
        db.exec_driver_sql("UPDATE origin SET enrolled_us = 0")
        db.exec_driver_sql("UPDATE membership SET valid_from = '2020-01-01'")
        children = [add_child(db, school.id, f"Kind {n}") for n in range(LUNCHES)]
        db.exec_driver_sql("UPDATE membership SET valid_from = '2020-01-01'")
    cards = [(pupil, f"04{pupil:012X}") for pupil in children]
    for pupil, uid in cards:
        give_card(school, pupil, uid)
    return school, cards


def _kiosk(
    database: Database, origin_id: int, path: Path, learned: Callable[[Snapshot], None]
) -> tuple[StaffedCounter, Sync, Journal]:
    clock = SystemClock()
    journal = open_journal(path, origin_id=origin_id, key=KEY)
    session = StaffSession(journal, clock=clock, check_pin=lambda kept, typed: kept == typed)
    counter = StaffedCounter(journal, clock=clock, card_hash=card_hash, staff=session)

    def learn(snapshot: Snapshot) -> None:
        counter.learn(snapshot)
        learned(snapshot)

    sync = Sync(
        DirectDoor(database, origin_id, clock),
        journal,
        clock=clock,
        learn=learn,
        tell=lambda _: None,
    )
    sync.once()
    return counter, sync, journal
