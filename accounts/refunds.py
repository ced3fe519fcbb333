"""Refunds (Erstattungen): money that goes back to where it came from, and to nowhere else.

- A refund names the bank line whose payer gets the money: a line that was credited to the child,
  or one that is nobody's. Name and IBAN are that line's own, sealed from the moment it is asked.
- It takes two people. When the second agrees the money leaves the child (never below zero), or
  suspense, for the account "refunds"; the bank's own line brings it out of there.
- How a refund stands is never written down: it is read from its request, its entry, the runs it
  was in and what the bank then did.
"""

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from accounts.allocations import AllocationRefusal, NewAllocation, Rule, allocate
from accounts.approvals import ApprovalRefusal, Ask, ask
from accounts.bank_vault import BankVault
from accounts.changes import note_change
from accounts.database import Session
from accounts.entries import Booked, Key, Move
from accounts.ledger import reverse
from accounts.money import ZERO, Money, total
from accounts.paid_in import STANDING, left_of, paid_in
from accounts.refund_standing import (
    BY_REQUEST,
    GONE,
    IN_TRANSIT,
    Refund,
    Standing,
    find_refund,
    gone_back,
    hold_refunds,
    refund_of_request,
    refunds_of_line,
)
from accounts.requests import Request
from accounts.rights import Act
from accounts.sealed_alone import open_alone, seal_alone
from accounts.tables.bank import bank_line, refund, refund_payee
from accounts.tables.journal import entry

_AT_ONCE = 500


class RefundRefusal(enum.Enum):
    """Why no refund was asked for, booked or cancelled."""

    NO_AMOUNT = "no_amount"
    MORE_THAN_BALANCE = "more_than_balance"
    MORE_THAN_LINE = "more_than_line"
    MORE_THAN_PAID_IN = "more_than_paid_in"
    NO_PAYER = "no_payer"
    SEVERAL_PAYERS = "several_payers"
    NOT_THEIR_LINE = "not_their_line"
    PAYER_UNREADABLE = "payer_unreadable"
    UNKNOWN_REFUND = "unknown_refund"
    NOT_BOOKED = "refund_not_booked"
    IN_A_RUN = "refund_in_a_run"
    PAID = "refund_paid"
    CANCELLED = "refund_cancelled"


@dataclass(frozen=True, slots=True)
class Payee:
    """Who gets the money, as the bank told it when they paid in."""

    name: str = field(repr=False)
    iban: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refund somebody asks for. Without a pupil the line's own money goes back to its payer.

    ``batch`` names a list that is decided as one; empty for a single refund.
    """

    requester_id: int
    actor: str
    reason: str
    line_id: int
    amount: Money
    pupil_id: int | None = None
    school_id: int | None = None
    batch: str = ""


def ask_refund(
    db: Connection, vault: BankVault, wanted: Wanted, payee: Payee, *, at: datetime
) -> int | RefundRefusal | ApprovalRefusal:
    """Ask for a refund to a line's payer; returns the request's number. ``at`` is now, in UTC.

    ``payee`` is what the bank told of that line. What was asked for before and is not decided
    yet counts as gone.
    """
    if wanted.amount <= ZERO:
        return RefundRefusal.NO_AMOUNT
    hold_refunds(db)
    refusal = _for_pupil(db, wanted, at) if wanted.pupil_id else _for_nobody(db, wanted, at)
    if refusal is not None:
        return refusal
    detail: dict[str, object] = {"line": wanted.line_id}
    if not wanted.pupil_id:
        detail["cents"] = wanted.amount.cents
    if wanted.batch:
        detail["list"] = wanted.batch
    asked = Ask(
        act=Act.REFUND,
        requester_id=wanted.requester_id,
        reason=wanted.reason,
        school_id=wanted.school_id,
        pupil_id=wanted.pupil_id,
        move=Move(f"pupil:{wanted.pupil_id}", IN_TRANSIT, wanted.amount)
        if wanted.pupil_id
        else None,
        detail=detail,
    )
    request_id = ask(db, asked, at=at)
    if isinstance(request_id, ApprovalRefusal):
        return request_id
    made = insert(refund).values(
        request_id=request_id,
        pupil_id=wanted.pupil_id,
        line_id=wanted.line_id,
        cents=wanted.amount.cents,
        actor=wanted.actor,
        at_us=at,
    )
    number = int(db.execute(made.returning(refund.c.id)).scalar_one())
    clear = json.dumps([payee.name, payee.iban], ensure_ascii=False).encode()
    sealed = seal_alone(vault, clear, bound=f"refund:{number}")
    db.execute(insert(refund_payee).values(refund_id=number, sealed=sealed))
    return request_id


def payees(db: Connection, vault: BankVault, refund_ids: Iterable[int]) -> dict[int, Payee]:
    """Who gets each refund; one whose payee was erased is missing. Raises Unopenable."""
    found: dict[int, Payee] = {}
    wanted = sorted(set(refund_ids))
    for at in range(0, len(wanted), _AT_ONCE):
        some = select(refund_payee).where(refund_payee.c.refund_id.in_(wanted[at : at + _AT_ONCE]))
        for row in db.execute(some):
            clear = open_alone(vault, row.sealed, bound=f"refund:{row.refund_id}")
            name, iban = json.loads(clear)
            found[row.refund_id] = Payee(name, iban)
    return found


def pay_back_line(
    db: Session, request_: Request, *, actor: str, now: datetime
) -> RefundRefusal | None:
    """Take a line's own money out of suspense, as an approved request without a pupil asks."""
    number = refund_of_request(db, request_.id)
    if number is None or request_.amount is None:
        return RefundRefusal.UNKNOWN_REFUND
    line = select(refund.c.line_id).where(refund.c.id == number)
    part = NewAllocation(
        line_id=int(db.execute(line).scalar_one()),
        target=IN_TRANSIT,
        amount=request_.amount,
        rule=Rule.BY_HAND,
        evidence={BY_REQUEST: request_.id},
    )
    done = allocate(db, (part,), actor=actor, now=now)
    return RefundRefusal.MORE_THAN_LINE if isinstance(done, AllocationRefusal) else None


