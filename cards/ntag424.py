"""An NTAG 424 DNA from the host's side: one application, three files, five AES keys.

It speaks DESFire's commands within AuthenticateEV2First and has nothing to create. See
`cards.secure_messaging` for sessions and for what is raised.

Sources: NXP NT4H2421Gx; the examples in NXP's AN12196.
"""

from typing import Final

from cards import apdu
from cards.desfire import pieces, span
from cards.secure_messaging import CommMode, Conversation
from cards.secure_messaging_ev2 import authenticate_first
from cards.status import ProtocolBroken, Status

APPLICATION: Final = bytes.fromhex("D2760000850101")
"""The name of its application (NFC Forum Type 4 Tag, NDEF)."""

_SELECT_BY_NAME: Final = bytes.fromhex("00A4040C")
_READ: Final = 0xAD
_WRITE: Final = 0x8D


class Tag(Conversation):
    """An NTAG 424 DNA. See the module."""

    def select(self) -> None:
        """Go to the chip's application; a session ends. Raises CardRefused where there is none."""
        self._session = None
        name = bytes([len(APPLICATION)]) + APPLICATION
        data, word = apdu.transmit(self._channel, _SELECT_BY_NAME + name + b"\0")
        if word != Status.ISO_DONE.value:
            raise apdu.unexpected(word)
        if data:
            raise ProtocolBroken("an answer where none was asked for")

    def authenticate(self, key_no: int, key: bytes, *, rnd_a: bytes | None = None) -> None:
        """Begin a session with this AES key; ``rnd_a`` is random unless a test gives it."""
        self._session = None
        self._session = authenticate_first(self._channel, key_no, key, rnd_a=rnd_a)

    def read(self, file_no: int, offset: int, length: int, mode: CommMode) -> bytes:
        """Return ``length`` bytes of a file, in the mode the file has; in clear without session."""
        return b"".join(
            self._ask(_READ, span(file_no, at, size), mode=mode, length=size)
            for at, size in pieces(offset, length)
        )

    def write(self, file_no: int, offset: int, data: bytes, mode: CommMode) -> None:
        """Write data into a file, in the mode the file has; in clear without session.

        More than 128 bytes can be torn in between.
        """
        for at, size in pieces(offset, len(data)):
            part = data[at - offset :][:size]
            self._ask(_WRITE, span(file_no, at, size), part, mode=mode, length=0)
