"""Months are closed while tills and offices book: each entry is in the closing or late, never both.

Four writers never stop: two offices one entry at a time, one with several in a transaction, one
kiosk with its facts. Some of what they bring is of the month that is being closed.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from builders import NOON, Kiosk, School, add_child, add_offer, open_school, row
from ledgers import ENGINES, fresh
from sqlalchemy import text

from accounts import gate
from accounts.charge import OverrideReason
from accounts.clock import FixedClock
from accounts.closings import Closed, close_month, closings
from accounts.database import DatabaseUnavailable, Session
from accounts.intake import book_facts
from accounts.ledger import Booked, Draft, EntryKind, Key, Move, book
from accounts.money import Money
from accounts.tables import kiosks
from accounts.verify import verify

ROUNDS = 10
ROUNDS_OF_ONE_WRITER = 3
"""On SQLite, where writers wait for each other anyway."""
BETWEEN = 20
"""Entries that are awaited between two closings."""
HEARD = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(params=ENGINES)
def school(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("closing"))
    opened = open_school(database)
    with database.write() as db:
        for origin in (opened.kiosk.origin_id, opened.other_kiosk.origin_id):
            row(db, kiosks.kiosk_seen, origin_id=origin, at_us=HEARD, waiting=0, software="1")
    yield opened
    database.close()


def month_after(first: date, months: int = 1) -> date:
    place = first.year * 12 + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


class Race:
    """The writers' common news: which month is to be closed, and what was booked."""

    def __init__(self, school: School, first: date) -> None:
        self.school = school
        self.month = first
        self.over = False
        self.booked: list[Key] = []
        self.faults: list[BaseException] = []
        self.moved = threading.Condition()
        self.offers: dict[date, int] = {}
        with school.database.write() as db:
            self.children = [add_child(db, school.id) for _ in range(12)]
            for n in range(ROUNDS + 3):
                month = month_after(first, n)
                self.offers[month] = add_offer(db, school, "W", "drink", 1, day=month)

    def noon(self, turn: int) -> datetime:
        """By turns of the month that is being closed and of the one after."""
        first = self.month if turn % 2 else month_after(self.month)
        return datetime(first.year, first.month, 1, 11, tzinfo=UTC)

    def told(self, *keys: Key) -> None:
        with self.moved:
            self.booked.extend(keys)
            self.moved.notify_all()

    def wait_for(self, more: int) -> None:
        with self.moved:
            goal = len(self.booked) + more
            assert self.moved.wait_for(
                lambda: len(self.booked) >= goal or bool(self.faults), timeout=60
            )
        if self.faults:
            raise self.faults[0]


def office(race: Race, db: Session, key: Key, child: int) -> Key:
    draft = Draft(
        key=key,
        kind=EntryKind.TOPUP,
        occurred_at=race.noon(key.seq),
        actor="race",
        moves=(Move("opening", f"pupil:{child}", Money(key.seq % 7 + 1)),),
        pupil_id=child,
    )
    assert isinstance(book(db, draft, now=HEARD), Booked)
    return key


def one_at_a_time(race: Race, origin: int) -> None:
    seq = 0
    with race.school.database.held() as db:
        while not race.over:
            seq += 1
            race.told(office(race, db, Key(origin, 1, seq), race.children[seq % 12]))


def several_at_once(race: Race, origin: int) -> None:
    seq = 0
    with race.school.database.write() as db:
        child = add_child(db, race.school.id)
    while not race.over:
        with race.school.database.write() as db:
            keys = [office(race, db, Key(origin, 1, seq + n), child) for n in range(1, 6)]
        seq += 5
        race.told(*keys)


def at_the_kiosk(race: Race, pen: Kiosk) -> None:
    turn = 0
    while not race.over:
        facts = []
        for _ in range(4):
            turn += 1
            at = race.noon(turn)
            offer = race.offers[at.date()]
            child = race.children[turn % 12]
            facts.append(pen.charge(child, offer, at=at, override=OverrideReason.OTHER))
        with race.school.database.write() as db:
            answers = book_facts(db, pen.origin_id, facts, now=HEARD)
        assert [it.quarantined for it in answers] == [None] * 4
        race.told(*(Key(pen.origin_id, it.epoch, it.seq) for it in facts))


