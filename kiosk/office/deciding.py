"""Requests decided at the office's desk: one, some, or a whole list, and booked at once.

Approving a request that moves money books it in the same transaction: nobody has to remember a
second command, and what was approved cannot lie about. Several are decided together or not at
all, and whoever approves several types their sum: a list that grew in the meantime is not theirs.
"""

import argparse
from collections.abc import Sequence

from accounts.approvals import (
    ENTRIES,
    ApprovalRefusal,
    Request,
    approved_correction,
    decide,
    find_request,
    undecided,
)
from accounts.changes import note_change
from accounts.entries import Booked, Key
from accounts.gate import hold_gate
from accounts.ledger import balance, next_key
from accounts.money import Money, total
from accounts.office import office_origin
from accounts.refunds import RefundRefusal, pay_back_line
from accounts.rights import Act
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.request_words import told_request


def decide_one(desk: Desk, asked: argparse.Namespace, number: int) -> Answer:
    """One request, approved or rejected."""
    request = _decided(desk, asked, number)
    if isinstance(request, Refused):
        return request
    fields: dict[str, object] = {"request": request.id, "approved": bool(request.approved)}
    if not request.approved:
        return Said((desk.say("Request {request} is rejected.", request=request.id),), fields)
    if request.act not in ENTRIES:
        told = desk.say(
            "Request {request} is approved: {what}. It is used by the command it was asked for.",
            request=request.id,
            what=told_request(desk, request),
        )
        return Said((told,), {**fields, "booked": False})
    key = _booked(desk, request)
    if isinstance(key, Refused):
        return key
    lines = [
        desk.say(
            "Request {request} is approved and booked: {what}",
            request=request.id,
            what=told_request(desk, request),
        )
    ]
    if request.act is Act.TOPUP_CASH:
        lines.append(desk.say("The receipt: mensa receipt {request}", request=request.id))
    fields |= {"booked": True}
    if key is not None:
        fields["entry"] = [key.origin_id, key.epoch, key.seq]
    if request.pupil_id is not None:
        fields["balance"] = str(balance(desk.db, request.pupil_id))
    return Said(tuple(lines), fields)


def decide_several(desk: Desk, asked: argparse.Namespace, numbers: Sequence[int]) -> Answer:
    """All of these or none; without the sum they are only shown."""
    asked_for = [find_request(desk.db, number) for number in numbers]
    known = [one for one in asked_for if one is not None]
    whole = total(one.amount for one in known if one.amount is not None)
    fields: dict[str, object] = {"requests": list(numbers), "total": str(whole)}
    if asked.reject is None and asked.total != whole:
        return _shown(desk, asked, known, whole)
    faults: list[str] = []
    for number in numbers:
        request = _decided(desk, asked, number)
        booked = request if isinstance(request, Refused) else _booked_if_money(desk, request)
        if isinstance(booked, Refused):
            faults.append(f"{number}: {booked.lines[0]}")
    if faults:
        first = desk.say("Nothing was decided, because not all of them can be:")
        return Refused("not_all", (first, *faults), fields | {"faults": faults})
    if asked.reject is not None:
        told = desk.say("{count} requests are rejected.", count=desk.texts.number(len(numbers)))
        return Said((told,), fields | {"approved": False, "booked": 0})
    told = desk.say(
        "{count} requests are approved and booked, {total} in all.",
        count=desk.texts.number(len(numbers)),
        total=desk.texts.money(whole),
    )
    booked_count = sum(one.act in ENTRIES for one in known)
    return Said((told,), fields | {"approved": True, "booked": booked_count})


def numbers_of_list(desk: Desk, name: str) -> tuple[int, ...] | Refused:
    """The requests of a list that still wait for a decision."""
    found = tuple(it.id for it in undecided(desk.db, at=desk.at) if it.detail.get("list") == name)
    if not found:
        sentence = desk.say("Nothing of a list {name} waits for a decision.", name=name)
        return Refused("unknown_list", (sentence,))
    return found


def _shown(desk: Desk, asked: argparse.Namespace, known: Sequence[Request], whole: Money) -> Answer:
    rows: list[tuple[str, ...]] = []
    for it in known:
        if it.pupil_id is not None:
            desk.look("approve", pupil_id=it.pupil_id)
        rows.append((str(it.id), told_request(desk, it), it.requester, it.reason))
    head = (desk.say("Request"), desk.say("What"), desk.say("By"), desk.say("Reason"))
    lines = in_columns(head, rows, right={0})
    count, sum_of = desk.texts.number(len(known)), desk.texts.money(whole)
    fields = {"requests": [it.id for it in known], "total": str(whole), "approved": None}
    if asked.total is not None:
        sentence = desk.say(
            "These are {count} requests, {total} in all, and not {typed}. Nothing was decided.",
            count=count,
            total=sum_of,
            typed=desk.texts.money(asked.total),
        )
        return Refused("other_total", (*lines, "", sentence), fields)
    hint = desk.say(
        "{count} requests, {total} in all. Nothing is decided yet. To approve all of them, type "
        "the sum: --total {plain}; to reject them: --reject REASON",
        count=count,
        total=sum_of,
        plain=str(whole).replace(".", ","),
    )
    return Said((*lines, "", hint), fields)


def _decided(desk: Desk, asked: argparse.Namespace, number: int) -> Request | Refused:
    if desk.acting.user_id is None:
        raise TypeError("a request is decided by a user")
    refusal = decide(
        desk.db,
        request_id=number,
        approver_id=desk.acting.user_id,
        approved=asked.reject is None,
        reason=asked.reject,
        at=desk.at,
    )
    if refusal is not None:
        return refused(desk.texts, refusal, user=desk.acting.name, request=number)
    request = find_request(desk.db, number)
    if request is None:
        raise LookupError(f"no request {number}")
    if request.pupil_id is not None:
        desk.look("approve", pupil_id=request.pupil_id)
    return request


def _booked_if_money(desk: Desk, request: Request) -> Key | Refused | None:
    return _booked(desk, request) if request.approved and request.act in ENTRIES else None


def _booked(desk: Desk, request: Request) -> Key | Refused | None:
    """The entry's key; none for a line's money, which its allocation moves."""
    if request.act is Act.REFUND and request.pupil_id is None:
        gone = pay_back_line(desk.db, request, actor=desk.actor, now=desk.at)
        if isinstance(gone, RefundRefusal):
            return refused(desk.texts, gone, request=request.id)
        return None
    if request.act is Act.TOPUP_CASH:
        hold_gate(desk.db)  # so that its receipt tells the same balance for ever
    origin_id = office_origin(desk.db, name=desk.acting.origin, at=desk.at)
    key = next_key(desk.db, origin_id)
    booked = approved_correction(desk.db, request.id, key=key, now=desk.at)
    if isinstance(booked, ApprovalRefusal):
        raise TypeError(f"an approved request was not booked: {booked}")
    if not isinstance(booked, Booked):
        return refused(desk.texts, booked, request=request.id)
    if request.school_id is not None:
        note_change(desk.db, what="topup", at=desk.at, school_id=request.school_id)
    return key
