"""The words in which an entry is asked for and answered.

An entry (Buchung) has one key, one kind, and transfers whose amounts are above zero; a charge
also has the lines that were eaten. A draft is what somebody asks for; nothing is booked by it.
"""

import enum
from dataclasses import dataclass
from datetime import datetime

from accounts.money import Money


class EntryKind(enum.Enum):
    """What an entry is: Verzehr, Storno, Anfangsbestand, Aufladung, Erstattung, Korrektur."""

    CHARGE = "charge"
    REVERSAL = "reversal"
    OPENING = "opening"
    TOPUP = "topup"
    REFUND = "refund"
    CORRECTION = "correction"


class No(enum.Enum):
    """Why ``book`` did not book: a kind answer, nothing was changed."""

    FLOOR = "floor"
    ALREADY_REVERSED = "already_reversed"
    NOT_MEMBER = "not_member"


@dataclass(frozen=True, slots=True)
class Key:
    """(origin, epoch, seq): one writer's own number for what it did."""

    origin_id: int
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Move:
    """One transfer: ``amount`` (above zero) from the debit to the credit account, by name."""

    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Eaten:
    """One line of a charge booked by the office: price and share for one, and the tax."""

    offer_id: int
    tariff_id: int
    item_class: str
    quantity: int
    price: Money
    share: Money
    tax_key: int
    rate_permille: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry somebody asks for. ``floor``: the pupil's balance may not end below it.

    ``request_id``: the request that two people decided and this entry uses up.
    """

    key: Key
    kind: EntryKind
    occurred_at: datetime
    actor: str
    moves: tuple[Move, ...]
    pupil_id: int | None = None
    school_id: int | None = None
    reason: str | None = None
    reverses: Key | None = None
    lines: tuple[Eaten, ...] = ()
    floor: Money | None = None
    request_id: int | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """The entry is in the ledger under this key; ``repeated`` if it already was."""

    key: Key
    repeated: bool = False
