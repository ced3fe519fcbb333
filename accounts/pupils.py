"""The people who eat: who they are, where they belong and since when.

``pupil`` is the key the ledger knows; each has one ledger account and one balance row from its
first moment on. A membership has days: a class change ends the old one the day before, so a
statement for June still says 5a. Nothing here ever removes a pupil, an identity or a
membership, and no past day changes its class or school.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from accounts import reference
from accounts.changes import note_change
from accounts.charge import PersonKind
from accounts.clock import school_day
from accounts.roster_matching import Match, Person, Place
from accounts.roster_plan import last_day_of
from accounts.tables.journal import account, balance, entry
from accounts.tables.people import identity, membership, pupil, school_number


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be enrolled."""

    last_name: str
    first_name: str
    class_name: str = ""
    born: date | None = None
    number: str | None = None
    kind: PersonKind = PersonKind.PUPIL


def enrol(
    db: Connection, *, school_id: int, people: Sequence[NewPerson], at: datetime
) -> tuple[int, ...]:
    """Make each a pupil of the school from today on, with account and balance; their ids.

    Nobody is looked for: who is enrolled twice has two accounts. Files go through ``roster_import``.
    """
    ids = add_people(db, people, at=at)
    join_school(db, zip(ids, people, strict=True), school_id=school_id, day=school_day(at))
    if ids:
        note_change(db, what="roster", at=at, school_id=school_id)
    return ids


def known_people(db: Connection, *, school_id: int, day: date) -> tuple[Person, ...]:
    """Everyone of the city with a name, as a school's file of that day meets them."""
    numbers: dict[int, set[str]] = defaultdict(set)
    found = select(school_number).where(school_number.c.school_id == school_id)
    for row in db.execute(found):
        numbers[row.pupil_id].add(row.number)
    past = select(membership.c.pupil_id).where(membership.c.school_id == school_id)
    was_here = set(db.execute(past.distinct()).scalars())
    lasting = (
        select(membership)
        .where(or_(membership.c.valid_to.is_(None), membership.c.valid_to >= day))
        .order_by(membership.c.valid_from, membership.c.id)
    )
    places = {row.pupil_id: _place(row) for row in db.execute(lasting)}
    named = select(identity, pupil.c.kind).join(pupil, pupil.c.id == identity.c.pupil_id)
    return tuple(
        Person(
            id=row.pupil_id,
            kind=PersonKind(row.kind),
            last_name=row.last_name,
            first_name=row.first_name,
            born=row.born,
            numbers=frozenset(numbers[row.pupil_id]),
            place=places.get(row.pupil_id),
            was_here=row.pupil_id in was_here,
        )
        for row in db.execute(named.order_by(identity.c.pupil_id))
    )


def add_people(db: Connection, people: Sequence[NewPerson], *, at: datetime) -> tuple[int, ...]:
    """Pupils with identity, account, balance and the reference their parents pay with."""
    if not people:
        return ()
    made = insert(pupil).returning(pupil.c.id, sort_by_parameter_order=True)
    ids = tuple(db.execute(made, [{"kind": person.kind.value} for person in people]).scalars())
    db.execute(
        insert(identity),
        [
            {
                "pupil_id": pupil_id,
                "first_name": person.first_name,
                "last_name": person.last_name,
                "born": person.born,
            }
            for pupil_id, person in zip(ids, people, strict=True)
        ],
    )
    opened = insert(account).returning(account.c.id)
    accounts = [{"name": f"pupil:{it}", "kind": "pupil", "pupil_id": it} for it in ids]
    db.execute(
        insert(balance),
        [
            {"account_id": account_id, "cents": 0, "transfer_id": 0}
            for account_id in db.execute(opened, accounts).scalars()
        ],
    )
    reference.issue(db, ids, at=at)
    return ids


def join_school(
    db: Connection, people: Iterable[tuple[int, NewPerson]], *, school_id: int, day: date
) -> None:
    """Let these persons belong to the school from that day on, with its numbers for them."""
    coming = tuple(people)
    if not coming:
        return
    db.execute(
        insert(membership),
        [
            {
                "pupil_id": pupil_id,
                "school_id": school_id,
                "class_name": person.class_name,
                "valid_from": day,
            }
            for pupil_id, person in coming
        ],
    )
    for pupil_id, person in coming:
        if person.number is not None:
            _set_number(db, school_id=school_id, number=person.number, pupil_id=pupil_id)


def _set_number(db: Connection, *, school_id: int, number: str, pupil_id: int) -> None:
    """A number means one person; given to another, it means the other from now on."""
    key = (school_number.c.school_id == school_id) & (school_number.c.number == number)
    if not db.execute(update(school_number).where(key).values(pupil_id=pupil_id)).rowcount:
        values = {"school_id": school_id, "number": number, "pupil_id": pupil_id}
        db.execute(insert(school_number).values(values))


def correct_person(db: Connection, match: Match, *, school_id: int) -> None:
    """Take over what the school now says of the person; what it leaves out stays."""
    row, person = match.row, match.person
    values: dict[str, Any] = {"last_name": row.last_name, "first_name": row.first_name}
    if row.born is not None:
        values["born"] = row.born
    db.execute(update(identity).where(identity.c.pupil_id == person.id).values(values))
    if row.number is not None and row.number not in person.numbers:
        _set_number(db, school_id=school_id, number=row.number, pupil_id=person.id)


def who_ate(db: Connection, people: Iterable[Person], *, since: date) -> frozenset[int]:
    """Those who ate on that day or later at the school they still belong to.

    A meal stands where it was eaten, so whoever moves or leaves after lunch goes the day after.
    """
    places = {(it.id, it.place.school_id) for it in people if it.place is not None}
    if not places:
        return frozenset()
    eaten = select(entry.c.pupil_id, entry.c.school_id).where(
        entry.c.pupil_id.in_({person_id for person_id, _ in places}),
        entry.c.day >= since,
        entry.c.kind == "charge",
    )
    return frozenset(row.pupil_id for row in db.execute(eaten) if tuple(row) in places)


def end_membership(db: Connection, person: Person, day: date) -> None:
    """End where the person belongs the day before ``day``; at the earliest on its first day."""
    last = last_day_of(person, day)
    if person.place is not None and last is not None:
        ended = {"valid_to": last, "missing_since": None}
        db.execute(update(membership).where(membership.c.id == person.place.id).values(ended))


def change_class(db: Connection, match: Match, day: date) -> None:
    """End the old membership the day before and begin one in the new class."""
    place, class_name = match.person.place, match.row.class_name
    if place is None:
        return
    this = update(membership).where(membership.c.id == place.id)
    if place.valid_from >= day:
        # Begun today or still to come: the old class never held for a whole day.
        db.execute(this.values(class_name=class_name))
        return
    db.execute(this.values(valid_to=day - timedelta(days=1), missing_since=None))
    db.execute(
        insert(membership).values(
            pupil_id=match.person.id,
            school_id=place.school_id,
            class_name=class_name,
            valid_from=day,
            valid_to=place.valid_to,
        )
    )


def mark_missing(db: Connection, people: Iterable[Person], *, since: date | None) -> None:
    """Mark that a file no longer names these persons, or with None that it does again."""
    rows = [
        {"this": person.place.id, "since": since} for person in people if person.place is not None
    ]
    if rows:
        marked = update(membership).where(membership.c.id == bindparam("this"))
        db.execute(marked.values(missing_since=bindparam("since")), rows)


def _place(row: Any) -> Place:
    return Place(
        id=row.id,
        school_id=row.school_id,
        class_name=row.class_name,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        missing_since=row.missing_since,
    )
