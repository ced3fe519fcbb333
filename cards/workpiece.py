"""A chip in the field on its way to becoming a card of ours: its keys tell how far it is.

A method does what it says in one session and leaves nothing behind but what is on the chip.
Which key is tried first is decided by the version the chip tells, which spares it wrong keys;
what counts is the key that opens. See `cards.secure_messaging` for what is raised.
"""

import enum

from cards import desfire, ntag424
from cards.card_keys import Keys
from cards.channel import Channel
from cards.layout import CONTENT_LENGTH, MASTER_KEY, PICC, Medium
from cards.secure_messaging import CommMode
from cards.status import CardRefused, Status

FACTORY_KEY = bytes(16)
"""AES keys of a fresh application and of a fresh NTAG 424; as 2K3DES, that of a fresh DESFire."""

_WRONG_KEY = frozenset({Status.AUTHENTICATION_ERROR, Status.NO_SUCH_KEY})


class Owner(enum.Enum):
    """Whose master key the chip itself has."""

    OURS = "ours"
    FORMER = "former"
    FACTORY = "factory"


class Workpiece:
    """One chip in the field with the keys it has or is to have."""

    def __init__(self, channel: Channel, keys: Keys) -> None:
        self._keys = keys
        self._host: desfire.Card | ntag424.Tag
        if keys.medium is Medium.NTAG424:
            self._host = ntag424.Tag(channel)
            self._host.select()
        else:
            self._host = desfire.Card(channel)

    @property
    def _desfire(self) -> desfire.Card:
        if not isinstance(self._host, desfire.Card):
            raise TypeError("an NTAG 424 has no level above its application")
        return self._host

    def begin(self, number: int, key: bytes) -> None:
        """Begin a session with this key of what is selected."""
        if isinstance(self._host, ntag424.Tag):
            self._host.authenticate(number, key)
        else:
            self._host.authenticate(self._keys.medium, number, key)

    def opens(self, number: int, key: bytes) -> bool:
        """Whether this key is the one; a session where it is."""
        try:
            self.begin(number, key)
        except CardRefused as refused:
            if refused.status in _WRONG_KEY:
                return False
            raise
        return True

    def owner(self) -> Owner | None:
        """Whose key opens the chip itself; a session with it where it is one of these."""
        self._desfire.select(PICC)
        fresh = self._version() == 0
        if fresh and self._factory_opens():
            return Owner.FACTORY
        if self.opens(MASTER_KEY, self._keys.picc):
            return Owner.OURS
        if any(self.opens(MASTER_KEY, key) for key in self._keys.former_picc):
            return Owner.FORMER
        return Owner.FACTORY if not fresh and self._factory_opens() else None

    def key(self, number: int) -> bytes | None:
        """The application's key of that number: ours, the factory's or a former one of ours.

        None where it is another; else a session with it.
        """
        ours = (self._keys.application, *self._keys.former_application)
        known = [keys[number] for keys in ours]
        known.insert(0 if self._version(number) == 0 else len(known), FACTORY_KEY)
        return next((key for key in known if self.opens(number, key)), None)

    def enter(self) -> bool:
        """Select our application; False where there is none."""
        try:
            self._desfire.select(self._keys.aid)
        except CardRefused as refused:
            if refused.status is Status.APPLICATION_NOT_FOUND:
                return False
            raise
        return True

    def take_over(self) -> None:
        """Give the chip itself our key, in a session with the one it has."""
        self._host.change_key(MASTER_KEY, self._keys.picc, version=self._keys.generation)

    def create_application(self) -> None:
        """Create our application, in a session with the chip's own key."""
        self._desfire.create_application(self._keys.aid, keys=self._keys.medium.key_count)

    def change(self, number: int, *, old: bytes | None = None) -> None:
        """Give a key of the application its value, in a session with its master key."""
        key = self._keys.application[number]
        self._host.change_key(number, key, version=self._keys.generation, old=old)

    def create_file(self) -> None:
        """Create our file where there is none, in a session with the application's master key."""
        medium = self._keys.medium
        try:
            self._desfire.create_file(
                medium.file, size=CONTENT_LENGTH, mode=CommMode.FULL, read=medium.read_key,
                write=MASTER_KEY, read_write=MASTER_KEY, change=MASTER_KEY,
            )  # fmt: skip
        except CardRefused as refused:
            if refused.status is not Status.DUPLICATE:
                raise

    def content(self) -> bytes:
        """What a kiosk would read."""
        self.begin(self._keys.medium.read_key, self._keys.read)
        return self._host.read(self._keys.medium.file, 0, CONTENT_LENGTH, CommMode.FULL)

    def write(self, content: bytes) -> None:
        """Write our file, in a session with the key for it."""
        self._host.write(self._keys.medium.file, 0, content, CommMode.FULL)

    def format(self) -> None:
        """Delete all applications, in a session with the chip's own key."""
        self._desfire.format_picc()

    def _version(self, number: int = MASTER_KEY) -> int | None:
        """The version of this key where the card stands: which key to try first."""
        try:
            return self._host.key_version(number)
        except CardRefused:
            return None

    def _factory_opens(self) -> bool:
        try:
            self._desfire.authenticate_factory()
        except CardRefused as refused:
            if refused.status in _WRONG_KEY:
                return False
            raise
        return True
