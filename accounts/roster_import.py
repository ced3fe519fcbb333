"""A school's file is applied whole or not at all.

``dry_run`` says what would be done, ``apply`` works it out again inside the transaction it
writes in, so nothing can have changed between. Applied twice, a file changes nothing.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from accounts.changes import note_change
from accounts.clock import school_day
from accounts.pupils import (
    NewPerson,
    add_people,
    change_class,
    correct_person,
    end_membership,
    join_school,
    known_people,
    mark_missing,
    who_ate,
)
from accounts.roster import Roster, Row
from accounts.roster_plan import RosterPlan, plan


class RosterRefusal(enum.Enum):
    """Why a file was not applied at all."""

    TOO_MANY_MISSING = "too_many_missing"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written; the plan says what would have been."""

    reason: RosterRefusal
    plan: RosterPlan


def dry_run(
    db: Connection,
    *,
    school_id: int,
    roster: Roster,
    day: date,
    decisions: Mapping[int, int] | None = None,
) -> RosterPlan:
    """What ``apply`` would do on that day."""
    people = known_people(db, school_id=school_id, day=day)
    return plan(roster, people, school_id=school_id, day=day, decisions=decisions)


def apply(
    db: Connection,
    *,
    school_id: int,
    roster: Roster,
    at: datetime,
    allow_many_missing: bool = False,
    decisions: Mapping[int, int] | None = None,
) -> RosterPlan | Refused:
    """Bring the school up to what its file says; returns what was done.

    Refused whole where more than a fifth of those there would be missing, unless allowed: half
    a school in a file is a wrong filter more often than a wave of leavers.
    """
    day = school_day(at)
    todo = dry_run(db, school_id=school_id, roster=roster, day=day, decisions=decisions)
    if todo.too_many_missing and not allow_many_missing:
        return Refused(RosterRefusal.TOO_MANY_MISSING, todo)
    if todo.changes_nothing:
        return todo
    new = [_new_person(row) for row in todo.new]
    join_school(db, zip(add_people(db, new, at=at), new, strict=True), school_id=school_id, day=day)
    for match in todo.changed:
        correct_person(db, match, school_id=school_id)
    going = [match.person for match in (*todo.arrived, *todo.left)]
    ate = who_ate(db, going, since=day)
    for person in going:
        end_membership(db, person, _first_day_gone(person.id in ate, day))
    for after_lunch in (False, True):
        coming = [
            (match.person.id, _new_person(match.row))
            for match in todo.arrived
            if (match.person.id in ate) is after_lunch
        ]
        join_school(db, coming, school_id=school_id, day=_first_day_gone(after_lunch, day))
    for match in todo.class_changes:
        change_class(db, match, day)
    mark_missing(db, (match.person for match in todo.found), since=None)
    mark_missing(db, todo.missing, since=day)
    note_change(db, what="roster", at=at, school_id=school_id)
    others = {m.person.place.school_id for m in todo.arrived if m.person.place is not None}
    for other in sorted(others):
        note_change(db, what="roster", at=at, school_id=other)
    return todo


def _first_day_gone(ate: bool, day: date) -> date:  # noqa: FBT001  # it is the whole question
    return day + timedelta(days=1) if ate else day


def _new_person(row: Row) -> NewPerson:
    return NewPerson(
        last_name=row.last_name,
        first_name=row.first_name,
        class_name=row.class_name,
        born=row.born,
        number=row.number,
        kind=row.kind,
    )
