"""How a card behaves in the field, besides what its chip can do.

A card with manners does its deed at the command after ``after`` others and from then on. What
it lays into the field answers bytes with bytes, or with nothing: then it is mute, or gone if
``gone`` says so. A card that is gone stays gone until it is laid down again.
"""

import enum
from collections.abc import Iterable
from typing import Protocol

from cards.virtual.chip import Chip

UID_ASKED = b"\xff\xca\x00\x00\x00"
"""The reader's own command for the number of the card in its field (PC/SC part 3)."""


class Deed(enum.Enum):
    """What a card does instead of answering properly."""

    PULLED = "pulled"
    """Leaves the field before the command reaches it."""
    TORN = "torn"
    """Carries the command out and leaves before it answers."""
    HALF = "half"
    """Loses its power in the middle of carrying the command out."""
    MUTE = "mute"
    """Stays and never answers."""
    GARBAGE = "garbage"
    """Answers what no reader sends."""
    MANGLED = "mangled"
    """Answers with a bit of its last byte of data turned round: a MAC that is not right."""


class Answering(Protocol):
    """A chip, or something that passes for one."""

    @property
    def atr(self) -> bytes:
        """What the reader says of it."""

    def reset(self) -> None:
        """Leave the field and come back."""

    def answer(self, apdu: bytes) -> bytes:
        """Return data and status word."""


class Tape:
    """A recorder held to the reader: it plays what a card once said, in that order.

    Its number is its own; after the last answer it refuses everything.
    """

    def __init__(self, uid: bytes, answers: Iterable[bytes], *, atr: bytes) -> None:
        self.atr = atr
        self._uid = uid
        self._answers = list(answers)

    def reset(self) -> None:
        """Change nothing: a tape knows no field."""

    def answer(self, apdu: bytes) -> bytes:
        """Return the next answer, whatever was asked."""
        if apdu == UID_ASKED:
            return self._uid + b"\x90\x00"
        return self._answers.pop(0) if self._answers else b"\x6f\x00"


class Laid:
    """A card in the field; see the module. ``after`` counts down as commands come."""

    def __init__(self, chip: Chip | Tape, deed: Deed | None = None, after: int = 0) -> None:
        self.chip = chip
        self.gone = False
        self._deed, self._after = deed, after

    def answer(self, apdu: bytes) -> bytes | None:
        """Return what comes back, or None."""
        deed = None if self._after or self.gone else self._deed
        self._after = max(0, self._after - 1)
        if self.gone:
            return None
        match deed:
            case None:
                return self.chip.answer(apdu)
            case Deed.MUTE:
                return None
            case Deed.GARBAGE:
                return b"\xa5"
            case Deed.MANGLED:
                return _mangled(self.chip.answer(apdu), apdu)
            case Deed.TORN:
                self.chip.answer(apdu)
            case Deed.HALF if isinstance(self.chip, Chip):
                self.chip.lose_power(apdu)
        self.gone = True
        self.chip.reset()
        return None


def _mangled(answer: bytes, apdu: bytes) -> bytes:
    if len(answer) < 3 or apdu == UID_ASKED:
        return answer
    return answer[:-3] + bytes((answer[-3] ^ 0x10,)) + answer[-2:]
