"""Schools at the office's desk."""

import argparse

from accounts.money import Money
from accounts.schools import (
    School,
    SchoolRefusal,
    add_school,
    close_day,
    open_day,
    schools,
    set_school,
)
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa school add``."""
    made = add_school(desk.db, number=asked.number, name=asked.name)
    if isinstance(made, SchoolRefusal):
        return refused(desk.texts, made, number=asked.number)
    school = desk.school(asked.number)
    if isinstance(school, Refused):
        return school
    added = desk.say("Added: school {number}, {name}", number=school.number, name=school.name)
    return Said((added, _settings(desk, school)), {"school": _fields(school)})


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa school list``."""
    found = schools(desk.db)
    if not found:
        hint = desk.say("There is no school yet. Add one: mensa school add NUMBER NAME")
        return Said((hint,), {"schools": []})
    head = (
        desk.say("Number"),
        desk.say("Name"),
        desk.say("Floor"),
        desk.say("Cards"),
        desk.say("First name"),
        desk.say("Language"),
    )
    rows = [
        (
            it.number,
            it.name,
            desk.texts.money(it.floor),
            ",".join(sorted(it.accepts)),
            desk.yes_no(it.shows_first_name),
            it.language,
        )
        for it in found
    ]
    return Said(in_columns(head, rows, right={2}), {"schools": [_fields(it) for it in found]})


def change(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa school set``."""
    school = desk.school(asked.number)
    if isinstance(school, Refused):
        return school
    refusal = set_school(
        desk.db,
        school_id=school.id,
        at=desk.at,
        name=asked.name,
        floor=asked.floor,
        accepts=asked.accepts,
        shows_first_name=asked.first_name,
        language=asked.language,
        uid_day_limit=asked.uid_limit,
        remember_iban=asked.remember_iban,
    )
    if refusal is not None:
        return refused(desk.texts, refusal, number=asked.number)
    now = desk.school(asked.number)
    if isinstance(now, Refused):
        return now
    stands = desk.say("School {number}, {name}", number=now.number, name=now.name)
    limits = () if now.uid_day_limit is None else (_limit(desk, now.uid_day_limit),)
    payers = (_remembered(desk, now),) if now.remember_iban or asked.remember_iban is False else ()
    return Said((stands, _settings(desk, now), *limits, *payers), {"school": _fields(now)})


def close(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa school close``."""
    school = desk.school(asked.number)
    if isinstance(school, Refused):
        return school
    close_day(desk.db, school_id=school.id, day=asked.day, why=asked.why, at=desk.at)
    told = desk.say(
        "{day}: no meals at {name} ({why})",
        day=desk.texts.weekday(asked.day),
        name=school.name,
        why=asked.why,
    )
    return Said((told,), {"school": school.number, "closed": str(asked.day), "why": asked.why})


def reopen(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa school open``."""
    school = desk.school(asked.number)
    if isinstance(school, Refused):
        return school
    open_day(desk.db, school_id=school.id, day=asked.day, at=desk.at)
    told = desk.say("{day}: meals at {name}", day=desk.texts.weekday(asked.day), name=school.name)
    return Said((told,), {"school": school.number, "open": str(asked.day)})


def _settings(desk: Desk, school: School) -> str:
    return desk.say(
        "Floor {floor}, cards {accepts}, first name {first_name}, language {language}",
        floor=desk.texts.money(school.floor),
        accepts=",".join(sorted(school.accepts)),
        first_name=desk.yes_no(school.shows_first_name),
        language=school.language,
    )


def _limit(desk: Desk, limit: Money) -> str:
    return desk.say(
        "Bare card numbers buy for {limit} a day besides the first lunch",
        limit=desk.texts.money(limit),
    )


def _remembered(desk: Desk, school: School) -> str:
    if school.remember_iban:
        return desk.say("A payer's account that has paid for one child alone stands for that child")
    return desk.say("A transfer without a reference always waits for a person")


def _fields(school: School) -> dict[str, object]:
    return {
        "number": school.number,
        "name": school.name,
        "floor": str(school.floor),
        "accepts": sorted(school.accepts),
        "first_name": school.shows_first_name,
        "language": school.language,
        "uid_limit": None if school.uid_day_limit is None else str(school.uid_day_limit),
        "remember_iban": school.remember_iban,
    }
