"""Seals: what stands before them cannot be changed any more without being found.

A seal (Siegel) says of every table that only grows how far it goes and what the digest of the
stretch since the seal before is. Its hash is over all that and over the hash before it, so one
hash stands for the whole history up to it: whoever has noted it elsewhere (a kiosk, a paper) can
ask ``mensa verify --seal`` whether this ledger still has that history. Seals are numbered from 1
without a gap.

Sealing stops nobody: no lock is taken that a till would wait for. What is written after a seal
was begun waits for the next one.
"""

import enum
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, text

from accounts import chain, stretches
from accounts.clock import Clock, microseconds
from accounts.database import Database, Session
from accounts.stretches import GROWN, Stretch
from accounts.tables import proofs

GENESIS = chain.digest({"seals": "mensakasse"})
"""What the first seal hangs on."""

_PATIENCE = timedelta(minutes=10)
_POLL_SECONDS = 0.05
_SHORTEST = 16
_LONGEST = 64
_LOCK = 4210002
"""PostgreSQL's advisory lock of whoever seals; tills never ask for it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal's number, its moment (UTC) and its hash (32 bytes)."""

    no: int
    at: datetime
    hash: bytes


class Unready(enum.Enum):
    """Why nothing was sealed; ask again later."""

    WRITER_OPEN = "writer_open"  # a transaction that drew a number did not end
    ANOTHER_SEALS = "another_seals"


class NotSealed(Exception):  # noqa: N818  # it names a state of the world, not an error
    """Nothing was sealed now. ``why`` says what stands in the way."""

    def __init__(self, why: Unready) -> None:
        super().__init__(why.value)
        self.why = why


def newest_seal(db: Session) -> Seal | None:
    """The last seal of the chain; None before the first."""
    seal = proofs.seal.c
    row = db.execute(select(seal.id, seal.at_us, seal.hash).order_by(seal.id.desc()).limit(1))
    found = row.one_or_none()
    return None if found is None else Seal(*found)


def find_seal(db: Session, told: str) -> Seal | None:
    """The seal whose hash begins with the hex digits somebody noted; None where there is none.

    Blanks, hyphens and colons between groups do not count. Raises ValueError for anything but
    16 to 64 hex digits.
    """
    digits = re.sub(r"[\s:-]", "", told).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},{_LONGEST}}}", digits):
        raise ValueError(f"a seal is {_SHORTEST} to {_LONGEST} hex digits")
    seal = proofs.seal.c
    # Bytes compare alike on both engines: from the prefix to the highest that begins with it.
    low = bytes.fromhex(digits.ljust(_LONGEST, "0"))
    high = bytes.fromhex(digits.ljust(_LONGEST, "f"))
    row = db.execute(
        select(seal.id, seal.at_us, seal.hash).where(seal.hash.between(low, high)).limit(1)
    ).one_or_none()
    return None if row is None else Seal(*row)


def make_seal(
    database: Database, *, actor: str, clock: Clock, patience: timedelta = _PATIENCE
) -> Seal:
    """Seal everything up to now. Waits for another sealing job, and for open writers.

    Raises NotSealed where a transaction that may still add a row did not end within ``patience``.
    """
    if database.is_sqlite:
        return _seal_sqlite(database, actor=actor, clock=clock)
    with database.write() as db:
        db.execute(text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))
        hold(db)
        last = stretches.ends(db)
        _await_writers(db, patience)
        closed = stretches.close(db, after=_sealed_to(db), last=last)
        return _write(db, closed, actor=actor, at=clock.now())


def hold(db: Session) -> None:
    """Let nobody else seal until this transaction ends, and wait for who does.

    Who wants to seal while holding the gate takes this first: a sealing job may wait for a
    writer who waits at the gate.
    """
    if db.dialect.name != "sqlite":
        db.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def seal_within(db: Session, *, actor: str, at: datetime) -> Seal:
    """Seal inside an open transaction that holds the gate exclusively; waits for nobody.

    A table in which another transaction has drawn a number stays sealed as far as it was: that
    is never one of entry, transfer and line, whose writers the gate keeps out. Raises NotSealed
    where another job is sealing.
    """
    if db.dialect.name != "sqlite":
        alone = db.execute(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")).scalar_one()
        if not alone:
            raise NotSealed(Unready.ANOTHER_SEALS)
    last, after = stretches.ends(db), _sealed_to(db)
    for name in stretches.writers(db):
        last[name] = after.get(name, 0)
    return _write(db, stretches.close(db, after=after, last=last), actor=actor, at=at)


def unsealed(db: Session) -> dict[str, int]:
    """By table, how many rows came after the newest seal; tables without any are left out."""
    after = _sealed_to(db)
    counted = {
        g.name: int(
            db.execute(
                text(f"SELECT count(*) FROM {g.name} WHERE {g.number} > :after"),  # noqa: S608  # our own names
                {"after": after.get(g.name, 0)},
            ).scalar_one()
        )
        for g in GROWN
    }
    return {name: number for name, number in counted.items() if number}


def seal_hash(
    *, no: int, at_us: int, actor: str, before: bytes, closed: Iterable[Stretch]
) -> bytes:
    """The hash of a seal (32 bytes) over everything it says."""
    return chain.digest(
        {
            "seal": no,
            "at": at_us,
            "actor": actor,
            "before": before.hex(),
            "stretches": [
                [s.name, s.after, s.last, s.rows, s.digest.hex()]
                for s in sorted(closed, key=lambda s: s.name)
            ],
        }
    )


def _sealed_to(db: Session) -> dict[str, int]:
    stretch = proofs.stretch.c
    newest = select(func.max(proofs.seal.c.id)).scalar_subquery()
    found = db.execute(select(stretch.name, stretch.last_id).where(stretch.seal_id == newest))
    return {name: last for name, last in found}  # noqa: C416  # rows are no pairs to dict()


def _await_writers(db: Session, patience: timedelta) -> None:
    deadline = time.monotonic() + patience.total_seconds()
    waiting = {one for some in stretches.writers(db).values() for one in some}
    while waiting:
        if time.monotonic() > deadline:
            raise NotSealed(Unready.WRITER_OPEN)
        time.sleep(_POLL_SECONDS)
        waiting &= {one for some in stretches.writers(db).values() for one in some}


def _seal_sqlite(database: Database, *, actor: str, clock: Clock) -> Seal:
    """Hashed in a view that stops no writer; written only if nobody sealed meanwhile."""
    while True:
        with database.read() as db:
            before = newest_seal(db)
            closed = stretches.close(db, after=_sealed_to(db), last=stretches.ends(db))
        with database.write() as db:
            if newest_seal(db) == before:
                return _write(db, closed, actor=actor, at=clock.now())


def _write(db: Session, closed: tuple[Stretch, ...], *, actor: str, at: datetime) -> Seal:
    newest = newest_seal(db)
    no, before = (1, GENESIS) if newest is None else (newest.no + 1, newest.hash)
    hashed = seal_hash(no=no, at_us=microseconds(at), actor=actor, before=before, closed=closed)
    db.execute(insert(proofs.seal).values(id=no, at_us=at, actor=actor, before=before, hash=hashed))
    db.execute(
        insert(proofs.stretch),
        [
            {
                "seal_id": no,
                "name": s.name,
                "after_id": s.after,
                "last_id": s.last,
                "rows": s.rows,
                "digest": s.digest,
            }
            for s in closed
        ],
    )
    return Seal(no, at, hashed)
