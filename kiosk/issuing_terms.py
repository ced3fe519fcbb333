"""The words of issuing: who wants a card, what a station has for it, and what became of it."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from accounts.card_issuing import Issue
from accounts.card_register import Card
from accounts.holdings import BlockReason, CardRefusal
from accounts.money import Money
from accounts.office_charge import ChargeRefusal
from cards.channel import Channel
from cards.layout import Medium
from cards.masters import Masters
from cards.personalise import Fault, Step
from cards.reader import CardFault


class Laid(Channel, Protocol):
    """The card on the station's reader."""

    def reset(self) -> None:
        """End the field and let it come back: nothing of a session is left.

        Raises CardGone where the card is not there any more.
        """


class Trouble(enum.Enum):
    """Why a card is not done, or got no number, although it is a good chip."""

    OTHERS_ISSUE = "others_issue"
    """It was begun for somebody of another school."""
    OTHER_MASTERS = "other_masters"
    """It was begun with other master keys than those that are open here."""
    UNCLEAR = "unclear"
    """It answers, but not in due form, or refuses what it must not refuse."""
    GONE = "gone"
    """It left the field, or another one lies there now."""
    ENDED = "ended"
    """Its issue was ended meanwhile, finished or given up at another station."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to have a card, and instead of which. Exactly one holder is given.

    ``may_wipe``: a person has confirmed that what lies on the chip may be deleted.
    """

    school_id: int
    pupil_id: int | None = None
    staff_id: int | None = None
    replaces: int | None = None
    reason: BlockReason | None = None
    may_wipe: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """What a station issues with."""

    masters: Masters = field(repr=False)
    pepper: bytes = field(repr=False)
    aid: bytes
    city: int


@dataclass(frozen=True, slots=True)
class Done:
    """The card is active; ``before``: it was already, when it was laid down.

    ``fee`` is what its holder was charged for it, or why nothing; None where none was asked for.
    """

    card: Card
    before: bool = False
    fee: Money | ChargeRefusal | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """The issue goes on when this card is laid down again."""

    why: Trouble
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The issue has ended without a card, and this one will never be one."""

    why: Fault | CardFault


@dataclass(frozen=True, slots=True)
class NotBegun:
    """Nothing was written, neither on the card nor in the ledger.

    ``card`` is there where the card is or was somebody's.
    """

    why: Fault | CardRefusal | Trouble
    card: Card | None = None


Outcome = Done | Open | Lost | NotBegun

Seal = Callable[[str], tuple[bytes, bytes]]
"""For the school with that official number: its key's id, and what that key sealed."""


class Book(Protocol):
    """Where issues are written down. Each method is durable when it returns."""

    def known(self, card: bytes) -> Card | Issue | None:
        """Whose this card is, or the issue it is in the middle of."""

    def is_issued(self, card: Card) -> bool:
        """Whether this card of somebody's was issued with keys."""

    def is_here(self, issue: Issue, wanted: Wanted) -> bool:
        """Whether the holder of an issue is of the school where this is wanted."""

    def begin(
        self,
        card: bytes,
        wanted: Wanted,
        *,
        medium: Medium,
        generation: int,
        escrow: Callable[[int], bytes],
    ) -> Issue | CardRefusal:
        """Begin to issue; ``escrow`` seals what opens the card, given its issue number."""

    def note(self, issue: Issue, step: Step) -> None:
        """The step is sent next."""

    def finish(self, issue: Issue, seal: Seal) -> Done | CardRefusal:
        """The card has proved itself and is active from now on."""

    def lose(self, issue: Issue, why: Fault | CardFault) -> None:
        """The card is no good any more."""
