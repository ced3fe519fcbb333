"""The lunch by script: every kind of child and of card comes once, then the books are proved.

Each step waits for what it expects and is told as it came; an outcome that differs from the
expected one makes the demo fail, and so does a proof that does not hold.
"""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from accounts.charge import OverrideReason, VoidReason
from accounts.clock import Clock
from kiosk import commands
from kiosk import messages as say
from kiosk.demo.cast import Child, Prop
from kiosk.demo.result import Result, Step, result_of
from kiosk.demo.stage import Stage, stage
from kiosk.demo.world import STAFF_PIN

_PATIENCE_SECONDS = 30.0
_VERDICTS = say.Served | say.Refused | say.CardNotRead | say.SignInRefused | say.NeedsStaff

Kind = TypeVar("Kind")


class UnexpectedOutcome(Exception):  # noqa: N818  # it names what happened
    """The lunch went otherwise than told; the message says how."""


@dataclass(slots=True)
class _Lunch:
    stage: Stage
    heard: "queue.SimpleQueue[say.Outcome]"
    tell: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)

    def expect(self, kind: type[Kind]) -> Kind:
        """The next outcome of that kind; status lines and the like are passed over."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                outcome = self.heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise UnexpectedOutcome(f"no {kind.__name__} came") from None
            if isinstance(outcome, kind):
                return outcome
            if isinstance(outcome, _VERDICTS):
                raise UnexpectedOutcome(f"{outcome} came instead of {kind.__name__}")

    def tap(self, card: Child | Prop, part: str, kind: type[Kind]) -> None:
        """A card is laid down, gets an outcome, and is taken away."""
        if isinstance(card, Child):
            chip, printed_no = card.chip, card.printed_no
        else:
            chip, printed_no = self.stage.world.props[card], "?"
        self.stage.insert(chip)
        outcome = self.expect(kind)
        self.stage.remove()
        self.expect(say.CardGone)
        self.note(printed_no, part, outcome)

    def command(self, command: commands.Command, kind: type[Kind]) -> Kind:
        """Staff press a key."""
        self.stage.parts.send(command)
        return self.expect(kind)

    def note(self, card: str, part: str, outcome: object) -> None:
        """Keep and tell what came."""
        reason, detail = (getattr(outcome, name, None) for name in ("reason", "detail"))
        kind = type(outcome).__name__
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")
        told = (None if it is None else it.value for it in (reason, detail))
        step = Step(card, part, name, *told)
        self.steps.append(step)
        self.tell(step)


def play(clock: Clock, tell: Callable[[Step], None]) -> Result:
    """Play the lunch. Raises UnexpectedOutcome, and what ``stage`` raises."""
    heard: queue.SimpleQueue[say.Outcome] = queue.SimpleQueue()
    with stage(clock, heard.put) as theatre:
        lunch = _Lunch(theatre, heard, tell)
        lunch.expect(say.ReaderUp)
        _children(lunch)
        _cards(lunch)
        _staff(lunch)
        _reader_trouble(lunch)
        return result_of(theatre, tuple(lunch.steps), clock)


def _children(lunch: _Lunch) -> None:
    cast = lunch.stage.world.cast
    lunch.tap(cast["paying"], "paying child", say.Served)
    lunch.tap(cast["subsidised"], "subsidised child", say.Served)
    lunch.tap(cast["empty balance"], "empty balance, within the floor", say.Served)
    lunch.tap(cast["beyond the floor"], "empty balance, beyond the floor", say.Refused)
    lunch.tap(cast["paying"], "second lunch", say.Refused)


def _cards(lunch: _Lunch) -> None:
    cast = lunch.stage.world.cast
    lunch.tap(Prop.STRANGER, "unknown card", say.Refused)
    lunch.tap(Prop.COPY, "a copy: number and content, no key", say.Refused)
    lunch.tap(cast["card by number"], "a card with nothing but a number", say.Refused)
    lunch.tap(Prop.PHONE, "a telephone", say.CardNotRead)
    lunch.tap(cast["lost card"], "a lost card, blocked", say.Refused)
    lunch.tap(Prop.OLD_CARD, "a lost card, replaced", say.Refused)
    lunch.tap(cast["new card"], "the card in its place", say.Served)


def _staff(lunch: _Lunch) -> None:
    cast = lunch.stage.world.cast
    card = cast["beyond the floor"].printed_no
    lunch.command(commands.SignIn(STAFF_PIN), say.SignedIn)
    found = lunch.command(commands.FindChild("heß"), say.Found)
    serve = commands.ServeFound(found.children[0].pupil_id, OverrideReason.NO_FUNDS)
    lunch.note(card, "staff serve the refused child", lunch.command(serve, say.Served))
    void = commands.VoidLast(VoidReason.MISTAKE)
    lunch.note(card, "staff void that charge", lunch.command(void, say.Voided))
    lunch.command(commands.SignOut(), say.SignedOut)
    lunch.command(commands.AskBalance(), say.BalanceArmed)
    lunch.tap(cast["paying"], "balance enquiry", say.BalanceShown)


def _reader_trouble(lunch: _Lunch) -> None:
    lunch.stage.cards.kill()
    lunch.note("", "the reader vanishes", lunch.expect(say.ReaderDown))
    lunch.stage.cards.start()
    lunch.note("", "the reader comes back", lunch.expect(say.ReaderUp))
    others = [child for child in lunch.stage.world.children if not child.part]
    lunch.tap(others[0], "the next child in the queue", say.Served)
