"""A keyboard reader's burst is never a command, and a person's keys are never lost."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from screen_stage import Stage, perform

from cards.reader import CardUnread, ReaderSetting, Tap
from cards.wedge import Wedge
from kiosk.commands import AskBalance
from kiosk.messages import SignedIn
from kiosk.screens.held_keys import PAUSE_NS, HeldKeys, Key, release, take
from kiosk.screens.staff import Mode

MS = 1_000_000
PRINTED = st.sampled_from("0123456789ABCDEFabcdefgGqQ+- ").map(lambda c: Key(c, c))
SILENT = st.sampled_from(["f1", "f2", "escape", "up", "down", "backspace"]).map(Key)
ENTER = Key("enter", "\r")


def run(presses: list[tuple[Key, int]]) -> list[Key]:
    """The keys that came through, when each was pressed so many ms after the one before."""
    held, now = HeldKeys(), 0
    through: list[Key] = []
    for key, gap_ms in presses:
        now += gap_ms * MS
        held, freed = release(held, now)
        through += freed
        held, freed = take(held, key, now)
        through += freed
    return through + list(release(held, now + PAUSE_NS)[1])


@given(st.lists(PRINTED, min_size=6, max_size=32), st.integers(0, 99))
def test_a_burst_ended_by_enter_is_swallowed_whole(keys: list[Key], gap: int) -> None:
    assert run([(key, gap) for key in keys] + [(ENTER, gap)]) == []


@given(st.lists(st.tuples(PRINTED | SILENT | st.just(ENTER), st.integers(100, 3000)), max_size=20))
def test_keys_pressed_slowly_all_come_through_in_order(presses: list[tuple[Key, int]]) -> None:
    assert run(presses) == [key for key, _ in presses]


@given(st.lists(st.tuples(PRINTED, st.integers(0, 3000)), max_size=20))
def test_without_an_end_no_key_is_lost_however_fast(presses: list[tuple[Key, int]]) -> None:
    assert run(presses) == [key for key, _ in presses]


def test_a_pin_typed_fast_and_ended_by_enter_comes_through() -> None:
    typed = [Key(c, c) for c in "4711"]
    assert run([(key, 60) for key in typed] + [(ENTER, 60)]) == [*typed, ENTER]


def test_a_key_pressed_before_a_burst_comes_through_alone() -> None:
    burst = [(Key(c, c), 10) for c in "4A2B3C4D"]
    through = run([(Key("g", "g"), 0), (Key("0", "0"), 500), *burst, (ENTER, 10)])
    assert through == [Key("g", "g")]


class Teller:
    """Types into a stage as a wedge or as a person does."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def type(self, text: str, *, gap_ms: int, end: str | None = "enter") -> None:
        """One key after the other, so far apart."""
        for key in [*text, *([end] if end else [])]:
            self.stage.ns += gap_ms * MS
            await self.stage.press({"+": "plus", "-": "minus"}.get(key, key))


def wedge() -> Wedge:
    """A keyboard reader that sends upper-case hexadecimal digits."""
    setting = ReaderSetting("Tastatur", kind="wedge")
    return Wedge(setting, lambda: datetime(2026, 11, 23, 11, 5, tzinfo=UTC))


def test_a_card_read_by_a_keyboard_reader_is_a_tap_and_no_command() -> None:
    taps: list[Tap | CardUnread] = []

    async def script(stage: Stage) -> None:
        await stage.hear(SignedIn("Küche", 60))
        await Teller(stage).type("047A2B3C4D5E80", gap_ms=10)
        await stage.later(1)
        assert stage.app.staff.mode is Mode.MENU

    stage = perform(script, wedge=wedge().press, tapped=taps.append)
    assert [getattr(tap, "card", None) for tap in taps] == ["047A2B3C4D5E80"]
    assert stage.sent == []


def test_the_same_card_lying_on_a_keyboard_reader_is_no_command_either() -> None:
    taps: list[Tap | CardUnread] = []

    async def script(stage: Stage) -> None:
        await stage.hear(SignedIn("Küche", 60))
        for _ in range(3):
            await Teller(stage).type("047A2B3C4D5E80", gap_ms=10)
            await stage.later(0.5)
        assert stage.app.staff.mode is Mode.MENU

    stage = perform(script, wedge=wedge().press, tapped=taps.append)
    assert len(taps) == 1
    assert stage.sent == []


def test_staff_type_their_pin_on_the_keyboard_a_reader_types_on_too() -> None:
    async def script(stage: Stage) -> None:
        await stage.press("f1")
        await Teller(stage).type("4711", gap_ms=200)
        await stage.later(1)

    stage = perform(script, wedge=wedge().press)
    assert [getattr(command, "pin", None) for command in stage.sent] == ["4711"]


def test_a_single_key_does_its_work_after_the_pause_that_shows_it_was_a_persons() -> None:
    async def script(stage: Stage) -> None:
        await stage.press("g")
        assert stage.sent == []
        await stage.later(0.2)
        assert stage.sent == [AskBalance()]

    perform(script, wedge=wedge().press)
