"""How a kiosk reaches its ledger: facts, looks and alerts go in, news comes back, and nothing else.

``DirectDoor`` is for a ledger beside the kiosk (SQLite) and for its owner. ``RoleDoor`` is for a
kiosk's own PostgreSQL role, which may execute two functions and touch no table: they know by
themselves who asks and when. Either way a kiosk gets its own school's data only.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import insert, select, update

from accounts import facts
from accounts.access import Look, log_looks
from accounts.card_alerts import Alert, keep_alerts
from accounts.clock import Clock, microseconds
from accounts.database import Database, DatabaseUnavailable, Session
from accounts.facts import Fact
from accounts.guards import JournalRefused
from accounts.intake import FactBooked, book_facts
from accounts.snapshot import Snapshot, from_told
from accounts.snapshot_query import Pulse, newest_seal, pulse, take_snapshot
from accounts.tables import kiosks, proofs

VERSION = 2
"""Of the documents that are sent; the ledger answers in it for as long as such kiosks serve.

In version 2 a kiosk brings alerts and is told its cards' keys.
"""
SEEN_EVERY = timedelta(minutes=1)
_GONE = frozenset({"revoked", "unknown"})
_LATER = frozenset({"busy", "isolation", "fault", "moved"})


class DoorClosed(Exception):  # noqa: N818  # it names a state of the world, not an error
    """The ledger does not know this kiosk, or no longer; it takes and tells nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kiosk wants to know, and what it says of itself.

    ``pulse`` is the one it knows; where it still holds, the snapshot is sent only if it ``wants``
    one. ``epochs`` are those it holds facts of, ``waiting`` counts facts not brought yet.
    """

    pulse: Pulse | None
    epochs: Sequence[int]
    wants: bool
    waiting: int = 0
    software: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What the ledger tells: its pulse and life, its newest seal, and what changed (else None)."""

    pulse: Pulse
    incarnation: int
    seal: tuple[int, str] | None
    snapshot: Snapshot | None


class Door(Protocol):
    """The ledger as a kiosk sees it. Every call is a transaction of its own."""

    def drain(
        self, news: Sequence[Fact], looks: Sequence[Look], alerts: Sequence[Alert] = ()
    ) -> tuple[FactBooked, ...]:
        """Bring facts of one epoch, looks and alerts; every fact is answered, or none was taken.

        Raises JournalRefused where the ledger cannot take them as they are, DoorClosed, and
        DatabaseUnavailable.
        """

    def news(self, asked: Asked) -> News:
        """What has changed. Raises DoorClosed and DatabaseUnavailable."""


@dataclass(slots=True)
class DirectDoor:
    """Straight into the tables, by the machine's own clock."""

    database: Database
    origin_id: int
    clock: Clock

    def drain(
        self, news: Sequence[Fact], looks: Sequence[Look], alerts: Sequence[Alert] = ()
    ) -> tuple[FactBooked, ...]:
        """See ``Door``."""
        with self.database.write() as db:
            now = self.clock.now()
            answers = book_facts(db, self.origin_id, news, now=now) if news else ()
            log_looks(db, self.origin_id, looks)
            keep_alerts(db, self.origin_id, alerts, now=now)
        return answers

    def news(self, asked: Asked) -> News:
        """See ``Door``."""
        now = self.clock.now()
        with self.database.read() as db:
            school_id = _school_of(db, self.origin_id, now)
            if school_id is None:
                raise DoorClosed("revoked or unknown")
            beat = pulse(db, school_id)
            snapshot = None
            if asked.wants or beat != asked.pulse:
                snapshot = take_snapshot(db, origin_id=self.origin_id, epochs=asked.epochs, at=now)
            told = News(beat, _incarnation(db), newest_seal(db), snapshot)
            seen = _seen(db, self.origin_id)
        if seen is None or _must_say(seen, asked, now):
            with self.database.write() as db:
                _say(db, self.origin_id, asked, now)
        return told


