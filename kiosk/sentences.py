"""Sentences for the reasons that the lower floors return.

Every member of every reason has one; the German form stands in ``accounts/locale/de.po``.
What pupils see does not come from here: their screen has one word for all refusals.
"""

from collections.abc import Mapping

from accounts.charge import OverrideReason, Refusal, VoidReason
from accounts.texts import mark
from cards.reader import CardFault, TroubleReason, UnreadReason
from kiosk.messages import ProofLack

REFUSALS = {
    Refusal.UNKNOWN: mark("Card unknown"),
    Refusal.PROOF: mark("Card not accepted as genuine"),
    Refusal.BLOCKED: mark("Card blocked"),
    Refusal.REPLACED: mark("Card replaced by another"),
    Refusal.WRONG_SCHOOL: mark("Card of another school"),
    Refusal.CLOSED_DAY: mark("No meals today"),
    Refusal.NOT_OFFERED: mark("Not offered today"),
    Refusal.ALREADY_EATEN: mark("Has already eaten today"),
    Refusal.ITEM_BLOCKED: mark("Not allowed by the parents"),
    Refusal.DAILY_LIMIT: mark("Daily limit reached"),
    Refusal.NUMBER_LIMIT: mark("Daily limit of cards without a key reached"),
    Refusal.BALANCE: mark("Balance too low"),
}
"""Why nothing was charged, for the staff."""

UNPROVEN: Mapping[CardFault | ProofLack, str] = {
    CardFault.WRONG_KEY: mark("A copy? The card does not prove itself"),
    CardFault.WRONG_CONTENT: mark("A copy? What is written on the card is not ours"),
    CardFault.OLD_ISSUE: mark("The card is of an earlier issue"),
    CardFault.NO_APPLICATION: mark("A copy? Nothing of ours is on the card"),
    CardFault.BROKEN: mark("The card answers wrongly; place it once more"),
    ProofLack.NO_KEYS: mark("Card keys are missing on this kiosk: mensa kiosk keys FILE"),
    ProofLack.NUMBER_ONLY: mark("This card has a key, and this reader cannot ask for it"),
}
"""Why a card that has a key did not prove it, for the staff."""

OVERRIDES = {
    OverrideReason.CARD_FORGOTTEN: mark("Card forgotten"),
    OverrideReason.CARD_NOT_READ: mark("Card cannot be read"),
    OverrideReason.SECOND_HELPING: mark("Second lunch wanted"),
    OverrideReason.NO_FUNDS: mark("No money left"),
    OverrideReason.OTHER: mark("Other reason"),
}
"""Why staff serve although a rule says no."""

VOIDS = {
    VoidReason.WRONG_ITEM: mark("Wrong item"),
    VoidReason.NOT_TAKEN: mark("Meal not taken"),
    VoidReason.WRONG_PERSON: mark("Wrong person"),
    VoidReason.MISTAKE: mark("Mistake"),
}
"""Why staff take a charge back."""

UNREAD = {
    UnreadReason.RANDOM_UID: mark("A phone or an identity card, not a meal card"),
    UnreadReason.WRONG_LENGTH: mark("Not a card of the kind this reader is set to"),
    UnreadReason.UNREADABLE: mark("The card does not answer"),
    UnreadReason.PULLED: mark("The card was taken away too early"),
    UnreadReason.BUSY: mark("Another program holds the card"),
    UnreadReason.TICKET: mark("A ticket for bus and train, not a meal card"),
    UnreadReason.NOT_TOLD: mark("The kiosk is busy; place the card once more"),
}
"""Why a card in the field was no tap, for the staff."""

TROUBLES = {
    TroubleReason.NO_SERVICE: mark("The card service (pcscd) does not run"),
    TroubleReason.NO_READER: mark("No reader is plugged in"),
    TroubleReason.NOT_ALLOWED: mark("This reader is not on the list of allowed readers"),
    TroubleReason.DENIED: mark("The kiosk may not use the reader"),
    TroubleReason.HUNG: mark("The reader does not answer"),
    TroubleReason.CRASHED: mark("The reader's program ended and is started again"),
}
"""Why a reader cannot work, for the staff."""
