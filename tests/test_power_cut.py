"""What was acknowledged is there when the power comes back: in a kiosk's journal, in a ledger.

Both are opened by the product's own code, which sets its own pragmas, on a disk that forgets or
tears what was not synced. That the disk does forget is proved by the same with less safety.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from builders import NOON, Kiosk, School, add_child, open_school
from forgetful_disk import ForgetfulDisk
from forgetful_driver import Connection
from sqlalchemy import event, text

from accounts import verify_chains, verify_facts, verify_guards, verify_journal, verify_money
from accounts.charge import Choice
from accounts.database import Database, DatabaseUnavailable, open_database
from accounts.entries import Booked, Draft, EntryKind, Key, Move
from accounts.facts import Fact, FactKind
from accounts.intake import book_facts
from accounts.ledger import book
from accounts.money import Money
from accounts.verify import verify
from kiosk import journal_file
from kiosk.journal import Item, Journal, open_journal

ROUNDS = 300
KEY = bytes(32)
SUMS = (
    verify_money.balances,
    verify_money.zero_sum,
    verify_journal.transfers,
    verify_journal.lines,
    verify_facts.numbers,
    verify_facts.facts,
    verify_chains.chains,
    verify_guards.storage,
)
"""What a torn file would break first; every thirtieth time all of ``verify`` is asked."""


@contextmanager
def journal_on(disk: ForgetfulDisk, *, weak: bool = False) -> Iterator[Journal]:
    """The kiosk's journal as the kiosk opens it; ``weak``: with the safety it must not have."""
    made: list[Connection] = []

    def connect(path: Path, **_: Any) -> Connection:
        made.append(Connection(disk, path.name))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        driver = SimpleNamespace(connect=connect, DatabaseError=sqlite3.DatabaseError)
        patch.setattr(journal_file, "sqlite3", driver)
        journal = open_journal(Path("kiosk.db"), origin_id=1, key=KEY)
        if weak:
            made[0].execute("PRAGMA synchronous=NORMAL")
        try:
            yield journal
        finally:
            with suppress(sqlite3.Error):
                journal.close()


def cut_in_the_act(disk: ForgetfulDisk, rng: Random) -> None:
    """The power went at some write, if it has not gone before; nothing else may have failed."""
    if disk.disk is disk.made:
        assert disk.disk.fuse == 0, "it failed, but not for want of power"
        disk.cut(rng)


def fact_of(rng: Random) -> tuple[Fact, tuple[Item, ...]]:
    """Any tap; its row is long or short."""
    items = tuple(Choice(rng.randint(1, 99)) for _ in range(rng.randint(1, 40)))
    fact = Fact(epoch=0, seq=0, kind=FactKind.CHARGE, occurred_at=NOON, pupil_id=1, items=items)
    return fact, tuple(Item(choice.offer_id, "lunch", 1, 420) for choice in items)


def taps_until_dark(rng: Random, *, weak: bool = False) -> tuple[int, int, int]:
    """Taps until the power goes; (acknowledged, lost, there without acknowledgement)."""
    disk = ForgetfulDisk()
    with journal_on(disk):
        pass
    acknowledged: dict[tuple[int, int], Fact] = {}
    with journal_on(disk, weak=weak) as journal, suppress(sqlite3.Error):
        disk.disk.fuse = rng.randint(1, 500) if rng.random() < 0.8 else None
        for _ in range(rng.randint(1, 40)):
            fact, items = fact_of(rng)
            row = journal.record(fact, items)
            acknowledged[row.key] = row.fact
            if rng.random() < 0.2:
                journal.drained(rng.sample(list(acknowledged), 1))
        disk.cut(rng)  # between two acts
    cut_in_the_act(disk, rng)
    with journal_on(disk) as journal:
        assert journal._db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        there = {key: row.fact for key, row in journal.recent.items()}
    lost = [key for key, fact in acknowledged.items() if there.get(key) != fact]
    return len(acknowledged), len(lost), len(there.keys() - acknowledged.keys())


def test_no_acknowledged_tap_is_lost_in_three_hundred_power_cuts() -> None:
    taps = 0
    for round_ in range(ROUNDS):
        acknowledged, lost, more = taps_until_dark(Random(round_))
        assert (round_, lost) == (round_, 0)
        assert more <= 1, "a row nobody wrote"
        taps += acknowledged
    assert taps > 10 * ROUNDS