def test_each_entry_is_counted_by_the_closing_or_late(school: School) -> None:
    with school.database.write() as db:
        origins = [
            row(db, kiosks.origin, kind="office", name=f"writer {n}", enrolled_us=NOON)
            for n in range(3)
        ]
    race = Race(school, date(2026, 9, 1))

    def run(writer: object, *words: object) -> None:
        try:
            writer(race, *words)  # type: ignore[operator]  # one of the three above
        except BaseException as fault:  # noqa: BLE001  # raised by whoever waits
            race.faults.append(fault)

    threads = [
        threading.Thread(target=run, args=words)
        for words in (
            (one_at_a_time, origins[0]),
            (one_at_a_time, origins[1]),
            (several_at_once, origins[2]),
            (at_the_kiosk, school.kiosk),
        )
    ]
    for thread in threads:
        thread.start()
    done: list[Closed] = []
    try:
        for _ in range(ROUNDS_OF_ONE_WRITER if school.database.is_sqlite else ROUNDS):
            race.wait_for(BETWEEN)
            after = month_after(race.month)
            closed = close_month(
                school.database,
                month=race.month.isoformat()[:7],
                actor="race",
                clock=FixedClock(datetime.combine(after, datetime.min.time(), UTC)),
                software="1",
            )
            assert isinstance(closed, Closed), closed
            done.append(closed)
            race.month = after
        race.wait_for(BETWEEN)
    finally:
        race.over = True
        for thread in threads:
            thread.join(timeout=120)
    assert race.faults == []
    assert_each_is_counted_once(school, race, done)


@pytest.mark.postgresql
def test_a_booking_that_does_not_end_is_not_waited_for_for_ever(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    if school.database.is_sqlite:
        return  # there a closing waits as any other writer does
    monkeypatch.setattr(gate, "_LONGEST_WAIT", "50ms")
    with school.database.write() as booking:
        booking.execute(text("SELECT pg_advisory_xact_lock_shared(4210001)"))
        with pytest.raises(DatabaseUnavailable):
            close_month(
                school.database, month="2026-07", actor="x", clock=FixedClock(HEARD), software="1"
            )
    with school.database.read() as db:
        assert closings(db) == ()


def assert_each_is_counted_once(school: School, race: Race, done: list[Closed]) -> None:
    with school.database.read() as db:
        assert closings(db) == tuple(done)
        rows = db.execute(
            text(
                "SELECT e.id, e.origin_id, e.epoch, e.seq, e.day, e.late_on, t.cents"
                " FROM entry e JOIN transfer t ON t.entry_id = e.id ORDER BY e.id"
            )
        ).all()
        assert {(it.origin_id, it.epoch, it.seq) for it in rows} == {
            (key.origin_id, key.epoch, key.seq) for key in race.booked
        }
        assert len(rows) == len(race.booked)
        late = 0
        for closed in done:
            first = month_after(closed.open_from, -1).isoformat()
            mine = [
                it
                for it in rows
                if first <= str(it.late_on or it.day) < closed.open_from.isoformat()
            ]
            assert (len(mine), sum(it.cents for it in mine)) == (closed.entries, closed.moved.cents)
            assert all(it.id <= closed.last_entry_id for it in mine)
        for it in rows:
            opened = [c.open_from for c in done if c.last_entry_id < it.id]
            wanted = max(opened, default=date.min).isoformat()
            expected = wanted if str(it.day) < wanted else None
            assert (None if it.late_on is None else str(it.late_on)) == expected, it
            late += expected is not None
        counted = sum(closed.entries for closed in done)
        still = sum(1 for it in rows if str(it.late_on or it.day) >= str(done[-1].open_from))
        assert counted + still == len(rows)
        # Else nobody raced anybody.
        assert late > len(done) // 4
        assert [check.name for check in verify(db).checks if not check.holds] == []
