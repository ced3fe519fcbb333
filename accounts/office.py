"""An office as a writer: who acts for the first time becomes an origin, and its looks are numbered.

An office's looks at people's data have its gap-free numbers in epoch 1. Whoever has the origin
here holds it till the transaction's end, so two desks of one user never take the same number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from accounts.access import Look, log_looks
from accounts.schools import SchoolRefusal, enrol_office
from accounts.tables import kiosks

_EPOCH = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose data an office shows (none: those of many), and what for."""

    purpose: str
    pupil_id: int | None = None


def office_origin(db: Connection, *, name: str, at: datetime) -> int:
    """The origin of this office, enrolled now if it never acted before; held till the end.

    Raises LookupError where the name is a kiosk's or a bank's.
    """
    origin = kiosks.origin
    this = select(origin.c.id, origin.c.kind).where(origin.c.name == name).with_for_update()
    row = db.execute(this).one_or_none()
    if row is None:
        made = enrol_office(db, name=name, at=at)
        if isinstance(made, SchoolRefusal):
            raise LookupError(f"no office can be called {name!r}")
        return made
    if row.kind != "office":
        raise LookupError(f"{name!r} is no office")
    return int(row.id)


def note_looks(
    db: Connection, *, origin_id: int, seen: Sequence[Seen], actor: str, at: datetime
) -> None:
    """Write down what is about to be shown; ``origin_id`` is of ``office_origin``."""
    log = kiosks.access_log.c
    newest = select(func.coalesce(func.max(log.seq), 0))
    last = db.execute(newest.where(log.origin_id == origin_id, log.epoch == _EPOCH)).scalar_one()
    looks = [
        Look(_EPOCH, seq, at, actor, one.pupil_id, one.purpose)
        for seq, one in enumerate(seen, start=last + 1)
    ]
    log_looks(db, origin_id, looks)
