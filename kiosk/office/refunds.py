"""Refunds at the office's desk: asked for and cancelled. Who decides does so by approving.

A refund goes to an account that paid in for the child. One such account is taken as it is, of
several the one is named by its line. The school's office sees the last four signs of an IBAN,
the treasury sees whom it pays.
"""

import argparse
from collections.abc import Sequence

from accounts.approvals import ApprovalRefusal
from accounts.bank_vault import Unopenable
from accounts.directory import Listed
from accounts.leavers import pupil_with_number, was_at
from accounts.ledger import next_key
from accounts.money import Money
from accounts.office import office_origin
from accounts.paid_in import left_of
from accounts.refund_standing import refunds
from accounts.refunds import (
    Payee,
    RefundRefusal,
    Wanted,
    ask_refund,
    cancel_refund,
)
from banking.payees import PaidFrom, Unpayable, paid_from, payee_of
from kiosk.jobs.words import is_number
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.payee_words import sees_payers, told_account, told_payee
from kiosk.office.persons import OWN_NUMBER, nobody, tell_person
from kiosk.office.refund_list import FOREIGN_KEY, told_person
from kiosk.office.request_words import takes_two


def request(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa refund request``: for a child, or of a line that is nobody's."""
    if desk.acting.user_id is None:
        return takes_two(desk)
    try:
        return _of_line(desk, asked) if asked.person is None else _for_person(desk, asked)
    except Unopenable:
        return refused(desk.texts, RefundRefusal.PAYER_UNREADABLE, why=desk.say(FOREIGN_KEY))


def cancel(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa refund cancel``: the money is the child's again, or lies in suspense."""
    origin_id = office_origin(desk.db, name=desk.acting.origin, at=desk.at)
    done = cancel_refund(
        desk.db,
        asked.refund,
        key=next_key(desk.db, origin_id),
        reason=asked.reason,
        actor=desk.actor,
        not_paid=asked.not_paid,
        now=desk.at,
    )
    if isinstance(done, RefundRefusal):
        (found,) = refunds(desk.db, at=desk.at, only=(asked.refund,)) or (None,)
        return refused(
            desk.texts,
            done,
            request=found.request_id if found else "",
            run=found.run_id if found else "",
        )
    if done.pupil_id is not None:
        desk.look("refund cancel", pupil_id=done.pupil_id)
    told = desk.say(
        "Refund {refund} is cancelled: {amount} back to {whom}.",
        refund=done.id,
        amount=desk.texts.money(done.amount),
        whom=told_person(desk, done.pupil_id),
    )
    return Said((told,), {"refund": done.id, "amount": str(done.amount), "pupil": done.pupil_id})


def person_was(desk: Desk, *, school_id: int, school: str, number: str) -> Listed | Refused:
    """Who is or was at the school by that number, or by the city's own (@17)."""
    own = number.removeprefix(OWN_NUMBER).strip()
    pupil_id: int | None = None
    if own == number.strip():
        pupil_id = pupil_with_number(desk.db, school_id=school_id, number=own)
    elif is_number(own):
        pupil_id = int(own)
    former = None if pupil_id is None else was_at(desk.db, school_id=school_id, pupil_id=pupil_id)
    return nobody(desk, school=school, number=number) if former is None else former.person


def _for_person(desk: Desk, asked: argparse.Namespace) -> Answer:
    if asked.school is None:
        sentence = desk.say("Whose number is it? Name the school: --school NNNNNN")
        return Refused("no_school", (sentence,))
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    person = person_was(desk, school_id=school.id, school=school.number, number=asked.person)
    if isinstance(person, Refused):
        return person
    desk.look("refund request", pupil_id=person.id)
    found = paid_from(desk.db, asked.vault, (person.id,), at=desk.at).get(person.id, ())
    chosen = _chosen(desk, found, asked.line)
    if isinstance(chosen, Refused):
        return chosen
    left = left_of(desk.db, (person.id,), at=desk.at).get(person.id, Money(0))
    wanted = _wanted(
        desk, asked, line=chosen.line_id, pupil_id=person.id, school_id=school.id,
        amount=min(left, chosen.left) if asked.amount is None else asked.amount,
    )  # fmt: skip
    return _asked_for(desk, asked, wanted, chosen.payee, named=tell_person(person), left=left)


def _of_line(desk: Desk, asked: argparse.Namespace) -> Answer:
    if asked.line is None or asked.amount is None:
        sentence = desk.say(
            "Name a person, or a line that is nobody's and how much of it goes back: "
            "--line LINE --amount 12,50"
        )
        return Refused("nobody_named", (sentence,))
    desk.look("refund request")
    payee = payee_of(desk.db, asked.vault, asked.line)
    wanted = _wanted(
        desk, asked, line=asked.line, amount=asked.amount, pupil_id=None, school_id=None
    )
    named = desk.say("nobody's money, line {line}", line=asked.line)
    return _asked_for(desk, asked, wanted, payee, named=named, left=asked.amount)


def _wanted(
    desk: Desk,
    asked: argparse.Namespace,
    *,
    line: int,
    amount: Money,
    pupil_id: int | None,
    school_id: int | None,
) -> Wanted:
    return Wanted(
        requester_id=desk.acting.user_id or 0,
        actor=desk.actor,
        reason=asked.reason,
        line_id=line,
        amount=amount,
        pupil_id=pupil_id,
        school_id=school_id,
    )


def _asked_for(
    desk: Desk,
    asked: argparse.Namespace,
    wanted: Wanted,
    payee: Payee | Unpayable,
    *,
    named: str,
    left: Money,
) -> Answer:
    if isinstance(payee, Unpayable):
        return refused(desk.texts, payee)
    made = ask_refund(desk.db, asked.vault, wanted, payee, at=desk.at)
    if isinstance(made, ApprovalRefusal):
        return refused(desk.texts, made, user=desk.acting.name, request="")
    if isinstance(made, RefundRefusal):
        return refused(desk.texts, made, left=desk.texts.money(left))
    told = desk.say(
        "Request {request}: {amount} for {person}, to {payee}. Nothing is booked until another "
        "person approves: mensa approve {request}",
        request=made,
        amount=desk.texts.money(wanted.amount),
        person=named,
        payee=told_payee(desk, payee, in_full=sees_payers(desk)),
    )
    fields = {
        "request": made,
        "amount": str(wanted.amount),
        "pupil": wanted.pupil_id,
        "line": wanted.line_id,
        "iban": payee.iban[-4:],
    }
    return Said((told,), fields)


def _chosen(desk: Desk, found: Sequence[PaidFrom], line: int | None) -> PaidFrom | Refused:
    if line is not None:
        named = next((one for one in found if one.line_id == line), None)
        return refused(desk.texts, RefundRefusal.NOT_THEIR_LINE) if named is None else named
    if not found:
        return refused(desk.texts, RefundRefusal.NO_PAYER)
    if len(found) == 1:
        return found[0]
    in_full = sees_payers(desk)
    first = refused(desk.texts, RefundRefusal.SEVERAL_PAYERS)
    lines = tuple(f"  {told_account(desk, one, in_full=in_full)}" for one in found)
    fields = {"lines": [one.line_id for one in found]}
    return Refused(first.reason, (*first.lines, *lines), fields)
