"""What the screen and the worker say to each other: small frozen values, both ways.

Commands go from the screen to the worker's queue, outcomes come back as finished values. An
outcome is made after its charge is durable; nothing that happens to the screen undoes it.
What only staff may see (names, offers, reasons) stands in fields of its own; the pupil's view
reads none of them but ``greeting``.
"""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.charge import Choice, ItemClass, OverrideReason, Refusal, VoidReason
from accounts.money import Money
from cards.reader import TroubleReason, UnreadReason

# --- commands: screen to worker -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChooseTray:
    """From now on a tap buys this. Staff only."""

    tray: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class AskBalance:
    """The next tap within some seconds shows the card's balance and buys nothing."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Staff give their PIN."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignOut:
    """Staff are done."""


@dataclass(frozen=True, slots=True)
class KeepSignedIn:
    """Staff pressed a key: the idle time starts anew."""


@dataclass(frozen=True, slots=True)
class VoidLast:
    """Take back this kiosk's newest charge that is not voided and not older than five minutes."""

    reason: VoidReason


@dataclass(frozen=True, slots=True)
class ServeAnyway:
    """Charge the card that was refused last."""

    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class FindChild:
    """Search by the beginning of names or class; logged."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServeFound:
    """Charge a child that was found by name."""

    pupil_id: int
    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class ServeUnassigned:
    """Somebody eats whom nobody could name; the office assigns it later."""

    reason: OverrideReason


@dataclass(frozen=True, slots=True)
class AskWhy:
    """Staff ask why the last card was refused."""


@dataclass(frozen=True, slots=True)
class AskCounts:
    """Staff ask how many of each offer went out today."""


Command = (
    ChooseTray
    | AskBalance
    | SignIn
    | SignOut
    | KeepSignedIn
    | VoidLast
    | ServeAnyway
    | FindChild
    | ServeFound
    | ServeUnassigned
    | AskWhy
    | AskCounts
)

# --- outcomes: worker to screen -------------------------------------------------------------


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
    """Nothing was charged. The reason is for the staff, on request."""

    at: datetime
    reason: Refusal
    seen_ns: int | None = None


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
    """Why the last card was refused; None where none was."""

    reason: Refusal | None


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
    """

    snapshot_age_seconds: int | None
    waiting: int
    ledger_reachable: bool
    revoked: bool = False


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
