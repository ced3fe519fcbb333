"""A whole kiosk on the terminal it is started on, told by a plan; the benches run it in a pty.

``python -m bench.screen_process PLAN NUMBER RESULT``: PLAN is ``taps`` (the real reader stack
with virtual cards), ``idle`` or ``many`` (a scripted reader); RESULT is a file for one JSON object.
It prints nothing but the kiosk's screen.
"""

import json
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from accounts.clock import SystemClock
from accounts.door import DirectDoor
from cards.reader import Proof, ScriptedReader
from cards.virtual.image import Image
from kiosk import messages as say
from kiosk.app import KioskApp
from kiosk.compose import Parts, assemble
from kiosk.demo.cast import Prop
from kiosk.demo.stage import stage
from kiosk.demo.world import World, build
from kiosk.journal import open_journal
from kiosk.terminal import run_kiosk

PATIENCE = 60


@dataclass(slots=True)
class Hand:
    """Lays cards down, takes them away, and sees what was painted and when."""

    screen: list[KioskApp] = field(default_factory=list)
    painted: "queue.SimpleQueue[tuple[say.Outcome, int]]" = field(default_factory=queue.SimpleQueue)
    world: World | None = None
    insert: Callable[[Image], None] = lambda _: None
    remove: Callable[[], None] = lambda: None

    def deliver(self, outcome: say.Outcome) -> None:
        """What the counter says, to the screen."""
        if self.screen:
            self.screen[0].deliver(outcome)

    def see(self, *kinds: type[Any]) -> tuple[Any, int]:
        """The next outcome of these kinds that was painted, and when."""
        while True:
            outcome, at = self.painted.get(timeout=PATIENCE)
            if isinstance(outcome, kinds):
                return outcome, at

    def tap(self, card: Image) -> float:
        """One card; milliseconds from its announcement to the painted outcome."""
        self.insert(card)
        outcome, at = self.see(say.Served, say.Refused)
        self.remove()
        self.see(say.CardGone)
        return float(at - (outcome.seen_ns or at)) / 1e6

    def child(self, turn: int) -> Image:
        """The card of the next child in the queue."""
        assert self.world is not None
        return self.world.children[turn % len(self.world.children)].chip

    def stranger(self) -> Image:
        """A card nobody knows."""
        assert self.world is not None
        return self.world.props[Prop.STRANGER]


def main(plan: str, number: int, result: Path) -> int:
    """Run the plan beside the screen, write the result, end."""
    hand, clock = Hand(), SystemClock()
    with tempfile.TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder:
        if plan == "taps":
            with stage(clock, hand.deliver) as theatre:
                hand.world = theatre.world
                hand.insert, hand.remove = theatre.insert, theatre.remove
                return _show(hand, theatre.parts, plan, number, result)
        world = hand.world = build(Path(folder), clock)
        reader = ScriptedReader("script", clock.now)
        hand.insert, hand.remove = partial(_lay, reader), reader.remove
        journal = open_journal(world.journal, origin_id=world.origin_id, key=bytes(32))
        parts = assemble(
            DirectDoor(world.database, world.origin_id, clock),
            journal,
            [reader],
            pepper=world.pepper,
            clock=clock,
            deliver=hand.deliver,
        )
        parts.sync.once()
        status = _show(hand, parts, plan, number, result, begin=parts.start)
        parts.close()
        world.database.close()
        return status


def _lay(reader: ScriptedReader, card: Image) -> None:
    reader.insert(card.uid.hex().upper(), Proof.AES)


def _show(
    hand: Hand,
    parts: Parts,
    plan: str,
    number: int,
    result: Path,
    *,
    begin: Callable[[], None] = lambda: None,
) -> int:
    def work() -> None:
        try:
            hand.see(say.ReaderUp)
            result.write_text(json.dumps(_PLANS[plan](hand, number)))
        finally:
            hand.screen[0].finish()

    hand.screen.append(
        KioskApp(parts.send, shown=lambda outcome, at: hand.painted.put((outcome, at)))
    )
    begin()  # a scripted reader reports at once, and the screen must be there to hear it
    threading.Thread(target=work, daemon=True).start()
    return run_kiosk(hand.screen[0])


def _taps(hand: Hand, number: int) -> dict[str, object]:
    """A child and a stranger in turns, so that every tap paints another face."""
    hand.tap(hand.stranger())  # the first paints what was never painted before
    waits = []
    for turn in range(number // 2):
        waits.append(hand.tap(hand.child(turn)))
        waits.append(hand.tap(hand.stranger()))
    return {"ms": waits}


def _idle(hand: Hand, number: int) -> dict[str, object]:
    begun, used = time.monotonic(), sum(os.times()[:2])
    threading.Event().wait(number)
    del hand
    return {"share": (sum(os.times()[:2]) - used) / (time.monotonic() - begun)}


def _many(hand: Hand, number: int) -> dict[str, object]:
    memory = []
    for turn in range(number):
        hand.tap(hand.child(turn) if turn % 2 else hand.stranger())
        if turn % 1000 == 0:
            memory.append(_resident_kb())
    return {"kb": [*memory, _resident_kb()]}


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


_PLANS: Mapping[str, Callable[[Hand, int], dict[str, object]]] = {
    "taps": _taps,
    "idle": _idle,
    "many": _many,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
