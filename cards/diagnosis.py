"""What lies on a reader and what it can do for us, without a key and without anybody's data.

Only commands that change nothing are sent, none that needs a key, and none to a transport ticket,
whose content is not ours to read. Whether a card is ours is what it says itself: our application
is there and its keys are not the factory's. Proof takes its key (`cards.prove`).

ATRs of storage cards are those of PC/SC part 3, supplemental document, section 3.1.3.2.3.
"""

import enum
from dataclasses import dataclass
from typing import Final

from cards import desfire, ntag424, uid
from cards.channel import Channel
from cards.field import TICKET
from cards.layout import Medium
from cards.status import CardRefused, ProtocolBroken
from cards.version import Generation, Version

_STORAGE: Final = bytes.fromhex("804F0CA000000306")
"""In the ATR a reader makes up for a card without a processor; the card's name follows."""


class Kind(enum.Enum):
    """What kind of card it is."""

    DESFIRE_D40 = "desfire d40"
    DESFIRE_EV1 = "desfire ev1"
    DESFIRE_EV2 = "desfire ev2"
    DESFIRE_EV3 = "desfire ev3"
    NTAG424 = "ntag 424 dna"
    CLASSIC_1K = "mifare classic 1k"
    CLASSIC_4K = "mifare classic 4k"
    ULTRALIGHT = "mifare ultralight or ntag 21x"
    TICKET = "transport ticket"
    OTHER = "other"


class Use(enum.Enum):
    """What it can do for us."""

    PROVES = "proves"
    """It can be issued with keys of its own and prove itself."""
    NUMBER = "number"
    """It has a number that stays the same and can be copied."""
    NOTHING = "nothing"


class Ours(enum.Enum):
    """Whether it says that it is a card of ours."""

    YES = "yes"
    BEGUN = "begun"
    """Our application is there, its keys are the factory's: an issue was cut off."""
    NO = "no"
    UNKNOWN = "unknown"
    """The chip does not tell without a key."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One card. ``uid_length`` in bytes; ``storage`` the most bytes its chip says it holds.

    ``generation`` is that of our read key on it, where it says one.
    """

    kind: Kind
    atr: bytes
    uid_length: int
    random_uid: bool
    use: Use
    ours: Ours
    storage: int | None = None
    generation: int | None = None


_CHIPS: Final = {
    Generation.D40: Kind.DESFIRE_D40,
    Generation.EV1: Kind.DESFIRE_EV1,
    Generation.EV2: Kind.DESFIRE_EV2,
    Generation.EV3: Kind.DESFIRE_EV3,
    Generation.NTAG424: Kind.NTAG424,
    Generation.OTHER: Kind.OTHER,
}
_NAMED: Final = {
    0x0001: Kind.CLASSIC_1K,
    0x0002: Kind.CLASSIC_4K,
    0x0003: Kind.ULTRALIGHT,
    0x003A: Kind.ULTRALIGHT,
}


def diagnose(channel: Channel, *, number: bytes, atr: bytes, aid: bytes) -> Diagnosis:
    """Look at the card behind ``channel``: its ``number`` as the reader tells it, its ATR.

    ``aid`` is the number of our application. Raises CardGone where it left meanwhile.
    """
    fault = uid.read_bytes(number)
    is_random = fault is uid.UidFault.RANDOM
    by_number = Use.NOTHING if isinstance(fault, uid.UidFault) else Use.NUMBER
    if atr.startswith(TICKET):
        return Diagnosis(Kind.TICKET, atr, len(number), is_random, Use.NOTHING, Ours.NO)
    at = atr.find(_STORAGE)
    if at >= 0:
        name = atr[at + len(_STORAGE) + 1 :][:2]
        kind = _NAMED.get(int.from_bytes(name, "big"), Kind.OTHER)
        return Diagnosis(kind, atr, len(number), is_random, by_number, Ours.NO)
    version = _version(channel)
    if version is None:
        return Diagnosis(Kind.OTHER, atr, len(number), is_random, by_number, Ours.NO)
    medium = version.generation.medium
    ours, generation = (Ours.NO, None) if medium is None else _ours(channel, medium, aid)
    return Diagnosis(
        kind=_CHIPS[version.generation],
        atr=atr,
        uid_length=len(number),
        random_uid=is_random,
        use=by_number if medium is None or by_number is Use.NOTHING else Use.PROVES,
        ours=ours,
        storage=version.storage,
        generation=generation,
    )


def _version(channel: Channel) -> Version | None:
    try:
        return desfire.Card(channel).version()
    except (CardRefused, ProtocolBroken):
        return None


def _ours(channel: Channel, medium: Medium, aid: bytes) -> tuple[Ours, int | None]:
    chip: ntag424.Tag | desfire.Card
    try:
        if medium is Medium.NTAG424:
            chip = ntag424.Tag(channel)
            chip.select()
        else:
            chip = desfire.Card(channel)
            chip.select(aid)
    except (CardRefused, ProtocolBroken):
        return Ours.NO, None
    try:
        generation = chip.key_version(medium.read_key)
    except (CardRefused, ProtocolBroken):
        return Ours.UNKNOWN, None
    if generation:
        return Ours.YES, generation
    # Every NTAG 424 has that application and those keys from its maker.
    return (Ours.NO if medium is Medium.NTAG424 else Ours.BEGUN), None
