"""Who is to get a card: one person, a class, or those of a list, in that order."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from accounts import card_numbers
from accounts.card_issues import has_keys, open_issue_of
from accounts.card_issuing import Issue, next_number
from accounts.card_register import Card, CardState, cards_of, printed_card
from accounts.directory import Listed, people_at, person_by_id
from accounts.holdings import BlockReason, CardRefusal
from accounts.registers import school_of_staff, staff_of
from accounts.schools import School
from accounts.staff import StaffRefusal
from kiosk.issuing_terms import Wanted
from kiosk.office.desk import Desk, Refused, read_file, refused
from kiosk.office.persons import everybody_at, number_of, person_meant, tell_person
from kiosk.sentences_issuing import HOLDS, NO_CLASS, UNKNOWN_NUMBERS


@dataclass(frozen=True, slots=True)
class Task:
    """One person who is to get a card; ``number`` is what names them at the command line."""

    wanted: Wanted
    who: str
    number: str
    begun: Issue | None = None
    """An issue of theirs that has not ended."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """Who is to get a card, and who of the list has one already."""

    tasks: tuple[Task, ...]
    have: tuple[str, ...] = ()


def worklist(desk: Desk, asked: argparse.Namespace, school: School) -> Worklist | Refused:
    """Who is meant by the words of the command. Writes nothing."""
    if asked.replace is not None:
        return _replacing(desk, asked, school)
    if asked.staff is not None:
        return _staff(desk, asked.staff, school)
    if asked.pupil is not None:
        person = person_meant(desk, school=school.number, number=asked.pupil)
        if isinstance(person, Refused):
            return person
        return _first_card(desk, _pupil(desk, person, school), person)
    found = (
        _listed(desk, asked.list, school)
        if asked.class_name is None
        else _class(desk, asked.class_name, school)
    )
    if isinstance(found, Refused):
        return found
    desk.look("card issue")
    return _of_many(desk, found, school, exchange=asked.exchange)


def _of_many(desk: Desk, people: Iterable[Listed], school: School, *, exchange: bool) -> Worklist:
    tasks, have = [], []
    for person in people:
        held = next(iter(cards_of(desk.db, pupil_id=person.id)), None)
        if held is None:
            tasks.append(_pupil(desk, person, school))
        elif exchange and not has_keys(desk.db, card_id=held.id):
            tasks.append(_pupil(desk, person, school, old=held, reason=BlockReason.OTHER))
        else:
            have.append(tell_person(person))
    return Worklist(tuple(tasks), tuple(have))


def _first_card(desk: Desk, task: Task, person: Listed) -> Worklist | Refused:
    held = next(iter(cards_of(desk.db, pupil_id=person.id)), None)
    if held is not None:
        printed = card_numbers.format(held.printed_no)
        sentence = desk.say(
            HOLDS, printed=printed, number=held.printed_no, school=person.school_number
        )
        return Refused(CardRefusal.HOLDS_A_CARD.value, (sentence,), {"card": held.printed_no})
    desk.look("card issue", pupil_id=person.id)
    return Worklist((task,))


def _pupil(
    desk: Desk,
    person: Listed,
    school: School,
    *,
    old: Card | None = None,
    reason: BlockReason | None = None,
) -> Task:
    wanted = Wanted(
        school.id, pupil_id=person.id, replaces=None if old is None else old.id, reason=reason
    )
    begun = open_issue_of(desk.db, pupil_id=person.id)
    return Task(wanted, tell_person(person), number_of(person), begun)


def _staff(desk: Desk, label: str, school: School) -> Worklist | Refused:
    labels = {it.label: it.id for it in staff_of(desk.db, school_id=school.id)}
    staff_id = labels.get(label.strip())
    if staff_id is None:
        return refused(desk.texts, StaffRefusal.UNKNOWN_STAFF, label=label, school=school.number)
    number = next_number(desk.db, pupil_id=None, staff_id=staff_id, replaces=None)
    if isinstance(number, CardRefusal):
        return refused(desk.texts, number, printed="PRINTED_NO")
    begun = open_issue_of(desk.db, staff_id=staff_id)
    return Worklist((Task(Wanted(school.id, staff_id=staff_id), label, label, begun),))


def _replacing(desk: Desk, asked: argparse.Namespace, school: School) -> Worklist | Refused:
    printed = card_numbers.validate(asked.replace)
    if isinstance(printed, card_numbers.NumberFault):
        return refused(desk.texts, printed, printed=asked.replace)
    card = printed_card(desk.db, printed_no=printed)
    if card is None:
        return refused(desk.texts, CardRefusal.UNKNOWN_CARD, printed=asked.replace)
    if card.state is CardState.REPLACED:
        return refused(desk.texts, CardRefusal.REPLACED, printed=asked.replace)
    reason = BlockReason(asked.reason)
    if card.pupil_id is not None:
        person = person_by_id(desk.db, pupil_id=card.pupil_id, day=desk.day)
        if person is None or person.school_number != school.number:
            return refused(desk.texts, CardRefusal.UNKNOWN_CARD, printed=asked.replace)
        desk.look("card issue", pupil_id=person.id)
        return Worklist((_pupil(desk, person, school, old=card, reason=reason),))
    if card.staff_id is None or school_of_staff(desk.db, staff_id=card.staff_id) != school.id:
        return refused(desk.texts, CardRefusal.UNKNOWN_CARD, printed=asked.replace)
    wanted = Wanted(school.id, staff_id=card.staff_id, replaces=card.id, reason=reason)
    label = next(
        it.label for it in staff_of(desk.db, school_id=school.id) if it.id == card.staff_id
    )
    begun = open_issue_of(desk.db, staff_id=card.staff_id)
    return Worklist((Task(wanted, label, label, begun),))


def _class(desk: Desk, name: str, school: School) -> tuple[Listed, ...] | Refused:
    found = people_at(desk.db, school_id=school.id, day=desk.day, class_name=name.strip())
    return found or Refused("nobody", (desk.say(NO_CLASS, name=name),))


def _listed(desk: Desk, path: Path, school: School) -> tuple[Listed, ...] | Refused:
    """Those whose numbers stand first in the lines of a file; empty lines and # say nothing."""
    raw = read_file(path, desk.texts)
    if isinstance(raw, Refused):
        return raw
    known = everybody_at(desk, school.number)
    if isinstance(known, Refused):
        return known
    lines = (line.strip() for line in raw.decode("utf-8-sig", errors="replace").splitlines())
    numbers = [
        line.replace(";", ",").replace("\t", ",").split(",")[0].strip().strip('"')
        for line in lines
        if line and not line.startswith("#")
    ]
    strange = [number for number in numbers if number not in known]
    if strange:
        sentence = desk.say(UNKNOWN_NUMBERS, school=school.number, numbers=", ".join(strange[:10]))
        return Refused("unknown_pupil", (sentence,), {"numbers": strange})
    return tuple({known[number].id: known[number] for number in numbers}.values())
