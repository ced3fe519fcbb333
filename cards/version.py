"""What a chip says of itself in answer to GetVersion: which chip it is, how much it holds.

It is the chip's own word, sent in clear: it chooses the protocol and proves nothing.

Sources: NXP NT4H2421Gx, GetVersion; for the numbers of the DESFire generations, proxmark3's
``client/src/cmdhfmfdes.c``.
"""

import enum
from dataclasses import dataclass, field
from typing import Final

from cards.layout import Medium
from cards.status import ProtocolBroken

LENGTHS: Final = (28, 29)
"""Hardware (7), software (7), production (14, or 15 with the number of the factory)."""

_DESFIRE: Final = 0x1  # in the lower half of the type; the upper half tells the make
_NTAG: Final = 0x4
_NTAG_424_MAJOR: Final = 0x30


class Generation(enum.Enum):
    """The chips that answer GetVersion in this form."""

    D40 = "desfire"
    """The first DESFire: without AES, of no use to us."""
    EV1 = "desfire ev1"
    EV2 = "desfire ev2"
    EV3 = "desfire ev3"
    NTAG424 = "ntag 424"
    OTHER = "other"

    @property
    def medium(self) -> Medium | None:
        """The medium a card with this chip can be issued as, None where it cannot."""
        return _MEDIA.get(self)


_MEDIA: Final = {
    Generation.EV1: Medium.EV1,
    Generation.EV2: Medium.EV2,
    Generation.EV3: Medium.EV2,
    Generation.NTAG424: Medium.NTAG424,
}
_DESFIRE_BY_MAJOR: Final = {
    0x00: Generation.D40,
    0x01: Generation.EV1,
    0x12: Generation.EV2,
    0x22: Generation.EV2,
    0x42: Generation.EV2,
    0x33: Generation.EV3,
    0x43: Generation.EV3,
}


@dataclass(frozen=True, slots=True)
class Version:
    """One chip. ``type`` is the byte of the hardware type, ``storage`` the most bytes it holds.

    ``uid`` has 7 bytes, or none where the chip keeps its number to itself (random UID); it is
    left out of the printed form.
    """

    type: int
    generation: Generation
    storage: int
    uid: bytes = field(repr=False)

    @classmethod
    def parse(cls, answer: bytes) -> "Version":
        """Return the version these bytes tell. Raises ProtocolBroken for another length."""
        if len(answer) not in LENGTHS:
            raise ProtocolBroken("a version of another length")
        _, kind, _, major, _, storage, _ = answer[:7]
        uid = answer[14:21]
        return cls(kind, _generation(kind, major), 1 << (storage >> 1), uid if any(uid) else b"")


def _generation(kind: int, major: int) -> Generation:
    if kind & 0x0F == _DESFIRE:
        return _DESFIRE_BY_MAJOR.get(major, Generation.OTHER)
    if kind & 0x0F == _NTAG and major == _NTAG_424_MAJOR:
        return Generation.NTAG424
    return Generation.OTHER
