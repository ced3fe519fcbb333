"""Who belongs to a school, and what their parents pay with, at the office's desk."""

import argparse

from accounts import reference
from accounts.bank_accounts import bank_accounts
from accounts.directory import people_at
from kiosk.office.bank_words import in_fours
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said
from kiosk.office.persons import number_of, person_meant, tell_person
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
    codes = reference.references_of(desk.db, [it.id for it in found])
    head = (
        desk.say("Number"),
        desk.say("Class"),
        desk.say("Last name"),
        desk.say("First name"),
        desk.say("Kind"),
        desk.say("Reference"),
        desk.say("Missing since"),
    )
    rows = [
        (
            number_of(it),
            it.class_name or "-",
            it.last_name,
            it.first_name,
            desk.say(KINDS[it.kind.value]),
            reference.format(codes[it.id]) if it.id in codes else "-",
            desk.texts.day(it.missing_since) if it.missing_since else "",
        )
        for it in found
    ]
    people = [
        {
            "number": number_of(it),
            "own_number": it.id,
            "reference": reference.format(codes[it.id]) if it.id in codes else None,
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


def show_reference(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa pupils reference``: how this child's parents pay in."""
    person = person_meant(desk, school=asked.school, number=asked.number)
    if isinstance(person, Refused):
        return person
    code = reference.reference_of(desk.db, person.id)
    if code is None:
        hint = desk.say("Nobody gave this child a reference yet. To do it: mensa db upgrade")
        return Refused("no_reference", (hint,))
    accounts = bank_accounts(desk.db)
    if not accounts:
        hint = desk.say('There is no account yet. Add one: mensa bank account add IBAN "HOLDER"')
        return Refused("no_account", (hint,))
    desk.look("pupils reference", pupil_id=person.id)
    printed = reference.format(code)
    lines = [tell_person(person)]
    for account in accounts:
        lines += [
            desk.say("  To           {holder}", holder=account.holder),
            f"  IBAN         {in_fours(account.iban)}",
            desk.say("  Reference    {code}", code=printed),
        ]
    lines.append(
        desk.say(
            "The reference alone, as printed, and the account holder letter by letter: then it "
            "arrives by itself."
        )
    )
    return Said(
        tuple(lines),
        {
            "pupil": asked.number,
            "reference": printed,
            "accounts": [{"iban": it.iban, "holder": it.holder} for it in accounts],
        },
    )