def test_the_disk_does_forget_what_was_not_synced() -> None:
    assert sum(taps_until_dark(Random(round_), weak=True)[1] for round_ in range(30)) > 30


@dataclass(slots=True)
class Bytes:
    """A ledger's file, and the school in it."""

    content: bytes
    school: School
    children: list[int]


@pytest.fixture(scope="module")
def ledger_file(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    """A ledger with a school and ten children, as any file."""
    path = tmp_path_factory.mktemp("power") / "ledger.db"
    shutil.copy(empty_sqlite, path)
    database = open_database(f"sqlite:///{path}")
    school = open_school(database)
    with database.write() as db:
        children = [add_child(db, school.id) for _ in range(10)]
    database.close()
    return Bytes(path.read_bytes(), school, children)


@contextmanager
def ledger_on(disk: ForgetfulDisk) -> Iterator[Database]:
    """The ledger as every program of ours opens it; how safe, is the product's to say."""
    database = open_database("sqlite:////ledger.db")
    event.listen(database.engine, "do_connect", lambda *_: Connection(disk, "ledger.db"))
    try:
        yield database
    finally:
        with suppress(sqlite3.Error):
            database.close()


def work_until_dark(rng: Random, file: Bytes, *, whole: bool) -> int:
    """Bookings and sets of facts until the power goes, then the proof; how many acknowledged."""
    disk = ForgetfulDisk()
    disk.disk.put("ledger.db", file.content)
    booked: list[Key] = []
    pen, school = Kiosk(file.school.kiosk.origin_id, epoch=rng.getrandbits(62) + 1), file.school
    sets: list[list[Fact]] = []
    answered = 0
    with ledger_on(disk) as database, suppress(DatabaseUnavailable, sqlite3.Error):
        with database.held() as db:
            db.exec_driver_sql("SELECT 1")
            disk.disk.fuse = rng.randint(1, 400) if rng.random() < 0.8 else None
            for _ in range(rng.randint(1, 12)):
                if rng.random() < 0.5:
                    draft = topup(school.office, len(booked) + 1, rng.choice(file.children))
                    assert book(db, draft, now=NOON) == Booked(draft.key)
                    booked.append(draft.key)
                    continue
                lunches = [
                    pen.charge(rng.choice(file.children), school.lunch)
                    for _ in range(rng.randint(1, 4))
                ]
                sets.append(lunches)
                db.exec_driver_sql("BEGIN IMMEDIATE")
                book_facts(db, pen.origin_id, lunches, now=NOON + timedelta(minutes=9))
                db.exec_driver_sql("COMMIT")
                answered += 1
        disk.cut(rng)  # between two acts
    cut_in_the_act(disk, rng)
    with ledger_on(disk) as database, database.read() as db:
        checks = verify(db).checks if whole else [check(db) for check in SUMS]
        assert [check for check in checks if not check.holds] == []
        entries = {
            tuple(key) for key in db.execute(text("SELECT origin_id, epoch, seq FROM entry"))
        }
        kept = {seq for (seq,) in db.execute(text("SELECT seq FROM fact"))}
    assert {(k.origin_id, k.epoch, k.seq) for k in booked} <= entries
    for number, lunches in enumerate(sets):
        there = [fact.seq in kept for fact in lunches]
        assert all(there) or (number >= answered and not any(there)), "half a set"
    return len(booked) + answered


def topup(office: int, seq: int, child: int) -> Draft:
    """Two euros for a child."""
    return Draft(
        key=Key(office, 1, seq),
        kind=EntryKind.TOPUP,
        occurred_at=NOON,
        actor="office",
        moves=(Move("opening", f"pupil:{child}", Money(200)),),
        pupil_id=child,
    )


def test_no_acknowledged_booking_is_lost_in_three_hundred_power_cuts(ledger_file: Bytes) -> None:
    done = sum(
        work_until_dark(Random(round_), ledger_file, whole=round_ % 30 == 0)
        for round_ in range(ROUNDS)
    )
    assert done > 3 * ROUNDS
