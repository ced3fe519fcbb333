"""The day a meal counts for is the calendar day in Germany, at midnight and in summer time."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from builders import School, add_offer
from sqlalchemy import select
from till import Till, give_card, set_school

from accounts.charge import Refusal
from accounts.clock import FixedClock
from accounts.tables import journal, kiosks
from accounts.verify import verify
from kiosk.messages import Outcome, Refused, Served

CARD = "04A1B2C3D4E5F6"

# 2026-10-25 has 25 hours (02:00 to 03:00 comes twice), 2027-03-28 has 23.
MOMENTS = [
    (datetime(2026, 10, 24, 21, 30, tzinfo=UTC), date(2026, 10, 24)),  # 23:30 in summer
    (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), date(2026, 10, 25)),  # 00:30 in summer
    (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 25)),  # 02:30, the first time
    (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 25)),  # 02:30, the second time
    (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), date(2026, 10, 25)),  # 23:30 in winter
    (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), date(2026, 10, 26)),  # 00:30 in winter
    (datetime(2026, 12, 31, 22, 59, 59, 999_999, tzinfo=UTC), date(2026, 12, 31)),
    (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
    (datetime(2027, 3, 27, 22, 30, tzinfo=UTC), date(2027, 3, 27)),  # 23:30 in winter
    (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), date(2027, 3, 28)),  # 00:30 in winter
    (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), date(2027, 3, 28)),  # 03:00, an hour skipped
    (datetime(2027, 3, 28, 21, 30, tzinfo=UTC), date(2027, 3, 28)),  # 23:30 in summer
    (datetime(2027, 3, 28, 22, 30, tzinfo=UTC), date(2027, 3, 29)),  # 00:30 in summer
]


@pytest.fixture
def till(school: School, tmp_path: Path) -> Till:
    with school.database.write() as db:
        for day in {day + timedelta(days=near) for _, day in MOMENTS for near in (-1, 0, 1)}:
            add_offer(db, school, "1", "lunch", 420, day=day)
    give_card(school, school.payer, CARD)
    set_school(school, accepts="uid")
    return Till(school, school.kiosk.origin_id, tmp_path / "journal.db")


def _tap_at(till: Till, moment: datetime) -> Outcome:
    """A tap at that moment at a kiosk that knows what the ledger knows."""
    till.clock = FixedClock(moment)
    till.switch_off()
    till.switch_on()
    till.sync.once()
    outcome = till.tap(CARD)
    till.sync.once()
    return outcome


def _booked_days(till: Till) -> list[tuple[date, date]]:
    """The day of each fact, and of the entry it became."""
    fact, entry = kiosks.fact.c, journal.entry.c
    with till.school.database.read() as db:
        assert not db.execute(select(kiosks.quarantine)).all()
        key = (entry.origin_id == fact.origin_id) & (entry.epoch == fact.epoch)
        rows = db.execute(
            select(fact.day, entry.day).join(journal.entry, key & (entry.seq == fact.seq))
        )
        return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(("moment", "day"), MOMENTS, ids=[f"{m:%m-%dT%H%M}" for m, _ in MOMENTS])
def test_a_lunch_counts_for_the_calendar_day_in_germany(
    till: Till, moment: datetime, day: date
) -> None:
    assert isinstance(_tap_at(till, moment), Served)
    assert _booked_days(till) == [(day, day)]
    with till.school.database.read() as db:
        assert verify(db).holds


def test_one_lunch_before_midnight_and_one_after_it_are_two_days(till: Till) -> None:
    before, after = (
        datetime(2026, 11, 23, 22, 59, tzinfo=UTC),
        datetime(2026, 11, 23, 23, 1, tzinfo=UTC),
    )
    with till.school.database.write() as db:
        add_offer(db, till.school, "1", "lunch", 420, day=date(2026, 11, 24))
    assert isinstance(_tap_at(till, before), Served)
    assert isinstance(_tap_at(till, after), Served)
    assert [day for day, _ in _booked_days(till)] == [date(2026, 11, 23), date(2026, 11, 24)]


def test_a_kiosk_that_runs_over_midnight_serves_the_new_day_before_it_has_heard_anything(
    till: Till,
) -> None:
    with till.school.database.write() as db:
        add_offer(db, till.school, "1", "lunch", 420, day=date(2026, 11, 24))
    assert isinstance(_tap_at(till, datetime(2026, 11, 23, 22, 59, tzinfo=UTC)), Served)
    till.later(minutes=2)
    assert isinstance(till.tap(CARD), Served)
    till.sync.once()
    assert [day for day, _ in _booked_days(till)] == [date(2026, 11, 23), date(2026, 11, 24)]


@pytest.mark.parametrize(
    "moments",
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), datetime(2026, 10, 25, 22, 30, tzinfo=UTC)),
        (datetime(2027, 3, 27, 23, 30, tzinfo=UTC), datetime(2027, 3, 28, 21, 30, tzinfo=UTC)),
    ],
    ids=["the hour that comes twice", "a day of 25 hours", "a day of 23 hours"],
)
def test_a_day_has_one_lunch_however_long_it_is(
    till: Till, moments: tuple[datetime, datetime]
) -> None:
    first, second = (_tap_at(till, moment) for moment in moments)
    assert isinstance(first, Served)
    assert isinstance(second, Refused)
    assert second.reason is Refusal.ALREADY_EATEN
