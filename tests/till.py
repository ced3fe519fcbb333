"""A kiosk without a screen: journal, counter and sync on a real ledger, driven by hand."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from builders import NOON, School, row

from accounts.clock import FixedClock
from accounts.door import DirectDoor
from accounts.snapshot import Snapshot
from accounts.tables import people
from cards.reader import CardFault, Proof, Tap
from kiosk.journal import Journal, open_journal
from kiosk.key_book import KeyShelf
from kiosk.messages import Outcome, Status
from kiosk.school_keys import kept_keys
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync

KEY = bytes(range(32))
PIN = "2468"


def card_hash(uid: str) -> str:
    """The installation's keyed hash, under a pepper of the tests."""
    return hmac.new(b"pepper", uid.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Till:
    """One kiosk of the school."""

    school: School
    origin_id: int
    path: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    told: list[Status] = field(default_factory=list)
    journal: Journal = field(init=False)
    counter: StaffedCounter = field(init=False)
    session: StaffSession = field(init=False)
    sync: Sync = field(init=False)
    keys: KeyShelf = field(init=False)
    learned: list[Snapshot] = field(default_factory=list)
    _cards: int = 0

    def __post_init__(self) -> None:
        self.switch_on()

    def switch_on(self) -> None:
        """Open the journal (again) and begin to serve."""
        self.journal = open_journal(self.path, origin_id=self.origin_id, key=KEY, clock=self.clock)
        self.session = StaffSession(
            self.journal, clock=self.clock, check_pin=lambda kept, typed: kept == typed
        )
        self.keys = KeyShelf(kept_keys(self.journal), card_hash=card_hash)
        self.counter = StaffedCounter(
            self.journal,
            clock=self.clock,
            card_hash=card_hash,
            staff=self.session,
            keys=self.keys,
        )
        self.sync = Sync(
            DirectDoor(self.school.database, self.origin_id, self.clock),
            self.journal,
            clock=self.clock,
            learn=self._learn,
            tell=self.told.append,
            keys=lambda: self.keys.standing,
        )

    def _learn(self, snapshot: Snapshot) -> None:
        self.learned.append(snapshot)
        self.counter.learn(snapshot)

    def switch_off(self) -> None:
        """Close the journal."""
        self.journal.close()

    def tap(self, uid: str, *, proof: Proof = Proof.UID, fault: CardFault | None = None) -> Outcome:
        """A card on the reader."""
        return self.counter.tap(Tap(uid, proof, "reader", self.clock.now(), 0, fault))

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(timedelta(**span))


def give_card(school: School, pupil: int, uid: str, *, state: str = "active") -> None:
    """Give a child a card with that number."""
    with school.database.write() as db:
        row(
            db,
            people.card,
            uid_hmac=bytes.fromhex(card_hash(uid)),
            pupil_id=pupil,
            issue_no=1,
            printed_no=uid,
            state=state,
        )


def add_staff(school: School, label: str = "Küche") -> int:
    """A member of staff with the tests' PIN."""
    with school.database.write() as db:
        return row(db, people.staff, school_id=school.id, label=label, pin_hash=PIN)


def set_school(school: School, **values: object) -> None:
    """Change the school's settings."""
    with school.database.write() as db:
        db.execute(people.school.update().values(**values))


MakeTill = Callable[[School], Till]


def at(text: str) -> datetime:
    """A moment of the tests' Monday, in UTC: ``at("11:30")``."""
    hour, minute = text.split(":")
    return NOON.replace(hour=int(hour), minute=int(minute))
