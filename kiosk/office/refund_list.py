"""Refunds as the office sees them: how much, for whom, to whom, and how each stands."""

import argparse
from collections.abc import Mapping

from accounts.bank_vault import Unopenable
from accounts.directory import person_by_id
from accounts.refund_standing import UNDER_WAY, Refund, Standing, refunds
from accounts.refunds import Payee, RefundRefusal, payees
from accounts.schools import schools
from accounts.texts import mark
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Said, refused
from kiosk.office.payee_words import sees_payers, told_payee
from kiosk.office.persons import OWN_NUMBER, tell_person
from kiosk.sentences_refunds import STANDINGS

_OVER = frozenset({Standing.PAID, Standing.REJECTED, Standing.LAPSED, Standing.CANCELLED})
FOREIGN_KEY = mark("the bank's texts were sealed under another pepper_file")


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa refund list``: those that are open, or all of them."""
    found = [one for one in refunds(desk.db, at=desk.at) if asked.all or one.standing not in _OVER]
    in_full = sees_payers(desk)
    try:
        told = payees(desk.db, asked.vault, (one.id for one in found))
    except Unopenable:
        return refused(desk.texts, RefundRefusal.PAYER_UNREADABLE, why=desk.say(FOREIGN_KEY))
    numbers = {school.id: school.number for school in schools(desk.db)}
    rows: list[tuple[str, ...]] = []
    for one in found:
        desk.look("refund list", pupil_id=one.pupil_id)
        how = desk.say(STANDINGS[one.standing])
        if one.given_back:
            how = desk.say("{how}; the line itself went back: cancel it", how=how)
        elif one.taken and one.standing in UNDER_WAY:
            how = desk.say("{how}; its line is the child's no more: cancel it", how=how)
        rows.append(
            (
                str(one.id),
                desk.texts.money(one.amount),
                told_person(desk, one.pupil_id),
                told_payee(desk, told.get(one.id), in_full=in_full),
                how,
                str(one.run_id or "-"),
                one.batch or "-",
            )
        )
    head = tuple(
        desk.say(word)
        for word in (
            mark("Refund"),
            mark("Amount"),
            mark("Person"),
            mark("To whom"),
            mark("Standing"),
            mark("Run"),
            mark("List"),
        )
    )
    lines = in_columns(head, rows, right={0, 1}) if rows else (desk.say("There is no refund."),)
    return Said(lines, {"refunds": [_fields(one, told.get(one.id), numbers) for one in found]})


def told_person(desk: Desk, pupil_id: int | None) -> str:
    """Whose money it is: a child's, or nobody's."""
    if pupil_id is None:
        return desk.say("suspense")
    person = person_by_id(desk.db, pupil_id=pupil_id, day=desk.day)
    return f"{OWN_NUMBER}{pupil_id}" if person is None else tell_person(person)


def _fields(one: Refund, payee: Payee | None, numbers: Mapping[int, str]) -> dict[str, object]:
    return {
        "refund": one.id,
        "request": one.request_id,
        "standing": one.standing.value,
        "amount": str(one.amount),
        "pupil": one.pupil_id,
        "school": numbers.get(one.school_id or 0),
        "line": one.line_id,
        "given_back": one.given_back,
        "taken": one.taken,
        "iban": None if payee is None else payee.iban[-4:],
        "run": one.run_id,
        "end_to_end": one.end_to_end,
        "list": one.batch or None,
    }
