"""A kiosk whose clock is set back, and one whose disk or ledger lost something."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import School, add_child, eur
from till import PIN, Till, add_staff, give_card, set_school

from accounts.ledger import balance
from accounts.schools import revoke_origin
from accounts.tables import kiosks
from kiosk import messages as say

PAYER, POOR = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB"


@pytest.fixture
def till(school: School, tmp_path: Path) -> Iterator[Till]:
    give_card(school, school.payer, PAYER)
    give_card(school, school.guest_of_the_state, POOR)
    set_school(school, accepts="uid")
    add_staff(school)
    opened = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    opened.sync.once()
    yield opened
    opened.switch_off()


def test_staff_do_not_stay_signed_in_when_the_clock_is_set_back(till: Till) -> None:
    till.counter.sign_in(PIN)
    till.later(hours=-1)
    assert till.counter.why() == say.NeedsStaff()


def test_an_armed_balance_enquiry_ends_when_the_clock_is_set_back(till: Till) -> None:
    till.later(hours=1)
    till.counter.ask_balance()
    till.later(minutes=-30)
    assert isinstance(till.tap(PAYER), say.Served)


def test_a_clock_set_back_locks_nobody_out_for_longer_than_the_longest_lock(till: Till) -> None:
    for pin in "123":
        till.counter.sign_in(pin)
    till.later(hours=-5)
    refused = till.counter.sign_in(PIN)
    assert isinstance(refused, say.SignInRefused)
    assert refused.wait_seconds <= 15 * 60


def test_a_damaged_row_stops_neither_the_start_nor_the_rows_of_later_openings(till: Till) -> None:
    till.tap(PAYER)
    till.switch_off()
    with sqlite3.connect(till.path) as db:
        db.execute("UPDATE fact SET sealed = zeroblob(length(sealed))")
    db.close()
    till.switch_on()
    till.sync.once()
    assert isinstance(till.tap(POOR), say.Served)
    till.sync.once()
    assert till.journal.count_waiting() == 0


def test_a_damaged_snapshot_is_fetched_anew(till: Till) -> None:
    till.switch_off()
    with sqlite3.connect(till.path) as db:
        db.execute("UPDATE about SET value = zeroblob(60) WHERE name = 'snapshot'")
    db.close()
    till.switch_on()
    till.sync.once()
    assert isinstance(till.tap(PAYER), say.Served)


def test_facts_the_ledger_will_not_take_do_not_keep_fresh_news_away(till: Till) -> None:
    till.tap(PAYER)
    waiting = till.journal.waiting()
    till.journal.drained([waiting[0].key])
    till.tap(POOR)
    heard = len(till.learned)
    with till.school.database.write() as db:
        db.execute(
            kiosks.change.insert(),
            {"school_id": till.school.id, "at_us": till.clock.now(), "what": "school"},
        )
    till.sync.once()
    assert len(till.learned) == heard + 1
    assert till.journal.count_waiting() == 1


def test_after_the_next_start_new_facts_are_booked_whatever_an_older_epoch_misses(
    till: Till,
) -> None:
    till.tap(PAYER)
    till.journal.drained([till.journal.waiting()[0].key])
    till.tap(POOR)
    till.switch_off()
    till.switch_on()
    with till.school.database.write() as db:
        third = add_child(db, till.school.id, "Dritte Person")
    give_card(till.school, third, "04CCCCCCCCCCCC")
    till.sync.once()
    assert isinstance(till.tap("04CCCCCCCCCCCC"), say.Served)
    till.sync.once()
    with till.school.database.read() as db:
        assert balance(db, third) == eur("-4,20")


def test_a_revoked_kiosk_says_so_and_its_snapshot_grows_old(till: Till) -> None:
    with till.school.database.write() as db:
        assert revoke_origin(db, origin_id=till.origin_id, at=till.clock.now())
        assert not revoke_origin(db, origin_id=till.origin_id, at=till.clock.now())
    till.later(seconds=5)
    till.sync.once()
    till.later(seconds=5)
    till.sync.once()
    status = till.sync.status()
    assert (status.snapshot_age_seconds, status.revoked) == (10, True)
