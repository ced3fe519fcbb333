"""What a kiosk has to fetch: one row for each act of the office that its snapshot must show.

The row's number is all a kiosk compares; it says that something changed and nothing of what.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, literal, or_, select

from accounts.clock import school_day
from accounts.tables.kiosks import change
from accounts.tables.people import membership
from accounts.tables.types import Day, Instant

What = Literal[
    "roster",
    "card",
    "staff",
    "entitlement",
    "offer",
    "tariff",
    "school",
    "parents",
    "kiosk",
    "topup",
]


def note_change(db: Connection, *, what: What, at: datetime, school_id: int | None) -> None:
    """Tell a school's kiosks, or with None every school's, that there is something to fetch."""
    db.execute(insert(change).values(school_id=school_id, at_us=at, what=what))


def note_changes(db: Connection, *, what: What, at: datetime, school_ids: Iterable[int]) -> None:
    """The same for several schools, in one statement."""
    rows = [{"school_id": it, "at_us": at, "what": what} for it in sorted(set(school_ids))]
    if rows:
        db.execute(insert(change), rows)


def note_pupil_change(db: Connection, *, what: What, at: datetime, pupil_id: int) -> None:
    """Tell the kiosks of each school the pupil belongs to, or will."""
    schools = (
        select(
            membership.c.school_id,
            literal(at, Instant()).label("at_us"),
            literal(what).label("what"),
        )
        .where(
            membership.c.pupil_id == pupil_id,
            or_(
                membership.c.valid_to.is_(None),
                membership.c.valid_to >= literal(school_day(at), Day()),
            ),
        )
        .distinct()
    )
    db.execute(insert(change).from_select(["school_id", "at_us", "what"], schools))


def newest_change(db: Connection, *, school_id: int) -> int:
    """The number of the newest change a school's kiosks have to fetch; 0 before the first."""
    found = select(func.coalesce(func.max(change.c.id), 0)).where(
        or_(change.c.school_id == school_id, change.c.school_id.is_(None))
    )
    return int(db.execute(found).scalar_one())
