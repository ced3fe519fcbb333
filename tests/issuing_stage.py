"""An issuing station without a reader and, where a test wants it fast, without a ledger."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from builders import NOON

from accounts.card_issuing import Issue, IssueEnd
from accounts.card_register import Card, CardState
from accounts.holdings import CardRefusal
from cards.channel import CardGone
from cards.layout import AID, Medium
from cards.masters import Masters, fresh_masters
from cards.personalise import Fault, Step
from cards.prove import prove
from cards.reader import CardFault
from cards.school_key import open_sealed
from cards.virtual.chip import Chip
from cards.virtual.image import Image, Kind, factory
from cards.virtual.tearing import half_written
from kiosk.issuing_terms import Done, Seal, Tools, Wanted

PEPPER = b"the tests' secret for card numbers"
UID = bytes.fromhex("04A1B2C3D4E5F6")
SCHOOL_NUMBER = "199991"
KINDS = (Kind.EV1, Kind.EV2, Kind.EV3, Kind.NTAG424)
MASTERS: Masters = fresh_masters()


def tools(masters: Masters = MASTERS) -> Tools:
    """What the station issues with."""
    return Tools(masters=masters, pepper=PEPPER, aid=AID, city=1)


class Tear(enum.Enum):
    """When the card leaves the field, seen from the command that is not answered."""

    BEFORE = "before"
    HALF = "half"
    """A write is left half done, where the chip's maker does not promise otherwise."""
    AFTER = "after"


class Torn:
    """A chip in a hand: it leaves at the command with that number, counted from 0."""

    def __init__(self, image: Image, at: int | None = None, how: Tear = Tear.BEFORE) -> None:
        self.chip = Chip(image)
        self.at = at
        self.how = how
        self.sent = 0
        self.resets = 0

    @property
    def image(self) -> Image:
        return self.chip.image

    def transmit(self, apdu: bytes) -> bytes:
        if self.at is not None and self.sent >= self.at:
            if self.sent == self.at and self.how is not Tear.BEFORE:
                before = self.chip.image
                self.chip.answer(apdu)
                if self.how is Tear.HALF:
                    self.chip = Chip(half_written(before, self.chip.image))
            self.sent = self.at + 1
            raise CardGone("torn away")
        self.sent += 1
        return self.chip.answer(apdu)

    def reset(self) -> None:
        if self.at is not None and self.sent > self.at:
            raise CardGone("torn away")
        self.resets += 1
        self.chip.reset()


@dataclass(slots=True)
class PureBook:
    """The book of `kiosk.issuing_terms.Book` as lists: what the ledger promises, and no more."""

    issues: dict[int, Issue] = field(default_factory=dict)
    steps: dict[int, list[str]] = field(default_factory=dict)
    cards: dict[bytes, tuple[Card, Issue, bytes]] = field(default_factory=dict)
    """By the card's hash: the card, its issue, and what was sealed for the school."""

    def known(self, card: bytes) -> Card | Issue | None:
        if card in self.cards:
            return self.cards[card][0]
        return next((one for one in self._open() if one.uid_hmac == card), None)

    def is_issued(self, card: Card) -> bool:
        return any(made == card for made, *_ in self.cards.values())

    def is_here(self, issue: Issue, wanted: Wanted) -> bool:
        return issue.pupil_id is not None and wanted.school_id == 1

    def begin(
        self,
        card: bytes,
        wanted: Wanted,
        *,
        medium: Medium,
        generation: int,
        escrow: Callable[[int], bytes],
    ) -> Issue | CardRefusal:
        if any(one.pupil_id == wanted.pupil_id for one in self._open()):
            return CardRefusal.ISSUE_OPEN
        number = 1 + sum(made.pupil_id == wanted.pupil_id for made, *_ in self.cards.values())
        issue = Issue(
            id=len(self.issues) + 1, uid_hmac=card, pupil_id=wanted.pupil_id, staff_id=None,
            replaces=wanted.replaces, reason=wanted.reason, medium=medium.value,
            generation=generation, issue_no=number, escrow=escrow(number), actor="office",
            at=NOON,
        )  # fmt: skip
        self.issues[issue.id], self.steps[issue.id] = issue, []
        return issue

    def note(self, issue: Issue, step: Step) -> None:
        assert issue in self._open()
        self.steps[issue.id].append(step.value)

    def finish(self, issue: Issue, seal: Seal) -> Done | CardRefusal:
        assert issue in self._open()
        made = Card(
            id=len(self.cards) + 1, pupil_id=issue.pupil_id, staff_id=None,
            issue_no=issue.issue_no, printed_no="123456788", state=CardState.ACTIVE,
        )  # fmt: skip
        _key_id, sealed = seal(SCHOOL_NUMBER)
        self.cards[issue.uid_hmac] = (made, issue, sealed)
        self.steps[issue.id].append(IssueEnd.DONE.value)
        return Done(made)

    def lose(self, issue: Issue, why: Fault | CardFault) -> None:
        self.steps[issue.id] += [why.value, IssueEnd.LOST.value]

    def abandon(self) -> None:
        """Give up whatever is open."""
        for one in self._open():
            self.steps[one.id].append(IssueEnd.ABANDONED.value)

    def _open(self) -> list[Issue]:
        ends = {end.value for end in IssueEnd}
        return [it for it in self.issues.values() if not ends & set(self.steps[it.id])]


def proves(
    image: Image,
    sealed: bytes,
    card: bytes,
    masters: Masters = MASTERS,
    school: str = SCHOOL_NUMBER,
) -> bool:
    """Whether the chip proves itself at a kiosk that has nothing but the school's key."""
    secret = open_sealed((masters.school_key(school),), sealed, card=card)
    return secret is not None and prove(Torn(image), secret=secret) is None


def blank(kind: Kind, uid: bytes = UID) -> Image:
    """A chip as its maker sells it."""
    return factory(kind, uid)


def with_uid(image: Image, uid: bytes) -> Image:
    """The same chip with another number."""
    return replace(image, uid=uid)
