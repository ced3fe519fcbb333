"""What the ledger has had stays in the journal for a while, and can be brought once more."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON
from hypothesis import given, settings
from hypothesis import strategies as st
from till import KEY

from accounts.charge import Choice
from accounts.clock import FixedClock
from accounts.facts import Fact, FactKind
from kiosk import journal as module
from kiosk import journal_file, journal_keeping
from kiosk.journal import Item, Journal, open_journal
from kiosk.vault import WrongKey

ITEMS = (Item(4, "lunch", 1, 420),)


def lunch(at_day: int = 0) -> Fact:
    return Fact(
        epoch=0,
        seq=0,
        kind=FactKind.CHARGE,
        occurred_at=NOON + timedelta(days=at_day),
        pupil_id=1,
        items=(Choice(4),),
    )


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(autouse=True)
def few_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECENT", 3)


def opened(path: Path, clock: FixedClock) -> Journal:
    return open_journal(path, origin_id=1, key=KEY, clock=clock)


def kept(journal: Journal, table: str = "fact") -> list[tuple[int, int]]:
    return list(journal._db.execute(f"SELECT epoch, seq FROM {table} ORDER BY n"))


def test_what_the_ledger_has_had_is_brought_again_as_it_was(
    tmp_path: Path, clock: FixedClock
) -> None:
    first = opened(tmp_path / "journal.db", clock)
    rows = [first.record(lunch(), ITEMS) for _ in range(5)]
    first.write_note(at_us=7, actor="staff:1", pupil_id=1, purpose="search")
    notes = first.waiting_notes()
    first.drained([row.key for row in rows[:4]])
    first.notes_drained(notes)
    assert first.bring_again() == 4
    assert first.waiting() == rows
    assert first.waiting_notes() == notes
    first.close()


def test_alarms_and_damaged_rows_are_not_brought_again(tmp_path: Path, clock: FixedClock) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    rows = [journal.record(lunch()) for _ in range(3)]
    journal.drained([rows[0].key], alarm=True)
    journal.drained([rows[1].key])
    journal._db.execute("UPDATE fact SET drained = 3 WHERE seq = 3")
    assert journal.bring_again() == 1
    assert journal.waiting() == [rows[1]]
    journal.close()


def test_rows_go_thirty_five_days_after_the_ledger_had_them(
    tmp_path: Path, clock: FixedClock
) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    old = [journal.record(lunch()).key for _ in range(4)]
    journal.write_note(at_us=1, actor="staff:1", pupil_id=None, purpose="search")
    journal.drained(old)
    journal.notes_drained(journal.waiting_notes())
    clock.move(timedelta(days=34))
    young = [journal.record(lunch(34)).key for _ in range(4)]
    journal.write_note(at_us=2, actor="staff:1", pupil_id=None, purpose="search")
    journal.drained(young)
    journal.notes_drained(journal.waiting_notes())
    assert kept(journal) == [*old, *young]
    clock.move(timedelta(days=1))
    newest = journal.record(lunch(35)).key
    journal.write_note(at_us=3, actor="staff:1", pupil_id=None, purpose="search")
    journal.drained([newest])
    journal.notes_drained(journal.waiting_notes())
    assert kept(journal) == [*young, newest]
    assert len(kept(journal, "note")) == 2
    journal.close()


def test_a_row_that_waits_and_all_behind_it_stay_however_old(
    tmp_path: Path, clock: FixedClock
) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    keys = [journal.record(lunch()).key for _ in range(9)]
    journal.drained([*keys[:2], *keys[3:8]])
    clock.move(timedelta(days=400))
    journal.drained([keys[8]])
    assert kept(journal) == keys[2:]
    journal.close()


def test_the_rows_an_opening_reads_stay_however_old(tmp_path: Path, clock: FixedClock) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    keys = [journal.record(lunch()).key for _ in range(6)]
    journal.drained(keys)
    clock.move(timedelta(days=400))
    journal.drained([])
    assert kept(journal) == keys[3:]
    journal.close()


def test_a_damaged_row_stays_and_holds_up_nothing(tmp_path: Path, clock: FixedClock) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    keys = [journal.record(lunch()).key for _ in range(8)]
    journal._db.execute("UPDATE fact SET drained = 3 WHERE seq = 2")
    journal.drained([keys[0], *keys[2:]])
    clock.move(timedelta(days=36))
    journal.drained([])
    assert kept(journal) == [keys[1], *keys[5:]]
    journal.close()


def test_only_a_bite_goes_at_a_time(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_keeping, "BITE", 2)
    journal = opened(tmp_path / "journal.db", clock)
    keys = [journal.record(lunch()).key for _ in range(10)]
    journal.drained(keys)
    clock.move(timedelta(days=36))
    for gone in (2, 4, 6, 7, 7):
        journal.drained([])
        assert kept(journal) == keys[gone:]
    assert journal.record(lunch()).key == (journal.epoch, 11)
    journal.close()


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("record"), st.integers(1, 4)),
            st.tuples(st.just("drain"), st.integers(1, 6)),
            st.tuples(st.just("days"), st.integers(-3, 30)),
            st.tuples(st.just("again"), st.just(0)),
            st.tuples(st.just("reopen"), st.just(0)),
        ),
        max_size=25,
    )
)
def test_whatever_happens_what_stays_of_an_epoch_is_its_end_and_nothing_young_or_waiting_goes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    clock = FixedClock(NOON)
    journal = opened(path, clock)
    written: dict[int, list[int]] = {}
    answered: dict[tuple[int, int], int] = {}
    for what, count in steps:
        if what == "record":
            for _ in range(count):
                epoch, seq = journal.record(lunch()).key
                written.setdefault(epoch, []).append(seq)
        elif what == "drain":
            keys = [row.key for row in journal.waiting(count)]
            today, before = (clock.at - NOON).days, kept(journal)
            answered |= dict.fromkeys(keys, today)
            journal.drained(keys)
            assert all(today - answered[key] >= 35 for key in set(before) - set(kept(journal)))
        elif what == "days":
            clock.move(timedelta(days=count))
        elif what == "again":
            journal.bring_again()
            answered.clear()
        else:
            journal.close()
            journal = opened(path, clock)
    stands = kept(journal)
    journal.close()
    for epoch, numbers in written.items():
        of_epoch = [seq for where, seq in stands if where == epoch]
        assert of_epoch == numbers[len(numbers) - len(of_epoch) :]


def as_format_1(path: Path) -> None:
    """Make the file what the first release would have left."""
    as_format_2(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for table in ("fact", "note"):
            db.execute(f"ALTER TABLE {table} DROP COLUMN drained_on")
        db.execute("PRAGMA user_version = 1")


def as_format_2(path: Path) -> None:
    """Make the file what was written before there were alerts."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE alert")
        db.execute("PRAGMA user_version = 2")


