"""The primary dies under load, its standby serves: what was acknowledged stands, once.

Real servers, killed with SIGKILL. Every commit that was acknowledged is on both of them while
they are in step; a commit whose wait for the standby was cancelled is acknowledged by nobody.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import Kiosk, School, open_school
from canteen import assert_books_hold, booked, open_canteen
from kiosk_driver import KioskProcess, Nursery
from ledgers import by_hand
from sqlalchemy import text
from standby import Pair, run_pair, wait_until
from tireless import NOW, at_work, survived

from accounts.database import Database, DatabaseUnavailable, open_database, upgrade
from accounts.intake import book_facts
from accounts.ledger import Booked, Key, book

pytestmark = pytest.mark.postgresql
KILLS = 5
UNDER_LOAD = 100
"""Entries acknowledged between two kills."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary with a ledger, and its synchronous standby."""
    with run_pair("fsync=off") as servers:
        servers.primary.tell("CREATE DATABASE ledger")
        servers.name = "ledger"
        yield servers


@pytest.fixture
def database(pair: Pair) -> Iterator[Database]:
    """The ledger, wherever it is served."""
    opened = open_database(pair.url)
    upgrade(opened)
    yield opened
    opened.close()


def test_five_primaries_die_under_load_and_nothing_acknowledged_is_lost_or_doubled(
    pair: Pair, database: Database
) -> None:
    with at_work(pair.url) as staff:
        for _ in range(KILLS):
            wait_until(staff.answered(UNDER_LOAD), "load")
            pair.fail_over()
            wait_until(staff.all_answered(), "answer to every writer on the new primary")
            pair.bring_back()
            pair.in_step()
    found = survived(database, staff)
    assert (found.lost, found.doubled) == (0, 0)
    assert found.holds
    assert all(writer.unanswered >= KILLS for writer in staff.writers)


Ask = Callable[[Database, School], None]


def by_office(seq: int) -> Ask:
    """One entry by a statement that commits by itself."""

    def ask(database: Database, school: School) -> None:
        with database.held() as db:
            answer = book(db, by_hand(school, school.payer, Key(school.office, 1, seq)), now=NOW)
        assert isinstance(answer, Booked)

    return ask


def by_kiosk(name: str) -> Ask:
    """One fact in a transaction."""

    def ask(database: Database, school: School) -> None:
        pen = Kiosk(getattr(school, name).origin_id)
        fact = pen.charge(school.guest_of_the_state, school.drink)
        with database.write() as db:
            (answer,) = book_facts(db, pen.origin_id, [fact], now=NOW)
        assert answer.quarantined is None

    return ask


class Asking(threading.Thread):
    """One question in a thread of its own."""

    def __init__(self, ask: Ask, pair: Pair, school: School) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self._pair = pair
        self._school = school
        self._unknown = False
        self._fault: BaseException | None = None
        self.start()

    def run(self) -> None:
        database = open_database(self._pair.url)
        try:
            self._ask(database, self._school)
        except DatabaseUnavailable:
            self._unknown = True
        except BaseException as fault:  # noqa: BLE001  # told where it is asked for
            self._fault = fault
        database.close()

    def acknowledged(self) -> bool:
        """Whether it was told that it is booked; waits for the answer."""
        self.join(60)
        assert not self.is_alive(), "no answer came"
        if self._fault is not None:
            raise self._fault
        return not self._unknown


WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
ENDS = {
    by_office(1): "pg_cancel_backend",
    by_kiosk("kiosk"): "pg_cancel_backend",
    by_office(2): "pg_terminate_backend",
    by_kiosk("other_kiosk"): "pg_terminate_backend",
}


def test_a_commit_whose_wait_was_ended_counts_as_unknown_and_is_asked_again(
    pair: Pair, database: Database
) -> None:
    school = open_school(database)
    first = pair.primary

    def waiting(number: int) -> Callable[[], bool]:
        return lambda: first.ask(f"SELECT count(*) {WAITING}") == number

    receiver = pair.receiver()
    os.kill(receiver, signal.SIGSTOP)
    for ask, end in ENDS.items():
        asking = Asking(ask, pair, school)
        wait_until(waiting(1), "commit that waits")
        first.tell(f"SELECT {end}(pid) {WAITING}")
        assert not asking.acknowledged(), "a commit that no standby has was acknowledged"
    # There they stand, and with that server they would be lost.
    assert count_charges(database) == len(ENDS)

    again = [Asking(ask, pair, school) for ask in list(ENDS)[:2]]
    wait_until(waiting(2), "repeated questions, waiting as the first did")
    first.kill()
    assert not any(asking.acknowledged() for asking in again)
    os.kill(receiver, signal.SIGKILL)  # what had reached its socket is lost too
    wait_until(lambda: receiver not in pair.standby.processes(), "end of the receiver")
    wait_until(pair.standby.answers, "standby that has started again")
    pair.fail_over()
    assert count_charges(database) == 0
    for _ in range(2):
        for ask in ENDS:
            assert Asking(ask, pair, school).acknowledged()
    assert count_charges(database) == len(ENDS)


def count_charges(database: Database) -> int:
    with database.read() as db:
        return int(
            db.execute(text("SELECT count(*) FROM entry WHERE kind = 'charge'")).scalar_one()
        )


def test_a_kiosk_serves_while_nobody_leads_and_drains_to_the_new_primary(
    pair: Pair, database: Database, kiosks: Nursery, tmp_path: Path
) -> None:
    canteen = open_canteen(database, children=12)
    cards = list(canteen.cards)
    with KioskProcess(kiosks, canteen, tmp_path) as kiosk:
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        for card in cards[:4]:
            kiosk.act(f"tap {card}")
            kiosk.next("Served")
        database.close()
        pair.primary.kill()
        kiosk.next("Status", ledger_reachable=False)
        for card in cards[4:8]:
            kiosk.act(f"tap {card}")
            kiosk.next("Served")
        pair.fail_over()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.act(f"tap {cards[8]}")
        kiosk.next("Served")
        wait_until(lambda: len(booked(database, kiosk.origin_id)) == 9, "drain of the last tap")
        kiosk.end()
        assert "Traceback" not in kiosk.words()
    found = assert_books_hold(database, kiosk.origin_id, kiosk.acknowledged(), quarantined=set())
    assert len(found) == 9
