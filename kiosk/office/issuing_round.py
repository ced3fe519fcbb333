"""One round at the issuing station: cards laid down one after the other, for one person each.

A card that was begun for somebody is finished for them, whoever is called up. What is done is
done: a round that is cut off leaves nothing but what the same command goes on with.
"""

import enum
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from accounts.holdings import CardRefusal
from accounts.texts import Texts
from cards.personalise import Fault
from cards.reader import TroubleReason
from cards.station import CardUnreadable, LaidCard
from kiosk.issuing import lay
from kiosk.issuing_terms import Book, Done, Laid, Lost, NotBegun, Outcome, Tools
from kiosk.office.issuing_list import Task
from kiosk.office.issuing_words import owner_of, told
from kiosk.sentences_issuing import (
    ISSUING,
    KEYS,
    LAY,
    LAY_ONE,
    LEFT_OUT,
    TAKE_AWAY,
)

SLICE = 0.4
"""Seconds of one wait for a card, between two looks at the keyboard."""
_THEIRS = frozenset({
    CardRefusal.HOLDS_A_CARD, CardRefusal.UNKNOWN_HOLDER, CardRefusal.OTHERS_CARD,
    CardRefusal.REPLACED, CardRefusal.TOO_MANY_CARDS, CardRefusal.UNKNOWN_CARD,
})  # fmt: skip
"""What stands against the person, so that another card helps nothing."""


class Reader(Laid, Protocol):
    """The station's reader, as `cards.station.Station` is one."""

    def wait(self, seconds: float) -> LaidCard | CardUnreadable | TroubleReason | None:
        """What lies there now or within so many seconds."""

    def wait_for_removal(self, seconds: float) -> bool | TroubleReason:
        """Whether the field was empty within so many seconds."""


class Halt(enum.Enum):
    """Why no card came for somebody."""

    LEFT_OUT = "left_out"
    STOPPED = "stopped"
    NOBODY = "nobody"
    NO_READER = "no_reader"


@dataclass(frozen=True, slots=True)
class AtHand:
    """What is at hand: reader, ledger, keys, a voice, and whoever answers it.

    ``typed`` returns a word that was typed since it was last asked, and never waits;
    ``confirm`` asks whether a chip may be wiped. ``patience`` is how many seconds without a card
    end the round, None for as long as somebody sits there. ``sleep`` lets that many seconds pass.
    """

    reader: Reader
    book: Book
    tools: Tools
    speech: Texts
    say: Callable[[str], None]
    typed: Callable[[], str | None]
    confirm: Callable[[], bool] | None = None
    patience: float | None = None
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Round:
    """What became of a list."""

    done: list[tuple[Task, Done]] = field(default_factory=list)
    left_out: list[Task] = field(default_factory=list)
    halt: Halt | None = None
    trouble: TroubleReason | None = None
    refused: NotBegun | Lost | None = None
    """Why a single card was not issued."""


def issue_all(at_hand: AtHand, tasks: tuple[Task, ...], *, who_is: Callable[[int], str]) -> Round:
    """Have a card laid down for each of them. ``who_is`` names a pupil that is not on the list."""
    made = Round()
    if len(tasks) > 1:
        at_hand.say(at_hand.speech.say(KEYS))
    for at, task in enumerate(tasks, 1):
        if any(task is other for other, _ in made.done):
            continue
        sentence = LAY if len(tasks) > 1 else LAY_ONE
        at_hand.say(at_hand.speech.say(sentence, at=at, all=len(tasks), who=task.who))
        halt = _served(at_hand, task, tasks, made, who_is)
        if halt is Halt.LEFT_OUT:
            at_hand.say(at_hand.speech.say(LEFT_OUT, who=task.who))
            made.left_out.append(task)
        elif halt is not None:
            made.halt = halt
            break
        if made.refused is not None:
            break
    return made


def _served(
    at_hand: AtHand, task: Task, tasks: tuple[Task, ...], made: Round, who_is: Callable[[int], str]
) -> Halt | None:
    """Take cards until this person has one; None where they have, or cannot get one."""
    may_wipe = False
    for card in _cards(at_hand, made):
        if isinstance(card, Halt):
            return card
        wanted = replace(task.wanted, may_wipe=may_wipe)
        outcome = lay(at_hand.tools, at_hand.book, wanted, uid=card.uid, laid=at_hand.reader)
        may_wipe = _may_wipe(at_hand, outcome)
        if may_wipe:
            continue
        if len(tasks) == 1 and _ends_it(at_hand, outcome):
            made.refused = outcome if isinstance(outcome, (NotBegun, Lost)) else None
            return None
        at_hand.say(told(at_hand.speech, task, tasks, outcome, who_is))
        if isinstance(outcome, Done):
            owner = owner_of(tasks, outcome)
            if owner is not None:
                made.done.append((owner, outcome))
            if len(made.done) < len(tasks):
                _taken_away(at_hand)
            if owner is task:
                return None
        elif isinstance(outcome, NotBegun) and outcome.why in _THEIRS:
            return Halt.LEFT_OUT
        else:
            _taken_away(at_hand)
    return Halt.STOPPED


def _ends_it(at_hand: AtHand, outcome: Outcome) -> bool:
    """Whether nobody sits there to try another card, or none would help."""
    if isinstance(outcome, NotBegun):
        return outcome.why in _THEIRS or at_hand.patience is not None
    return isinstance(outcome, Lost) and at_hand.patience is not None


def _cards(at_hand: AtHand, made: Round) -> Iterator[LaidCard | Halt]:
    """What is laid down, one after the other; a halt ends it."""
    waited, last = 0.0, None
    while True:
        found = at_hand.reader.wait(SLICE)
        if isinstance(found, LaidCard):
            waited, last = 0.0, None
            yield found
            continue
        why = found.reason if isinstance(found, CardUnreadable) else found
        if isinstance(why, TroubleReason) and not made.done:
            made.trouble = why
            yield Halt.NO_READER
        if why is not None and why is not last:
            at_hand.say(at_hand.speech.say(ISSUING[why]))
        last = why
        halt = _halted(at_hand)
        waited += SLICE
        if halt is not None:
            yield halt
        if at_hand.patience is not None and waited >= at_hand.patience:
            yield Halt.NOBODY
        if why is not None:
            # This is told at once: the time that was waited for has not passed.
            at_hand.sleep(SLICE)


def _halted(at_hand: AtHand) -> Halt | None:
    match at_hand.typed():
        case None | "":
            return None
        case "s" | "S":
            return Halt.LEFT_OUT
        case "q" | "Q":
            return Halt.STOPPED
    at_hand.say(at_hand.speech.say(KEYS))
    return None


def _taken_away(at_hand: AtHand) -> None:
    """Wait until the field is empty; a person that stops is heard at the next card."""
    asked = False
    while at_hand.reader.wait_for_removal(SLICE) is False:
        if not asked:
            at_hand.say(at_hand.speech.say(TAKE_AWAY))
            asked = True


def _may_wipe(at_hand: AtHand, outcome: Outcome) -> bool:
    occupied = isinstance(outcome, NotBegun) and outcome.why is Fault.FOREIGN_APPLICATION
    return occupied and at_hand.confirm is not None and at_hand.confirm()
