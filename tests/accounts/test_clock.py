"""Moments are exact microseconds of UTC; the school's day is Germany's."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.clock import BERLIN, FixedClock, SystemClock, microseconds, moment, school_day

# Hypothesis takes naive bounds and gives moments in the zone it is told.
moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  # a bound
    datetime(2200, 1, 1),  # noqa: DTZ001  # a bound
    timezones=st.just(UTC),
)


@given(moments)
def test_a_moment_comes_back_to_the_microsecond(at: datetime) -> None:
    assert moment(microseconds(at)) == at
    assert microseconds(moment(microseconds(at))) == microseconds(at)


@given(moments, st.integers(-14, 14))
def test_the_same_moment_in_another_zone_is_the_same_number(at: datetime, hours: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))
    assert microseconds(elsewhere) == microseconds(at)
    assert school_day(elsewhere) == school_day(at)


@given(moments)
def test_the_school_day_is_one_or_two_hours_ahead_of_utc(at: datetime) -> None:
    days = {(at + timedelta(hours=1)).date(), (at + timedelta(hours=2)).date()}
    assert school_day(at) in days


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 22, 22, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), date(2026, 3, 29)),  # summer time begins
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), date(2026, 10, 25)),  # and ends that night
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_midnight_is_germanys(at: datetime, day: date) -> None:
    assert school_day(at) == day


def test_a_time_without_a_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="zone"):
        microseconds(datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point


def test_a_clock_tells_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    clock = FixedClock(datetime(2026, 11, 23, 11, tzinfo=UTC))
    clock.move(timedelta(minutes=-1))
    assert clock.now() == datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    assert clock.now().astimezone(BERLIN).hour == 11
