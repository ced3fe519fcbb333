"""The lunch to look at: the kiosk's own screen and children who tap by themselves.

Beside it, where the terminal is wide enough, stands what the ledger booked for each tap.
The second column is the demo's and no part of a kiosk: a canteen never shows amounts.
"""

import logging
import textwrap
import threading
from dataclasses import dataclass

from textual.message import Message
from textual.widgets import Static

from accounts.card_matters import Matter, card_matters
from accounts.clock import Clock
from accounts.queries import BookedEntry, entries_after
from accounts.texts import Language, Texts, texts
from kiosk import messages as say
from kiosk.app import KioskApp
from kiosk.demo.cast import Prop
from kiosk.demo.result import Result, Step, result_of
from kiosk.demo.stage import Stage, stage
from kiosk.demo.world import STAFF_PIN
from kiosk.sentences_alerts import MATTERS
from kiosk.sounds import Speaker
from kiosk.terminal import run_kiosk

log = logging.getLogger(__name__)

_CARD_LIES_SECONDS = 1.2
_BETWEEN_SECONDS = 1.6
_POLL_SECONDS = 0.25
_BETWEEN_CHILDREN = (
    (2, Prop.COPY),
    (5, Prop.STRANGER),
    (7, Prop.PHONE),
    (9, Prop.OLD_CARD),
)
"""Where in the queue the other cards come, each place counted with those before it."""


class Booked(Message, bubble=False):
    """The ledger booked something, or heard of a card the office should look into."""

    def __init__(self, entries: tuple[BookedEntry, ...], alerts: tuple[Matter, ...]) -> None:
        super().__init__()
        self.entries = entries
        self.alerts = alerts


class LedgerColumn(Static):
    """The newest entries and alerts, newest last."""

    DEFAULT_CSS = "LedgerColumn { padding: 0 1; height: 1fr; }"

    def __init__(self, said: Texts) -> None:
        super().__init__("Hauptbuch / ledger", markup=False)
        self._said = said
        self._lines: list[str] = []

    def on_booked(self, message: Booked) -> None:
        """Show them."""
        for entry in message.entries:
            self._lines.append(f"#{entry.id} {entry.kind.value}")
            self._lines += [
                f"  {self._said.money(t.amount):>9}  {t.debit} -> {t.credit}"
                for t in entry.transfers
            ]
        width = max(20, self.size.width - 2)
        for alert in message.alerts:
            self._lines += textwrap.wrap(
                f"! {self._said.say(MATTERS[alert.kind])}", width, subsequent_indent="  "
            )
        room = max(4, self.size.height - 2)
        self.update("\n".join(["Hauptbuch / ledger", "", *self._lines[-room:]]))


@dataclass(slots=True)
class _Hands:
    """The children's hands and the eye on the ledger, each in a thread, until ``over``."""

    theatre: Stage
    column: LedgerColumn
    over: threading.Event

    def children(self) -> None:
        """One child after the other lays its card down and takes it away."""
        world = self.theatre.world
        queue = [*world.children, *world.children[:3]]
        cards = [child.chip for child in queue]
        for place, prop in _BETWEEN_CHILDREN:
            cards.insert(place, world.props[prop])
        for card in cards:
            if self.over.wait(_BETWEEN_SECONDS):
                return
            try:
                self.theatre.insert(card)
                self.over.wait(_CARD_LIES_SECONDS)
                self.theatre.remove()
            except RuntimeError:
                log.warning("a card could not be laid down")

    def ledger(self) -> None:
        """Tell the column what was booked since the last look."""
        seen, noticed = 0, 0
        while not self.over.wait(_POLL_SECONDS):
            with self.theatre.world.database.read() as db:
                entries = entries_after(db, seen)
                alerts = card_matters(db, since=None)[::-1][noticed:]
            if entries or alerts:
                seen = entries[-1].id if entries else seen
                noticed += len(alerts)
                self.column.post_message(Booked(entries, alerts))


def watch(clock: Clock) -> tuple[int, Result | None]:
    """Show the lunch until somebody quits; the exit status, and what was proved afterwards."""
    steps: list[Step] = []
    german = texts(Language.GERMAN)
    column = LedgerColumn(german)
    screen: list[KioskApp] = []

    def deliver(outcome: say.Outcome) -> None:
        if isinstance(outcome, say.Served | say.Refused):
            reason = outcome.reason.value if isinstance(outcome, say.Refused) else None
            steps.append(Step("", "", type(outcome).__name__.lower(), reason))
        if screen:
            screen[0].deliver(outcome)

    with stage(clock, deliver) as theatre:
        speaker = Speaker()
        app = KioskApp(
            theatre.parts.send,
            play=speaker,
            side=column,
            hint=f"Vorführung / demo: Kinder tippen von selbst; PIN {STAFF_PIN}",
            may_quit=True,
        )
        screen.append(app)
        over = threading.Event()
        hands = _Hands(theatre, column, over)
        threads = [
            threading.Thread(target=work, daemon=True) for work in (hands.children, hands.ledger)
        ]
        for thread in threads:
            thread.start()
        status = run_kiosk(app)
        over.set()
        for thread in threads:
            thread.join()
        speaker.finish()
        result = result_of(theatre, tuple(steps), clock) if status == 0 else None
    return status, result
