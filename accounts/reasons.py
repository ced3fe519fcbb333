"""The words for what was decided at a counter and why: codes, the same on every floor.

Their values stand in the ledger's facts and in kiosks' snapshots, so a value never changes its
meaning and none is used again for another. The sentences people read are made in ``kiosk``.
"""

import enum


class Standing(enum.Enum):
    """What a card is worth at this school today."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    REPLACED = "replaced"
    WRONG_SCHOOL = "wrong_school"


class Refusal(enum.Enum):
    """Why nothing was charged. The pupil's screen shows one neutral word for all of them."""

    UNKNOWN = "unknown"
    PROOF = "proof"
    BLOCKED = "blocked"
    REPLACED = "replaced"
    WRONG_SCHOOL = "wrong_school"
    CLOSED_DAY = "closed_day"
    NOT_OFFERED = "not_offered"
    ALREADY_EATEN = "already_eaten"
    ITEM_BLOCKED = "item_blocked"
    DAILY_LIMIT = "daily_limit"
    NUMBER_LIMIT = "number_limit"
    BALANCE = "balance"


class OverrideReason(enum.Enum):
    """Why staff served although a rule said no."""

    CARD_FORGOTTEN = "card_forgotten"
    CARD_NOT_READ = "card_not_read"
    SECOND_HELPING = "second_helping"
    NO_FUNDS = "no_funds"
    OTHER = "other"


class VoidReason(enum.Enum):
    """Why staff took a charge back."""

    WRONG_ITEM = "wrong_item"
    NOT_TAKEN = "not_taken"
    WRONG_PERSON = "wrong_person"
    MISTAKE = "mistake"
