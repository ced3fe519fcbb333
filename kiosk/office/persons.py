"""Whom the office means by a number, and how a person is named back to it."""

from collections.abc import Mapping

from accounts.directory import Listed, people_at, person_by_id, person_by_number
from accounts.tariffs import TariffRefusal
from kiosk.jobs.words import is_number
from kiosk.office.desk import Desk, Refused, refused

OWN_NUMBER = "@"
"""Begins the city's own number of a person: for those the school has given none."""


def person_meant(desk: Desk, *, school: str, number: str) -> Listed | Refused:
    """The person of that school with that number ("4101", or "@17" for the city's own).

    Somebody who has gone elsewhere is not meant by a number of this school.
    """
    at = desk.school(school)
    if isinstance(at, Refused):
        return at
    own = number.removeprefix(OWN_NUMBER)
    person: Listed | None = None
    if own == number:
        person = person_by_number(desk.db, school_id=at.id, number=number.strip(), day=desk.day)
    elif is_number(own):
        person = person_by_id(desk.db, pupil_id=int(own), day=desk.day)
    if person is None or person.school_number != at.number:
        return nobody(desk, school=at.number, number=number)
    return person


def everybody_at(desk: Desk, school: str) -> Mapping[str, Listed] | Refused:
    """Everyone at that school by each number that means them: for lists, read once."""
    at = desk.school(school)
    if isinstance(at, Refused):
        return at
    found: dict[str, Listed] = {}
    for person in people_at(desk.db, school_id=at.id, day=desk.day):
        found[f"{OWN_NUMBER}{person.id}"] = person
        found.update(dict.fromkeys(person.numbers, person))
    return found


def nobody(desk: Desk, *, school: str, number: str) -> Refused:
    """Nobody at that school is meant by the number."""
    return refused(desk.texts, TariffRefusal.UNKNOWN_PUPIL, number=number, school=school)


def number_of(person: Listed) -> str:
    """What names this person at the command line: the school's number, or the city's own."""
    return person.numbers[0] if person.numbers else f"{OWN_NUMBER}{person.id}"


def tell_person(person: Listed) -> str:
    """Number, name and class, for the one who asked by the number."""
    at = f", {person.class_name}" if person.class_name else ""
    return f"{number_of(person)} {person.last_name}, {person.first_name}{at}"
