"""A conversation with a chip, in clear or within a session that either side proved a key for.

A session begins with an authentication and ends with any error, any selection, and the change
of the key it was begun with; what follows goes in clear until the next authentication. In a
session every answer is checked before anything of it is used.
"""

import enum
from typing import Final, Protocol

from cards import apdu
from cards.channel import Channel
from cards.status import ProtocolBroken
from cards.version import LENGTHS, Version

MAC_LENGTH: Final = 8
KEY_LENGTH: Final = 16

_PROTECTION: Final = 64  # more than MAC, checksum and padding can add to an answer
_CHANGE_KEY: Final = 0xC4
_GET_KEY_VERSION: Final = 0x64
_GET_VERSION: Final = 0x60


class CommMode(enum.Enum):
    """How data crosses the air; the value is the byte in a file's settings."""

    PLAIN = 0x00
    MAC = 0x01
    FULL = 0x03
    """Encrypted and authenticated."""


class NoSession(RuntimeError):  # noqa: N818  it is named for what is missing
    """A fault of the caller: this command needs an authentication before it."""


class Session(Protocol):
    """What both sides share after an authentication."""

    key_no: int
    """The number of the key that began it."""

    def protect(self, ins: int, header: bytes, data: bytes, mode: CommMode) -> bytes:
        """Return what is sent after the instruction byte."""

    def protect_key(
        self, ins: int, header: bytes, *, new: bytes, version: int, old: bytes | None
    ) -> bytes:
        """Return what a new key is sent as; ``old`` is None for the session's own key."""

    def open(self, answer: bytes, mode: CommMode, length: int | None) -> bytes:
        """Return the data of a whole answer: ``length`` bytes, or as many as there are.

        Raises ProtocolBroken where the answer does not prove itself.
        """


class Conversation:
    """What DESFire and NTAG 424 chips have in common. See the module for its sessions.

    Every method raises CardGone, CardRefused or ProtocolBroken for whatever a card may
    answer, and nothing else; what a caller gets wrong is a ValueError or NoSession.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._session: Session | None = None

    def version(self) -> Version:
        """Return what the chip says of itself."""
        return Version.parse(self._ask(_GET_VERSION, most=max(LENGTHS)))

    def key_version(self, key_no: int) -> int:
        """Return the version byte of this key of what is selected, 0 to 255.

        DESFire tells it to anybody; sources differ on whether an NTAG 424 wants a session.
        """
        return self._ask(_GET_KEY_VERSION, bytes([key_no]), length=1)[0]

    def change_key(
        self, key_no: int, new: bytes, *, version: int, old: bytes | None = None
    ) -> None:
        """Give this key a new value (16 bytes) and version byte, in a session of the master key.

        ``old`` is the key's present value; the session's own key needs none, and changing it
        ends the session.
        """
        session = self._in_session()
        own = key_no == session.key_no
        if not own and old is None:
            raise ValueError("the change of another key needs its present value")
        if any(key is not None and len(key) != KEY_LENGTH for key in (new, old)):
            raise ValueError("an AES-128 key has 16 bytes")
        self._session = None  # until the card has agreed
        payload = session.protect_key(
            _CHANGE_KEY,
            bytes([self._key_byte(key_no)]),
            new=new,
            version=version,
            old=None if own else old,
        )
        answer = apdu.converse(self._channel, _CHANGE_KEY, payload, most=MAC_LENGTH)
        if own:
            if answer:
                raise ProtocolBroken("an answer of a session that has ended")
        else:
            session.open(answer, CommMode.MAC, 0)
            self._session = session

    def _key_byte(self, key_no: int) -> int:
        """Return the key's number as ChangeKey names it."""
        return key_no

    def _in_session(self) -> Session:
        if self._session is None:
            raise NoSession
        return self._session

    def _ask(
        self,
        ins: int,
        header: bytes = b"",
        data: bytes = b"",
        *,
        mode: CommMode = CommMode.MAC,
        length: int | None = None,
        most: int = 0,
        frame: int = apdu.LONGEST,
    ) -> bytes:
        """Send a command and return its checked data: ``length`` bytes, or at most ``most``.

        Within a session it is protected as ``mode`` says; without one it goes in clear.
        """
        session, self._session = self._session, None  # an error ends it
        payload = session.protect(ins, header, data, mode) if session else header + data
        most = (most if length is None else length) + (_PROTECTION if session else 0)
        answer = apdu.converse(self._channel, ins, payload, most=most, frame=frame)
        if session:
            answer = session.open(answer, mode, length)
        elif length not in {None, len(answer)}:
            raise ProtocolBroken("an answer of another length than was asked for")
        self._session = session
        return answer
