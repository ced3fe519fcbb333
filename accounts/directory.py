"""Who is at a school, by name: for the office's lists, and to find the one that is meant.

Whoever shows what stands here to a person writes that look down (``accounts.access``).
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from accounts.charge import PersonKind
from accounts.tables.people import identity, membership, pupil, school, school_number


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody with a name, and where they are now.

    ``school_number`` is the school's official number, None where they belong to none now or
    soon; ``numbers`` are that school's own numbers for them, the smallest first.
    """

    id: int
    kind: PersonKind
    last_name: str
    first_name: str
    school_number: str | None = None
    class_name: str = ""
    numbers: tuple[str, ...] = ()
    missing_since: date | None = None


def people_at(
    db: Connection, *, school_id: int, day: date, class_name: str | None = None
) -> tuple[Listed, ...]:
    """Who belongs to the school on that day or later, by class (9b before 10a) and name."""
    here = _placed(day).where(membership.c.school_id == school_id)
    if class_name is not None:
        here = here.where(membership.c.class_name == class_name)
    return tuple(sorted(_listed(db, here), key=_in_register))


def person_by_number(db: Connection, *, school_id: int, number: str, day: date) -> Listed | None:
    """The person a school's own number means, wherever they are on that day."""
    means = select(school_number.c.pupil_id).where(
        school_number.c.school_id == school_id, school_number.c.number == number
    )
    pupil_id = db.execute(means).scalar_one_or_none()
    return None if pupil_id is None else person_by_id(db, pupil_id=pupil_id, day=day)


def person_by_id(db: Connection, *, pupil_id: int, day: date) -> Listed | None:
    """The person with the city's own number, wherever they are on that day."""
    found = _listed(db, _placed(day).where(pupil.c.id == pupil_id))
    return found[0] if found else None


def _placed(day: date) -> Select[Any]:
    """Everyone with a name, beside the membership that lasts on that day or begins later."""
    lasts = or_(membership.c.valid_to.is_(None), membership.c.valid_to >= day)
    return (
        select(
            pupil.c.id,
            pupil.c.kind,
            identity.c.last_name,
            identity.c.first_name,
            membership.c.school_id,
            membership.c.class_name,
            membership.c.valid_from,
            membership.c.missing_since,
            school.c.number.label("school_number"),
        )
        .join_from(pupil, identity, identity.c.pupil_id == pupil.c.id)
        .outerjoin(membership, and_(membership.c.pupil_id == pupil.c.id, lasts))
        .outerjoin(school, school.c.id == membership.c.school_id)
    )


def _listed(db: Connection, query: Select[Any]) -> tuple[Listed, ...]:
    rows: dict[int, Row[Any]] = {}
    for row in db.execute(query):
        # Two rows where one membership ends and the next is known: the one that lasts counts.
        if row.id not in rows or row.valid_from < rows[row.id].valid_from:
            rows[row.id] = row
    numbers: dict[tuple[int, int], list[str]] = defaultdict(list)
    schools = {row.school_id for row in rows.values() if row.school_id is not None}
    theirs = select(school_number).where(school_number.c.school_id.in_(schools))
    if len(rows) == 1:
        theirs = theirs.where(school_number.c.pupil_id.in_(rows))
    for given in db.execute(theirs):
        numbers[given.school_id, given.pupil_id].append(given.number)
    return tuple(
        Listed(
            id=row.id,
            kind=PersonKind(row.kind),
            last_name=row.last_name,
            first_name=row.first_name,
            school_number=row.school_number,
            class_name=row.class_name or "",
            numbers=tuple(sorted(numbers[row.school_id, row.id])),
            missing_since=row.missing_since,
        )
        for row in rows.values()
    )


def _in_register(person: Listed) -> tuple[int, str, str, str, int]:
    """Where the person stands in a class register: Ç beside C, year 9 before year 10."""
    year = re.match(r"\d+", person.class_name)
    return (
        int(year[0]) if year else 99,
        person.class_name,
        _plain(person.last_name),
        _plain(person.first_name),
        person.id,
    )


def _plain(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
