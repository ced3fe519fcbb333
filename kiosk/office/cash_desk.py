"""Cash at the city's desk: one takes it, another agrees, and the family has a receipt.

The receipt names the child by its reference and by no name; printed again it is the same to the
byte.
"""

import argparse

from accounts import reference
from accounts.approvals import ApprovalRefusal
from accounts.cash import Receipt, ask_cash, receipt
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.persons import OWN_NUMBER, person_meant, tell_person
from kiosk.office.request_words import takes_two


def take(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa topup``."""
    person = person_meant(desk, school=asked.school, number=asked.person)
    if isinstance(person, Refused):
        return person
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    if desk.acting.user_id is None:
        return takes_two(desk)
    desk.look("topup", pupil_id=person.id)
    made = ask_cash(
        desk.db,
        pupil_id=person.id,
        school_id=school.id,
        amount=asked.amount,
        requester_id=desk.acting.user_id,
        reason=asked.reason or desk.say("taken in cash"),
        at=desk.at,
    )
    if isinstance(made, ApprovalRefusal):
        return refused(desk.texts, made, user=desk.acting.name, request="")
    told = desk.say(
        "Request {request}: {amount} in cash for {person}. It is the child's when another person "
        "approves (mensa approve {request}); then print the receipt: mensa receipt {request}",
        request=made,
        amount=desk.texts.money(asked.amount),
        person=tell_person(person),
    )
    return Said((told,), {"request": made, "person": asked.person, "amount": str(asked.amount)})


def show_receipt(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa receipt``."""
    found = receipt(desk.db, asked.number)
    if found is None:
        sentence = desk.say(
            "There is no receipt {number}: no cash was booked by this request, or nobody has "
            "approved it yet.",
            number=asked.number,
        )
        return Refused("no_receipt", (sentence,))
    desk.look("receipt", pupil_id=found.pupil_id)
    fields = {
        "receipt": found.number,
        "at": found.at.isoformat(),
        "amount": str(found.amount),
        "balance": str(found.after),
        "pupil": found.pupil_id,
        "school": found.school_number,
        "reference": found.code,
        "taken_by": found.taken_by,
        "agreed_by": found.agreed_by,
    }
    return Said(_paper(desk, found), fields)


def _paper(desk: Desk, found: Receipt) -> tuple[str, ...]:
    number = f"{OWN_NUMBER}{found.pupil_id}"
    whose = f"{reference.format(found.code)} ({number})" if found.code else number
    rows = (
        (desk.say("Amount"), desk.texts.money(found.amount)),
        (desk.say("For"), whose),
        (desk.say("School"), found.school_number),
        (desk.say("Balance after it"), desk.texts.money(found.after)),
        (desk.say("Booked"), desk.texts.moment(found.at)),
        (desk.say("Taken by"), found.taken_by),
        (desk.say("Confirmed by"), found.agreed_by),
    )
    width = max(len(name) for name, _value in rows)
    return (
        desk.say("RECEIPT no. {number}", number=found.number),
        desk.say("Cash for a child's school meals"),
        "",
        *(f"{name.ljust(width)}  {value}" for name, value in rows),
        "",
        desk.say("Signature: ______________________________"),
    )
