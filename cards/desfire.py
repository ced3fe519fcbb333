"""A DESFire EV1, EV2 or EV3 card from the host's side: the few commands we need of it.

What a command says is the whole of what it does to the card; nothing is cached, repeated or
tried in another way. See `cards.secure_messaging` for sessions and for what is raised.

Sources: NXP MF2DLHX0 (DESFire Light), NT4H2421Gx; for the commands only full DESFire cards
have, libfreefare's ``mifare_desfire.c`` and proxmark3's ``desfirecore.c``.
"""

from collections.abc import Iterator
from typing import Final

from cards import apdu
from cards.channel import Channel
from cards.layout import MASTER_KEY, PICC, Medium
from cards.secure_messaging import CommMode, Conversation, NoSession
from cards.secure_messaging_ev1 import authenticate_aes, authenticate_iso
from cards.secure_messaging_ev2 import Ev2Session, authenticate_first
from cards.status import ProtocolBroken, Status

FREE: Final = 0xE
"""As a file's access right: without a key."""
NEVER: Final = 0xF
"""As a file's access right: nobody."""
OWN_SETTINGS: Final = 0x09
"""Application settings: its master key may be changed, and so may these; listing, creating
and deleting files and changing keys need its master key."""

_SELECT: Final = 0x5A
_CREATE_APPLICATION: Final = 0xCA
_CREATE_STD_FILE: Final = 0xCD
_FORMAT: Final = 0xFC
_READ: Final = 0xBD
_WRITE: Final = 0x3D
_READ_ISO: Final = 0xAD
_WRITE_ISO: Final = 0x8D
_AES_KEY: Final = 0x80
PIECE: Final = 128
"""Bytes of a file that cross in one unchained command."""


def pieces(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield offset and length of each command that a span of a file takes."""
    for at in range(offset, offset + length, PIECE):
        yield at, min(PIECE, offset + length - at)


def span(file_no: int, offset: int, length: int) -> bytes:
    """Return the header of reading and writing: number (1), offset (3), length (3)."""
    return bytes([file_no]) + offset.to_bytes(3, "little") + length.to_bytes(3, "little")


class Card(Conversation):
    """A DESFire card. See the module."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._aid: bytes | None = None

    def select(self, aid: bytes) -> None:
        """Go to this application, or to the card itself (``PICC``); a session ends."""
        self._session = self._aid = None
        if len(aid) != len(PICC):
            raise ValueError("an application's number has three bytes")
        if apdu.exchange(self._channel, _SELECT, aid, Status.DONE):
            raise ProtocolBroken("an answer where none was asked for")
        self._aid = aid

    def authenticate(
        self, medium: Medium, key_no: int, key: bytes, *, rnd_a: bytes | None = None
    ) -> None:
        """Begin a session with this AES key of what is selected, by the medium's protocol.

        ``rnd_a`` (16 bytes) is random unless a test gives it.
        """
        self._session = None
        begin = authenticate_aes if medium is Medium.EV1 else authenticate_first
        self._session = begin(self._channel, key_no, key, rnd_a=rnd_a)

    def authenticate_factory(self, key: bytes = bytes(16), *, rnd_a: bytes | None = None) -> None:
        """Begin a session with the DES master key a card leaves the factory with.

        The card itself must be selected. In this session the master key takes its AES value,
        or the card is formatted; it is for nothing else. ``rnd_a`` has 8 bytes.
        """
        self._session = None
        self._session = authenticate_iso(self._channel, MASTER_KEY, key, rnd_a=rnd_a)

    def read(self, file_no: int, offset: int, length: int, mode: CommMode) -> bytes:
        """Return ``length`` bytes of a file, in the mode the file has; in clear without session."""
        if not isinstance(self._session, Ev2Session):
            return self._ask(_READ, span(file_no, offset, length), mode=mode, length=length)
        return b"".join(
            self._ask(_READ_ISO, span(file_no, at, size), mode=mode, length=size)
            for at, size in pieces(offset, length)
        )

    def write(self, file_no: int, offset: int, data: bytes, mode: CommMode) -> None:
        """Write data into a file, in the mode the file has; in clear without session.

        More than 128 bytes under EV2First, or more than one frame under EV1, can be torn in
        between.
        """
        if not isinstance(self._session, Ev2Session):
            header = span(file_no, offset, len(data))
            self._ask(_WRITE, header, data, mode=mode, length=0, frame=apdu.CHAINED_FRAME)
            return
        for at, size in pieces(offset, len(data)):
            part = data[at - offset :][:size]
            self._ask(_WRITE_ISO, span(file_no, at, size), part, mode=mode, length=0)

    def create_application(self, aid: bytes, *, keys: int, settings: int = OWN_SETTINGS) -> None:
        """Create an application with this many AES keys, all zero, of version 0.

        The card itself must be selected. Raises CardRefused with DUPLICATE where it exists.
        """
        if len(aid) != len(PICC) or not 1 <= keys <= 14:
            raise ValueError("an application's number has three bytes, and it has 1 to 14 keys")
        self._ask(_CREATE_APPLICATION, aid + bytes([settings, _AES_KEY | keys]), length=0)

    def create_file(
        self,
        file_no: int,
        *,
        size: int,
        mode: CommMode,
        read: int,
        write: int,
        read_write: int,
        change: int,
    ) -> None:
        """Create a standard data file of ``size`` zero bytes in the selected application.

        The four rights are key numbers, FREE or NEVER. Raises CardRefused with DUPLICATE
        where the number is taken.
        """
        if not all(0 <= right <= NEVER for right in (read, write, read_write, change)):
            raise ValueError("an access right is a key's number, FREE or NEVER")
        rights = bytes([read_write << 4 | change, read << 4 | write])
        header = bytes([file_no, mode.value]) + rights + size.to_bytes(3, "little")
        self._ask(_CREATE_STD_FILE, header, length=0)

    def format_picc(self) -> None:
        """Delete all applications and files; the card's master key stays as it is.

        Only where a person has confirmed it for this very card. Needs a session of the card's
        master key. Raises NoSession without one.
        """
        self._in_session()
        self._ask(_FORMAT, length=0)

    def _key_byte(self, key_no: int) -> int:
        if self._aid is None:
            raise NoSession("select what the key belongs to")
        return _AES_KEY | key_no if self._aid == PICC else key_no
