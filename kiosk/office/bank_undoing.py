"""What a person takes back of a bank line, and that a line is nobody's for now.

Taking back books the mirror image of every decision that stands, and the money is in suspense
again; a line that is set aside stays there, out of the queue. Both take a reason.
"""

import argparse

from accounts.allocations import AllocationRefusal, Mark, mark_line, open_line, undo
from accounts.ledger import balance
from accounts.line_story import Went, story_of
from accounts.office import office_origin
from kiosk.office.bank_decisions import line_to_decide
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_targets import target_of
from kiosk.office.bank_words import refuse
from kiosk.office.desk import Answer, Desk, Refused, Said


def take_back(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank undo``."""
    line = story_of(desk.db, asked.line)
    if line is None:
        return refuse(desk.texts, DecisionFault.UNKNOWN_LINE, line=asked.line)
    if not line.standing:
        return refuse(desk.texts, DecisionFault.NOTHING_TO_UNDO, line=line.id)
    origin_id = office_origin(desk.db, name=desk.acting.origin, at=desk.at)
    done = undo(
        desk.db, line_id=line.id, reason=asked.reason, actor=desk.actor, origin_id=origin_id,
        now=desk.at,
    )  # fmt: skip
    if isinstance(done, AllocationRefusal):
        return refuse(
            desk.texts, done.why, line=line.id, refund=done.refund, given_back_by=done.line
        )
    lines = [_took(desk, it) for it in line.standing]
    lines.append(
        desk.say(
            "Line {line}: {amount} is in suspense again. What is suggested: mensa bank show {line}",
            line=line.id,
            amount=desk.texts.money(line.amount),
        )
    )
    return Said(tuple(lines), {"line": line.id, "undone": len(line.standing)})


def set_aside(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa bank ignore``: out of the queue, or into it again."""
    line = line_to_decide(desk, asked.line)
    if isinstance(line, Refused):
        return line
    known = open_line(desk.db, line.id)
    aside = known is not None and known.set_aside
    if asked.back and not aside:
        return refuse(desk.texts, DecisionFault.NOT_SET_ASIDE, line=line.id)
    if aside and not asked.back:
        return refuse(desk.texts, DecisionFault.SET_ASIDE_ALREADY, line=line.id)
    done = mark_line(
        desk.db,
        line_id=line.id,
        mark=Mark.TAKEN_UP if asked.back else Mark.SET_ASIDE,
        reason="taken up" if asked.back else asked.reason,
        actor=desk.actor,
        now=desk.at,
    )
    if done is not None:
        return refuse(desk.texts, done.why, line=line.id)
    if asked.back:
        told = desk.say("Line {line} is in the queue again.", line=line.id)
    else:
        told = desk.say(
            "Line {line} is set aside, {amount} of it in suspense. Back into the queue: "
            "mensa bank ignore {line} --back",
            line=line.id,
            amount=desk.texts.money(line.rest),
        )
    return Said((told,), {"line": line.id, "set_aside": not asked.back})


def _took(desk: Desk, went: Went) -> str:
    target = target_of(desk, went.account)
    amount = desk.texts.money(went.amount)
    if target.pupil_id is None:
        return desk.say("Taken back: {amount} ← {named}", amount=amount, named=target.named)
    desk.look("bank undo", pupil_id=target.pupil_id)
    return desk.say(
        "Taken back: {amount} ← {named}. Balance now: {balance}",
        amount=amount,
        named=target.named,
        balance=desk.texts.money(balance(desk.db, target.pupil_id)),
    )
