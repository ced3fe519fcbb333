"""The seam between readers of any kind and whoever is told of the cards.

A reader says what happened in its field, in order, once: a card was seen (`Tap`), could not
be made use of (`CardUnread`), or was taken away (`CardTaken`); and of itself whether it can
work (`ReaderReady`, `ReaderTrouble`). A card that lies in the field is one `Tap`, however
long it lies and whatever happens to the reader meanwhile. Two taps of one card on one reader
have a `CardTaken` between them, except on a keyboard wedge, which cannot tell.

Where a card's secret is known (`SecretOf`) its tap says whether the card proved that it knows
it too; where none is known the tap is a number and proves nothing.

Everything is a value that can cross a thread or a pipe. A card's number is left out of the
printed form, so that it does not slip into a log.
"""

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic_ns
from typing import Literal, Protocol, TypeAlias

from cards.secret import CardSecret
from cards.uid import AS_PCSC, UidForm


class Proof(enum.Enum):
    """What a tap proves about the card."""

    AES = "aes"
    """The card knows its own secret key: it is the card that was issued."""
    UID = "uid"
    """Something answered with the card's number; it can be a copy."""
    STAFF = "staff"
    """A member of staff named the child; no card was there."""


class UnreadReason(enum.Enum):
    """Why a card in the field is no tap."""

    RANDOM_UID = "random uid"
    """A phone, an identity card or the like: a new number each time."""
    WRONG_LENGTH = "wrong length"
    """The number has not the length of a card's, or not the one this reader is set to."""
    UNREADABLE = "unreadable"
    """The card does not answer, or not with a number."""
    PULLED = "pulled"
    """The card left the field before its number was read."""
    BUSY = "busy"
    """Another program on this machine holds the card or the reader."""
    TICKET = "ticket"
    """A ticket of public transport (VDV-Kernapplikation): never a meal card, and not read."""
    NOT_TOLD = "not told"
    """The kiosk did not say in time what the card has to prove."""


class CardFault(enum.Enum):
    """Why a card that says it is one of ours did not prove it."""

    WRONG_KEY = "wrong_key"
    """It does not know the card's key: a copy of its number, or of its content too."""
    WRONG_CONTENT = "wrong_content"
    """It knows the key, but the token in it is not the one that was written."""
    OLD_ISSUE = "old_issue"
    """It knows the key, but carries an earlier issue number."""
    NO_APPLICATION = "no_application"
    """It has no application, key or file of ours: another chip with the card's number."""
    BROKEN = "broken"
    """Its answers are not of the protocol, or their seal is wrong."""


class TroubleReason(enum.Enum):
    """Why a reader cannot work."""

    NO_SERVICE = "no service"
    """pcscd does not run, or its library is missing."""
    NO_READER = "no reader"
    """No reader whose name matches the setting is plugged in."""
    NOT_ALLOWED = "not allowed"
    """The only reader that matches is a virtual one, and this composition admits none."""
    DENIED = "denied"
    """polkit does not let this user use the readers."""
    HUNG = "hung"
    """A call to the reader does not come back; its process is being replaced."""
    CRASHED = "crashed"
    """The reader's process ended by itself; it is being replaced."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A card was put on a reader."""

    card: str = field(repr=False)
    """The canonical UID, see `cards.uid`."""
    proof: Proof
    reader: str
    """The reader's configured label."""
    at: datetime
    """Aware, UTC."""
    seen_ns: int
    """`time.monotonic_ns` of the moment the reader announced the card. On Linux this clock
    is one for all processes, so it may be compared with another process's."""
    fault: CardFault | None = None
    """Why the card did not prove itself although it should have; its proof is UID then."""


@dataclass(frozen=True, slots=True)
class CardTaken:
    """The card was taken away; ``card`` is None where its number was never read."""

    reader: str
    card: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardUnread:
    """A card is in the field and is no tap."""

    reader: str
    reason: UnreadReason


@dataclass(frozen=True, slots=True)
class ReaderTrouble:
    """The reader cannot work from now until its next `ReaderReady`."""

    reader: str
    reason: TroubleReason


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader can work from now on."""

    reader: str


ReaderEvent: TypeAlias = Tap | CardTaken | CardUnread | ReaderTrouble | ReaderReady
Sink: TypeAlias = Callable[[ReaderEvent], None]
SecretOf: TypeAlias = Callable[[str], CardSecret | None]
"""The secret of the card with this canonical UID; None where none is known. Quick, any thread."""


def no_secret(_: str) -> None:
    """Know no card's secret: a `SecretOf` for whoever takes cards by their number."""


class Reader(Protocol):
    """One configured reader, whatever it is made of."""

    def start(self, sink: Sink, secret_of: SecretOf = no_secret) -> None:
        """Begin to tell ``sink`` what happens; cards whose secret is known have to prove it.

        Both are called from a thread of the reader's own, one event at a time. ``sink`` should
        do no more than put the event into a queue.
        """

    def close(self) -> None:
        """End; no event comes after the return, and no process or thread is left."""


@dataclass(frozen=True, slots=True)
class ReaderSetting:
    """One reader of a kiosk: the entry of the allow-list.

    Of the PC/SC readers present, only one whose name contains a match of the regular
    expression ``match`` is taken, the first in the order of names. Names end in a number that
    depends on the order of plugging, so ``match`` should leave that out. A keyboard wedge
    has no name and needs no ``match``.

    Raises ValueError for an empty label or an expression that is empty or none.
    """

    label: str
    kind: Literal["pcsc", "wedge"] = "pcsc"
    match: str = ""
    uid_form: UidForm = AS_PCSC

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("a reader needs a label")
        if self.kind not in {"pcsc", "wedge"}:
            raise ValueError(f"a reader is of kind pcsc or wedge, not {self.kind}")
        if self.kind == "pcsc" and not self.match:
            raise ValueError(f"reader {self.label} needs an expression that matches its name")
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"reader {self.label}: {self.match!r} is {error}") from error


def choose(names: list[str], setting: ReaderSetting, *, admit_virtual: bool) -> str | TroubleReason:
    """Return the name of the PC/SC reader this setting takes, or why it takes none."""
    matching = sorted(name for name in names if re.search(setting.match, name))
    if not matching:
        return TroubleReason.NO_READER
    allowed = [name for name in matching if admit_virtual or not is_virtual(name)]
    return allowed[0] if allowed else TroubleReason.NOT_ALLOWED


def is_virtual(name: str) -> bool:
    """Return whether a PC/SC reader by this name is made of software."""
    return "virtual" in name.lower()


class ScriptedReader:
    """A reader without a device: it says what it is told to, in the teller's own thread."""

    def __init__(self, label: str, now: Callable[[], datetime]) -> None:
        self.label = label
        self._now = now
        self._sink: Sink | None = None
        self._lying: str | None = None

    def start(self, sink: Sink, _: SecretOf = no_secret) -> None:
        """Report ready, and from then on whatever is said."""
        self._sink = sink
        self.say(ReaderReady(self.label))

    def close(self) -> None:
        """Fall silent."""
        self._sink = None

    def say(self, event: ReaderEvent) -> None:
        """Report any event; nothing happens before the start and after the close."""
        if self._sink is not None:
            self._sink(event)

    def insert(self, card: str, proof: Proof = Proof.UID, fault: CardFault | None = None) -> None:
        """Lay a card, given by its canonical UID and what it proves, on the reader."""
        self._lying = card
        self.say(Tap(card, proof, self.label, self._now(), monotonic_ns(), fault))

    def remove(self) -> None:
        """Take away the card that lies there."""
        self.say(CardTaken(self.label, self._lying))
        self._lying = None