def cancel_refund(
    db: Session, number: int, *, key: Key, reason: str, actor: str, not_paid: bool, now: datetime
) -> Refund | RefundRefusal:
    """Give the money back to the child, or to suspense, by a reversal with this key.

    One that is in a run may still be paid: it takes ``not_paid``, somebody's word that the bank
    did not and will not carry it out.
    """
    hold_refunds(db)
    found = find_refund(db, number, at=now)
    if found is None:
        return RefundRefusal.UNKNOWN_REFUND
    if found.standing is Standing.PAID:
        return RefundRefusal.PAID
    if found.standing in {Standing.CANCELLED, Standing.PAID_ALL_THE_SAME}:
        return RefundRefusal.CANCELLED
    if found.standing is Standing.SENT and not not_paid:
        return RefundRefusal.IN_A_RUN
    if found.entry_id is None:
        return RefundRefusal.NOT_BOOKED
    this = select(entry.c.origin_id, entry.c.epoch, entry.c.seq).where(entry.c.id == found.entry_id)
    of = Key(*db.execute(this).one())
    if not isinstance(reverse(db, key=key, of=of, reason=reason, actor=actor, now=now), Booked):
        return RefundRefusal.CANCELLED
    if found.school_id is not None:
        note_change(db, what="topup", at=now, school_id=found.school_id)
    return found


def _for_pupil(db: Connection, wanted: Wanted, at: datetime) -> RefundRefusal | None:
    """Whether the child has so much, and that account paid in so much that did not go back."""
    pupil_id = wanted.pupil_id or 0
    lines = paid_in(db, (pupil_id,)).get(pupil_id, ())
    payer = next((one.payer for one in lines if one.line_id == wanted.line_id), None)
    if payer is None:
        return RefundRefusal.NOT_THEIR_LINE
    if wanted.amount > left_of(db, (pupil_id,), at=at)[pupil_id]:
        return RefundRefusal.MORE_THAN_BALANCE
    paid = total(one.amount for one in lines if one.payer == payer)
    if wanted.amount > paid - gone_back(db, (pupil_id,), at=at).get((pupil_id, payer), ZERO):
        return RefundRefusal.MORE_THAN_PAID_IN
    return None


def _for_nobody(db: Connection, wanted: Wanted, at: datetime) -> RefundRefusal | None:
    """Whether so much of the line lies in suspense, and nobody asked for it before."""
    line = bank_line.c
    found = db.execute(
        select(line.cents, line.nature).where(line.id == wanted.line_id)
    ).one_or_none()
    if found is None or found.cents <= 0:
        return RefundRefusal.NOT_THEIR_LINE
    gone = select(func.coalesce(func.sum(STANDING.c.cents), 0)).where(
        STANDING.c.line_id == wanted.line_id
    )
    taken = int(db.execute(gone).scalar_one()) + sum(
        one.amount.cents
        for one in refunds_of_line(db, wanted.line_id, at=at)
        if one.standing in GONE and (one.taken or (one.pupil_id is None and one.entry_id is None))
    )
    if wanted.amount.cents > found.cents - taken:
        return RefundRefusal.MORE_THAN_LINE
    return None
