"""A city's lunch: a hundred kiosks, ten thousand taps, each decided, journalled and drained.

Every kiosk is whole but for its screen and reader: counter, sealed journal on disk, and the sync
that looks at the ledger three times a second through the kiosk's own PostgreSQL role. Four
processes hold twenty-five kiosks each, on the machine that also is the server; the taps of one
process, and the snapshots its kiosks learn, are handled by one thread. The lunch lasts five
minutes, with ``--long`` twenty.
"""

import multiprocessing
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from builders import MONDAY, open_school
from canteen import SHIFT, ShiftedClock
from fortress import fortify, login, signed_in
from postgresql_server import find_programs, run_server
from sqlalchemy import insert, text
from till import KEY, card_hash

from accounts.database import Database, open_database, upgrade
from accounts.door import RoleDoor
from accounts.snapshot import Snapshot
from accounts.tables import people
from accounts.verify import verify
from bench.figures import Figure
from bench.ledger_fill import CHILDREN, SCHOOLS, City, found_city, offers_of
from bench.ledger_world import postmaster
from bench.slices import own_cpu, percentile, spread
from cards.reader import Proof, Tap
from kiosk.journal import Journal, open_journal
from kiosk.messages import Served
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync

TAPS = 10_000
SECONDS, LONG_SECONDS = 300, 1200
PROCESSES = 4
LOOK_SECONDS = 0.5
_LISTEN_SECONDS = 0.02
_CLOCK = ShiftedClock()


def run(*, long: bool = False) -> list[Figure]:
    """What came of it; nothing where PostgreSQL is not installed."""
    if find_programs() is None:
        return []
    seconds = LONG_SECONDS if long else SECONDS
    with run_server("fsync=on", "shared_buffers=512MB", "track_functions=pl") as server:
        database = open_database(server.url(server.create()))
        upgrade(database)
        city = _at_noon(database)
        logins = [login(database, city.kiosk + n) for n in range(SCHOOLS)]
        database.close()
        with _process_each(city, logins, seconds) as lines:
            before, begun = own_cpu((postmaster(server.folder),)), perf_counter()
            for line in lines:
                line.send("go")
            told: list[_Told] = [line.recv() for line in lines]
            took = perf_counter() - begun
            used = own_cpu((postmaster(server.folder),)) - before
        booked, quarantined, holds = _booked(database)
        calls = _calls(database)
        database.close()
    served = sum(one.served for one in told)
    taps = [tap for one in told for tap in one.taps]
    ages = [age for one in told for age in one.ages]
    verdict = "verify holds" if holds else "VERIFY FAILS"
    return [
        Figure("taps served", served, "", note=f"{SCHOOLS} kiosks in {seconds} s"),
        Figure("booked once", booked, "", served, booked / served, f"{quarantined} aside; {verdict}"),
        Figure(
            "tap decided and durable, 99th percentile", percentile(taps, 99), "ms",
            note=f"p50/p99 {spread(taps)} ms, longest {max(taps) * 1e3:.0f} ms",
        ),
        Figure(
            "oldest tap the ledger had not taken, longest", max(ages), "s",
            note=f"99 % of the looks, twice a second: {percentile(ages, 99) / 1e3:.2f} s",
        ),
        Figure("the server's CPU", used / took, "cores", note=f"{used / served * 1e3:.1f} ms a tap"
               f" with all questions for news; {calls}"),
    ]  # fmt: skip


