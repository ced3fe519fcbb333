"""The leaver run: what those who left still have goes back to who paid in, as one list.

It is shown first, with who can be paid and who cannot; only with --apply are refunds asked for,
one for each, and decided by another person one by one or all together.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.approvals import ApprovalRefusal
from accounts.bank_vault import Unopenable
from accounts.leavers import Former, left_between, of_class, school_year
from accounts.money import ZERO, Money, total
from accounts.paid_in import left_of
from accounts.refunds import Payee, RefundRefusal, Wanted, ask_refund
from accounts.schools import School
from accounts.texts import mark
from banking.payees import PaidFrom, paid_from
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.payee_words import sees_payers, told_payee
from kiosk.office.persons import number_of, tell_person
from kiosk.office.refund_list import FOREIGN_KEY
from kiosk.office.request_words import takes_two


@dataclass(frozen=True, slots=True)
class _Leaver:
    """Somebody with money left, or owing some; ``parts`` is what would go to which account.

    To one account where one paid in so much, the newest of those; else to several, the newest
    first; to none where all that can be paid to did not pay in so much.
    """

    former: Former
    left: Money
    accounts: Sequence[PaidFrom]

    @property
    def parts(self) -> tuple[tuple[PaidFrom, Money], ...]:
        can = [it for it in self.accounts if isinstance(it.payee, Payee) and it.left > ZERO]
        if self.left <= ZERO or self.left > total(it.left for it in can):
            return ()
        enough = [it for it in can if it.left >= self.left]
        open_, found = self.left, []
        for one in enough[:1] or can:
            part = min(open_, one.left)
            open_ -= part
            if part > ZERO:
                found.append((one, part))
        return tuple(found)


def run(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa refund leavers``."""
    if desk.acting.user_id is None:
        return takes_two(desk)
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    if asked.class_name is not None and not asked.class_name.strip("*? "):
        sentence = desk.say("That names the whole school. Name a class or a year: 10b or '10*'")
        return Refused("no_class", (sentence,))
    former = _meant(desk, asked, school)
    desk.look("refund leavers")
    left = left_of(desk.db, (one.person.id for one in former), at=desk.at)
    with_money = [one for one in former if left[one.person.id] != ZERO]
    try:
        accounts = paid_from(
            desk.db, asked.vault, (one.person.id for one in with_money), at=desk.at
        )
    except Unopenable:
        return refused(desk.texts, RefundRefusal.PAYER_UNREADABLE, why=desk.say(FOREIGN_KEY))
    found = [
        _Leaver(one, left[one.person.id], accounts.get(one.person.id, ())) for one in with_money
    ]
    part = (asked.class_name or str(asked.year)).rstrip("*")
    batch = f"{school.number}-{part}-{desk.day}"
    if asked.apply:
        stopped = _ask_all(desk, asked, found, school=school, batch=batch)
        if stopped is not None:
            return stopped
    return _told(desk, asked, found, everybody=len(former), batch=batch)


def _meant(desk: Desk, asked: argparse.Namespace, school: School) -> tuple[Former, ...]:
    if asked.class_name is not None:
        return of_class(desk.db, school_id=school.id, class_name=asked.class_name, day=desk.day)
    first, last = school_year(asked.year)
    return left_between(desk.db, school_id=school.id, first=first, last=last, day=desk.day)


def _ask_all(
    desk: Desk,
    asked: argparse.Namespace,
    found: Sequence[_Leaver],
    *,
    school: School,
    batch: str,
) -> Refused | None:
    for one in found:
        for account, part in one.parts:
            if not isinstance(account.payee, Payee):
                continue
            wanted = Wanted(
                requester_id=desk.acting.user_id or 0,
                actor=desk.actor,
                reason=asked.reason or desk.say("left the school"),
                line_id=account.line_id,
                amount=part,
                pupil_id=one.former.person.id,
                school_id=school.id,
                batch=batch,
            )
            made = ask_refund(desk.db, asked.vault, wanted, account.payee, at=desk.at)
            if isinstance(made, ApprovalRefusal):
                return refused(desk.texts, made, user=desk.acting.name, request="")
            if isinstance(made, RefundRefusal):
                return refused(desk.texts, made, left=desk.texts.money(one.left))
    return None


