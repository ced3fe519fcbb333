"""Who has left a school, and who was in one of its classes: for the money that is still theirs.

Somebody who goes to another of the city's schools has not left: the account goes with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection, select

from accounts.charge import PersonKind
from accounts.directory import Listed
from accounts.tables.people import identity, membership, pupil, school, school_number

_FIRST_MONTH = 8  # a school year begins on the first of August (SchulG NRW, section 7)


@dataclass(frozen=True, slots=True)
class Former:
    """Somebody as they last stood in the school's register; ``until`` is their last day there."""

    person: Listed
    until: date | None


def school_year(first: int) -> tuple[date, date]:
    """The first and last day of the school year that begins in that year."""
    return date(first, _FIRST_MONTH, 1), date(first + 1, _FIRST_MONTH - 1, 31)


def of_class(db: Connection, *, school_id: int, class_name: str, day: date) -> tuple[Former, ...]:
    """Everyone whose last class at the school was this one, unless they are at another school.

    "10*" are all classes whose names begin so.
    """
    return tuple(
        one
        for one in _last_at(db, school_id, day)
        if fnmatchcase(one.person.class_name, class_name)
    )


def left_between(
    db: Connection, *, school_id: int, first: date, last: date, day: date
) -> tuple[Former, ...]:
    """Everyone whose last day at the school lies between these, and who is at none today."""
    return tuple(
        one
        for one in _last_at(db, school_id, day)
        if one.until is not None and first <= one.until <= last and one.until < day
    )


def was_at(db: Connection, *, school_id: int, pupil_id: int) -> Former | None:
    """Somebody who is or was at the school, wherever they are now."""
    return next(_register(db, school_id, pupil_id=pupil_id), None)


def pupil_with_number(db: Connection, *, school_id: int, number: str) -> int | None:
    """Whom the school's own number meant, also after they left."""
    means = select(school_number.c.pupil_id).where(
        school_number.c.school_id == school_id, school_number.c.number == number
    )
    return db.execute(means).scalar_one_or_none()


def _last_at(db: Connection, school_id: int, day: date) -> Iterator[Former]:
    elsewhere = set(
        db.execute(
            select(membership.c.pupil_id).where(
                membership.c.school_id != school_id,
                membership.c.valid_to.is_(None) | (membership.c.valid_to >= day),
            )
        ).scalars()
    )
    return (one for one in _register(db, school_id) if one.person.id not in elsewhere)


def _register(db: Connection, school_id: int, *, pupil_id: int | None = None) -> Iterator[Former]:
    """Everyone who ever was at the school, each with the newest membership there."""
    query = (
        select(
            pupil.c.id,
            pupil.c.kind,
            identity.c.last_name,
            identity.c.first_name,
            school.c.number,
            membership.c.class_name,
            membership.c.valid_to,
        )
        .join_from(pupil, identity, identity.c.pupil_id == pupil.c.id)
        .join(membership, membership.c.pupil_id == pupil.c.id)
        .join(school, school.c.id == membership.c.school_id)
        .where(membership.c.school_id == school_id)
        .order_by(membership.c.valid_from, membership.c.id)
    )
    numbers = select(school_number.c.pupil_id, school_number.c.number).where(
        school_number.c.school_id == school_id
    )
    if pupil_id is not None:
        query = query.where(pupil.c.id == pupil_id)
        numbers = numbers.where(school_number.c.pupil_id == pupil_id)
    newest: dict[int, Any] = {row.id: row for row in db.execute(query)}
    given: dict[int, list[str]] = {}
    for number_of, number in db.execute(numbers):
        given.setdefault(number_of, []).append(number)
    for row in sorted(newest.values(), key=lambda it: (it.class_name, it.last_name, it.id)):
        person = Listed(
            id=row.id,
            kind=PersonKind(row.kind),
            last_name=row.last_name,
            first_name=row.first_name,
            school_number=row.number,
            class_name=row.class_name,
            numbers=tuple(sorted(given.get(row.id, ()))),
        )
        yield Former(person, row.valid_to)
