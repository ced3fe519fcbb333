"""An entry written by plain SQL, as any program with the table open would write it."""

from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from sqlalchemy import text
from world_checks import Watch
from world_model import Model
from world_words import Transfer

from accounts.bank_accounts import BankAccount
from accounts.clock import microseconds, school_day
from accounts.database import Session
from accounts.entries import Key


@dataclass(frozen=True, slots=True)
class Scene:
    """What an attack finds: the ledger, who writes, when, and a child of a school."""

    watch: Watch
    rng: Random
    now: datetime
    office: int
    pupil: int
    other: int
    school: int
    kiosk: int
    request: int | None
    """One that nobody decided yet, by ``asker``."""
    asker: int
    watcher: int
    bank: BankAccount

    @property
    def model(self) -> Model:
        return self.watch.model

    def account(self, name: str) -> int:
        return self.watch.numbers[name]


_RAW = text("""
    INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                       recorded_us, actor, reason, reverses, transfers, content, late_on)
    VALUES (:origin, :epoch, :seq, :kind, :school, :pupil, :day, :us, :us, 'attack', NULL,
            :reverses, :transfers, :content, :late)
    RETURNING id""")
_MOVE = text(
    "INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents) VALUES (:e, :n, :d, :c, :x)"
)


@dataclass(slots=True)
class Raw:
    """An entry by hand: an account's opening that is right unless told otherwise.

    Nothing else is one person's alone and no other's.
    """

    scene: Scene
    moves: tuple[Transfer, ...] | None = None
    day: date | None = None
    at: datetime | None = None
    kind: str = "opening"
    school: int | None = None
    pupil: int | None = None
    key: Key | None = None
    reverses: Key | None = None
    late: date | str | None = "right"
    declared: int | None = None

    def __call__(self, db: Session) -> None:
        scene = self.scene
        at = self.at or scene.now
        day = self.day or school_day(at)
        moves = self.moves or (("opening", "fees", 100),)
        key = self.key or Key(scene.office, 1, scene.model.ends[scene.office, 1] + 1)
        late = scene.model.late(day) if self.late == "right" else self.late
        header = db.execute(
            _RAW,
            {
                "origin": key.origin_id, "epoch": key.epoch, "seq": key.seq, "kind": self.kind,
                "school": self.school, "pupil": self.pupil, "day": _day(db, day),
                "us": microseconds(at),
                "reverses": self.scene.watch.ids[self.reverses] if self.reverses else None,
                "transfers": self.declared or len(moves), "content": bytes(32),
                "late": _day(db, late),
            },
        ).scalar_one()  # fmt: skip
        for number, (debit, credit, cents) in enumerate(moves, start=1):
            db.execute(
                _MOVE,
                {"e": header, "n": number, "d": scene.account(debit), "c": scene.account(credit),
                 "x": cents},
            )  # fmt: skip


def _day(db: Session, day: Any) -> Any:
    return str(day) if day is not None and db.dialect.name == "sqlite" else day
