"""Households at the office's desk: which children one transfer is divided among, and how."""

import argparse

from accounts.directory import Listed, person_by_id
from accounts.households import (
    Household,
    HouseholdRefusal,
    add_household,
    end_household,
    households,
)
from accounts.texts import Texts
from kiosk.office.answers import refused
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.office.persons import OWN_NUMBER, number_of, person_meant, tell_person


def read(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """What the words mean: a school and a number each; left in ``asked.people``."""
    people: list[tuple[str, str]] = []
    for word in asked.persons:
        school, colon, number = word.partition(":")
        people.append((school, number) if colon else (asked.school, word))
    if any(school is None for school, _number in people):
        sentence = speech.say("Whose number is it? Name the school: --school NNNNNN")
        return Refused("no_school", (sentence,))
    if len(set(people)) < len(people):
        return refused(speech, HouseholdRefusal.NAMED_TWICE)
    shares = asked.shares or (1,) * len(people)
    if len(shares) != len(people):
        return refused(speech, HouseholdRefusal.BAD_SHARES)
    asked.people, asked.shares = people, shares
    return None


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa household add``."""
    members: list[Listed] = []
    for school, number in asked.people:
        person = person_meant(desk, school=school, number=number)
        if isinstance(person, Refused):
            return person
        desk.look("household add", pupil_id=person.id)
        members.append(person)
    shares = dict(zip((one.id for one in members), asked.shares, strict=True))
    if len(shares) < len(members):
        return refused(desk.texts, HouseholdRefusal.NAMED_TWICE)
    made = add_household(desk.db, shares, at=desk.at)
    if isinstance(made, HouseholdRefusal):
        return refused(desk.texts, made, household="")
    told = desk.say(
        "Household {household}: {members}. A transfer with all their references is divided "
        "{shares}.",
        household=made.id,
        members="; ".join(tell_person(one) for one in members),
        shares=":".join(map(str, asked.shares)),
    )
    return Said((told,), _fields(made))


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa household list``: those with a child at the school."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    desk.look("household list")
    rows: list[tuple[str, ...]] = []
    found: list[Household] = []
    for one in households(desk.db).values():
        people = [person_by_id(desk.db, pupil_id=it, day=desk.day) for it in one.shares]
        if school.number not in {it.school_number for it in people if it is not None}:
            continue
        found.append(one)
        named = [
            f"{OWN_NUMBER}{pupil_id}"
            if person is None
            else f"{number_of(person)} {person.last_name}, {person.first_name}"
            for pupil_id, person in zip(one.shares, people, strict=True)
        ]
        shares = ":".join(map(str, one.shares.values()))
        rows.append((str(one.id), "; ".join(named), shares, desk.texts.moment(one.since)))
    head = (desk.say("Household"), desk.say("Children"), desk.say("Shares"), desk.say("Since"))
    lines = in_columns(head, rows, right={0}) if rows else (desk.say("There is no household."),)
    return Said(lines, {"households": [_fields(one) for one in found]})


def end(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa household end``."""
    refusal = end_household(desk.db, asked.household, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, household=asked.household)
    told = desk.say(
        "Household {household} has ended. What was divided stays as it is.",
        household=asked.household,
    )
    return Said((told,), {"household": asked.household})


def _fields(one: Household) -> dict[str, object]:
    return {
        "household": one.id,
        "members": [{"pupil": pupil_id, "share": share} for pupil_id, share in one.shares.items()],
    }