@dataclass(slots=True)
class RoleDoor:
    """The two functions a kiosk's role may execute; one round trip each.

    The ledger knows by itself which kiosk asks; ``origin_id`` is only hashed into its facts.
    """

    database: Database
    origin_id: int

    def drain(
        self, news: Sequence[Fact], looks: Sequence[Look], alerts: Sequence[Alert] = ()
    ) -> tuple[FactBooked, ...]:
        """See ``Door``."""
        answer = self._ask(
            "kiosk_drain",
            {
                "facts": [facts.to_json(fact, self.origin_id) for fact in news],
                "looks": [_look(look) for look in looks],
                "alerts": [_alert(alert) for alert in alerts],
            },
        )
        return tuple(
            FactBooked(
                epoch=epoch,
                seq=seq,
                quarantined=outcome.partition(":")[2] or None,
                alarm=outcome == "alarm",
            )
            for epoch, seq, outcome in answer["answers"]
        )

    def news(self, asked: Asked) -> News:
        """See ``Door``."""
        beat = asked.pulse
        answer = self._ask(
            "kiosk_news",
            {
                "pulse": [beat.entry, beat.change] if beat else None,
                "epochs": list(asked.epochs),
                "wants": asked.wants,
                "waiting": asked.waiting,
                "software": asked.software,
            },
        )
        whole, seal = answer["snapshot"], answer["seal"]
        return News(
            pulse=Pulse(*answer["pulse"]),
            incarnation=int(answer["incarnation"]),
            seal=(seal[0], seal[1]) if seal else None,
            snapshot=from_told(whole) if whole else None,
        )

    def _ask(self, function: str, words: dict[str, Any]) -> dict[str, Any]:
        ask = json.dumps({"version": VERSION, **words}, separators=(",", ":"))
        with self.database.held() as db:
            statement = f"SELECT {function}(%s::jsonb)"  # one of our two names
            answer: dict[str, Any] = db.exec_driver_sql(statement, (ask,)).scalar_one()
        refused = answer.get("refused")
        if refused is None:
            return answer
        if refused in _GONE:
            raise DoorClosed(refused)
        if refused in _LATER:
            raise DatabaseUnavailable(refused)
        raise JournalRefused(refused)


def _look(look: Look) -> dict[str, Any]:
    return {
        "epoch": look.epoch,
        "seq": look.seq,
        "at": microseconds(look.at),
        "actor": look.actor,
        "pupil": look.pupil_id,
        "purpose": look.purpose,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "epoch": alert.epoch,
        "seq": alert.seq,
        "at": microseconds(alert.at),
        "kind": alert.kind,
        "card": alert.card.hex(),
    }


def _school_of(db: Session, origin_id: int, now: datetime) -> int | None:
    origin = kiosks.origin.c
    row = db.execute(
        select(origin.school_id, origin.revoked_us).where(
            origin.id == origin_id, origin.kind == "kiosk"
        )
    ).one_or_none()
    if row is None or (row.revoked_us is not None and row.revoked_us <= now):
        return None
    return int(row.school_id)


def _incarnation(db: Session) -> int:
    life = proofs.incarnation.c
    return int(db.execute(select(life.number).order_by(life.id.desc()).limit(1)).scalar_one())


def _seen(db: Session, origin_id: int) -> Any:
    seen = kiosks.kiosk_seen
    return db.execute(select(seen).where(seen.c.origin_id == origin_id)).one_or_none()


def _must_say(seen: Any, asked: Asked, now: datetime) -> bool:
    recent = timedelta(0) <= now - seen.at_us < SEEN_EVERY
    return not recent or (seen.waiting, seen.software) != (asked.waiting, asked.software)


def _say(db: Session, origin_id: int, asked: Asked, now: datetime) -> None:
    seen = kiosks.kiosk_seen
    said = {"at_us": now, "waiting": asked.waiting, "software": asked.software}
    if not db.execute(update(seen).where(seen.c.origin_id == origin_id).values(said)).rowcount:
        db.execute(insert(seen).values(origin_id=origin_id, **said))
