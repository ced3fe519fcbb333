"""Which schools an act is about whose words name none: a card's, a kiosk's, those of a file.

What nobody has heard of is no school's: any right will do, and the deed says that it is unknown.
"""

import argparse
from datetime import datetime

from accounts.card_matters import card_matter
from accounts.card_register import printed_card
from accounts.clock import school_day
from accounts.database import Session
from accounts.directory import person_by_id
from accounts.households import households
from accounts.registers import enrolled_kiosks, school_of_staff
from accounts.requests import find_request
from accounts.rights import Scope, Where
from accounts.schools import find_school

NOWHERE = (Scope.ANY_SCHOOL,)


def of_card(db: Session, asked: argparse.Namespace, at: datetime) -> tuple[Where, ...]:
    """The school of the card's holder today."""
    card = printed_card(db, printed_no=" ".join(asked.words))
    if card is None:
        return NOWHERE
    if card.pupil_id is None:
        school_id = school_of_staff(db, staff_id=card.staff_id or 0)
        return (Scope.EVERY_SCHOOL if school_id is None else school_id,)
    person = person_by_id(db, pupil_id=card.pupil_id, day=school_day(at))
    return (_school(db, person.school_number if person else None),)


def of_alert(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """The school at whose kiosk it was noticed."""
    matter = card_matter(db, asked.alert)
    return NOWHERE if matter is None else (matter.school_id,)


def of_kiosk(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """The school of the kiosk with that name."""
    for kiosk in enrolled_kiosks(db):
        if kiosk.name == asked.name.strip():
            return (_school(db, kiosk.school_number),)
    return NOWHERE


def of_openings(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """Every school that the file of opening balances names."""
    named = {school for _line, school, _number, _amount in asked.openings}
    return tuple(_school(db, number) for number in sorted(named)) or NOWHERE


def of_refund(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """The school that is named; a line that is nobody's is no school's."""
    return (_school(db, asked.school),)


def of_household(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """Every school at which its children are."""
    named = {school for school, _number in asked.people}
    return tuple(_school(db, number) for number in sorted(named))


def of_standing_household(
    db: Session, asked: argparse.Namespace, at: datetime
) -> tuple[Where, ...]:
    """Every school at which its children are today."""
    found = households(db).get(asked.household)
    if found is None:
        return NOWHERE
    people = [person_by_id(db, pupil_id=it, day=school_day(at)) for it in found.shares]
    return tuple(_school(db, it.school_number if it else None) for it in people)


def of_request(db: Session, asked: argparse.Namespace, _at: datetime) -> tuple[Where, ...]:
    """The school a request is about."""
    found = find_request(db, asked.number)
    return NOWHERE if found is None else (found.where,)


def _school(db: Session, number: str | None) -> Where:
    found = None if number is None else find_school(db, number=number)
    return Scope.EVERY_SCHOOL if found is None else found.id
