"""A ledger lost and restored from a backup: every meal a kiosk served stands again, exactly once."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, Kiosk, School, add_child, open_school
from hypothesis import given, settings
from hypothesis import strategies as st
from postgresql_server import Server
from sqlalchemy import text
from till import PIN, Till, add_staff, give_card, set_school

from accounts.backup import back_up
from accounts.charge import OverrideReason, VoidReason
from accounts.clock import FixedClock
from accounts.database import Database, open_database
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.restoring import Restored, Wish, restore
from accounts.seals import make_seal
from accounts.stuck_kiosks import Stuck, stuck_kiosks
from accounts.verify import verify
from kiosk import messages as say

KEY = bytes(range(32, 64))
PAYER, POOR = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB"


def silent(_what: str, _done: int, _of: int) -> None:
    pass


@dataclass(slots=True)
class City:
    """A school on a ledger that can be lost, and its tills."""

    school: School
    folder: Path
    place: Callable[[], Database]
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    tills: list[Till] = field(default_factory=list)
    ledgers: list[Database] = field(default_factory=list)

    def open_till(self, origin_id: int) -> Till:
        till = Till(
            self.school, origin_id, self.folder / f"till{origin_id}.db", clock=self.clock
        )  # fmt: skip
        self.tills.append(till)
        till.sync.once()
        return till

    def keep(self, name: str = "backup") -> None:
        make_seal(self.school.database, actor="nightly", clock=self.clock)
        back_up(
            self.school.database, self.folder / name, key=KEY, clock=self.clock, progress=silent
        )

    def lose_and_restore(self, name: str = "backup") -> Database:
        """The ledger is gone, and a copy of an earlier moment serves; returns what was lost."""
        lost = self.school.database
        target = self.place()
        answer = restore(
            self.folder / name, target, Wish("office:test"), key=KEY, clock=self.clock,
            progress=silent,
        )  # fmt: skip
        assert isinstance(answer, Restored)
        self.ledgers.append(target)
        self.school.database = target
        for till in self.tills:
            till.sync._door.database = target  # type: ignore[attr-defined]  # the same address
        return lost


@pytest.fixture
def city(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[City]:
    def place() -> Database:
        number = len(made.ledgers)
        if database.is_sqlite:
            return open_database(f"sqlite:///{tmp_path / f'again{number}.db'}")
        server: Server = request.getfixturevalue("postgresql")
        return open_database(server.url(server.create()))

    school = open_school(database)
    give_card(school, school.payer, PAYER)
    give_card(school, school.guest_of_the_state, POOR)
    set_school(school, accepts="aes,uid")
    add_staff(school)
    made = City(school, tmp_path, place)
    yield made
    for till in made.tills:
        till.switch_off()
    for ledger in made.ledgers:
        ledger.close()


Books = dict[tuple[int, int, int], tuple[object, ...]]


def books(database: Database) -> Books:
    """Every entry by its key with all it says but its own number and when it was heard."""
    with database.read() as db:
        rows = db.execute(
            text("""
                SELECT e.origin_id, e.epoch, e.seq, e.kind, e.pupil_id, CAST(e.day AS TEXT) AS day,
                       e.occurred_us, e.actor, e.reason, r.origin_id AS of_origin,
                       r.epoch AS of_epoch, r.seq AS of_seq, t.no, d.name AS debit,
                       c.name AS credit, t.cents
                FROM entry e JOIN transfer t ON t.entry_id = e.id
                JOIN account d ON d.id = t.debit_id JOIN account c ON c.id = t.credit_id
                LEFT JOIN entry r ON r.id = e.reverses ORDER BY e.id, t.no""")
        ).all()
    found: Books = {}
    for row in rows:
        key = (row[0], row[1], row[2])
        found[key] = (*found.get(key, ()), tuple(row[3:]))
    return found


def quarantined(database: Database) -> set[tuple[object, ...]]:
    with database.read() as db:
        return {
            tuple(row)
            for row in db.execute(
                text(
                    "SELECT f.origin_id, f.epoch, f.seq, q.reason"
                    " FROM quarantine q JOIN fact f ON f.id = q.fact_id"
                )
            )
        }


def balances(database: Database) -> dict[str, int]:
    with database.read() as db:
        found = db.execute(
            text("SELECT a.name, b.cents FROM balance b JOIN account a ON a.id = b.account_id")
        )
        return {name: int(cents) for name, cents in found}


def assert_as_if_never_lost(lost: Database, now: Database) -> None:
    assert books(now) == books(lost)
    assert balances(now) == balances(lost)
    assert quarantined(now) == quarantined(lost)
    with now.read() as db:
        proof = verify(db)
    assert proof.holds, [check for check in proof.checks if not check.holds]


def lunch_for(till: Till, *cards: str) -> None:
    for card in cards:
        assert isinstance(till.tap(card), say.Served)


def test_what_was_served_after_the_backup_stands_again_once(city: City) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    lunch_for(till, PAYER)
    till.sync.once()
    city.keep()
    till.later(minutes=5)
    lunch_for(till, POOR)
    till.counter.sign_in(PIN)
    till.counter.find("Beispiel")
    till.sync.once()
    lost = city.lose_and_restore()
    assert len(books(city.school.database)) == 1
    till.sync.once()
    assert_as_if_never_lost(lost, city.school.database)
    assert till.journal.count_waiting() == 0
    with city.school.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM access_log")).scalar_one() == 1
    till.sync.once()
    assert_as_if_never_lost(lost, city.school.database)


def test_the_first_snapshot_after_a_restore_has_the_lunches_that_were_brought_again(
    city: City,
) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    city.keep()
    lunch_for(till, PAYER)
    till.sync.once()
    till.later(minutes=10)
    till.sync.once()
    city.lose_and_restore()
    seen = len(till.learned)
    till.sync.once()
    for snapshot in till.learned[seen:]:
        eaten = {person.id: person.lunches for person in snapshot.people}
        assert eaten[city.school.payer]
    assert isinstance(till.tap(PAYER), say.Refused)


def test_a_void_after_the_backup_of_a_meal_before_it_takes_it_back_again(city: City) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    lunch_for(till, PAYER)
    till.sync.once()
    city.keep()
    till.later(minutes=1)
    till.counter.sign_in(PIN)
    till.counter.void_last(VoidReason.MISTAKE)
    till.sync.once()
    lost = city.lose_and_restore()
    assert len(books(city.school.database)) == 1
    till.sync.once()
    assert_as_if_never_lost(lost, city.school.database)
    assert len(books(city.school.database)) == 2


def test_a_ledger_restored_twice_is_mended_twice(city: City) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    city.keep()
    lunch_for(till, PAYER)
    till.sync.once()
    lost = city.lose_and_restore()
    till.sync.once()
    city.lose_and_restore()
    assert books(city.school.database) == {}
    till.sync.once()
    assert_as_if_never_lost(lost, city.school.database)


def test_two_kiosks_of_which_one_was_away_meanwhile_mend_it_each_in_its_time(city: City) -> None:
    first = city.open_till(city.school.kiosk.origin_id)
    second = city.open_till(city.school.other_kiosk.origin_id)
    lunch_for(first, PAYER)
    first.sync.once()
    city.keep()
    lunch_for(second, POOR)
    second.sync.once()
    second.switch_off()
    lost = city.lose_and_restore()
    first.sync.once()
    assert len(books(city.school.database)) == 1
    second.switch_on()
    second.sync.once()
    assert_as_if_never_lost(lost, city.school.database)


def test_what_was_served_while_the_ledger_was_away_comes_after_what_it_lost(city: City) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    city.keep()
    lunch_for(till, PAYER)
    till.sync.once()
    lunch_for(till, POOR)
    city.lose_and_restore()
    till.sync.once()
    keys = [(epoch, seq) for _, epoch, seq in books(city.school.database)]
    assert keys == [(till.journal.epoch, 1), (till.journal.epoch, 2)]
    assert till.journal.count_waiting() == 0
    with city.school.database.read() as db:
        assert verify(db).holds


def test_a_kiosk_that_dies_while_it_brings_again_brings_the_rest_at_its_next_start(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    city.keep()
    lunch_for(till, PAYER, POOR)
    till.sync.once()
    lost = city.lose_and_restore()
    with monkeypatch.context() as dying:
        dying.setattr(till.journal, "keep_incarnation", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            till.sync.once()
    till.switch_off()
    till.switch_on()
    till.sync.once()
    assert_as_if_never_lost(lost, city.school.database)


def test_a_backup_older_than_the_kiosk_keeps_sets_the_rest_aside_and_says_so(
    city: City, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.journal._RECENT", 1)
    till = city.open_till(city.school.kiosk.origin_id)
    city.keep()
    lunch_for(till, PAYER, POOR)
    served = next(iter(till.journal.recent.values())).fact
    till.sync.once()
    till.later(days=36)
    for _ in range(2):
        till.journal.record(replace(served, occurred_at=city.clock.now()))
        till.sync.once()
    kept = till.journal.bring_again()
    assert 0 < kept < 4
    till.sync.once()
    city.lose_and_restore()
    with caplog.at_level(logging.CRITICAL):
        till.sync.once()
    assert f"does not take the facts of epoch {till.journal.epoch}: gap" in caplog.text
    assert till.sync.status().waiting == kept
    assert books(city.school.database) == {}
    till.later(minutes=2)
    till.sync.once()
    with city.school.database.read() as db:
        assert stuck_kiosks(db) == (
            Stuck("kiosk a", kept, city.clock.now(), epoch=0, last=0, came=None),
        )


def test_an_older_image_of_the_kiosk_and_an_older_ledger_at_once_book_nothing_twice(
    city: City,
) -> None:
    till = city.open_till(city.school.kiosk.origin_id)
    lunch_for(till, PAYER)
    till.sync.once()
    till.switch_off()
    image = city.folder / "image"
    shutil.copy(till.path, image)
    till.switch_on()
    city.keep()
    till.sync.once()
    lunch_for(till, POOR)
    till.sync.once()
    till.switch_off()
    shutil.copy(image, till.path)
    city.lose_and_restore()
    till.switch_on()
    epoch = till.journal.epoch
    till.sync.once()
    assert len(books(city.school.database)) == 1  # the second lunch is gone with both
    lunch_for(till, POOR)
    till.sync.once()
    assert {key[1] for key in books(city.school.database)} >= {epoch}
    with city.school.database.read() as db:
        assert verify(db).holds


# --- any history, any moment of the backup ---------------------------------------------------

Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "charge", "charge", "void"]),
        st.integers(0, 1),  # which kiosk
        st.integers(0, 2),  # which of its own children
        st.integers(0, 15),  # a tray, and whether staff gave a reason
    ),
    max_size=14,
)


def history(school: School, children: list[int], steps: list[Step]) -> dict[int, list[Fact]]:
    """Facts of two kiosks with children of their own; all a kiosk may do, sense or not."""
    pens = [Kiosk(school.kiosk.origin_id), Kiosk(school.other_kiosk.origin_id)]
    written: dict[int, list[Fact]] = {pen.origin_id: [] for pen in pens}
    trays = [(school.lunch,), (school.drink,), (school.snack, school.lunch), (999,)]
    for number, (what, kiosk, child, tray) in enumerate(steps):
        pen, at = pens[kiosk], NOON + timedelta(minutes=number)
        mine = written[pen.origin_id]
        if what == "void" and mine:
            mine.append(pen.void(mine[tray % len(mine)], at=at))
        else:
            reason = OverrideReason.OTHER if tray >= 8 else None
            who = children[3 * kiosk + child]
            mine.append(pen.charge(who, *trays[tray % 4], at=at, override=reason))
    return written


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, moment=st.integers(0, 14), order=st.booleans())
def test_from_any_moment_and_in_any_order_of_kiosks_the_books_become_the_same(
    empty_sqlite: Path, steps: list[Step], moment: int, *, order: bool
) -> None:
    now = NOON + timedelta(hours=1)
    with tempfile.TemporaryDirectory(prefix="mensa-") as name, ExitStack() as ends:
        folder = Path(name)
        shutil.copy(empty_sqlite, folder / "ledger.db")
        whole = open_database(f"sqlite:///{folder / 'ledger.db'}")
        ends.callback(whole.close)
        school = open_school(whole)
        with whole.write() as db:
            children = [add_child(db, school.id) for _ in range(6)]
        written = history(school, children, steps)
        mixed = sorted(
            ((origin, fact) for origin, facts in written.items() for fact in facts),
            key=lambda it: it[1].occurred_at,
        )
        for number, (origin, fact) in enumerate(mixed):
            if number == moment:
                back_up(whole, folder / "backup", key=KEY, clock=FixedClock(now), progress=silent)
            with whole.write() as db:
                book_facts(db, origin, [fact], now=now)
        if not (folder / "backup").exists():
            back_up(whole, folder / "backup", key=KEY, clock=FixedClock(now), progress=silent)
        again = open_database(f"sqlite:///{folder / 'again.db'}")
        ends.callback(again.close)
        assert isinstance(
            restore(
                folder / "backup", again, Wish("test"), key=KEY, clock=FixedClock(now),
                progress=silent,
            ),
            Restored,
        )  # fmt: skip
        for origin in sorted(written, reverse=order):
            with again.write() as db:
                book_facts(db, origin, written[origin], now=now + timedelta(days=1))
        assert_as_if_never_lost(whole, again)
