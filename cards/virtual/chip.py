"""A DESFire or NTAG 424 made of software: commands in, answers out.

The chip is a state machine without a clock and without a field. What it keeps is its `Image`;
any error ends the session, as with the real chip, and a selection does. It knows the commands
this product needs; every other one it calls illegal. It was written from published
descriptions and shares no code with the host's side, see `cards.virtual.blocks`.
"""

import secrets
from collections.abc import Callable
from typing import TypeAlias

from cards.virtual import card_commands, file_commands, frames, key_commands
from cards.virtual.image import ATRS, NTAG_NAME, PICC, Image, Kind
from cards.virtual.sessions import Abort
from cards.virtual.state import ABORTED, ILLEGAL, MORE, Reply, State
from cards.virtual.tearing import half_written

Command: TypeAlias = Callable[[State, int, bytes], Reply]

_ALL: dict[int, Command] = {
    0x51: card_commands.card_uid,
    0x60: card_commands.version,
    0x64: key_commands.key_version,
    0xC4: key_commands.change_key,
}
_DESFIRE: dict[int, Command] = {
    0x1A: key_commands.challenge,
    0x3D: file_commands.write,
    0x5A: card_commands.select,
    0xAA: key_commands.challenge,
    0xBD: file_commands.read,
    0xCA: card_commands.create_application,
    0xCD: file_commands.create_file,
    0xFC: card_commands.format_card,
}
_EV2: dict[int, Command] = {
    0x71: key_commands.challenge,
    0x8D: file_commands.write,
    0xAD: file_commands.read,
}
_COMMANDS: dict[Kind, dict[int, Command]] = {
    Kind.EV1: _ALL | _DESFIRE,
    Kind.EV2: _ALL | _DESFIRE | _EV2,
    Kind.EV3: _ALL | _DESFIRE | _EV2,
    Kind.NTAG424: _ALL | _EV2,
}


class Chip:
    """See the module. ``entropy`` returns so many random bytes; tests may fix it."""

    uid: bytes
    """The number the field hears: the image's, or a new one after each reset."""

    def __init__(
        self, image: Image, *, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._state = State(image, entropy)
        self.reset()

    @property
    def image(self) -> Image:
        """What the card keeps, as of the last command."""
        return self._state.image

    @property
    def atr(self) -> bytes:
        """What the reader says of the card before any command."""
        return ATRS[self.image.kind]

    def reset(self) -> None:
        """Leave the field and come back: everything but the image is gone."""
        self._state.forget(PICC)
        image = self.image
        self.uid = b"\x08" + self._state.entropy(3) if image.random_uid else image.uid

    def lose_power(self, apdu: bytes) -> None:
        """Take a command and leave the field while it is carried out."""
        before = self.image
        self.answer(apdu)
        self._state.image = half_written(before, self.image)
        self.reset()

    def answer(self, apdu: bytes) -> bytes:
        """Return the answer to one command: data, SW1, SW2.

        The number is the reader's to tell (``FF CA``); the virtual reader leaves that to the
        card.
        """
        kind = self.image.kind
        if apdu == b"\xff\xca\x00\x00\x00":
            return self.uid + b"\x90\x00"
        if apdu[:1] == b"\xff" or kind in {Kind.CLASSIC, Kind.NTAG213}:
            return b"\x6a\x81"
        if kind not in _COMMANDS:
            return b"\x91\x1c" if apdu[:1] == b"\x90" else b"\x6d\x00"
        if apdu[:3] == b"\x00\xa4\x04":
            return self._select_by_name(apdu)
        return self._wrapped(apdu)

    def _select_by_name(self, apdu: bytes) -> bytes:
        """Select (ISO/IEC 7816-4): the only way into an NTAG 424's application."""
        found = self.image.kind is Kind.NTAG424 and frames.named(apdu) == NTAG_NAME
        self._state.forget(NTAG_NAME if found else self._state.selected)
        return b"\x90\x00" if found else b"\x6a\x82"

    def _wrapped(self, apdu: bytes) -> bytes:
        frame = frames.unwrapped(apdu)
        if frame is None:
            self._state.forget(self._state.selected)
            return b"\x67\x00"
        try:
            status, body = self._command(*frame)
        except Abort as abort:
            self._state.forget(self._state.selected)
            status, body = abort.status, b""
        return body + bytes((0x91, status))

    def _command(self, code: int, data: bytes) -> Reply:
        state = self._state
        pending, state.then = state.then, None
        if code == MORE and pending is not None:
            return pending(data)
        if pending is not None:
            raise Abort(ABORTED)
        command = _COMMANDS[self.image.kind].get(code)
        if command is None:
            raise Abort(ILLEGAL)
        return command(state, code, data)
