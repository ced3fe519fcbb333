"""The journal: durable, sealed, gap-free, and one kiosk's alone."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, row
from till import KEY, PIN, Till, card_hash, give_card, set_school

from accounts import chain
from accounts.charge import Choice
from accounts.clock import microseconds
from accounts.database import Database, open_database
from accounts.facts import Fact, FactKind
from accounts.intake import book_facts
from accounts.tables import people
from kiosk import journal as module
from kiosk.journal import Item, Journal, JournalBroken, open_journal
from kiosk.vault import WrongKey

PAYER = "04AAAAAAAAAAAA"
ITEMS = (Item(4, "lunch", 1, 420),)


def lunch(pupil: int = 1, *, minute: int = 0) -> Fact:
    return Fact(
        epoch=0,
        seq=0,
        kind=FactKind.CHARGE,
        occurred_at=NOON + timedelta(minutes=minute),
        pupil_id=pupil,
        items=(Choice(4),),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = open_journal(path, origin_id=1, key=KEY)
    yield opened
    opened.close()


def test_what_was_recorded_is_there_after_the_next_opening(path: Path) -> None:
    first = open_journal(path, origin_id=1, key=KEY)
    written = [first.record(lunch(minute=n), ITEMS) for n in range(3)]
    first.close()
    second = open_journal(path, origin_id=1, key=KEY)
    assert second.waiting() == written
    assert list(second.recent.values()) == written
    second.close()


def test_numbers_run_from_one_and_every_row_is_linked_to_the_one_before(journal: Journal) -> None:
    rows = [journal.record(lunch(minute=n)) for n in range(5)]
    assert [row.key for row in rows] == [(journal.epoch, n) for n in range(1, 6)]
    link = chain.genesis(origin_id=1, epoch=journal.epoch)
    for written in rows:
        link = chain.link(link, written.fact.row(1))
        assert written.fact.chain == link


def test_an_opening_writes_in_an_epoch_of_its_own(path: Path) -> None:
    epochs = set()
    for _ in range(5):
        opened = open_journal(path, origin_id=1, key=KEY)
        epochs.add(opened.record(lunch()).fact.epoch)
        opened.close()
    assert len(epochs) == 5


def test_a_set_to_send_is_of_one_epoch_and_the_oldest_first(path: Path) -> None:
    for opening in range(2):
        opened = open_journal(path, origin_id=1, key=KEY)
        keys = [opened.record(lunch(minute=10 * opening + n)).key for n in range(3)]
        opened.close()
    opened = open_journal(path, origin_id=1, key=KEY)
    older = [row.key for row in opened.waiting()]
    assert len({epoch for epoch, _ in older}) == 1
    assert [row.key for row in opened.waiting(at_most=2)] == older[:2]
    assert opened.count_waiting() == 6
    opened.drained(older)
    assert [row.key for row in opened.waiting()] == keys
    opened.drained(keys[:1], alarm=True)
    assert [row.key for row in opened.waiting()] == keys[1:]
    opened.close()


def test_notes_are_numbered_kept_and_sent_once(path: Path) -> None:
    opened = open_journal(path, origin_id=1, key=KEY)
    opened.write_note(at_us=1, actor="staff:1", pupil_id=None, purpose="search")
    opened.write_note(at_us=2, actor="staff:1", pupil_id=7, purpose="serve other")
    opened.close()
    again = open_journal(path, origin_id=1, key=KEY)
    notes = again.waiting_notes()
    assert [(n.seq, n.at_us, n.pupil_id, n.purpose) for n in notes] == [
        (1, 1, None, "search"),
        (2, 2, 7, "serve other"),
    ]
    again.notes_drained(notes)
    assert again.waiting_notes() == []
    again.close()


def test_threads_that_record_at_once_leave_no_gap(journal: Journal) -> None:
    threads = [
        threading.Thread(target=lambda: [journal.record(lunch()) for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [row.key for row in journal.waiting()]
    assert keys == [(journal.epoch, n) for n in range(1, 101)]


def record_for_ever(journal: Journal) -> None:
    while True:
        journal.record(lunch())


def test_a_row_the_disk_has_no_room_for_is_not_written_and_its_number_is_used_again(
    journal: Journal,
) -> None:
    journal.record(lunch())
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count={pages}").fetchall()
    with pytest.raises(sqlite3.OperationalError, match="full"):
        record_for_ever(journal)
    written = len(journal.recent)
    assert journal.count_waiting() == written
    journal._db.execute("PRAGMA max_page_count=1000000").fetchall()
    assert journal.record(lunch()).key == (journal.epoch, written + 1)


def test_a_journal_that_cannot_be_written_records_nothing(journal: Journal) -> None:
    journal._db.execute("PRAGMA query_only=ON")
    with pytest.raises(sqlite3.OperationalError):
        journal.record(lunch())
    assert not journal.recent
    journal._db.execute("PRAGMA query_only=OFF")
    assert journal.record(lunch()).fact.seq == 1


def test_another_key_another_passphrase_and_another_kiosk_do_not_open_it(path: Path) -> None:
    open_journal(path, origin_id=1, key=KEY).close()
    with pytest.raises(WrongKey):
        open_journal(path, origin_id=1, key=bytes(32))
    with pytest.raises(WrongKey):
        open_journal(path, origin_id=1, passphrase="guess")
    with pytest.raises(WrongKey, match="another kiosk"):
        open_journal(path, origin_id=2, key=KEY)


def test_a_passphrase_opens_what_it_made(path: Path) -> None:
    first = open_journal(path, origin_id=1, passphrase="Lindenallee 7")
    written = first.record(lunch())
    first.close()
    with pytest.raises(WrongKey):
        open_journal(path, origin_id=1, passphrase="Lindenallee 8")
    second = open_journal(path, origin_id=1, passphrase="Lindenallee 7")
    assert second.waiting() == [written]
    second.close()


def test_without_a_key_or_with_a_short_one_nothing_is_opened(path: Path) -> None:
    with pytest.raises(ValueError, match="needs a key"):
        open_journal(path, origin_id=1)
    with pytest.raises(ValueError, match="32 bytes"):
        open_journal(path, origin_id=1, key=b"short")


def test_a_file_that_is_no_journal_is_named_as_broken(path: Path) -> None:
    path.write_bytes(b"a shopping list, and a long one " * 100)
    with pytest.raises(JournalBroken, match=r"journal\.db"):
        open_journal(path, origin_id=1, key=KEY)


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    open_journal(path, origin_id=1, key=KEY).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 7")
    with pytest.raises(JournalBroken, match="format 7"):
        open_journal(path, origin_id=1, key=KEY)


def test_a_second_kiosk_on_the_same_journal_is_refused(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0)
    with pytest.raises(JournalBroken, match="another kiosk is running"):
        open_journal(path, origin_id=1, key=KEY)
    journal.record(lunch())


def test_a_changed_row_and_a_row_moved_to_another_place_are_no_facts(path: Path) -> None:
    first = open_journal(path, origin_id=1, key=KEY)
    for n in range(2):
        first.record(lunch(minute=n), ITEMS)
    first.close()
    swap = "UPDATE fact SET sealed = (SELECT sealed FROM fact WHERE n = 2) WHERE n = 1"
    renumber = "UPDATE fact SET seq = 9 WHERE n = 2"
    flip = "UPDATE fact SET sealed = CAST(zeroblob(1) || substr(sealed, 2) AS BLOB) WHERE n = 1"
    for attack in (swap, renumber, flip):
        copy = path.with_name("attacked.db")
        shutil.copy(path, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            db.execute(attack)
        opened = open_journal(copy, origin_id=1, key=KEY)
        assert len(opened.recent) == 1
        assert len(opened.waiting()) == 1
        opened.close()
        copy.unlink()


@pytest.fixture
def till(empty_sqlite: Path, tmp_path: Path) -> Iterator[Till]:
    """A till with names, cards and a PIN in its snapshot, on SQLite."""
    from builders import open_school

    shutil.copy(empty_sqlite, tmp_path / "ledger.db")
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    school = open_school(database)
    give_card(school, school.payer, PAYER)
    set_school(school, accepts="aes,uid", shows_first_name=1)
    with database.write() as db:
        row(db, people.staff, school_id=school.id, label="Küche", pin_hash=PIN * 8)
    opened = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    opened.sync.once()
    yield opened
    opened.switch_off()
    database.close()


def test_neither_names_nor_numbers_lie_in_clear_on_the_disk(till: Till) -> None:
    till.tap(PAYER)
    till.counter.sign_in(PIN * 8)
    till.counter.find("Beispiel")
    on_disk = b"".join(
        path.read_bytes() for path in till.path.parent.glob("journal.db*") if path.is_file()
    )
    assert b"SQLite format 3" in on_disk
    told = till.learned[-1]
    person = told.people[0]
    secrets = {
        person.first_name,
        person.last_name,
        "Beispiel",
        told.school.name,
        told.offers[0].title,
        told.cards[0].hash,
        card_hash(PAYER).upper(),
        PAYER,
        PIN * 8,
        "Küche",
        "serve",
        "search",
        "lunch",
    }
    for secret in secrets:
        for form in (secret.encode(), secret.encode("utf-16-le"), secret.encode("latin-1")):
            assert form not in on_disk, secret
    assert bytes.fromhex(card_hash(PAYER)) not in on_disk


def facts_of(database: Database) -> int:
    from accounts.ledger import count_entries

    with database.read() as db:
        return count_entries(db)


def test_a_restored_older_image_reuses_no_number_and_is_answered_as_before(till: Till) -> None:
    till.tap(PAYER)
    till.switch_off()
    image = till.path.with_name("image.db")
    shutil.copy(till.path, image)
    till.switch_on()
    till.sync.once()
    till.counter.sign_in(PIN * 8)
    drained = {row.key for row in till.journal.recent.values()}
    entries = facts_of(till.school.database)
    till.switch_off()
    shutil.copy(image, till.path)
    till.switch_on()
    assert till.journal.count_waiting() == 1
    again = till.journal.waiting()
    with till.school.database.write() as db:
        answers = book_facts(db, till.origin_id, [row.fact for row in again], now=till.clock.now())
    assert [(a.quarantined, a.alarm) for a in answers] == [(None, False)]
    till.sync.once()
    assert facts_of(till.school.database) == entries
    written = till.journal.record(lunch(till.school.payer))
    assert written.key not in drained
    assert written.fact.epoch not in {epoch for epoch, _ in drained}


def test_what_is_kept_under_a_name_comes_back_and_only_under_it(journal: Journal) -> None:
    journal.keep("snapshot", b"first")
    journal.keep("snapshot", b"second")
    assert journal.kept("snapshot") == b"second"
    assert journal.kept("other") is None
    journal._db.execute("INSERT INTO about SELECT 'other', value FROM about WHERE name='snapshot'")
    with pytest.raises(WrongKey):
        journal.kept("other")


def test_times_are_kept_to_the_microsecond(journal: Journal) -> None:
    at = NOON + timedelta(microseconds=123457)
    fact = Fact(epoch=0, seq=0, kind=FactKind.CHARGE, occurred_at=at, items=(Choice(4),))
    journal.record(fact)
    (kept,) = journal.waiting()
    assert microseconds(kept.fact.occurred_at) == microseconds(at)
