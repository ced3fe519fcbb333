"""What the counter makes of a card's proof, and what the office hears of it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from builders import NOON, School, add_child
from keyed_cards import SCHOOL_KEY, Keyed, keyed_card
from sqlalchemy import text
from till import PIN, Till, add_staff, card_hash, give_card, set_school

from accounts.card_register import Card
from accounts.charge import Choice, Refusal
from accounts.guards import JournalRefused
from accounts.holdings import BlockReason, block_card, issue_staff_card
from accounts.money import Money
from accounts.snapshot import KeyRow
from cards.reader import CardFault, Proof
from cards.school_key import SchoolKey
from kiosk import messages as say
from kiosk.key_book import KeyBook
from kiosk.messages import CardKeys, ProofLack
from kiosk.school_keys import keep_key

KEYED, NUMBER, STAFF = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB", "04CCCCCCCCCCCC"


def issue(school: School, uid: str, *, pupil_id: int | None = None, **more: object) -> Keyed:
    return keyed_card(
        school.database,
        uid,
        hashed=bytes.fromhex(card_hash(uid)),
        school_id=school.id,
        pupil_id=pupil_id,
        **more,  # type: ignore[arg-type]  # passed on as it is
    )


@pytest.fixture
def keyed(school: School) -> Keyed:
    return issue(school, KEYED, pupil_id=school.payer)


@pytest.fixture
def till(school: School, keyed: Keyed, tmp_path: Path) -> Iterator[Till]:
    """A kiosk with its school's key, at a school that takes numbers too."""
    give_card(school, school.guest_of_the_state, NUMBER)
    set_school(school, accepts="aes,uid")
    add_staff(school)
    opened = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    keep_key(opened.journal, SCHOOL_KEY)
    opened.switch_off()
    opened.switch_on()
    opened.sync.once()
    yield opened
    opened.sync.once()
    opened.switch_off()


def alerts(school: School) -> list[tuple[str, int | None]]:
    """Kind and card of what the office has heard, in the order it came."""
    with school.database.read() as db:
        rows = db.execute(text("SELECT kind, card_id FROM card_alert ORDER BY id")).all()
    return [(row.kind, row.card_id) for row in rows]


def refused(outcome: say.Outcome) -> say.Refused:
    assert isinstance(outcome, say.Refused), outcome
    return outcome


def test_a_card_that_proved_its_key_is_served(till: Till) -> None:
    assert isinstance(till.tap(KEYED, proof=Proof.AES), say.Served)


def test_the_secret_of_a_card_is_found_by_its_number_and_of_no_other(
    till: Till, keyed: Keyed
) -> None:
    assert till.keys.secret_of(KEYED) == keyed.secret
    assert till.keys.secret_of(NUMBER) is None


def test_a_card_with_a_key_is_not_taken_by_its_number_though_the_school_takes_numbers(
    till: Till,
) -> None:
    outcome = refused(till.tap(KEYED))
    assert (outcome.reason, outcome.detail) == (Refusal.PROOF, ProofLack.NUMBER_ONLY)
    till.sync.once()
    assert alerts(till.school) == []
    assert isinstance(till.tap(NUMBER), say.Served)


def test_a_school_that_takes_proved_cards_only_refuses_a_number(till: Till) -> None:
    set_school(till.school, accepts="aes")
    changed(till)
    assert refused(till.tap(NUMBER)).reason is Refusal.PROOF
    assert isinstance(till.tap(KEYED, proof=Proof.AES), say.Served)


@pytest.mark.parametrize("fault", CardFault)
def test_a_card_that_fails_its_proof_is_refused_and_the_office_hears_of_it(
    till: Till, keyed: Keyed, fault: CardFault
) -> None:
    outcome = refused(till.tap(KEYED, fault=fault))
    assert (outcome.reason, outcome.detail) == (Refusal.PROOF, fault)
    till.sync.once()
    assert alerts(till.school) == [(fault.value, keyed.card.id)]


def test_one_card_and_kind_is_told_once_a_minute(till: Till) -> None:
    for _ in range(5):
        till.tap(KEYED, fault=CardFault.WRONG_KEY)
        till.tap(KEYED, fault=CardFault.BROKEN)
        till.later(seconds=10)
    till.later(seconds=10)
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    till.sync.once()
    kinds = [kind for kind, _ in alerts(till.school)]
    assert kinds == ["wrong_key", "broken", "wrong_key"]


def test_a_clock_that_is_set_back_does_not_silence_alerts(till: Till) -> None:
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    till.later(hours=-2)
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    assert len(till.journal.waiting_alerts()) == 2


def test_a_fault_of_a_card_nobody_knows_is_told_to_nobody(till: Till) -> None:
    assert refused(till.tap("04DDDDDDDDDDDD", fault=CardFault.WRONG_KEY)).reason is Refusal.UNKNOWN
    assert till.journal.waiting_alerts() == []


