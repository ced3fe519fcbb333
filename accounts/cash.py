"""Cash taken at the city's desk, for families without a bank account, and what proves it.

It is the child's when the second person has agreed, and lies in the account "cash" until the
bank shows it as paid in. The receipt's number is the request's; it tells the same for ever,
because what it is made of never changes: nobody's name is on it but the two users'.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from accounts import reference
from accounts.approvals import ApprovalRefusal, Ask, ask
from accounts.entries import Move
from accounts.money import Money
from accounts.rights import Act
from accounts.tables.journal import account, entry, transfer
from accounts.tables.people import school
from accounts.tables.rights import decision, office_user, request

CASH = "cash"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was taken for whom, by whom, and what the child had after it. Moments are UTC."""

    number: int
    at: datetime
    amount: Money
    after: Money
    pupil_id: int
    school_number: str
    code: str | None
    taken_by: str
    agreed_by: str


def ask_cash(
    db: Connection,
    *,
    pupil_id: int,
    school_id: int,
    amount: Money,
    requester_id: int,
    reason: str,
    at: datetime,
) -> int | ApprovalRefusal:
    """Ask that cash which was taken be the child's; returns the request's number."""
    asked = Ask(
        act=Act.TOPUP_CASH,
        requester_id=requester_id,
        reason=reason,
        school_id=school_id,
        pupil_id=pupil_id,
        move=Move(CASH, f"pupil:{pupil_id}", amount),
    )
    return ask(db, asked, at=at)


def receipt(db: Connection, number: int) -> Receipt | None:
    """The receipt with that number; None where no cash was booked by it.

    Whoever books it holds the journal's gate (``accounts.gate``), so that every entry before it
    is known and the balance after it is the same whenever it is asked for.
    """
    taker, agreed = office_user.alias(), office_user.alias()
    query = (
        select(
            entry.c.id,
            entry.c.recorded_us,
            request.c.cents,
            request.c.pupil_id,
            school.c.number,
            taker.c.name.label("taken_by"),
            agreed.c.name.label("agreed_by"),
        )
        .join_from(request, entry, entry.c.request_id == request.c.id)
        .join(decision, decision.c.request_id == request.c.id)
        .join(taker, taker.c.id == request.c.requester_id)
        .join(agreed, agreed.c.id == decision.c.approver_id)
        .join(school, school.c.id == request.c.school_id)
        .where(request.c.id == number, request.c.act == Act.TOPUP_CASH.value)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return None
    return Receipt(
        number=number,
        at=row.recorded_us,
        amount=Money(row.cents),
        after=_after(db, row.pupil_id, row.id),
        pupil_id=row.pupil_id,
        school_number=row.number,
        code=reference.reference_of(db, row.pupil_id),
        taken_by=row.taken_by,
        agreed_by=row.agreed_by,
    )


def _after(db: Connection, pupil_id: int, entry_id: int) -> Money:
    theirs = select(account.c.id).where(account.c.pupil_id == pupil_id).scalar_subquery()
    came = case((transfer.c.credit_id == theirs, transfer.c.cents), else_=-transfer.c.cents)
    had = select(func.coalesce(func.sum(came), 0)).where(
        or_(transfer.c.debit_id == theirs, transfer.c.credit_id == theirs),
        transfer.c.entry_id <= entry_id,
    )
    return Money(int(db.execute(had).scalar_one()))
