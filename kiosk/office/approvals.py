"""What takes two people, at the office's desk: asked for by one, decided by another.

Approving a request that moves money books it at once, in the same transaction: nobody has to
remember a second command, and what was approved cannot lie about.
"""

import argparse
from collections.abc import Mapping

from accounts.approvals import (
    ENTRIES,
    ApprovalRefusal,
    Ask,
    Request,
    approved_correction,
    ask,
    decide,
    find_request,
    undecided,
    waiting_for,
)
from accounts.directory import person_by_id
from accounts.entries import Booked, Move
from accounts.ledger import balance, next_key
from accounts.office import office_origin
from accounts.rights import Act
from accounts.schools import schools
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.persons import OWN_NUMBER, person_meant, tell_person
from kiosk.sentences_people import ACTS


def ask_credit(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa credit``: the city gives a child money, if another person agrees."""
    person = person_meant(desk, school=asked.school, number=asked.pupil)
    if isinstance(person, Refused):
        return person
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    if desk.acting.user_id is None:
        return _takes_two(desk)
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
    """``mensa approve``: the list, or one request approved or rejected."""
    if asked.request is None:
        return _waiting(desk)
    if desk.acting.user_id is None:
        return _takes_two(desk)
    refusal = decide(
        desk.db,
        request_id=asked.request,
        approver_id=desk.acting.user_id,
        approved=asked.reject is None,
        reason=asked.reject,
        at=desk.at,
    )
    if refusal is not None:
        return refused(desk.texts, refusal, user=desk.acting.name, request=asked.request)
    request = find_request(desk.db, asked.request)
    if request is None:
        raise LookupError(f"no request {asked.request}")
    if request.pupil_id is not None:
        desk.look("approve", pupil_id=request.pupil_id)
    fields: dict[str, object] = {"request": request.id, "approved": bool(request.approved)}
    if not request.approved:
        return Said((desk.say("Request {request} is rejected.", request=request.id),), fields)
    if request.act not in ENTRIES:
        told = desk.say(
            "Request {request} is approved: {what}. It is used by the command it was asked for.",
            request=request.id,
            what=_what(desk, request),
        )
        return Said((told,), {**fields, "booked": False})
    return _booked(desk, request, fields)


def _booked(desk: Desk, request: Request, fields: Mapping[str, object]) -> Answer:
    origin_id = office_origin(desk.db, name=desk.acting.origin, at=desk.at)
    key = next_key(desk.db, origin_id)
    booked = approved_correction(desk.db, request.id, key=key, now=desk.at)
    if not isinstance(booked, Booked):
        raise TypeError(f"an approved request was not booked: {booked}")
    told = desk.say(
        "Request {request} is approved and booked: {what}", request=request.id,
        what=_what(desk, request),
    )  # fmt: skip
    after: dict[str, object] = {}
    if request.pupil_id is not None:
        after["balance"] = str(balance(desk.db, request.pupil_id))
    return Said((told,), {**fields, "booked": True, "entry": [origin_id, key.epoch, key.seq],
                          **after})  # fmt: skip


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
        rows.append((str(it.id), _what(desk, it), number, it.requester, asked_at, it.reason))
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


def _what(desk: Desk, request: Request) -> str:
    """The request in words: what, how much, for whom."""
    parts = [desk.say(ACTS.get(request.act, request.act.value))]
    if request.move is not None:
        parts.append(desk.texts.money(request.move.amount))
    if request.pupil_id is not None:
        person = person_by_id(desk.db, pupil_id=request.pupil_id, day=desk.day)
        named = f"{OWN_NUMBER}{request.pupil_id}" if person is None else tell_person(person)
        parts.append(named)
    parts += [str(value) for value in request.detail.values()]
    return ", ".join(parts)


def _takes_two(desk: Desk) -> Refused:
    sentence = desk.say(
        "This takes two people with rights of their own, and the ledger has no users yet: "
        "mensa user add NAME --role administrator"
    )
    return Refused("no_users", (sentence,))
