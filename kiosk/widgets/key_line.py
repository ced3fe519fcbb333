"""The line that says which keys do what. A key and its word never part where a line ends."""

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

_KEY = "#ffffff"
_APART = 2

Pairs = tuple[tuple[str, str], ...]
"""Keys and what they do, in the order they are shown."""


def lines(pairs: Pairs, width: int) -> list[Content]:
    """As few lines of this width as hold all pairs."""
    filled: list[Content] = []
    line = Content()
    for key, label in pairs:
        pair = Content.assemble((key, _KEY), f" {label}")
        if line and line.cell_length + _APART + pair.cell_length > width:
            filled.append(line)
            line = Content()
        line = line + (" " * _APART) + pair if line else pair
    return [*filled, line]


class KeyLine(Widget):
    """Shows pairs; as high as they need."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._pairs: Pairs = ()

    def show(self, pairs: Pairs) -> None:
        """Name other keys from now on."""
        if pairs != self._pairs:
            self._pairs = pairs
            self.refresh(layout=True)

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002 Textual asks in this form
        viewport: Size,  # noqa: ARG002
        width: int,
    ) -> int:
        """The number of lines."""
        return len(lines(self._pairs, width))

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join(lines(self._pairs, self.content_size.width))
