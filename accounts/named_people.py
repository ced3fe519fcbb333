"""Everybody with a name, and the class they are in: for comparing with what a payer wrote."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, and_, or_, select

from accounts.tables.people import identity, membership


class NamedPerson(NamedTuple):
    """Personal data; ``class_name`` is empty for who is in no class on that day."""

    pupil_id: int
    first_name: str
    last_name: str
    class_name: str


def named_people(db: Connection, *, day: date) -> tuple[NamedPerson, ...]:
    """All whose name was not erased, each once, in the class of that day."""
    here = and_(
        membership.c.pupil_id == identity.c.pupil_id,
        membership.c.valid_from <= day,
        or_(membership.c.valid_to.is_(None), membership.c.valid_to >= day),
    )
    found = select(
        identity.c.pupil_id, identity.c.first_name, identity.c.last_name, membership.c.class_name
    ).outerjoin(membership, here)
    people = {
        row[0]: NamedPerson(row[0], row[1], row[2], row[3] or "") for row in db.execute(found)
    }
    return tuple(people.values())
