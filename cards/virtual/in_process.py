"""A virtual card without a reader: what `cards.channel.Channel` asks for, in this process.

    card = InProcess(factory(Kind.EV2, uid))
    card.transmit(apdu)

For tests of what happens between a host and a card; the stack's own doings (polling, pcscd,
timeouts) need `cards.virtual.stack`. A card that does not answer is gone at once.
"""

import secrets
from collections.abc import Callable

from cards.channel import CardGone
from cards.virtual.chip import Chip
from cards.virtual.image import Image
from cards.virtual.manners import Deed, Laid


class InProcess:
    """See the module. ``told`` is every command that reached the card and its answer."""

    def __init__(
        self,
        image: Image,
        *,
        deed: Deed | None = None,
        after: int = 0,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._chip = Chip(image, entropy=entropy)
        self._laid = Laid(self._chip, deed, after)
        self.told: list[tuple[bytes, bytes]] = []

    @property
    def image(self) -> Image:
        """What the card keeps."""
        return self._chip.image

    @property
    def uid(self) -> bytes:
        """What the reader would say is the card's number."""
        return self._chip.uid

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer; raises `CardGone` where none comes."""
        answer = self._laid.answer(apdu)
        if answer is None:
            raise CardGone
        self.told.append((apdu, answer))
        return answer

    def tear(self) -> None:
        """Pull the card out of the field, between two commands."""
        self._laid.gone = True

    def lay_again(self, *, deed: Deed | None = None, after: int = 0) -> None:
        """Put the card down anew, with these manners."""
        self._chip.reset()
        self._laid = Laid(self._chip, deed, after)
