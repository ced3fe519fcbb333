"""The face: what a pupil sees. One sign, one headline, one sentence in two languages.

What fits is drawn as large as it fits; the sentence is there at every size. Ink is painted
as foreground and background at once, so that it covers its cell on any font. The colours
are those of the style sheet; nothing is bold, because the Linux console shows bold black
as dark grey.
"""

from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from kiosk.widgets import blocks

# (sign, headline) from the largest to the smallest; 0 leaves it out.
_SCALES = (
    *((4, 3), (3, 3), (3, 2), (2, 2), (1, 2), (2, 1), (1, 1)),
    *((2, 0), (1, 0), (0, 0)),
)


@dataclass(frozen=True, slots=True)
class FaceText:
    """What a face says: a sign by name, a headline in capitals, the sentence, its translation."""

    shape: str
    headline: str
    sentence: str
    translation: str


def draw(text: FaceText, width: int, height: int) -> tuple[str, ...]:
    """The rows of a terminal of this size that show the face, in the middle of it.

    Rows are not filled up to the right. What is too large even at its smallest is cut off.
    """
    for sign, headline in _SCALES:
        rows = _rows(text, width, sign, headline)
        if len(rows) <= height and max(map(len, rows)) <= width:
            break
    above = max(0, (height - len(rows)) // 2)
    return ("",) * above + rows[:height]


def _rows(text: FaceText, width: int, sign: int, headline: int) -> tuple[str, ...]:
    pictures = []
    if sign:
        pictures.append(blocks.cells(blocks.SHAPES[text.shape], sign))
    if headline:
        pictures += [blocks.cells(blocks.word(x), headline) for x in text.headline.split("\n")]
    rows: list[str] = []
    for picture in pictures:
        left = " " * max(0, (width - len(picture[0])) // 2)
        rows += [left + row for row in picture]
        rows += [""] * max(1, headline)
    for sentence in (text.sentence, text.translation):
        rows += [line.center(width).rstrip() for line in wrap(sentence, max(1, width - 2))]
    return tuple(rows)


class Face(Widget):
    """Draws a ``FaceText`` in its own style's colours."""

    def __init__(self, text: FaceText) -> None:
        super().__init__(id="face")
        self._text = text
        self._drawn: tuple[str, ...] = ()
        self._drawn_for: tuple[FaceText, int, int] | None = None

    @property
    def text(self) -> FaceText:
        """What is shown."""
        return self._text

    def show(self, text: FaceText) -> None:
        """Say something else from now on."""
        if text != self._text:
            self._text = text
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the picture."""
        key = (self._text, self.size.width, self.size.height)
        if key != self._drawn_for:
            self._drawn, self._drawn_for = draw(*key), key
        row = self._drawn[y] if y < len(self._drawn) else ""
        paper = self.rich_style
        ink = Style(color=paper.color, bgcolor=paper.color)
        segments = [
            Segment("".join(run), ink if is_ink else paper)
            for is_ink, run in groupby(row, lambda cell: cell == blocks.BLOCK)
        ]
        return Strip(segments).adjust_cell_length(self.size.width, paper)
