"""Making a blank chip a card of ours: the steps, and where on that way a chip stands.

- Each step is idempotent. Which of them are still to be done is read from the chip itself, by
  what its keys open, never from what somebody remembers to have sent. So a card that left the
  field at any command is laid down again and goes on.
- ``personalise`` yields a step before the first command of it is sent, so that whoever drives it
  can write it down first. It ends with None where everything is written, else with the reason
  why this chip gets no further. Whether the card is good is for a fresh session to prove.
- The application's master key is changed last: as long as it is the factory's or of a former
  generation, nothing was promised in this one. Nothing is ever switched on that could lock a chip for good.
- What the chip says comes up as CardGone, CardRefused and ProtocolBroken: none of them says
  anything about the card, and all of them are answered by laying it down again.

Keys travel sealed in the session, but the first sessions are sealed by the factory's key that
everybody knows: cards are issued where nobody listens.
"""

import enum
from collections.abc import Generator
from dataclasses import dataclass

from cards.card_keys import Keys
from cards.channel import Channel
from cards.desfire import Card
from cards.layout import MASTER_KEY, Content, Medium
from cards.status import CardRefused, ProtocolBroken
from cards.workpiece import FACTORY_KEY, Owner, Workpiece

UID_LENGTH = 7

_RANDOM = 0x08  # first byte of a random single-size UID (ISO/IEC 14443-3, table 9)


class Step(enum.Enum):
    """What is written on a chip, in this order; not every medium has every step."""

    PICC_KEY = "picc_key"
    APPLICATION = "application"
    KEYS = "keys"
    FILE = "file"
    CONTENT = "content"
    APPLICATION_KEY = "application_key"
    VERIFY = "verify"
    """Not written, but proven: the whole tap of a kiosk, in a session of its own."""


class Fault(enum.Enum):
    """Why a chip gets no further."""

    NO_CHIP = "no_chip"
    """No chip that can prove itself: it has a number and no more, or is of a foreign kind."""
    RANDOM_UID = "random_uid"
    """It does not tell its own number, from which its keys would be made."""
    OTHER_UID = "other_uid"
    """The reader and the chip say different numbers."""
    FOREIGN_KEYS = "foreign_keys"
    """Its master key is neither the factory's nor ours."""
    FOREIGN_APPLICATION = "foreign_application"
    """Something lies already where our application belongs; formatting the chip removes it."""
    NOT_KEPT = "not_kept"
    """What was written is not what is read back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be on a chip when all steps are done."""

    keys: Keys
    content: Content


def identify(channel: Channel, *, uid: bytes) -> Medium | Fault:
    """What kind of chip lies there; ``uid`` is what the reader says. Raises CardGone."""
    if len(uid) != UID_LENGTH:
        return Fault.RANDOM_UID if len(uid) == 4 and uid[0] == _RANDOM else Fault.NO_CHIP
    try:
        version = Card(channel).version()
    except (CardRefused, ProtocolBroken):
        return Fault.NO_CHIP
    medium = version.generation.medium
    if medium is None:
        return Fault.NO_CHIP
    if not version.uid:
        return Fault.RANDOM_UID
    return medium if version.uid == uid else Fault.OTHER_UID


def survey(channel: Channel, keys: Keys) -> Fault | None:
    """Why nothing can be begun with this chip; None where it is blank, or ours already.

    Writes nothing.
    """
    if keys.medium is Medium.NTAG424:
        tag = Workpiece(channel, keys)
        return Fault.FOREIGN_KEYS if tag.key(MASTER_KEY) is None else None
    card = Workpiece(channel, keys)
    owner = card.owner()
    if owner is None:
        return Fault.FOREIGN_KEYS
    if not card.enter():
        return None
    numbers = range(keys.medium.key_count)
    if owner is Owner.FACTORY or any(card.key(number) is None for number in numbers):
        return Fault.FOREIGN_APPLICATION
    return None


def personalise(channel: Channel, plan: Plan) -> Generator[Step, None, Fault | None]:
    """Do what is left to be done on this chip, yielding each step before it is sent."""
    keys, chip = plan.keys, Workpiece(channel, plan.keys)
    if keys.medium is not Medium.NTAG424:
        fault = yield from _owned(chip)
        if fault is not None:
            return fault
    master = chip.key(MASTER_KEY)
    if master is None or not (yield from _keyed(chip, keys, master)):
        foreign = keys.medium is Medium.NTAG424
        return Fault.FOREIGN_KEYS if foreign else Fault.FOREIGN_APPLICATION
    if keys.medium is not Medium.NTAG424 and master == FACTORY_KEY:
        yield Step.FILE
        chip.begin(MASTER_KEY, master)
        chip.create_file()
    written = plan.content.to_bytes()
    if chip.content() != written:
        yield Step.CONTENT
        number = keys.medium.write_key
        chip.begin(number, master if number == MASTER_KEY else keys.application[number])
        chip.write(written)
        if chip.content() != written:
            return Fault.NOT_KEPT
    if master != keys.application[MASTER_KEY]:
        yield Step.APPLICATION_KEY
        chip.begin(MASTER_KEY, master)
        chip.change(MASTER_KEY)
    return None


def wipe(channel: Channel, keys: Keys) -> Fault | None:
    """Take everything off a DESFire; only where a person confirmed it for this very card.

    The chip has to open by our key or the factory's. There is nothing to wipe on an NTAG 424.
    """
    if keys.medium is Medium.NTAG424:
        return Fault.FOREIGN_KEYS
    chip = Workpiece(channel, keys)
    if chip.owner() is None:
        return Fault.FOREIGN_KEYS
    chip.format()
    return None


def _owned(chip: Workpiece) -> Generator[Step, None, Fault | None]:
    """Make the chip ours and our application stand on it, selected."""
    owner = chip.owner()
    if owner is Owner.FACTORY and chip.enter():
        return Fault.FOREIGN_APPLICATION
    if owner in {Owner.FACTORY, Owner.FORMER}:
        yield Step.PICC_KEY
        if chip.owner() is not None:
            chip.take_over()
    if chip.owner() is not Owner.OURS:
        return Fault.FOREIGN_KEYS
    if not chip.enter():
        yield Step.APPLICATION
        if chip.owner() is Owner.OURS:
            chip.create_application()
        if not chip.enter():
            return Fault.NOT_KEPT
    return None


def _keyed(chip: Workpiece, keys: Keys, master: bytes) -> Generator[Step, None, bool]:
    """Give the application its keys but for the master; False where one is a stranger's."""
    for number in range(1, keys.medium.key_count):
        old = chip.key(number)
        if old is None:
            return False
        if old != keys.application[number]:
            yield Step.KEYS
            chip.begin(MASTER_KEY, master)
            chip.change(number, old=old)
    return True