def changed(till: Till) -> None:
    with till.school.database.write() as db:
        db.execute(
            text("INSERT INTO change (school_id, at_us, what) VALUES (:school, 1, 'school')"),
            {"school": till.school.id},
        )
    till.sync.once()


def test_a_blocked_card_has_no_key_here_at_the_next_tap_and_showing_it_is_told(
    till: Till, keyed: Keyed
) -> None:
    with till.school.database.write() as db:
        block_card(
            db, card_id=keyed.card.id, reason=BlockReason.LOST, actor="office", at=till.clock.now()
        )
    till.sync.once()
    assert till.keys.secret_of(KEYED) is None
    assert refused(till.tap(KEYED)).reason is Refusal.BLOCKED
    till.sync.once()
    assert alerts(till.school) == [("blocked_shown", keyed.card.id)]


def test_a_replaced_card_is_refused_for_ever_and_the_new_one_has_the_balance(
    till: Till, keyed: Keyed
) -> None:
    new = issue(till.school, "04EEEEEEEEEEEE", pupil_id=till.school.payer, replaces=keyed.card.id)
    till.sync.once()
    assert new.secret.issue_no == keyed.secret.issue_no + 1
    for proof in (Proof.UID, Proof.AES):
        assert refused(till.tap(KEYED, proof=proof)).reason is Refusal.REPLACED
    assert isinstance(till.tap(new.uid, proof=Proof.AES), say.Served)
    till.sync.once()
    assert alerts(till.school) == [("replaced_shown", keyed.card.id)]


def test_a_card_whose_child_ate_elsewhere_is_told_and_one_that_ate_here_is_not(
    till: Till, keyed: Keyed, tmp_path: Path
) -> None:
    other = Till(till.school, till.school.other_kiosk.origin_id, tmp_path / "other.db", till.clock)
    other.sync.once()
    assert isinstance(other.tap(KEYED, proof=Proof.AES), say.Served)
    assert refused(other.tap(KEYED, proof=Proof.AES)).reason is Refusal.ALREADY_EATEN
    other.sync.once()
    till.sync.once()
    till.later(minutes=10)
    assert refused(till.tap(KEYED, proof=Proof.AES)).reason is Refusal.ALREADY_EATEN
    till.sync.once()
    other.sync.once()  # what it brought long ago is forgotten there, and that it fed the child is not
    assert refused(other.tap(KEYED, proof=Proof.AES)).reason is Refusal.ALREADY_EATEN
    other.sync.once()
    other.switch_off()
    assert alerts(till.school) == [("seen_elsewhere", keyed.card.id)]


def test_a_kiosk_without_its_schools_key_says_so_to_staff_and_refuses(
    school: School, keyed: Keyed, tmp_path: Path
) -> None:
    add_staff(school)
    till = Till(school, school.kiosk.origin_id, tmp_path / "journal.db")
    till.sync.once()
    assert till.sync.status().keys is CardKeys.MISSING
    outcome = refused(till.tap(KEYED))
    assert (outcome.reason, outcome.detail) == (Refusal.PROOF, ProofLack.NO_KEYS)
    till.counter.sign_in(PIN)
    assert till.counter.why() == say.Why(Refusal.PROOF, ProofLack.NO_KEYS)
    keep_key(till.journal, SCHOOL_KEY)
    till.switch_off()
    till.switch_on()
    till.sync.once()
    assert till.sync.status().keys is CardKeys.HELD
    assert till.keys.secret_of(KEYED) == keyed.secret
    till.switch_off()


def test_a_card_that_is_not_sealed_for_the_school_yet_is_not_taken_by_its_number(
    till: Till,
) -> None:
    with till.school.database.write() as db:
        pupil = add_child(db, till.school.id)
    issue(till.school, "04DDDDDDDDDDDD", pupil_id=pupil, key=None)
    changed(till)
    assert refused(till.tap("04DDDDDDDDDDDD")).detail is ProofLack.NO_KEYS
    assert till.sync.status().keys is CardKeys.MISSING


def test_staff_sign_in_by_a_card_with_a_key_only_when_it_proved_it(till: Till) -> None:
    staff = add_staff(till.school, "Leitung")
    issue(till.school, STAFF, staff_id=staff)
    changed(till)
    assert refused(till.tap(STAFF)).reason is Refusal.PROOF
    assert isinstance(till.tap(STAFF, proof=Proof.AES), say.SignedIn)


def test_staff_do_not_sign_in_by_a_number_at_a_school_that_takes_numbers(till: Till) -> None:
    school = till.school
    staff = add_staff(school, "Leitung")
    with school.database.write() as db:
        hashed = bytes.fromhex(card_hash(STAFF))
        made = issue_staff_card(db, uid_hmac=hashed, staff_id=staff, actor="office", at=NOON)
        assert isinstance(made, Card)
    changed(till)
    assert refused(till.tap(STAFF)).reason is Refusal.PROOF
    assert till.session.who() is None
    assert isinstance(till.counter.sign_in(PIN), say.SignedIn)


