"""How ledger and bank stand to each other, and a line's whole story, on both engines."""

from datetime import date, timedelta

import pytest
from builders import MONDAY, NOON, School, eur
from paid_in_stage import BEFORE, Pen, open_account

from accounts.allocations import Mark, mark_line, undo
from accounts.bank_days import note_days
from accounts.bank_fetches import note_fetch
from accounts.bank_readings import NewReading, Outcome, note_reading
from accounts.bank_state import Unequal, bank_state
from accounts.database import Session
from accounts.line_story import story_of
from accounts.money import ZERO, Money

DAY = timedelta(days=1)


@pytest.fixture
def pen(school: School) -> Pen:
    with school.database.write() as db:
        return open_account(db)


def prove(db: Session, pen: Pen, days: dict[date, Money]) -> None:
    (file_id,) = db.exec_driver_sql("SELECT max(file_id) FROM bank_reading").one()
    said = NewReading(
        file_id, 2, Outcome.KEPT, bank_account_id=pen.account.id, first_day=min(days),
        last_day=max(days),
    )  # fmt: skip
    read = note_reading(db, said, now=NOON)
    note_days(db, pen.account, days, family="camt", reading_id=read)


def test_proved_days_agree_open_ones_are_named(school: School, pen: Pen) -> None:
    with school.database.write() as db:
        pen.line(db, eur("35,00"), day=BEFORE)
        pen.line(db, eur("-5,00"), day=BEFORE)
        prove(db, pen, {BEFORE: eur("30,00"), BEFORE + DAY: eur("30,00")})
        (account,) = bank_state(db, at=NOON).accounts
    assert account.holds
    assert (account.days, account.balance) == (2, eur("30,00"))
    assert account.open_days == (MONDAY - DAY,)


def test_of_two_words_about_a_day_the_newer_counts_and_a_difference_is_named(
    school: School, pen: Pen
) -> None:
    with school.database.write() as db:
        pen.line(db, eur("35,00"), day=BEFORE)
        prove(db, pen, {BEFORE: eur("34,99")})
        state = bank_state(db, at=NOON)
        assert not state.holds
        assert state.accounts[0].unequal == (Unequal(BEFORE, eur("34,99"), eur("35,00")),)
        prove(db, pen, {BEFORE: eur("35,00")})
        assert bank_state(db, at=NOON).holds


def test_what_is_assigned_leaves_suspense_and_the_queue(school: School, pen: Pen) -> None:
    with school.database.write() as db:
        first = pen.line(db, eur("35,00"))
        second = pen.line(db, eur("20,00"))
        pen.assign(db, first, f"pupil:{school.payer}", eur("30,00"))
        mark_line(db, line_id=second, mark=Mark.SET_ASIDE, reason="x", actor="a", now=NOON)
        state = bank_state(db, at=NOON)
    assert state.suspense == eur("25,00")
    assert [(it.id, it.rest) for it in state.queue] == [(first, eur("5,00"))]
    assert [it.id for it in state.aside] == [second]


def test_the_bank_counts_as_silent_by_the_worst_access(school: School, pen: Pen) -> None:
    def fetch(db: Session, access: str, hours: int, reason: str | None = None) -> None:
        at = NOON - timedelta(hours=hours)
        note_fetch(db, access=access, at=at, ended=at, reason=reason, detail="", actor="t")

    with school.database.write() as db:
        assert bank_state(db, at=NOON).stale
        pen.line(db, eur("1,00"))  # a statement that was taken
        assert not bank_state(db, at=NOON).stale
        fetch(db, "a", 50)
        assert bank_state(db, at=NOON).stale
        fetch(db, "a", 2)
        assert not bank_state(db, at=NOON).stale
        fetch(db, "b", 1, "wrong_pin")
        state = bank_state(db, at=NOON)
        assert state.stale
        assert [(it.name, it.failed) for it in state.accesses] == [("a", None), ("b", "wrong_pin")]


def test_what_is_quarantined_is_fresh_since_a_moment(school: School, pen: Pen) -> None:
    with school.database.write() as db:
        pen.line(db, eur("1,00"))
        (file_id,) = db.exec_driver_sql("SELECT max(id) FROM bank_file").one()
        for no, at in ((2, NOON - DAY), (3, NOON)):
            bad = NewReading(file_id, no, Outcome.QUARANTINED, "does_not_close")
            note_reading(db, bad, now=at)
        assert bank_state(db, at=NOON).fresh == 2
        assert bank_state(db, at=NOON, since=NOON - timedelta(hours=1)).fresh == 1
        assert len(bank_state(db, at=NOON, since=NOON).quarantined) == 2


def test_a_lines_story_keeps_what_was_undone(school: School, pen: Pen) -> None:
    with school.database.write() as db:
        line = pen.topup(db, school.payer, eur("35,00"))
        undo(db, line_id=line, reason="falsch", actor="user:1", origin_id=school.office, now=NOON)
        pen.assign(db, line, "fees", eur("35,00"))
        mark_line(db, line_id=line, mark=Mark.AMENDED, reason="y", actor="import", now=NOON)
        story = story_of(db, line)
        assert story_of(db, line + 1) is None
    assert story is not None
    assert story.rest == ZERO
    assert [it.account for it in story.went] == [f"pupil:{school.payer}", "fees"]
    first, second = story.went
    assert first.undone is not None
    assert (first.undone.reason, first.undone.actor) == ("falsch", "user:1")
    assert second.undone is None
    assert story.standing == (second,)
    assert [it.mark for it in story.marks] == ["amended"]
