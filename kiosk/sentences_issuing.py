"""What issuing says at the station: why a card is not done, and what to do with it."""

import enum
from collections.abc import Mapping

from accounts.office_charge import ChargeRefusal
from accounts.texts import mark
from cards.personalise import Fault
from cards.reader import CardFault, TroubleReason, UnreadReason
from kiosk.issuing_terms import Trouble

_AGAIN = mark("The card was not read. Take it away and lay it down again.")
_UNPROVEN = mark("It does not prove itself with the keys it was given.")

ISSUING: Mapping[enum.Enum, str] = {
    Fault.NO_CHIP: mark(
        "This card cannot prove itself: it has a number and nothing else. For meal cards take "
        "DESFire EV1, EV2 or EV3, or NTAG 424 DNA."
    ),
    Fault.RANDOM_UID: mark(
        "This card shows another number each time: a phone, an identity card, or a chip that is "
        "set up so. Take another."
    ),
    Fault.OTHER_UID: mark("Reader and chip tell different numbers. Take another card."),
    Fault.FOREIGN_KEYS: mark(
        "This chip belongs to somebody else: its master key is not the factory's and not ours. "
        "Take a blank one."
    ),
    Fault.FOREIGN_APPLICATION: mark(
        "Something lies on this chip already where the meal card belongs. Take a blank one; or, "
        "if all that is on it may be deleted: --format"
    ),
    Fault.NOT_KEPT: mark("The chip does not keep what is written on it."),
    CardFault.WRONG_KEY: _UNPROVEN,
    CardFault.WRONG_CONTENT: _UNPROVEN,
    CardFault.OLD_ISSUE: _UNPROVEN,
    CardFault.NO_APPLICATION: _UNPROVEN,
    CardFault.BROKEN: _UNPROVEN,
    Trouble.OTHERS_ISSUE: mark(
        "This card was begun for somebody of another school. It is finished there."
    ),
    Trouble.OTHER_MASTERS: mark(
        "This card was begun with other master keys. Open those (--keys FILE), or take another "
        "card and give this one up: --give-up"
    ),
    Trouble.UNCLEAR: mark(
        "The card answers unclearly. Lay it down again, in the middle of the reader."
    ),
    Trouble.GONE: mark("The card is not done yet. Lay the same card down again and leave it."),
    Trouble.ENDED: mark(
        "This card was finished or given up at another station meanwhile. Lay it down again."
    ),
    ChargeRefusal.NOT_OFFERED: mark(
        "Today's menu has no offer {code} that could be charged for the card: mensa offer add"
    ),
    ChargeRefusal.IS_A_LUNCH: mark("The offer {code} is a lunch. A card is charged as a snack."),
    ChargeRefusal.NO_PRICE: mark("The offer {code} has no price for this person."),
    ChargeRefusal.BALANCE: mark("not charged: the balance does not bear it"),
    ChargeRefusal.NOT_MEMBER: mark("not charged: they do not belong to the school today"),
    UnreadReason.RANDOM_UID: _AGAIN,
    UnreadReason.WRONG_LENGTH: _AGAIN,
    UnreadReason.UNREADABLE: _AGAIN,
    UnreadReason.PULLED: _AGAIN,
    UnreadReason.NOT_TOLD: _AGAIN,
    UnreadReason.TICKET: mark("This is a ticket of public transport. Take a blank card."),
    UnreadReason.BUSY: mark(
        "Another program holds the card: a kiosk on this machine, or software for smartcards. "
        "End it."
    ),
    TroubleReason.NO_SERVICE: mark(
        "The service for readers does not run: systemctl start pcscd.socket"
    ),
    TroubleReason.NO_READER: mark(
        "No reader is plugged in that the settings mean ([station] reader)."
    ),
    TroubleReason.NOT_ALLOWED: mark("Cards are never issued on a virtual reader."),
    TroubleReason.DENIED: mark(
        "This user may not use the readers (docs/kiosk-machine.md, polkit)."
    ),
    TroubleReason.HUNG: mark("The reader does not answer. Pull it out and plug it in again."),
    TroubleReason.CRASHED: mark("The reader's program has ended. Lay the card down again."),
}

LAY = mark("{at} of {all}: {who}: lay a blank card on the reader.")
LAY_ONE = mark("{who}: lay a blank card on the reader.")
KEYS = mark("(s and Enter: leave out; q and Enter: stop; Ctrl-C stops as well)")
TAKE_AWAY = mark("Take the card away.")
ISSUED = mark("{who}: card {printed}. Write this number on it.")
ISSUED_BEFORE = mark("{who}: this card is active already. Its number is {printed}.")
FINISHED_OTHER = mark("This card was begun for {who} and is active now: {printed}.")
CHARGED = mark("charged: {amount}")
LOST = mark("This card is lost: {why} Destroy it and take another.")
LEFT_OUT = mark("{who}: left out")
NOBODY_LEFT = mark("Everybody on this list has a card.")
HOLDS = mark(
    "They have the card {printed} already. For a new one instead of it: "
    "mensa card issue --school {school} --replace {number}"
)
HAS_ONE = mark("{who}: has a card")
GIVEN_UP = mark("{who}: the card that was begun is given up.")
NO_STATION = mark(
    'This machine issues no cards. In the settings: [station] keys = "FILE", reader = "NAME"'
)
NO_CARD_CAME = mark("No card was laid on the reader.")
STOPPED = mark("Stopped. What is left is done by the same command.")
FORMAT = mark("All that is on this card will be deleted. To confirm, type {word}: ")
FORMAT_WORD = mark("DELETE")
UNKNOWN_NUMBERS = mark("The school {school} knows nobody as {numbers}. Nothing was begun.")
NO_CLASS = mark("Nobody is in the class {name} at this school.")
