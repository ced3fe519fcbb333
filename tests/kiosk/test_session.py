"""Who of the staff is there: by card or PIN, with a lock that a restart does not open."""

from datetime import timedelta

import pytest
from builders import NOON

from accounts.clock import FixedClock
from accounts.snapshot import StaffRow
from kiosk import messages as say
from kiosk.session import StaffSession

COOK = StaffRow(1, "Köchin", "2468")
HELP = StaffRow(2, "Aushilfe", None)
STAFF = (HELP, COOK)


class Memory:
    """Keeps in memory what the journal keeps on the disk."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def keep(self, name: str, clear: bytes) -> None:
        self.values[name] = clear

    def kept(self, name: str) -> bytes | None:
        return self.values.get(name)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def memory() -> Memory:
    return Memory()


def session(memory: Memory, clock: FixedClock) -> StaffSession:
    return StaffSession(memory, clock=clock, check_pin=lambda kept, typed: kept == typed)


def test_the_right_pin_signs_in_whose_it_is(memory: Memory, clock: FixedClock) -> None:
    staff = session(memory, clock)
    assert staff.sign_in("2468", STAFF) == say.SignedIn("Köchin", 60)
    assert staff.who() == COOK


def test_nobody_signs_in_without_a_pin_of_their_own(memory: Memory, clock: FixedClock) -> None:
    staff = session(memory, clock)
    assert isinstance(staff.sign_in("", (HELP,)), say.SignInRefused)
    assert staff.who() is None


def test_each_wrong_pin_after_the_third_doubles_the_lock_to_a_quarter_of_an_hour(
    memory: Memory, clock: FixedClock
) -> None:
    staff = session(memory, clock)
    waits = []
    for _ in range(9):
        told = staff.sign_in("0000", STAFF)
        assert isinstance(told, say.SignInRefused)
        waits.append(told.wait_seconds)
        clock.move(timedelta(seconds=told.wait_seconds))
    assert waits == [0, 0, 30, 60, 120, 240, 480, 900, 900]


def test_a_locked_kiosk_refuses_the_right_pin_and_does_not_count_it(
    memory: Memory, clock: FixedClock
) -> None:
    staff = session(memory, clock)
    for _ in range(3):
        staff.sign_in("0000", STAFF)
    clock.move(timedelta(seconds=29, milliseconds=500))
    assert staff.sign_in("2468", STAFF) == say.SignInRefused(1)
    clock.move(timedelta(milliseconds=500))
    assert isinstance(staff.sign_in("2468", STAFF), say.SignedIn)


def test_the_lock_holds_over_a_restart_and_ends_with_the_right_pin(
    memory: Memory, clock: FixedClock
) -> None:
    staff = session(memory, clock)
    for _ in range(3):
        staff.sign_in("0000", STAFF)
    again = session(memory, clock)
    assert again.sign_in("2468", STAFF) == say.SignInRefused(30)
    clock.move(timedelta(seconds=30))
    assert isinstance(again.sign_in("2468", STAFF), say.SignedIn)
    assert session(memory, clock).sign_in("0000", STAFF) == say.SignInRefused(0)


def test_a_staff_card_signs_in_even_while_pins_are_locked(
    memory: Memory, clock: FixedClock
) -> None:
    staff = session(memory, clock)
    for _ in range(3):
        staff.sign_in("0000", STAFF)
    assert staff.welcome(HELP, clock.now()) == say.SignedIn("Aushilfe", 60)
    assert staff.who() == HELP


def test_work_keeps_staff_signed_in_and_idleness_ends_it(memory: Memory, clock: FixedClock) -> None:
    staff = session(memory, clock)
    staff.welcome(COOK, clock.now())
    for _ in range(5):
        clock.move(timedelta(seconds=50))
        assert staff.who() == COOK
        assert not staff.ended()
    clock.move(timedelta(seconds=61))
    staff.keep_alive()
    assert staff.who() is None


def test_the_end_by_idleness_is_told_once(memory: Memory, clock: FixedClock) -> None:
    staff = session(memory, clock)
    staff.welcome(COOK, clock.now())
    clock.move(timedelta(seconds=61))
    assert [staff.ended(), staff.ended()] == [True, False]


def test_who_signs_out_is_gone(memory: Memory, clock: FixedClock) -> None:
    staff = session(memory, clock)
    staff.welcome(COOK, clock.now())
    assert staff.sign_out() == say.SignedOut()
    assert staff.who() is None
    assert not staff.ended()
