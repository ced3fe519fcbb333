"""Beside the counter: what is drained is drained once, what changed is fetched, nothing ends it."""

import logging
import queue
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOON, School, eur, open_school, row
from sqlalchemy import text
from till import PIN, Till, add_staff, give_card, set_school

from accounts import connections as accounts_connections
from accounts import door as door_module
from accounts.database import DatabaseUnavailable, open_database
from accounts.door import DirectDoor, Door, DoorClosed
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.ledger import balance
from accounts.snapshot import Snapshot, from_bytes
from accounts.tables import kiosks, proofs
from kiosk import messages as say
from kiosk import sync as module
from kiosk.messages import Status
from kiosk.sync import Sync

PATIENCE = 60
PAYER = "04AAAAAAAAAAAA"


@pytest.fixture
def school(empty_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[School]:
    monkeypatch.setattr(accounts_connections, "_BUSY_SECONDS", 0.05)
    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    opened = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield open_school(opened)
    opened.close()


@pytest.fixture
def till(school: School, tmp_path: Path) -> Iterator[Till]:
    give_card(school, school.payer, PAYER)
    set_school(school, accepts="aes,uid")
    add_staff(school)
    made = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    made.sync.once()
    yield made
    made.switch_off()


def entries(till: Till) -> int:
    with till.school.database.read() as db:
        return int(db.execute(text("SELECT count(*) FROM entry")).scalar_one())


def test_an_answer_that_is_lost_is_asked_again_and_nothing_is_booked_twice(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.tap(PAYER)
    with monkeypatch.context() as broken:
        broken.setattr(till.sync._draining, "_mark", lambda _: 1 / 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                till.sync.once()
    assert till.journal.count_waiting() == 1
    till.sync.once()
    assert till.journal.count_waiting() == 0
    assert entries(till) == 1


def test_notes_whose_answer_is_lost_are_written_down_once(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.counter.sign_in(PIN)
    till.counter.find("Beispiel")
    with monkeypatch.context() as broken:
        broken.setattr(till.journal, "notes_drained", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            till.sync.once()
    till.sync.once()
    with till.school.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM access_log")).scalar_one() == 1
    assert till.journal.waiting_notes() == []


def test_a_fact_the_ledger_holds_otherwise_is_an_alarm_and_stops_nothing(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    pen = till.school.kiosk
    pen.epoch = till.journal.epoch
    pen.__post_init__()
    with till.school.database.write() as db:
        book_facts(db, pen.origin_id, [pen.charge(till.school.payer, till.school.drink)],
                          now=NOON)  # fmt: skip
    till.tap(PAYER)
    with caplog.at_level(logging.CRITICAL):
        till.sync.once()
    assert "holds another fact" in caplog.text
    assert till.journal.count_waiting() == 0
    with till.school.database.read() as db:
        assert db.execute(text("SELECT kind FROM alarm")).scalars().all() == ["key_reused"]


def test_what_is_in_quarantine_is_in_the_log_and_waits_no_longer(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    till.counter.sign_in(PIN)
    till.tap("04EEEEEEEEEEEE")
    from accounts.charge import OverrideReason

    till.counter.serve_unassigned(OverrideReason.OTHER)
    with caplog.at_level(logging.WARNING):
        till.sync.once()
    assert "quarantine: unassigned" in caplog.text
    assert till.journal.count_waiting() == 0


def test_nothing_is_fetched_while_nothing_changes_and_the_snapshot_stays_fresh(till: Till) -> None:
    till.sync.once()
    seen = len(till.learned)
    till.later(seconds=20)
    till.sync.once()
    assert len(till.learned) == seen
    assert till.sync.status().snapshot_age_seconds == 0
    till.later(seconds=7)
    assert till.sync.status().snapshot_age_seconds == 7


def test_a_change_of_the_office_is_fetched_with_the_next_round(till: Till) -> None:
    till.sync.once()
    set_school(till.school, floor_cents=-99)
    with till.school.database.write() as db:
        row(db, kiosks.change, school_id=till.school.id, at_us=till.clock.now(), what="school")
    till.sync.once()
    assert till.learned[-1].school.floor_cents == -99


def test_money_paid_in_is_known_after_half_a_minute_at_the_latest(till: Till) -> None:
    till.sync.once()
    till.school.pay_in(till.school.payer, eur("20"))
    till.later(seconds=31)
    till.sync.once()
    with till.school.database.read() as db:
        assert balance(db, till.school.payer) == eur("20")
    cents = {person.id: person.balance_cents for person in till.learned[-1].people}
    assert cents[till.school.payer] == 2000


def test_midnight_brings_a_snapshot_of_the_new_day(till: Till) -> None:
    till.clock.at = NOON.replace(hour=22, minute=59, second=59)
    till.sync.once()
    till.later(seconds=1)
    till.sync.once()
    assert till.learned[-1].day == till.learned[0].day + timedelta(days=1)


def test_a_revoked_kiosk_learns_no_more_and_goes_on_with_what_it_knows(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    seen = len(till.learned)
    with till.school.database.write() as db:
        db.execute(kiosks.origin.update().values(revoked_us=till.clock.now()))
    till.later(seconds=31)
    till.sync.once()
    assert len(till.learned) == seen
    assert "revoked" in caplog.text


def test_a_snapshot_the_disk_has_no_room_for_is_learned_and_fetched_again(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, clear: bytes) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    till.tap(PAYER)
    seen = len(till.learned)
    with monkeypatch.context() as broken:
        broken.setattr(till.journal, "keep", full)
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError):
                till.sync.once()
    assert len(till.learned) == seen + 2
    till.sync.once()
    assert till.journal.kept("snapshot") is not None
    assert len(till.learned) == seen + 3


def test_a_ledger_of_another_life_gets_everything_once_more(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    till.tap(PAYER)
    till.sync.once()
    assert till.journal.count_waiting() == 0
    with till.school.database.write() as db:
        row(db, proofs.incarnation, number=7, at_us=NOON, why="restored", actor="x")
    brought: list[int] = []
    drain = DirectDoor.drain

    def counted(door: DirectDoor, facts: Any, looks: Any) -> Any:
        brought.append(len(facts))
        return drain(door, facts, looks)

    monkeypatch.setattr(DirectDoor, "drain", counted)
    with caplog.at_level(logging.WARNING):
        till.sync.once()
    assert "1 facts are brought again" in caplog.text
    assert brought == [1]
    assert till.journal.count_waiting() == 0
    assert till.journal.incarnation() == 7
    assert entries(till) == 1
    till.sync.once()
    assert brought == [1]


def test_the_newest_seal_is_kept_with_the_snapshot_and_one_that_changed_is_told(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    def sealed(number: int, letter: bytes) -> None:
        with till.school.database.write() as db:
            for guard in ("seal_no_update", "seal_no_delete", "seal_follows", "seal_once"):
                db.execute(text(f"DROP TRIGGER IF EXISTS {guard}"))
            db.execute(proofs.seal.delete())
            row(
                db, proofs.seal, id=number, at_us=NOON, actor="x", before=bytes(32),
                hash=letter * 32,
            )  # fmt: skip
        till.later(seconds=31)
        till.sync.once()

    with caplog.at_level(logging.CRITICAL):
        sealed(1, b"a")
        sealed(2, b"b")
        assert not caplog.records
        kept = till.journal.kept("snapshot")
        assert kept is not None
        assert from_bytes(kept).seal == (2, (b"b" * 32).hex())
        sealed(2, b"c")
        sealed(1, b"c")
    assert len(caplog.records) == 2
    assert "seal was 2" in caplog.text


def test_notes_the_ledger_does_not_take_stop_nothing_else(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    till.counter.sign_in(PIN)
    till.counter.find("Beispiel")
    till.tap(PAYER)

    def refuse(_db: object, _origin: int, looks: Any) -> None:
        if looks:
            raise JournalRefused("not_yours")

    with monkeypatch.context() as broken:
        broken.setattr(door_module, "log_looks", refuse)
        for _ in range(4):
            till.sync.once()
    # Once, and once more after the snapshot that shows the lunch.
    assert caplog.text.count("notes of who looked: not_yours") == 2
    assert till.journal.count_waiting() == 0
    till.later(seconds=31)
    till.sync.once()
    till.sync.once()
    assert till.journal.waiting_notes() == []


def test_a_ledger_that_shut_its_door_says_so_once_and_what_waits_goes_on_waiting(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def shut(*_: object) -> None:
        raise DoorClosed("revoked")

    till.tap(PAYER)
    with monkeypatch.context() as broken:
        broken.setattr(DirectDoor, "drain", shut)
        for _ in range(3):
            till.sync.once()
        assert till.sync.status().revoked
    assert caplog.text.count("closed to this kiosk: revoked") == 1
    assert till.journal.count_waiting() == 1
    till.sync.once()
    assert not till.sync.status().revoked
    assert till.journal.count_waiting() == 0


# --- the threads ---------------------------------------------------------------------------


class Told:
    """What the threads said, to wait for."""

    def __init__(self) -> None:
        self.statuses: queue.SimpleQueue[Status] = queue.SimpleQueue()
        self.learned: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()

    def wait_for(self, *, waiting: int, reachable: bool) -> Status:
        while True:
            status = self.statuses.get(timeout=PATIENCE)
            if (status.waiting, status.ledger_reachable) == (waiting, reachable):
                return status


@contextmanager
def running(till: Till, door: Door | None = None) -> Iterator[tuple[Sync, Told]]:
    told = Told()
    sync = Sync(
        door or DirectDoor(till.school.database, till.origin_id, till.clock),
        till.journal,
        clock=till.clock,
        learn=told.learned.put,
        tell=told.statuses.put,
    )
    sync.start()
    try:
        yield sync, told
    finally:
        sync.close()


def test_a_tap_is_drained_at_once(till: Till) -> None:
    with running(till) as (sync, told):
        told.wait_for(waiting=0, reachable=True)
        till.tap(PAYER)
        sync.wake()
        while not any(person.lunches for person in told.learned.get(timeout=PATIENCE).people):
            pass
    assert entries(till) == 1


def test_a_ledger_locked_by_another_is_told_and_outlived(till: Till) -> None:
    with running(till) as (sync, told):
        told.wait_for(waiting=0, reachable=True)
        path = str(till.school.database.url.database)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            till.tap(PAYER)
            sync.wake()
            told.wait_for(waiting=1, reachable=False)
            other.execute("ROLLBACK")
        told.wait_for(waiting=0, reachable=True)
    assert entries(till) == 1


def test_any_other_fault_of_the_ledger_is_in_the_log_and_outlived(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.05)
    faults = iter([True, True, True])

    def faulty(*args: Any, **named: Any) -> Any:
        if next(faults, False):
            raise ArithmeticError("something nobody thought of")
        return book_facts(*args, **named)

    monkeypatch.setattr(door_module, "book_facts", faulty)
    till.tap(PAYER)
    with running(till) as (_, told):
        told.wait_for(waiting=0, reachable=True)
    assert "something nobody thought of" in caplog.text
    assert entries(till) == 1


class Silent:
    """A ledger behind a network that swallows everything."""

    def __init__(self) -> None:
        self.answered = threading.Event()

    def drain(self, *_: object) -> Any:
        self.answered.wait()
        raise DatabaseUnavailable("timed out at last")

    news = drain


def test_a_ledger_that_never_answers_is_told_as_unreached_and_does_not_hold_up_the_end(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_ROUND_SECONDS", 0.01)
    monkeypatch.setattr(module, "LONGEST_END_SECONDS", 0.01)
    monkeypatch.setattr(module, "STATUS_SECONDS", 0.01)
    silent = Silent()
    till.tap(PAYER)
    with running(till, silent) as (sync, told):
        told.wait_for(waiting=1, reachable=False)
    assert sync._thread.is_alive()
    silent.answered.set()
    sync._thread.join(PATIENCE)
    assert not sync._thread.is_alive()


def test_a_screen_that_fails_to_take_a_status_does_not_end_the_telling(till: Till) -> None:
    taken: queue.SimpleQueue[Status] = queue.SimpleQueue()
    faults = iter([True])

    def tell(status: Status) -> None:
        if next(faults, False):
            raise RuntimeError("the screen is not there yet")
        taken.put(status)

    door = DirectDoor(till.school.database, till.origin_id, till.clock)
    sync = Sync(door, till.journal, clock=till.clock, learn=lambda _: None, tell=tell)
    sync.start()
    assert isinstance(taken.get(timeout=PATIENCE), Status)
    sync.close()


def test_a_sync_that_was_never_started_can_be_closed(till: Till) -> None:
    till.sync.close()


def test_served_says_nothing_of_the_ledger(till: Till) -> None:
    outcome = till.tap(PAYER)
    assert isinstance(outcome, say.Served)
    assert entries(till) == 0
