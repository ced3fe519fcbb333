"""What takes two people, at the office's desk: what is asked for, and what waits for whom."""

import argparse

from accounts.approvals import ApprovalRefusal, Ask, ask, undecided, waiting_for
from accounts.entries import Move
from accounts.rights import Act
from accounts.schools import schools
from kiosk.office.columns import in_columns
from kiosk.office.deciding import decide_one, decide_several, numbers_of_list
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.persons import person_meant, tell_person
from kiosk.office.request_words import takes_two, told_request


def ask_credit(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa credit``: the city gives a child money, if another person agrees."""
    person = person_meant(desk, school=asked.school, number=asked.pupil)
    if isinstance(person, Refused):
        return person
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    if desk.acting.user_id is None:
        return takes_two(desk)
    desk.look("credit", pupil_id=person.id)
    wanted = Ask(
        act=Act.CREDIT_MANUAL,
        requester_id=desk.acting.user_id,
        reason=asked.reason,
        school_id=school.id,
        pupil_id=person.id,
        # The city bears what it gives: money that came in by the bank is credited from there.
        move=Move("write_off", f"pupil:{person.id}", asked.amount),
    )
    made = ask(desk.db, wanted, at=desk.at)
    if isinstance(made, ApprovalRefusal):
        return refused(desk.texts, made, user=desk.acting.name, request="")
    told = desk.say(
        "Request {request}: {amount} for {person}. Nothing is booked until another person "
        "approves: mensa approve {request}",
        request=made,
        amount=desk.texts.money(asked.amount),
        person=tell_person(person),
    )
    return Said((told,), {"request": made, "pupil": asked.pupil, "amount": str(asked.amount)})


def answer(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa approve``: the list, or requests approved or rejected."""
    numbers = [number for some in asked.requests for number in some]
    if not numbers and asked.list is None:
        return _waiting(desk)
    if desk.acting.user_id is None:
        return takes_two(desk)
    if asked.list is not None:
        of_list = numbers_of_list(desk, asked.list)
        if isinstance(of_list, Refused):
            return of_list
        numbers += of_list
    wanted = tuple(dict.fromkeys(numbers))
    if len(wanted) == 1 and asked.list is None:
        return decide_one(desk, asked, wanted[0])
    return decide_several(desk, asked, wanted)


def _waiting(desk: Desk) -> Answer:
    found = (
        undecided(desk.db, at=desk.at)
        if desk.acting.user_id is None
        else waiting_for(desk.db, user_id=desk.acting.user_id, at=desk.at)
    )
    if not found:
        return Said((desk.say("Nothing waits for you."),), {"requests": []})
    numbers = {school.id: school.number for school in schools(desk.db)}
    head = (
        desk.say("Request"),
        desk.say("What"),
        desk.say("School"),
        desk.say("By"),
        desk.say("Asked"),
        desk.say("Reason"),
    )
    rows: list[tuple[str, ...]] = []
    for it in found:
        if it.pupil_id is not None:
            desk.look("approve", pupil_id=it.pupil_id)
        number = numbers.get(it.school_id or 0, "-")
        asked_at = desk.texts.moment(it.at)
        rows.append((str(it.id), told_request(desk, it), number, it.requester, asked_at, it.reason))
    hint = desk.say("To decide: mensa approve NUMBER, or mensa approve NUMBER --reject REASON")
    fields = [
        {
            "request": it.id,
            "act": it.act.value,
            "school": numbers.get(it.school_id or 0),
            "pupil": it.pupil_id,
            "amount": None if it.move is None else str(it.move.amount),
            "reason": it.reason,
            "by": it.requester,
            "at": it.at.isoformat(),
            "detail": dict(it.detail),
        }
        for it in found
    ]
    return Said((*in_columns(head, rows, right={0}), "", hint), {"requests": fields})
