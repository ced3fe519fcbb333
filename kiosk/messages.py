"""What the worker says to the screen: small frozen values, finished before they are sent.

An outcome is made after its charge is durable; nothing that happens to the screen undoes it.
What only staff may see (names, offers, reasons) stands in fields of its own; the pupil's view
reads none of them but ``greeting``. What the screen asks is in ``kiosk.commands``.
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from accounts.charge import Choice, ItemClass, Refusal
from accounts.money import Money
from cards.reader import CardFault, TroubleReason, UnreadReason


class ProofLack(enum.Enum):
    """Why a card that has a key brought no proof of it, through no fault of the card."""

    NO_KEYS = "no_keys"
    """This kiosk cannot open what the card would have to prove: it lacks its school's key."""
    NUMBER_ONLY = "number_only"
    """It came through a reader that tells numbers only."""


class CardKeys(enum.Enum):
    """How a kiosk stands with the keys of its cards."""

    NONE = "none"
    """No card here has a key."""
    HELD = "held"
    MISSING = "missing"
    """At least one card's secret cannot be opened here."""


@dataclass(frozen=True, slots=True)
class Served:
    """A charge is durable. ``left_out`` are titles the money did not reach (staff only)."""

    at: datetime
    greeting: str | None = field(default=None, repr=False)
    items: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    seen_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was charged. The reason is for the staff, on request.

    ``detail`` says more where the card's proof was not accepted.
    """

    at: datetime
    reason: Refusal
    seen_ns: int | None = None
    detail: CardFault | ProofLack | None = None


@dataclass(frozen=True, slots=True)
class BalanceShown:
    """The balance, for who holds the child's own card and asked for it."""

    at: datetime
    balance: Money


@dataclass(frozen=True, slots=True)
class CardNotRead:
    """A card was there but could not be read."""

    at: datetime
    reason: UnreadReason


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card was taken away."""


@dataclass(frozen=True, slots=True)
class ReaderDown:
    """A reader does not work; the worker's reader keeps trying by itself."""

    reader: str
    reason: TroubleReason


@dataclass(frozen=True, slots=True)
class ReaderUp:
    """A reader works (again)."""

    reader: str


@dataclass(frozen=True, slots=True)
class BalanceArmed:
    """The next tap shows a balance, if it comes within ``seconds``."""

    seconds: int = 15


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Staff are signed in until they are idle for ``idle_seconds``."""

    label: str
    idle_seconds: int


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Staff are signed out, by themselves or by idleness."""


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """A wrong PIN; ``wait_seconds`` is above zero while sign-in is locked."""

    wait_seconds: int


@dataclass(frozen=True, slots=True)
class NeedsStaff:
    """That takes a staff card or PIN first."""


@dataclass(frozen=True, slots=True)
class Voided:
    """The newest charge was taken back; durable."""

    at: datetime
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NothingToVoid:
    """No charge of this kiosk in the last five minutes is left to take back."""


@dataclass(frozen=True, slots=True)
class Child:
    """One hit of a search, for the staff's eyes."""

    pupil_id: int
    name: str = field(repr=False)
    class_name: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, at most as many as fit; ``more`` says that there are others."""

    text: str = field(repr=False)
    children: tuple[Child, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Why:
    """Why the last card was refused; None where none was. ``detail`` as in ``Refused``."""

    reason: Refusal | None
    detail: CardFault | ProofLack | None = None


@dataclass(frozen=True, slots=True)
class OfferCount:
    """So many of one offer went out at this school today."""

    code: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The day's count for the kitchen."""

    at: datetime
    rows: tuple[OfferCount, ...]


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One offer staff can put on the tray."""

    offer_id: int
    code: str
    title: str
    item_class: ItemClass


@dataclass(frozen=True, slots=True)
class Today:
    """The day's offers, and what a tap buys now. Sent at start and whenever either changes."""

    offers: tuple[MenuItem, ...]
    tray: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The staff's line: how old the snapshot is, how many charges wait for the ledger.

    ``revoked``: the ledger does not know this kiosk (any more); what it serves is for the office.
    The cards' keys come with the snapshot and are as old as it is.
    """

    snapshot_age_seconds: int | None
    waiting: int
    ledger_reachable: bool
    revoked: bool = False
    keys: CardKeys = CardKeys.NONE


Outcome = (
    Served
    | Refused
    | BalanceShown
    | CardNotRead
    | CardGone
    | ReaderDown
    | ReaderUp
    | BalanceArmed
    | SignedIn
    | SignedOut
    | SignInRefused
    | NeedsStaff
    | Voided
    | NothingToVoid
    | Found
    | Why
    | Counts
    | Today
    | Status
)
