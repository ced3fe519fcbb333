"""Signs and letters of full blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screen_states import AT

from accounts.money import Money
from accounts.texts import Language, texts
from kiosk.messages import BalanceShown
from kiosk.screens.faces import Face, words
from kiosk.widgets import blocks
from kiosk.widgets.face import FaceText, draw

SHAPES = st.sampled_from(sorted(blocks.SHAPES))
HEADLINES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\u20ac,.-! \n", max_size=20)


@pytest.mark.parametrize("name", blocks.SHAPES)
def test_every_sign_is_five_rows_of_one_length(name: str) -> None:
    rows = blocks.SHAPES[name]
    assert len(rows) == blocks.HEIGHT
    assert len({len(row) for row in rows}) == 1
    assert set("".join(rows)) == {"#", "."}


def test_every_letter_is_five_rows_of_one_length() -> None:
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\u20ac,.-! ":
        rows = blocks.word(letter)
        assert len(rows) == blocks.HEIGHT
        assert len({len(row) for row in rows}) == 1


def test_no_two_letters_look_alike() -> None:
    letters = "ABCDEFGHIJKLMNPQRTUVWXYZ12346789"
    assert len({blocks.word(letter) for letter in letters}) == len(letters)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("face", Face)
def test_every_headline_can_be_written(face: Face, language: Language) -> None:
    outcome = BalanceShown(AT, Money(-123456)) if face is Face.BALANCE else None
    text = words(face, outcome, texts(language), texts(language.other))
    assert text.headline
    assert all(blocks.writable(line) for line in text.headline.split("\n"))


def test_a_pixel_is_two_blocks_wide_and_grows_by_its_scale() -> None:
    assert blocks.cells(("#.", ".#")) == ("██  ", "  ██")
    assert blocks.cells(("#.",), 2) == ("████    ", "████    ")


@given(
    shape=SHAPES,
    headline=HEADLINES,
    sentence=st.text(max_size=60),
    width=st.integers(1, 250),
    height=st.integers(1, 80),
)
def test_a_face_never_outgrows_its_height(
    shape: str, headline: str, sentence: str, width: int, height: int
) -> None:
    rows = draw(FaceText(shape, headline, sentence, "Please"), width, height)
    assert len(rows) <= height


@given(width=st.integers(64, 250), height=st.integers(20, 80))
def test_a_larger_screen_never_shows_a_smaller_headline(width: int, height: int) -> None:
    text = FaceText("tick", "GUTEN\nAPPETIT!", "Guten Appetit!", "Enjoy your lunch!")

    def inked(width: int, height: int) -> int:
        return sum("█" in row for row in draw(text, width, height))

    assert inked(width, height) >= inked(64, 20)
    assert all(len(row) <= width for row in draw(text, width, height))
