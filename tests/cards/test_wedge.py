"""A burst of keys is a card; what a hand types is not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.reader import CardUnread, Proof, ReaderSetting, Tap, UnreadReason
from cards.uid import Radix, UidForm
from cards.wedge import Wedge

NOW = datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
MS = 1_000_000
SECOND = 1000 * MS
HEX = UidForm()
DECIMAL = UidForm(Radix.DECIMAL, length=4)


def wedge(form: UidForm = HEX) -> Wedge:
    return Wedge(ReaderSetting("till", "wedge", uid_form=form), lambda: NOW)


def type_in(
    reader: Wedge, text: str, *, at: int = 0, gap: int = 2 * MS, end: str = "enter"
) -> Tap | CardUnread | None:
    """Type the text and the end key; return the only answer there was."""
    answers = []
    for character in text:
        answers.append(reader.press(character, character, at))
        at += gap
    answers.append(reader.press(end, None, at))
    told = [answer for answer in answers if answer is not None]
    assert len(told) <= 1
    return told[0] if told else None


@pytest.mark.parametrize("end", ["enter", "tab"])
def test_a_burst_is_a_tap_that_proves_a_uid(end: str) -> None:
    tap = type_in(wedge(), "04a1b2c3d4e5f6", end=end)

    assert tap == Tap("04A1B2C3D4E5F6", Proof.UID, "till", NOW, 28 * MS)


def test_what_a_hand_types_is_nothing() -> None:
    assert type_in(wedge(), "04a1b2c3d4e5f6", gap=100 * MS) is None


def test_a_stray_key_before_the_burst_is_not_part_of_it() -> None:
    reader = wedge()
    for at, character in enumerate("123"):
        assert reader.press(character, character, at * MS) is None

    tap = type_in(reader, "04A1B2C3", at=SECOND)

    assert isinstance(tap, Tap)
    assert tap.card == "04A1B2C3"


@given(st.text("0123456789abcdef", max_size=7))
def test_fewer_than_eight_characters_are_no_burst(text: str) -> None:
    assert type_in(wedge(), text) is None


def test_more_than_32_characters_are_no_burst() -> None:
    assert type_in(wedge(), "0" * 33) is None


def test_enter_after_a_pause_ends_nothing() -> None:
    reader = wedge()
    for at, character in enumerate("04A1B2C3"):
        reader.press(character, character, at * MS)

    assert reader.press("enter", None, SECOND) is None


def test_a_key_that_prints_nothing_breaks_the_burst() -> None:
    reader = wedge()
    for at, character in enumerate("04A1"):
        reader.press(character, character, at * MS)
    reader.press("f5", None, 4 * MS)

    assert type_in(reader, "B2C3", at=5 * MS) is None


def test_a_decimal_reader_that_drops_leading_zeros_is_understood() -> None:
    tap = type_in(wedge(DECIMAL), "1193046")

    assert isinstance(tap, Tap)
    assert tap.card == "00123456"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("08C0FFEE", UnreadReason.RANDOM_UID),
        ("04A1B2C3D4", UnreadReason.WRONG_LENGTH),
        ("8804A1B2", UnreadReason.WRONG_LENGTH),
        ("04A1B2C3X", UnreadReason.UNREADABLE),
    ],
)
def test_a_burst_that_is_no_card_says_why(text: str, reason: UnreadReason) -> None:
    assert type_in(wedge(), text) == CardUnread("till", reason)


def test_a_reader_that_repeats_a_lying_card_taps_once() -> None:
    reader = wedge()
    taps = [type_in(reader, "04A1B2C3", at=at * SECOND) for at in range(5)]

    assert [tap is not None for tap in taps] == [True, False, False, False, False]


def test_the_same_card_later_is_a_tap_again() -> None:
    reader = wedge()

    assert type_in(reader, "04A1B2C3") is not None
    assert type_in(reader, "04A1B2C3", at=3 * SECOND) is not None


def test_another_card_at_once_is_another_tap() -> None:
    reader = wedge()
    type_in(reader, "04A1B2C3")

    tap = type_in(reader, "04A1B2C4", at=SECOND)

    assert isinstance(tap, Tap)
    assert tap.card == "04A1B2C4"
