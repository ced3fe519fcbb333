"""Every key of one card: derived from its number and its generation, and kept nowhere.

The station needs all of them to make a card; a kiosk is given one, the read key.
"""

from dataclasses import dataclass, field

from cards.layout import Medium
from cards.masters import Masters


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of one chip in one generation; ``application`` by their numbers from 0."""

    uid: bytes = field(repr=False)
    medium: Medium
    aid: bytes
    generation: int
    picc: bytes = field(repr=False)
    application: tuple[bytes, ...] = field(repr=False)
    former_picc: tuple[bytes, ...] = field(repr=False, default=())
    """Of other generations: a chip that was begun before the masters were rotated."""
    former_application: tuple[tuple[bytes, ...], ...] = field(repr=False, default=())
    """``application`` of those generations, the newest first, as ``former_picc`` is."""

    @property
    def read(self) -> bytes:
        """The key a kiosk knows."""
        return self.application[self.medium.read_key]


def keys_of(masters: Masters, *, uid: bytes, medium: Medium, aid: bytes, generation: int) -> Keys:
    """The keys of the chip with this UID (7 bytes). Raises KeyError for an unknown generation."""
    others = [it for it in reversed(masters.generations) if it != generation]

    def application(of: int) -> tuple[bytes, ...]:
        return tuple(
            masters.read_key(uid=uid, aid=aid, key_no=number, generation=of)
            if number == medium.read_key
            else masters.application_key(uid=uid, aid=aid, key_no=number, generation=of)
            for number in range(medium.key_count)
        )

    return Keys(
        uid=uid,
        medium=medium,
        aid=aid,
        generation=generation,
        picc=masters.picc_key(uid=uid, generation=generation),
        application=application(generation),
        former_picc=tuple(masters.picc_key(uid=uid, generation=it) for it in others),
        former_application=tuple(application(it) for it in others),
    )
