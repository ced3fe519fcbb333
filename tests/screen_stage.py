"""A stage for the kiosk's screen: a clock that is told, a worker that only takes notes."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from textual.pilot import Pilot
from textual.strip import Strip

from kiosk.app import KioskApp
from kiosk.commands import Command
from kiosk.messages import Outcome
from kiosk.screens.faces import SECOND_NS, Face
from kiosk.sounds import Tone


@dataclass
class Stage:
    """A running kiosk and what it did."""

    app: KioskApp = field(init=False)
    pilot: Pilot[None] = field(init=False)
    sent: list[Command] = field(default_factory=list)
    tones: list[Tone] = field(default_factory=list)
    ns: int = 1_000 * SECOND_NS
    seen: tuple[str, str] = ("", "")

    def now_ns(self) -> int:
        """The told time."""
        return self.ns

    async def hear(self, *outcomes: Outcome) -> None:
        """Outcomes arrive, and the screen has shown them."""
        for outcome in outcomes:
            self.app.deliver(outcome)
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Keys are pressed, and the screen has shown what they do."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def act(self, *steps: Outcome | str) -> None:
        """Outcomes arrive and keys (given by their names) are pressed, in this order."""
        for step in steps:
            await (self.press(step) if isinstance(step, str) else self.hear(step))

    async def resize(self, size: tuple[int, int]) -> None:
        """The terminal has another size from now on."""
        await self.pilot.resize_terminal(*size)
        await self.pilot.pause()

    async def later(self, seconds: float) -> None:
        """So much time goes by."""
        self.ns += int(seconds * SECOND_NS)
        self.app.tick()
        await self.pilot.pause()

    def face(self) -> Face:
        """The face that is shown now."""
        return self.app.face

    def rows(self) -> list[str]:
        """What stands on the screen."""
        return ["".join(part.text for part in row) for row in self.strips()]

    def text(self) -> str:
        """What stands on the screen, in one piece, with plain spaces."""
        return "\n".join(self.rows()).replace("\N{NO-BREAK SPACE}", " ")

    def strips(self) -> list[Strip]:
        """The rows with their colours."""
        return self.app.screen._compositor.render_strips()

    def picture(self) -> str:
        """The screen as an SVG that is the same for every run and loads nothing from anywhere."""
        svg = self.app.export_screenshot(title="", simplify=True)
        svg = re.sub(r"\s*@font-face \{[^}]*\}|\s*<!--.*?-->", "", svg)
        # Every cell is as wide as it should be, so no row has to be cut off: half the size.
        svg = re.sub(r'<clipPath id="terminal-\d+-line.*?</clipPath>\s*', "", svg, flags=re.DOTALL)
        svg = re.sub(r' clip-path="[^"]*-line-\d+\)"', "", svg)
        return re.sub(r"terminal-\d+", "terminal", svg)


Script = Callable[[Stage], Awaitable[None]]


def perform(
    script: Script,
    *,
    size: tuple[int, int] = (80, 25),
    early: tuple[Outcome, ...] = (),
    **options: Any,
) -> Stage:
    """Run a script against a kiosk and return its stage.

    ``early`` is delivered before there is a screen; ``options`` are the kiosk's own.
    """
    stage = Stage()
    stage.app = KioskApp(stage.sent.append, play=stage.tones.append, now_ns=stage.now_ns, **options)
    for outcome in early:
        stage.app.deliver(outcome)

    async def play() -> None:
        async with stage.app.run_test(size=size) as pilot:
            stage.pilot = pilot
            await script(stage)

    asyncio.run(play())
    return stage
