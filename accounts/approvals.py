"""What takes two people: one asks for exactly this, another decides, and it is used once.

- A request says act, school, pupil and, where money moves, the one transfer; nothing of it can be
  changed afterwards. Requester and approver are two people, each with a right of their own.
- A request is decided once, and approved within thirty days or never.
- The row it is used by names it (``entry.request_id``, ``closing.request_id``). The database
  refuses a row whose request was not approved, says otherwise, or was used before, whoever writes.
"""

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select

from accounts.entries import Booked, Draft, EntryKind, Key, Move, No
from accounts.guards import JournalRefused, guarded
from accounts.ledger import book
from accounts.money import ZERO, Money
from accounts.requests import OPEN_FOR, Request, find_request, is_used, undecided, waiting_for
from accounts.rights import ASK, DECIDE, Act, Scope, may
from accounts.tables.journal import account
from accounts.tables.rights import decision, request
from accounts.users import actor_of

__all__ = [
    "ENTRIES",
    "OPEN_FOR",
    "ApprovalRefusal",
    "Ask",
    "Request",
    "approved_correction",
    "ask",
    "decide",
    "find_request",
    "is_used",
    "undecided",
    "waiting_for",
]

ENTRIES: Mapping[Act, EntryKind] = {
    Act.CREDIT_MANUAL: EntryKind.CORRECTION,
    Act.WRITE_OFF: EntryKind.CORRECTION,
    Act.REFUND: EntryKind.REFUND,
    Act.TOPUP_CASH: EntryKind.TOPUP,
}
"""The kind of entry by which a request is used that moves money."""
_NEVER_BELOW: Mapping[Act, Money] = {Act.REFUND: ZERO}
"""How far down a pupil's balance may be taken, where that is bounded."""


class ApprovalRefusal(enum.Enum):
    """Why a request was not made or not decided."""

    NO_RIGHT = "no_right"
    NO_AMOUNT = "no_amount"
    NO_REASON = "no_reason"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_REQUEST = "unknown_request"
    OWN_REQUEST = "own_request"
    ALREADY_DECIDED = "already_decided"
    TOO_OLD = "request_too_old"
    NOT_APPROVED = "not_approved"


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asks for. ``move`` is there for acts that move money, ``detail`` for others.

    The month of a closing is in ``detail`` as "month".
    """

    act: Act
    requester_id: int
    reason: str
    school_id: int | None = None
    pupil_id: int | None = None
    move: Move | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


def ask(db: Connection, request_: Ask, *, at: datetime) -> int | ApprovalRefusal:
    """Write a request down; returns its number. ``at`` is now, in UTC."""
    where = Scope.EVERY_SCHOOL if request_.school_id is None else request_.school_id
    if not may(db, user_id=request_.requester_id, act=request_.act, where=where, ways=ASK):
        return ApprovalRefusal.NO_RIGHT
    if not request_.reason.strip():
        return ApprovalRefusal.NO_REASON
    values: dict[str, object] = {}
    # A line's money that no child had is moved by its allocation: the request has no transfer.
    if request_.act in ENTRIES and not (request_.act is Act.REFUND and request_.pupil_id is None):
        if request_.move is None or request_.move.amount <= ZERO:
            return ApprovalRefusal.NO_AMOUNT
        by_name = select(account.c.name, account.c.id).where(
            account.c.name.in_((request_.move.debit, request_.move.credit))
        )
        ids = {row.name: row.id for row in db.execute(by_name)}
        if request_.move.debit not in ids or request_.move.credit not in ids:
            return ApprovalRefusal.UNKNOWN_ACCOUNT
        values = {
            "debit_id": ids[request_.move.debit],
            "credit_id": ids[request_.move.credit],
            "cents": request_.move.amount.cents,
        }
    made = insert(request).values(
        act=request_.act.value,
        school_id=request_.school_id,
        pupil_id=request_.pupil_id,
        reason=request_.reason.strip(),
        detail=json.dumps(dict(request_.detail), ensure_ascii=False, sort_keys=True),
        requester_id=request_.requester_id,
        at_us=at,
        **values,
    )
    with guarded():
        return int(db.execute(made.returning(request.c.id)).scalar_one())


def decide(
    db: Connection,
    *,
    request_id: int,
    approver_id: int,
    approved: bool,
    at: datetime,
    reason: str | None = None,
) -> ApprovalRefusal | None:
    """Approve a request, or reject it for a reason; None where that is written down.

    A refusal that another's decision at the same moment caused leaves a transaction that must
    be rolled back.
    """
    asked = find_request(db, request_id)
    if asked is None:
        return ApprovalRefusal.UNKNOWN_REQUEST
    if asked.approved is not None:
        return ApprovalRefusal.ALREADY_DECIDED
    if asked.requester_id == approver_id:
        return ApprovalRefusal.OWN_REQUEST
    if not may(db, user_id=approver_id, act=asked.act, where=asked.where, ways=DECIDE):
        return ApprovalRefusal.NO_RIGHT
    if approved and asked.too_old(at):
        return ApprovalRefusal.TOO_OLD
    if not (approved or (reason and reason.strip())):
        return ApprovalRefusal.NO_REASON
    values = {
        "request_id": request_id,
        "approver_id": approver_id,
        "approved": int(approved),
        "reason": reason,
        "at_us": at,
    }
    try:
        with guarded():
            db.execute(insert(decision).values(values))
    except JournalRefused as refused:
        if refused.code not in {"already_decided", "uq_decision_request_id"}:
            raise
        return ApprovalRefusal.ALREADY_DECIDED
    return None


def approved_correction(
    db: Connection, request_id: int, *, key: Key, now: datetime
) -> Booked | No | ApprovalRefusal:
    """Book the one transfer an approved request asks for, in the approver's name.

    The entry's key is the caller's; it stands for the request, so asking again books nothing
    twice. Raises what ``accounts.ledger.book`` raises.
    """
    asked = find_request(db, request_id)
    if asked is None:
        return ApprovalRefusal.UNKNOWN_REQUEST
    if not asked.approved or asked.move is None:
        return ApprovalRefusal.NOT_APPROVED
    by = select(decision.c.approver_id).where(decision.c.request_id == request_id)
    draft = Draft(
        key=key,
        kind=ENTRIES[asked.act],
        occurred_at=now,
        actor=actor_of(db.execute(by).scalar_one()),
        moves=(asked.move,),
        pupil_id=asked.pupil_id,
        school_id=asked.school_id,
        reason=asked.reason,
        floor=_NEVER_BELOW.get(asked.act),
        request_id=request_id,
    )
    return book(db, draft, now=now)
