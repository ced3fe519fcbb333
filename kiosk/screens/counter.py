"""The one screen of the kiosk. It shows what it is given and keeps nothing of its own.

All its parts are mounted once; an outcome changes a class and some text.
"""

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from kiosk.screens.faces import Face as FaceClass
from kiosk.screens.held_keys import Key
from kiosk.screens.posts import Pressed
from kiosk.widgets.face import Face, FaceText
from kiosk.widgets.key_line import KeyLine, Pairs

WIDE: Final = 110
"""From so many columns on the second column is shown, where there is one."""


class CounterScreen(Screen[None], inherit_bindings=False):
    """A face, the staff's lines below it, and perhaps a second column."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 Textual's own form
    ALLOW_SELECT = False
    AUTO_FOCUS = ""

    def __init__(self, text: FaceText, *, side: Widget | None, hint: str) -> None:
        super().__init__(classes=f"{FaceClass.IDLE.value} {'hint' if hint else ''}".strip())
        self._face_class = FaceClass.IDLE
        self._face = Face(text)
        self._panel = Static(id="panel", markup=False)
        self._hint = Static(hint, id="hint", markup=False)
        self._keys = KeyLine()
        self._status = Static(id="status", markup=False)
        self._side = side
        self._lines: dict[str, Content] = {}

    def compose(self) -> ComposeResult:
        """All parts, once."""
        with Horizontal():
            with Vertical(id="till"):
                yield self._face
                yield self._panel
                yield self._hint
                yield self._keys
                yield self._status
            if self._side is not None:
                with Vertical(id="side"):
                    yield self._side

    @property
    def face_text(self) -> FaceText:
        """What pupils are shown."""
        return self._face.text

    def show_face(self, face: FaceClass, text: FaceText) -> None:
        """Change the pupils' view."""
        if face is not self._face_class:
            self.remove_class(self._face_class.value)
            self.add_class(face.value)
            self._face_class = face
        self._face.show(text)

    def show_staff(self, panel: Content, keys: Pairs, status: str, *, signed_in: bool) -> None:
        """Change the staff's lines; the panel is there only while it says something."""
        self.set_class(bool(panel), "panel")
        self.set_class(signed_in, "staff")
        self._keys.show(keys)
        for part, content in (
            (self._panel, panel),
            (self._status, Content(status)),
        ):
            if self._lines.get(part.id or "") != content:
                self._lines[part.id or ""] = content
                part.update(content)

    def show_hint(self, hint: str) -> None:
        """Change the line above the keys; empty takes it away."""
        self._hint.update(hint)
        self.set_class(bool(hint), "hint")

    def on_key(self, event: events.Key) -> None:
        """No part ever has the focus, so every key comes here."""
        event.stop()
        self.post_message(Pressed(Key(event.key, event.character)))
