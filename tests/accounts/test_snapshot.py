"""What a kiosk is told of its school, of one moment; and the pulse that says when to ask."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import MONDAY, NOON, School, add_child, add_offer, eur, open_school, row
from ledgers import fresh
from sqlalchemy import update
from till import PIN, Till, add_staff, give_card, set_school

from accounts.changes import note_change
from accounts.charge import OverrideReason, VoidReason
from accounts.database import Database
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.snapshot import PersonRow, Snapshot, from_bytes, to_bytes
from accounts.snapshot_query import Pulse, pulse, take_snapshot
from accounts.tables import kiosks, people
from kiosk import messages as say

CARD = "04A1B2C3D4E5F6"


def taken(school: School, *, epochs: tuple[int, ...] = (1,)) -> Snapshot:
    with school.database.read() as db:
        snapshot = take_snapshot(db, origin_id=school.kiosk.origin_id, epochs=epochs, at=NOON)
    assert snapshot is not None
    return snapshot


def person(snapshot: Snapshot, pupil: int) -> PersonRow:
    return next(one for one in snapshot.people if one.id == pupil)


def report(school: School, *facts: Fact) -> None:
    with school.database.write() as db:
        book_facts(db, school.kiosk.origin_id, facts, now=NOON)


def beat(school: School) -> Pulse:
    with school.database.read() as db:
        return pulse(db, school.id)


def card(school: School, name: str, *, pupil: int, state: str = "active") -> str:
    number = name.encode().ljust(32, b"-")
    with school.database.write() as db:
        row(
            db, people.card, uid_hmac=number, pupil_id=pupil, issue_no=1, printed_no=name,
            state=state,
        )  # fmt: skip
    return number.hex()


def test_it_says_what_each_has_and_ate_and_spent(school: School) -> None:
    school.pay_in(school.payer, eur("20,00"))
    kiosk = school.kiosk
    report(school, kiosk.charge(school.payer, school.lunch, school.drink))
    payer = person(taken(school), school.payer)
    assert (payer.balance_cents, payer.lunches, payer.spent_cents) == (1480, 1, 100)
    assert not payer.funded
    poor = person(taken(school), school.guest_of_the_state)
    assert (poor.balance_cents, poor.lunches, poor.spent_cents) == (0, 0, 0)
    assert poor.funded
    assert poor.tariff_id == school.funded
    assert poor.base_tariff_id == school.full


def test_what_was_taken_back_was_not_eaten(school: School) -> None:
    fact = school.kiosk.charge(school.payer, school.lunch)
    report(school, fact)
    assert taken(school).counts == ((school.lunch, 1),)
    report(school, school.kiosk.void(fact))
    snapshot = taken(school)
    assert snapshot.counts == ()
    assert person(snapshot, school.payer).lunches == 0


def test_a_lunch_without_a_name_left_the_kitchen_too(school: School) -> None:
    kiosk = school.kiosk
    nobodys = kiosk.charge(None, school.lunch, override=OverrideReason.CARD_NOT_READ)
    mistake = kiosk.charge(None, school.veggie, override=OverrideReason.OTHER)
    report(school, kiosk.charge(school.payer, school.lunch), nobodys, mistake)
    assert taken(school).counts == ((school.lunch, 2), (school.veggie, 1))
    report(school, kiosk.void(mistake))
    assert taken(school).counts == ((school.lunch, 2),)


def test_a_lunch_in_quarantine_is_eaten_for_the_kiosk_that_gave_it(
    school: School, tmp_path: Path
) -> None:
    give_card(school, school.payer, CARD)
    set_school(school, accepts="uid", pupil_day_cap_cents=100)
    here, there = (
        Till(school, kiosk.origin_id, tmp_path / f"{kiosk.origin_id}.db")
        for kiosk in (school.kiosk, school.other_kiosk)
    )
    add_staff(school)
    for till in (here, there):
        till.sync.once()
        till.counter.sign_in(PIN)
    assert isinstance(here.tap(CARD), say.Served)
    for till in (here, there):
        till.later(seconds=40)
        till.sync.once()
    assert person(here.learned[-1], school.payer).lunches == 1
    assert person(there.learned[-1], school.payer).lunches == 0
    assert isinstance(here.tap(CARD), say.Refused)
    assert isinstance(here.counter.void_last(VoidReason.MISTAKE), say.Voided)
    here.later(seconds=40)
    here.sync.once()
    assert person(here.learned[-1], school.payer).lunches == 0
    assert isinstance(here.tap(CARD), say.Served)
    for till in (here, there):
        till.switch_off()


def test_the_marks_are_the_newest_of_each_epoch_the_ledger_has_heard(school: School) -> None:
    kiosk = school.kiosk
    assert taken(school).marks == ()
    report(school, kiosk.charge(school.payer, school.lunch), kiosk.charge(999, school.lunch))
    assert taken(school, epochs=(1, 2)).marks == ((1, 2),)


def test_offers_and_prices_reach_a_week_ahead_and_not_back(school: School) -> None:
    with school.database.write() as db:
        for ahead in (-1, 7, 8):
            add_offer(db, school, "1", "lunch", 300, day=MONDAY + timedelta(days=ahead))
        row(db, people.closed_day, school_id=school.id, day=date(2026, 11, 27), why="Fest")
    snapshot = taken(school)
    days = {offer.day for offer in snapshot.offers}
    assert days == {"2026-11-23", "2026-11-30"}
    assert {price[0] for price in snapshot.prices} == {offer.id for offer in snapshot.offers}
    assert snapshot.closed == ("2026-11-27",)


def test_a_child_of_elsewhere_is_a_card_without_a_name(school: School) -> None:
    here = card(school, "here", pupil=school.payer)
    lost = card(school, "lost", pupil=school.guest_of_the_state, state="blocked")
    with school.database.write() as db:
        moved = add_child(db, school.id, "Fort Gezogen")
        db.execute(
            update(people.membership)
            .where(people.membership.c.pupil_id == moved)
            .values(valid_to=MONDAY - timedelta(days=1))
        )
        other = row(db, people.school, number="165001", name="Andere Schule")
        stranger = add_child(db, other, "Nie Hier")
    gone = card(school, "gone", pupil=moved)
    never = card(school, "never", pupil=stranger)
    snapshot = taken(school)
    cards = {one.hash: (one.standing, one.pupil_id) for one in snapshot.cards}
    assert cards[here] == ("active", school.payer)
    assert cards[lost] == ("blocked", school.guest_of_the_state)
    assert cards[gone] == ("wrong_school", None)
    assert never not in cards
    kept = to_bytes(snapshot).decode()
    assert "Beispiel" in kept
    assert "Gezogen" not in kept
    assert "Nie" not in kept


def test_a_revoked_or_unknown_kiosk_gets_nothing(school: School) -> None:
    with school.database.write() as db:
        db.execute(
            update(kiosks.origin)
            .where(kiosks.origin.c.id == school.kiosk.origin_id)
            .values(revoked_us=NOON)
        )
    with school.database.read() as db:
        for origin in (school.kiosk.origin_id, school.office, 999):
            assert take_snapshot(db, origin_id=origin, epochs=(1,), at=NOON) is None


def test_what_is_kept_on_the_disk_is_the_snapshot(school: School) -> None:
    card(school, "here", pupil=school.payer)
    with school.database.write() as db:
        row(db, people.staff, school_id=school.id, label="Küche", pin_hash="$argon2id$")
        db.execute(
            update(people.pupil)
            .where(people.pupil.c.id == school.payer)
            .values(day_limit_cents=500, blocked_classes="drink,snack")
        )
    report(school, school.kiosk.charge(school.payer, school.lunch))
    snapshot = taken(school)
    assert from_bytes(to_bytes(snapshot)) == snapshot
    assert from_bytes(to_bytes(replace(snapshot, marks=()))) != snapshot


def test_the_pulse_moves_with_an_entry_and_with_a_change_and_with_nothing_else(
    school: School,
) -> None:
    still = beat(school)
    assert beat(school) == still
    report(school, school.kiosk.charge(school.payer, school.lunch))
    eaten = beat(school)
    assert eaten != still
    with school.database.write() as db:
        other = row(db, people.school, number="165001", name="Andere Schule")
        note_change(db, what="card", at=NOON, school_id=other)
    assert beat(school) == eaten
    seen = {eaten}
    for whose in (school.id, None):
        with school.database.write() as db:
            note_change(db, what="card", at=NOON, school_id=whose)
        assert beat(school) not in seen
        seen.add(beat(school))


@pytest.fixture
def server_school(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[School]:
    """The school on PostgreSQL, where two writers are at work at once."""
    database: Database = fresh(request, "postgresql", tmp_path)  # type: ignore[arg-type]
    yield open_school(database)
    database.close()


@pytest.mark.postgresql
def test_what_began_first_and_ended_last_moves_the_pulse(server_school: School) -> None:
    school = server_school
    early = school.kiosk.charge(school.payer, school.lunch)
    with ExitStack() as slow:
        db = slow.enter_context(school.database.write())
        book_facts(db, school.kiosk.origin_id, [early], now=NOON)
        note_change(db, what="card", at=NOON, school_id=school.id)
        with school.database.write() as other:
            fact = school.other_kiosk.charge(school.guest_of_the_state, school.lunch)
            book_facts(other, school.other_kiosk.origin_id, [fact], now=NOON)
            note_change(other, what="card", at=NOON, school_id=school.id)
        between = beat(school)
    after = beat(school)
    assert after.entry != between.entry
    assert after.change != between.change
