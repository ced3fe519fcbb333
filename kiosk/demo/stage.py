"""Where the demo plays: a temporary place, a private pcscd, one virtual reader, a whole kiosk."""

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accounts.clock import Clock
from accounts.door import DirectDoor
from cards.virtual.image import Image
from cards.virtual.stack import VirtualCards
from cards.watched import WatchedReader
from kiosk.compose import Parts, assemble
from kiosk.demo.world import World, build
from kiosk.journal import open_journal
from kiosk.messages import Outcome
from kiosk.school_keys import keep_key
from kiosk.vault import KEY_BYTES

READER = "Ausgabe"


@dataclass(frozen=True, slots=True)
class Stage:
    """A kiosk that serves the demo's school, and the hand that holds cards near its reader."""

    world: World
    cards: VirtualCards
    parts: Parts

    def insert(self, card: Image) -> None:
        """Lay a card on the reader."""
        self.cards.readers[0].insert(card)

    def remove(self) -> None:
        """Take it away."""
        self.cards.readers[0].remove()


@contextmanager
def stage(clock: Clock, deliver: Callable[[Outcome], None]) -> Iterator[Stage]:
    """Build everything, start it, and leave nothing behind.

    Raises ``cards.virtual.stack.VirtualCardsUnavailableError`` where the machine lacks a part
    or is an enrolled kiosk.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mensa-demo-") as folder,
        VirtualCards((READER,)) as cards,
    ):
        world = build(Path(folder), clock)
        journal = open_journal(
            world.journal, origin_id=world.origin_id, key=secrets.token_bytes(KEY_BYTES)
        )
        keep_key(journal, world.school_key)
        reader = WatchedReader(
            cards.readers[0].setting,
            admit_virtual=True,
            now=clock.now,
            pcsc_socket=cards.socket,
        )
        parts = assemble(
            DirectDoor(world.database, world.origin_id, clock),
            journal,
            [reader],
            pepper=world.pepper,
            clock=clock,
            deliver=deliver,
        )
        parts.sync.once()  # the first child finds a kiosk that knows the school
        parts.start()
        try:
            yield Stage(world, cards, parts)
        finally:
            parts.close()
            world.database.close()
