"""The counter on a real ledger and a real journal: what a child and the staff get to see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import School, add_child, eur, row
from sqlalchemy import select
from till import PIN, Till, add_staff, give_card, set_school

from accounts.charge import Choice, OverrideReason, Refusal, VoidReason
from accounts.ledger import balance
from accounts.money import Money
from accounts.tables import kiosks, people
from cards.reader import Proof
from kiosk import messages as say

PAYER, POOR = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB"


@pytest.fixture
def till(school: School, tmp_path: Path) -> Iterator[Till]:
    give_card(school, school.payer, PAYER)
    give_card(school, school.guest_of_the_state, POOR)
    set_school(school, accepts="aes,uid")
    add_staff(school)
    opened = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    opened.sync.once()
    yield opened
    opened.sync.once()
    opened.switch_off()


def money_of(till: Till, pupil: int) -> Money:
    with till.school.database.read() as db:
        return balance(db, pupil)


def test_a_tap_serves_the_first_lunch_and_the_ledger_has_it_after_the_drain(till: Till) -> None:
    outcome = till.tap(PAYER)
    assert isinstance(outcome, say.Served)
    assert outcome.items == ("Angebot 1",)
    assert outcome.greeting is None
    till.sync.once()
    assert money_of(till, till.school.payer) == eur("-4,20")


def test_the_second_tap_of_the_day_is_refused_before_and_after_the_drain(till: Till) -> None:
    till.tap(PAYER)
    assert till.tap(PAYER) == say.Refused(till.clock.now(), Refusal.ALREADY_EATEN, 0)
    till.sync.once()
    assert till.tap(PAYER) == say.Refused(till.clock.now(), Refusal.ALREADY_EATEN, 0)


def void_last(till: Till) -> say.Outcome:
    till.counter.sign_in(PIN)
    outcome = till.counter.void_last(VoidReason.WRONG_ITEM)
    till.session.sign_out()
    return outcome


def test_an_owing_child_at_the_floor_is_refused_for_its_balance(till: Till) -> None:
    set_school(till.school, floor_cents=-400)
    with till.school.database.write() as db:
        row(db, kiosks.change, school_id=till.school.id, at_us=till.clock.now(), what="school")
    till.sync.once()
    outcome = till.tap(PAYER)
    assert isinstance(outcome, say.Refused)
    assert outcome.reason is Refusal.BALANCE


def test_unknown_blocked_and_foreign_cards_are_refused_with_their_reason(till: Till) -> None:
    with till.school.database.write() as db:
        lost = add_child(db, till.school.id, "Lost Card")
        moved = add_child(db, till.school.id, "Moved Away")
        db.execute(
            people.membership.update()
            .where(people.membership.c.pupil_id == moved)
            .values(valid_to=till.clock.now().date().replace(day=1))
        )
        row(db, kiosks.change, school_id=till.school.id, at_us=till.clock.now(), what="roster")
    give_card(till.school, lost, "04CCCCCCCCCCCC", state="blocked")
    give_card(till.school, moved, "04DDDDDDDDDDDD")
    till.sync.once()
    reasons = [
        outcome.reason
        for uid in ("04EEEEEEEEEEEE", "04CCCCCCCCCCCC", "04DDDDDDDDDDDD")
        if isinstance(outcome := till.tap(uid), say.Refused)
    ]
    assert reasons == [Refusal.UNKNOWN, Refusal.BLOCKED, Refusal.WRONG_SCHOOL]


def test_a_bare_number_is_not_enough_where_the_school_wants_proof(till: Till) -> None:
    set_school(till.school, accepts="aes")
    with till.school.database.write() as db:
        row(db, kiosks.change, school_id=till.school.id, at_us=till.clock.now(), what="school")
    till.sync.once()
    outcome = till.tap(PAYER, proof=Proof.UID)
    assert isinstance(outcome, say.Refused)
    assert outcome.reason is Refusal.PROOF
    assert isinstance(till.tap(PAYER, proof=Proof.AES), say.Served)


def test_staff_acts_are_refused_until_somebody_signed_in(till: Till) -> None:
    till.tap(PAYER)
    assert till.counter.void_last(VoidReason.MISTAKE) == say.NeedsStaff()
    assert till.counter.serve_anyway(OverrideReason.OTHER) == say.NeedsStaff()
    assert till.counter.find("Ä") == say.NeedsStaff()
    assert till.counter.counts() == say.NeedsStaff()
    assert till.counter.choose((Choice(till.school.drink),)) == say.NeedsStaff()


def test_a_void_within_five_minutes_gives_the_money_and_the_lunch_back(till: Till) -> None:
    till.tap(PAYER)
    till.later(minutes=5)
    assert isinstance(void_last(till), say.Voided)
    assert isinstance(till.tap(PAYER), say.Served)
    till.sync.once()
    assert money_of(till, till.school.payer) == eur("-4,20")


def test_a_void_after_five_minutes_and_a_second_void_are_nothing(till: Till) -> None:
    till.tap(PAYER)
    till.later(minutes=4)
    assert isinstance(void_last(till), say.Voided)
    assert void_last(till) == say.NothingToVoid()
    till.tap(PAYER)
    till.later(minutes=5, seconds=1)
    assert void_last(till) == say.NothingToVoid()


def test_serve_anyway_charges_the_card_that_was_refused_last(till: Till) -> None:
    till.tap(PAYER)
    till.tap(PAYER)
    till.counter.sign_in(PIN)
    assert isinstance(till.counter.serve_anyway(OverrideReason.SECOND_HELPING), say.Served)
    till.sync.once()
    assert money_of(till, till.school.payer) == eur("-8,40")


def test_an_unknown_card_served_anyway_waits_for_the_office(till: Till) -> None:
    till.tap("04EEEEEEEEEEEE")
    till.counter.sign_in(PIN)
    assert isinstance(till.counter.serve_anyway(OverrideReason.CARD_NOT_READ), say.Served)
    till.sync.once()
    with till.school.database.read() as db:
        reasons = db.execute(select(kiosks.quarantine.c.reason)).scalars().all()
    assert reasons == ["unassigned"]


def test_a_forgotten_card_is_served_by_name_and_the_look_is_logged(till: Till) -> None:
    till.counter.sign_in(PIN)
    found = till.counter.find("beisp ä")
    assert isinstance(found, say.Found)
    assert [child.name for child in found.children] == ["Änne Beispiel"]
    outcome = till.counter.serve_found(found.children[0].pupil_id, OverrideReason.CARD_FORGOTTEN)
    assert isinstance(outcome, say.Served)
    till.sync.once()
    with till.school.database.read() as db:
        looks = db.execute(select(kiosks.access_log.c.pupil_id, kiosks.access_log.c.purpose)).all()
    assert [tuple(look) for look in looks] == [
        (None, "search"),
        (till.school.payer, "serve card_forgotten"),
    ]


def test_a_balance_enquiry_shows_the_balance_and_buys_nothing(till: Till) -> None:
    till.counter.ask_balance()
    assert till.tap(PAYER) == say.BalanceShown(till.clock.now(), eur("0"))
    assert isinstance(till.tap(PAYER), say.Served)


def test_a_tray_with_a_drink_the_child_cannot_pay_serves_the_lunch_alone(till: Till) -> None:
    till.counter.sign_in(PIN)
    till.counter.choose((Choice(till.school.lunch), Choice(till.school.drink)))
    outcome = till.tap(PAYER)
    assert isinstance(outcome, say.Served)
    assert (outcome.items, outcome.left_out) == (("Angebot 1",), ("Angebot W",))


def test_the_kitchen_counts_what_both_kiosks_gave_out(till: Till, tmp_path: Path) -> None:
    other = Till(till.school, till.school.other_kiosk.origin_id, tmp_path / "other.db")
    other.sync.once()
    other.tap(POOR)
    other.sync.once()
    till.sync.once()
    till.tap(PAYER)
    till.counter.sign_in(PIN)
    counts = till.counter.counts()
    assert isinstance(counts, say.Counts)
    assert {row.code: row.count for row in counts.rows} == {"1": 2, "2": 0, "S": 0, "W": 0}
    other.switch_off()


def test_a_lunch_taken_at_one_kiosk_is_refused_at_the_other(till: Till, tmp_path: Path) -> None:
    other = Till(till.school, till.school.other_kiosk.origin_id, tmp_path / "other.db")
    other.sync.once()
    assert isinstance(till.tap(PAYER), say.Served)
    till.sync.once()
    other.sync.once()
    outcome = other.tap(PAYER)
    assert isinstance(outcome, say.Refused)
    assert outcome.reason is Refusal.ALREADY_EATEN
    other.switch_off()


def test_children_who_differ_only_in_tariff_get_equal_outcomes(till: Till) -> None:
    assert till.tap(PAYER) == till.tap(POOR)
    assert till.tap(PAYER) == till.tap(POOR)


def test_three_wrong_pins_lock_the_kiosk_even_over_a_restart(till: Till) -> None:
    assert till.counter.sign_in("1") == say.SignInRefused(0)
    assert till.counter.sign_in("2") == say.SignInRefused(0)
    assert till.counter.sign_in("3") == say.SignInRefused(30)
    till.switch_off()
    till.switch_on()
    till.sync.once()
    assert till.counter.sign_in(PIN) == say.SignInRefused(30)
    till.later(seconds=30)
    assert isinstance(till.counter.sign_in(PIN), say.SignedIn)


def test_staff_are_signed_out_when_idle(till: Till) -> None:
    till.counter.sign_in(PIN)
    till.later(seconds=61)
    assert till.counter.why() == say.NeedsStaff()


def test_a_kiosk_switched_off_between_tap_and_drain_loses_nothing(till: Till) -> None:
    till.tap(PAYER)
    till.switch_off()
    till.switch_on()
    till.sync.once()
    assert money_of(till, till.school.payer) == eur("-4,20")
    outcome = till.tap(PAYER)
    assert isinstance(outcome, say.Refused)
    assert outcome.reason is Refusal.ALREADY_EATEN
