"""Who belongs to a school, at the office's desk."""

import argparse

from accounts.directory import people_at
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.office.persons import number_of
from kiosk.sentences_office import KINDS


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa pupils list``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    found = people_at(desk.db, school_id=school.id, day=desk.day, class_name=asked.class_name)
    if not found:
        where = desk.say(
            "Nobody is there. Bring in the school's file: mensa pupils import FILE --school {number}",
            number=school.number,
        )
        return Said((where,), {"school": school.number, "people": []})
    desk.look("pupils list")
    head = (
        desk.say("Number"),
        desk.say("Class"),
        desk.say("Last name"),
        desk.say("First name"),
        desk.say("Kind"),
        desk.say("Missing since"),
    )
    rows = [
        (
            number_of(it),
            it.class_name or "-",
            it.last_name,
            it.first_name,
            desk.say(KINDS[it.kind.value]),
            desk.texts.day(it.missing_since) if it.missing_since else "",
        )
        for it in found
    ]
    people = [
        {
            "number": number_of(it),
            "own_number": it.id,
            "class": it.class_name,
            "last_name": it.last_name,
            "first_name": it.first_name,
            "kind": it.kind.value,
            "missing_since": str(it.missing_since) if it.missing_since else None,
        }
        for it in found
    ]
    count = desk.texts.say_many("{count} person", "{count} persons", len(found))
    return Said((*in_columns(head, rows), "", count), {"school": school.number, "people": people})
