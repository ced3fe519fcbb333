"""What parents wish for their child, at the office's desk: a limit a day, no snacks or drinks."""

import argparse

from accounts.charge import ItemClass
from accounts.limits import Wishes, set_wishes, wishes_of
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.office.meals import CLASSES
from kiosk.office.persons import person_meant, tell_person


def limit(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa pupils limit``: what is given changes, the rest stays."""
    person = person_meant(desk, school=asked.school, number=asked.number)
    if isinstance(person, Refused):
        return person
    desk.look("pupils limit", pupil_id=person.id)
    had = wishes_of(desk.db, person.id)
    day_limit = None if asked.no_day_limit else asked.day_limit or had.day_limit
    blocked = had.blocked
    if asked.block is not None:
        blocked = frozenset(ItemClass(name) for name in asked.block)
    set_wishes(desk.db, Wishes(day_limit, blocked), pupil_id=person.id, at=desk.at)
    told = desk.say(
        "beside the day's first lunch {limit} a day; not for sale: {blocked}",
        limit=desk.say("without limit") if day_limit is None else desk.texts.money(day_limit),
        blocked=", ".join(desk.say(CLASSES[one]) for one in sorted(blocked, key=lambda c: c.value))
        or desk.say("nothing"),
    )
    fields = {
        "day_limit": None if day_limit is None else str(day_limit),
        "blocked": sorted(one.value for one in blocked),
    }
    return Said((f"{tell_person(person)}: {told}",), {"pupil": asked.number, **fields})
