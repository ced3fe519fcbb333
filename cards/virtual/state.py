"""What a chip is in the middle of, and what all its commands do alike.

The image lasts; the selected application, the session and a command of several frames last as
long as the field does, and none of them outlives an error. A command's parameters are taken in
and its answer put together here, so that no command can forget the secure messaging.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from cards.virtual import frames
from cards.virtual.image import DESFIRES, PICC, Application, Guard, Image, Key
from cards.virtual.sessions import LENGTH, OK, Abort, Session

MORE = 0xAF
ILLEGAL, NO_KEY, NO_ROOM, TOO_MANY = 0x1C, 0x40, 0x0E, 0xCE
DENIED, PARAMETER, NO_APPLICATION, NOT_AUTHENTICATED = 0x9D, 0x9E, 0xA0, 0xAE
BOUNDARY, ABORTED, DUPLICATE, NO_FILE = 0xBE, 0xCA, 0xDE, 0xF0

FREE, NEVER = 0xE, 0xF
"""Access rights that name no key."""

MAY_CHANGE_MASTER, MAY_CREATE = 0x01, 0x04
"""Bits of an application's settings."""

Reply: TypeAlias = tuple[int, bytes]
"""Status and body."""

Next: TypeAlias = Callable[[bytes], Reply]
"""What takes the next frame of a command under way."""


@dataclass(slots=True)
class State:
    """See the module. ``entropy`` returns so many random bytes."""

    image: Image
    entropy: Callable[[int], bytes] = field(repr=False)
    selected: bytes = PICC
    session: Session | None = field(default=None, repr=False)
    then: Next | None = field(default=None, repr=False)

    def forget(self, selected: bytes) -> None:
        """End session and pending frames; be in this application."""
        self.selected, self.session, self.then = selected, None, None

    @property
    def here(self) -> Application:
        """The selected application."""
        application = self.image.application(self.selected)
        if application is None:
            raise Abort(NO_APPLICATION)
        return application

    @property
    def at_top(self) -> bool:
        """The level of the whole DESFire is selected, not one of its applications."""
        return self.image.kind in DESFIRES and self.selected == PICC

    def keep(self, application: Application) -> None:
        """Remember the application as it is now."""
        self.image = self.image.keeping(application)

    def key(self, number: int) -> Key:
        """Return a key of the selected application; raises `Abort` where it has none such."""
        keys = self.here.keys
        if number >= len(keys):
            raise Abort(NO_KEY)
        return keys[number]

    def need_master(self, *, unless: int = 0) -> None:
        """Raise `Abort` unless key 0 was proved or the settings leave the matter open."""
        session = self.session
        if self.here.settings & unless or (session is not None and session.key_no == 0):
            return
        raise Abort(NOT_AUTHENTICATED)

    def parameters(self, code: int, data: bytes, length: int, guard: Guard = Guard.MACED) -> bytes:
        """Return the parameters of a command that has nothing else; raises `Abort`."""
        told, rest = data[:length], data[length:]
        if len(told) != length:
            raise Abort(LENGTH)
        if self.session is not None:
            self.session.opened(code, told, rest, guard, 0)
        elif rest:
            raise Abort(LENGTH)
        return told

    def done(
        self, data: bytes = b"", guard: Guard = Guard.MACED, *, open_ended: bool = False
    ) -> Reply:
        """Return a successful answer, in as many frames as it takes."""
        return self._framed(self.sealed(data, guard, open_ended=open_ended))

    def sealed(self, data: bytes, guard: Guard = Guard.MACED, *, open_ended: bool = False) -> bytes:
        """Return the body of a successful answer."""
        if self.session is None:
            return data
        return self.session.answer(data, guard, open_ended=open_ended)

    def in_parts(self, *parts: bytes) -> Reply:
        """Return the first of these frames and have the others follow when asked for."""
        first, *others = parts
        if not others:
            return OK, first

        def further(data: bytes) -> Reply:
            if data:
                raise Abort(LENGTH)
            return self.in_parts(*others)

        self.then = further
        return MORE, first

    def _framed(self, body: bytes) -> Reply:
        size = frames.MOST_DATA
        return self.in_parts(*(body[at : at + size] for at in range(0, max(1, len(body)), size)))