def test_a_number_buys_no_more_than_its_daily_limit_and_the_first_lunch_all_the_same(
    till: Till,
) -> None:
    school = till.school
    school.pay_in(school.guest_of_the_state, Money(10_000))
    school.pay_in(school.payer, Money(10_000))
    set_school(school, uid_day_limit_cents=250)
    changed(till)
    till.counter.sign_in(PIN)
    drink, lunch = Choice(school.drink), Choice(school.lunch)
    till.counter.choose((drink,))
    assert [type(till.tap(NUMBER)) for _ in range(3)] == [say.Served, say.Served, say.Refused]
    assert till.tap(NUMBER) == say.Refused(till.clock.now(), Refusal.NUMBER_LIMIT, 0)
    till.counter.choose((lunch, drink))
    served = till.tap(NUMBER)
    assert isinstance(served, say.Served)
    assert served.left_out == ("Angebot W",)
    till.counter.choose((drink,))
    for _ in range(4):
        assert isinstance(till.tap(KEYED, proof=Proof.AES), say.Served)


def test_without_a_limit_of_the_school_a_number_buys_for_five_euro(till: Till) -> None:
    school = till.school
    school.pay_in(school.guest_of_the_state, Money(10_000))
    changed(till)
    till.counter.sign_in(PIN)
    till.counter.choose((Choice(school.drink),))
    outcomes = [type(till.tap(NUMBER)) for _ in range(6)]
    assert outcomes == [say.Served] * 5 + [say.Refused]


def test_an_alert_whose_answer_is_lost_is_written_down_once(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    with monkeypatch.context() as broken:
        broken.setattr(till.journal, "alerts_drained", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            till.sync.once()
    till.sync.once()
    assert len(alerts(till.school)) == 1
    assert till.journal.waiting_alerts() == []


def test_alerts_the_ledger_does_not_take_stop_nothing_else(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    till.tap(NUMBER)
    drain = till.sync._draining._door.drain

    def picky(news: object, looks: object, alerts: object = ()) -> object:
        if alerts:
            raise JournalRefused("form")
        return drain(news, looks)  # type: ignore[arg-type]  # as they came

    with monkeypatch.context() as old:
        old.setattr(type(till.sync._draining._door), "drain", lambda _, *told: picky(*told))
        till.sync.once()
    assert till.journal.count_waiting() == 0
    assert len(till.journal.waiting_alerts()) == 1
    assert "does not take the alerts" in caplog.text


def test_a_damaged_alert_is_set_aside_and_the_next_is_brought(
    till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    till.tap(KEYED, fault=CardFault.BROKEN)
    till.journal._db.execute("UPDATE alert SET sealed = zeroblob(60) WHERE seq = 1")
    till.sync.once()
    assert [kind for kind, _ in alerts(till.school)] == ["broken"]
    assert "is damaged" in caplog.text


def test_an_alert_that_cannot_be_written_down_changes_nothing_for_the_card(
    till: Till, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(**_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(till.journal, "write_alert", full)
    assert refused(till.tap(KEYED, fault=CardFault.WRONG_KEY)).reason is Refusal.PROOF
    assert "could not be written down" in caplog.text
    assert KEYED not in caplog.text
    assert card_hash(KEYED) not in caplog.text


def test_staff_are_told_why_a_card_was_not_believed(till: Till) -> None:
    till.tap(KEYED, fault=CardFault.WRONG_KEY)
    till.counter.sign_in(PIN)
    assert till.counter.why() == say.Why(Refusal.PROOF, CardFault.WRONG_KEY)


def test_a_secret_moved_to_another_cards_row_opens_for_neither(till: Till, keyed: Keyed) -> None:
    (row,) = (row for row in till.keys.book.rows.values() if row.hash == card_hash(KEYED))
    moved = KeyRow(card_hash(NUMBER), row.medium, row.sealed)
    book = KeyBook({row.hash: row, moved.hash: moved}, (SCHOOL_KEY,))
    assert book.secret_of(row.hash) == keyed.secret
    assert book.secret_of(moved.hash) is None
    assert book.lack(moved.hash) is ProofLack.NO_KEYS


def test_another_schools_key_opens_nothing(till: Till) -> None:
    other = SchoolKey(SCHOOL_KEY.id, bytes(32))
    assert replace(till.keys.book, keys=(other,)).secret_of(card_hash(KEYED)) is None


def test_no_key_is_in_the_printed_form_of_a_book(till: Till, keyed: Keyed) -> None:
    printed = repr(till.keys.book)
    assert SCHOOL_KEY.key.hex() not in printed
    assert repr(SCHOOL_KEY.key) not in printed
    assert repr(keyed.secret.read_key) not in printed
    assert card_hash(KEYED) not in printed
