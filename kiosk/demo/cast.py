"""Who has a part in the demo's lunch, and every card that is laid on its reader."""

import enum
from dataclasses import dataclass
from datetime import datetime

from accounts.card_register import Card
from accounts.database import Session
from accounts.holdings import BlockReason, block_card, card_hash, issue_card
from cards.virtual.image import Image, Kind, copied, factory
from kiosk.demo.station import Station

# part -> (school's number, opening balance in cents, funded)
CAST: dict[str, tuple[str, int, bool]] = {
    "paying": ("4101", 2500, False),
    "subsidised": ("4104", 2500, True),
    "empty balance": ("4107", 0, False),
    "beyond the floor": ("4110", -1400, False),
    "lost card": ("4113", 1200, False),
    "new card": ("4116", 1850, False),
    "card by number": ("4119", 900, False),
}


@dataclass(frozen=True, slots=True)
class Child:
    """One child of the demo: its number at the school, its card, and what it is there for."""

    number: str
    chip: Image
    printed_no: str
    part: str


class Prop(enum.Enum):
    """What lies on the reader besides the children's cards."""

    STRANGER = "stranger"
    """A good chip that nobody has issued."""
    COPY = "copy"
    """The paying child's number and content on a chip without the card's keys."""
    PHONE = "phone"
    """Another number each time."""
    OLD_CARD = "old_card"
    """A lost card, whose child has another one by now."""


def hand_out_cards(
    db: Session, station: Station, pupils: dict[str, int], now: datetime
) -> tuple[tuple[Child, ...], dict[Prop, Image]]:
    """Give every child a card; what else will lie on the reader is laid ready."""
    part_of = {number: part for part, (number, _, _) in CAST.items()}
    children: list[Child] = []
    props = {
        Prop.STRANGER: factory(Kind.EV3, bytes.fromhex("04F00DF00DF00D")),
        Prop.PHONE: factory(Kind.EV2, bytes.fromhex("04F0F0F0F0F0F0"), random_uid=True),
    }
    for number, pupil in sorted(pupils.items()):
        uid, part = bytes.fromhex(f"04{number}DE60FFEE"), part_of.get(number, "")
        if part == "card by number":
            card, chip = _by_number(db, station, pupil, uid, now), Image(Kind.NUMBER, uid)
        else:
            made = station.issue(pupil, uid)
            card, chip = made.card, made.chip
        if part == "paying":
            props[Prop.COPY] = copied(chip)
        if part == "lost card":
            block_card(db, card_id=card.id, reason=BlockReason.LOST, actor="office:demo", at=now)
        if part == "new card":
            props[Prop.OLD_CARD] = chip
            other = bytes.fromhex(f"04{number}DE60FFEF")
            made = station.issue(pupil, other, replaces=card, reason=BlockReason.LOST)
            card, chip = made.card, made.chip
        children.append(Child(number, chip, card.printed_no, part))
    return tuple(children), props


def _by_number(db: Session, station: Station, pupil: int, uid: bytes, now: datetime) -> Card:
    hashed = card_hash(station.pepper, uid.hex().upper())
    card = issue_card(db, uid_hmac=hashed, pupil_id=pupil, actor="office:demo", at=now)
    if not isinstance(card, Card):
        raise TypeError(f"the demo could not assign a card: {card}")
    return card