def _at_noon(database: Database) -> City:
    """The city on the tests' Monday; a hundred children of each school have cards."""
    city = found_city(database, open_school(database))
    offers_of(city, MONDAY)
    with database.write() as db:
        db.execute(people.school.update().values(accepts="aes,uid"))
        db.execute(
            insert(people.card),
            [
                {
                    "uid_hmac": bytes.fromhex(card_hash(_uid(school, n))),
                    "pupil_id": city.pupil + school * CHILDREN + n,
                    "issue_no": 1, "printed_no": _uid(school, n), "state": "active",
                }
                for school in range(SCHOOLS)
                for n in range(TAPS // SCHOOLS)
            ],
        )  # fmt: skip
    fortify(database, at=SHIFT)
    return city


def _uid(school: int, child: int) -> str:
    return f"04{school:06X}{child:06X}"


@dataclass(frozen=True, slots=True)
class _Told:
    """What one process saw: seconds of each tap, and of the oldest undrained tap at each look."""

    served: int
    taps: list[float]
    ages: list[float]


@contextmanager
def _process_each(city: City, logins: list[str], seconds: float) -> Iterator[list[Connection]]:
    """Processes whose kiosks have their first snapshot and wait for the lunch to begin."""
    context = multiprocessing.get_context("fork")
    lines, processes = [], []
    for number in range(PROCESSES):
        ours, theirs = context.Pipe()
        share = range(number, SCHOOLS, PROCESSES)
        processes.append(
            context.Process(
                target=_process, args=(theirs, city, logins, share, seconds), daemon=True
            )
        )
        processes[-1].start()
        theirs.close()
        lines.append(ours)
    for line in lines:
        assert line.recv() == "ready"
    yield lines
    for process in processes:
        process.join(60)


@dataclass(frozen=True, slots=True)
class _Till:
    school: int
    counter: StaffedCounter
    journal: Journal
    sync: Sync
    news: "SimpleQueue[Snapshot]"

    def learn(self) -> None:
        """Take the newest that the sync has fetched, as the thread that serves does."""
        while not self.news.empty():
            self.counter.learn(self.news.get())


def _process(line: Connection, city: City, logins: list[str], share: range, seconds: float) -> None:
    with ExitStack() as stack:
        place = stack.enter_context(TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp"))
        tills = [stack.enter_context(_till(city, n, logins[n], Path(place))) for n in share]
        chance = random.Random(share.start)
        queue = sorted(
            (chance.uniform(0, seconds), till.school, child, till)
            for till in tills
            for child in range(TAPS // SCHOOLS)
        )
        line.send("ready")
        line.recv()
        line.send(_lunch(queue, tills))


@contextmanager
def _till(city: City, number: int, login_name: str, place: Path) -> Iterator[_Till]:
    origin = city.kiosk + number
    own = signed_in(city.database, login_name)
    journal = open_journal(place / f"{number}.db", origin_id=origin, key=KEY)
    session = StaffSession(journal, clock=_CLOCK, check_pin=lambda kept, typed: kept == typed)
    counter = StaffedCounter(journal, clock=_CLOCK, card_hash=card_hash, staff=session)
    news: SimpleQueue[Snapshot] = SimpleQueue()
    sync = Sync(RoleDoor(own, origin), journal, clock=_CLOCK, learn=news.put, tell=lambda _: None)
    till = _Till(number, counter, journal, sync, news)
    sync.once()
    till.learn()
    sync.start()
    yield till
    sync.close()
    journal.close()
    own.close()


def _lunch(queue: list[tuple[float, int, int, _Till]], tills: list[_Till]) -> _Told:
    taps, ages = [], []
    begun = perf_counter()
    look = 0.0
    while queue or any(till.journal.count_waiting() for till in tills):
        for till in tills:
            till.learn()
        now = perf_counter() - begun
        if now >= look:
            look = now + LOOK_SECONDS
            ages.append(max(map(_age, tills)))
        if not queue or queue[0][0] > now:
            due = min(look, queue[0][0]) if queue else look
            sleep(min(_LISTEN_SECONDS, max(0.0, due - now)))
            continue
        _, school, child, till = queue.pop(0)
        asked = perf_counter()
        tap = Tap(_uid(school, child), Proof.UID, "bench", _CLOCK.now(), 0)
        outcome = till.counter.tap(tap)
        taps.append(perf_counter() - asked)
        till.sync.wake()
        assert isinstance(outcome, Served), outcome
    return _Told(len(taps), taps, ages)


def _age(till: _Till) -> float:
    waiting = till.journal.waiting(1)
    if not waiting:
        return 0.0
    return max(0.0, (_CLOCK.now() - waiting[0].fact.occurred_at).total_seconds())


def _booked(database: Database) -> tuple[int, int, bool]:
    with database.read() as db:
        entries = db.execute(text("SELECT count(*) FROM entry WHERE kind = 'charge'")).scalar_one()
        aside = db.execute(text("SELECT count(*) FROM quarantine")).scalar_one()
        return int(entries), int(aside), verify(db).holds


def _calls(database: Database) -> str:
    """How often the kiosks' two functions were called, and their mean time."""
    with database.read() as db:
        found = db.execute(
            text(
                "SELECT funcname, calls, total_time / calls FROM pg_stat_user_functions"
                " WHERE funcname IN ('kiosk_news', 'kiosk_drain') ORDER BY funcname"
            )
        ).all()
    return ", ".join(f"{name} {calls:,} times, {mean:.1f} ms" for name, calls, mean in found)
