"""Which face a pupil sees for which outcome.

Every refusal has the same face, whatever its reason, and a served child's face holds nothing
but the greeting: neither price nor balance nor who pays is looked at here. Each face differs
from every other in its sign and in its words, so that it is told apart without colours.
"""

import enum
from dataclasses import dataclass

from accounts.money import Money
from accounts.texts import Texts, mark
from cards.reader import UnreadReason
from kiosk.messages import BalanceArmed, BalanceShown, CardNotRead, Outcome, Refused, Served
from kiosk.sounds import Tone
from kiosk.widgets.face import FaceText

SECOND_NS = 1_000_000_000
RESULT_NS = 3 * SECOND_NS
"""A result stays at least so long, or until the next one."""


class Face(enum.Enum):
    """The classes the screen changes between; the value is the class in the style sheet."""

    IDLE = "idle"
    SERVED = "served"
    REFUSED = "refused"
    AGAIN = "again"
    WRONG_CARD = "wrong-card"
    TROUBLE = "trouble"
    LOADING = "loading"
    ARMED = "armed"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class _Words:
    shape: str
    headline: str
    sentence: str


# The sentence without a name; with one, see _GREETING.
_WORDS = {
    Face.IDLE: _Words("card", mark("PLACE\nCARD"), mark("Please place your card")),
    Face.SERVED: _Words("tick", mark("ENJOY\nLUNCH!"), mark("Enjoy your lunch!")),
    Face.REFUSED: _Words("cross", mark("ASK\nSTAFF"), mark("Please see the canteen staff")),
    Face.AGAIN: _Words("again", mark("TRY\nAGAIN"), mark("Please place your card again")),
    Face.WRONG_CARD: _Words(
        "one card", mark("ONLY\nTHE CARD"), mark("Please place nothing but your meal card")
    ),
    Face.TROUBLE: _Words("closed", mark("NOT\nREADY"), mark("Reader not ready")),
    Face.LOADING: _Words("hourglass", mark("ONE\nMOMENT"), mark("The kiosk is loading its data")),
    Face.ARMED: _Words("euro", mark("PLACE\nCARD"), mark("Place your card to see its balance")),
    Face.BALANCE: _Words("euro", "", mark("Balance of this card: {amount}")),
}
_GREETING = mark("Enjoy your lunch, {name}!")
_NOT_OURS = frozenset({UnreadReason.RANDOM_UID, UnreadReason.WRONG_LENGTH, UnreadReason.TICKET})


def face_of(outcome: Outcome) -> Face | None:
    """The face for an outcome; None where it has none of its own."""
    match outcome:
        case Served():
            return Face.SERVED
        case Refused():
            return Face.REFUSED
        case CardNotRead():
            return Face.WRONG_CARD if outcome.reason in _NOT_OURS else Face.AGAIN
        case BalanceArmed():
            return Face.ARMED
        case BalanceShown():
            return Face.BALANCE
        case _:
            return None


def tone_of(outcome: Outcome) -> Tone | None:
    """The signal for an outcome: served or not, and nothing else."""
    match outcome:
        case Served():
            return Tone.OK
        case Refused() | CardNotRead():
            return Tone.PROBLEM
        case _:
            return None


def stay_ns(outcome: Outcome) -> int:
    """How long an outcome's face stays where no other comes."""
    return outcome.seconds * SECOND_NS if isinstance(outcome, BalanceArmed) else RESULT_NS


def words(face: Face, outcome: Outcome | None, texts: Texts, other: Texts) -> FaceText:
    """What the face says in a language, with its translation below."""
    its = _WORDS[face]
    match outcome:
        case BalanceShown(balance=balance):
            headline = _money(texts, balance)
            said = [x.say(its.sentence, amount=_money(x, balance)) for x in (texts, other)]
        case Served(greeting=str(name)):
            headline = texts.say(its.headline)
            said = [x.say(_GREETING, name=name) for x in (texts, other)]
        case _:
            headline = texts.say(its.headline)
            said = [x.say(its.sentence) for x in (texts, other)]
    return FaceText(its.shape, headline, said[0], said[1])


def _money(texts: Texts, amount: Money) -> str:
    return texts.money(amount).replace("\N{NO-BREAK SPACE}", " ")