def test_a_journal_of_the_first_format_is_brought_up_with_all_it_holds(
    tmp_path: Path, clock: FixedClock
) -> None:
    path = tmp_path / "journal.db"
    first = opened(path, clock)
    rows = [first.record(lunch(), ITEMS) for _ in range(6)]
    first.write_note(at_us=1, actor="staff:1", pupil_id=None, purpose="search")
    first.drained([row.key for row in rows[:5]])
    first.keep("snapshot", b"as it was")
    first.close()
    as_format_1(path)
    clock.move(timedelta(days=100))
    second = opened(path, clock)
    assert second.waiting() == rows[5:]
    assert second.kept("snapshot") == b"as it was"
    assert len(second.waiting_notes()) == 1
    second.drained([rows[5].key])
    assert kept(second) == [row.key for row in rows]
    clock.move(timedelta(days=36))
    second.drained([])
    assert kept(second) == [row.key for row in rows[3:]]
    second.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (journal_file.FORMAT,)


def test_a_journal_from_before_there_were_alerts_takes_them(
    tmp_path: Path, clock: FixedClock
) -> None:
    path = tmp_path / "journal.db"
    first = opened(path, clock)
    row = first.record(lunch(), ITEMS)
    first.close()
    as_format_2(path)
    second = opened(path, clock)
    second.write_alert(at_us=1, kind="wrong_key", card=bytes(32))
    assert second.waiting() == [row]
    assert len(second.waiting_alerts()) == 1
    second.close()


def test_a_wrong_key_does_not_touch_a_journal_of_the_first_format(
    tmp_path: Path, clock: FixedClock
) -> None:
    path = tmp_path / "journal.db"
    opened(path, clock).close()
    as_format_1(path)
    before = path.read_bytes()
    with pytest.raises(WrongKey):
        open_journal(path, origin_id=1, key=bytes(32), clock=clock)
    assert path.read_bytes() == before


def test_the_file_does_not_tell_at_which_minute_a_row_was_drained(
    tmp_path: Path, clock: FixedClock
) -> None:
    journal = opened(tmp_path / "journal.db", clock)
    journal.drained([journal.record(lunch()).key])
    (told,) = journal._db.execute("SELECT drained_on FROM fact").fetchone()
    assert told == (NOON.date() - NOON.date().replace(1970, 1, 1)).days
    journal.close()


def test_the_life_of_the_ledger_is_kept_sealed_and_damage_to_it_reads_as_none(
    tmp_path: Path, clock: FixedClock
) -> None:
    path = tmp_path / "journal.db"
    journal = opened(path, clock)
    assert journal.incarnation() is None
    journal.keep_incarnation(2**62)
    journal.close()
    assert str(2**62).encode() not in path.read_bytes()
    again = opened(path, clock)
    assert again.incarnation() == 2**62
    again._db.execute("UPDATE about SET value = zeroblob(40) WHERE name = 'incarnation'")
    assert again.incarnation() is None
    again.close()
