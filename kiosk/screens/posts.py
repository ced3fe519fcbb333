"""What reaches the application from elsewhere: outcomes, keys, and the wish that it end."""

from textual.message import Message

from kiosk.messages import Outcome
from kiosk.screens.held_keys import Key


class Delivered(Message, bubble=False):
    """An outcome reached the screen."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class Finish(Message, bubble=False):
    """Somebody outside asks the application to end."""


class Pressed(Message, bubble=True):
    """A key was pressed, whichever."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key