def _told(
    desk: Desk,
    asked: argparse.Namespace,
    found: Sequence[_Leaver],
    *,
    everybody: int,
    batch: str,
) -> Said:
    in_full = sees_payers(desk)
    rows: list[tuple[str, ...]] = []
    for one in found:
        until = _last_day(desk, one.former)
        rows.append(
            (
                tell_person(one.former.person),
                until,
                desk.texts.money(one.left),
                _to(desk, one, in_full=in_full),
            )
        )
    head = (desk.say("Person"), desk.say("Last day"), desk.say("Has"), desk.say("To whom"))
    payable = [one for one in found if one.parts]
    stuck = [one for one in found if one.left > ZERO and not one.parts]
    present = [one for one in found if _still_there(desk, one.former)]
    refunds = [part for one in payable for part in one.parts]
    owing = [one for one in found if one.left < ZERO]
    numbers = {
        "everybody": desk.texts.number(everybody),
        "count": desk.texts.number(len(payable)),
        "total": desk.texts.money(total(one.left for one in payable)),
        "stuck": desk.texts.number(len(stuck)),
        "stuck_total": desk.texts.money(total(one.left for one in stuck)),
        "owing": desk.texts.number(len(owing)),
        "owing_total": desk.texts.money(-total(one.left for one in owing)),
    }
    lines = [*in_columns(head, rows, right={2}), ""] if rows else []
    lines.append(desk.say(_SUM, **numbers))
    if present:
        lines.append(desk.say(_PRESENT, count=desk.texts.number(len(present))))
    whole = str(total(one.left for one in payable)).replace(".", ",")
    if asked.apply and payable:
        lines.append(desk.say(_ASKED, list=batch, total=whole, count=len(refunds)))
    elif payable:
        lines.append(desk.say("Nothing was asked for. To ask for these refunds: --apply"))
    fields = {
        "list": batch,
        "applied": bool(asked.apply),
        "people": everybody,
        "payable": len(payable),
        "refunds": len(refunds),
        "still_there": len(present),
        "total": str(total(one.left for one in payable)),
        "without_account": len(stuck),
        "without_account_total": str(total(one.left for one in stuck)),
        "owing": len(owing),
        "leavers": [
            {
                "person": number_of(one.former.person),
                "pupil": one.former.person.id,
                "left": str(one.left),
                "accounts": len(one.accounts),
                "still_there": _still_there(desk, one.former),
                "line": one.parts[0][0].line_id if one.parts else None,
                "parts": [
                    {"line": account.line_id, "amount": str(part)} for account, part in one.parts
                ],
            }
            for one in found
        ],
    }
    return Said(tuple(lines), fields)


def _to(desk: Desk, one: _Leaver, *, in_full: bool) -> str:
    if one.left < ZERO:
        return desk.say("owes this")
    if len(one.parts) > 1:
        return "; ".join(
            desk.say(
                "{amount} to {payee}",
                amount=desk.texts.money(part),
                payee=told_payee(desk, account.payee, in_full=in_full),
            )
            for account, part in one.parts
        )
    if one.parts:
        told = told_payee(desk, one.parts[0][0].payee, in_full=in_full)
        others = len(one.accounts) - 1
        if others:
            return desk.say("{payee} ({others} more paid in)", payee=told, others=others)
        return told
    if any(isinstance(it.payee, Payee) for it in one.accounts):
        return desk.say("more than was paid in by bank: to look at")
    if one.accounts:
        return told_payee(desk, one.accounts[0].payee, in_full=in_full)
    return desk.say("nobody paid in by bank")


def _still_there(desk: Desk, former: Former) -> bool:
    return former.until is None or former.until >= desk.day


def _last_day(desk: Desk, former: Former) -> str:
    if former.until is None:
        return desk.say("still there")
    told = desk.texts.day(former.until)
    return desk.say("still there, until {day}", day=told) if _still_there(desk, former) else told


_SUM = mark(
    "{everybody} people; {count} can be paid, {total} in all; {stuck} have {stuck_total} and no "
    "account that paid in so much; {owing} owe {owing_total}."
)
_PRESENT = mark("Attention: {count} of them still belong to the school.")
_ASKED = mark(
    "{count} refunds are asked for, as list {list}. Another person decides: "
    "mensa approve --list {list} shows them, with --total {total} approves them all"
)
