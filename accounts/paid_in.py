"""What was paid in for a child and stands, and what the child has left of it.

A line that the bank gave back counts no more, nor does one that was taken away from the child.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, and_, column, exists, func, select, table

from accounts.money import Money
from accounts.requests import OPEN_FOR
from accounts.rights import Act
from accounts.tables.bank import bank_line
from accounts.tables.journal import account, balance
from accounts.tables.rights import decision, request
from accounts.tables.types import Number

_AT_ONCE = 500
STANDING = table(
    "standing_allocation",
    column("id", Number),
    column("line_id", Number),
    column("cents", Number),
    column("pupil_id", Number),
    column("account_id", Number),
    column("of_line_id", Number),
    column("attempt_id", Number),
    column("entry_id", Number),
)
"""The view of allocations whose entry is not reversed."""


@dataclass(frozen=True, slots=True)
class PaidIn:
    """A line that was credited to a child, and the part of it that was the child's."""

    line_id: int
    day: date
    amount: Money
    payer: bytes | None = field(repr=False)


def paid_in(db: Connection, pupil_ids: Iterable[int]) -> dict[int, tuple[PaidIn, ...]]:
    """The lines credited to each child that stand and did not go back, the newest first."""
    found: dict[int, list[PaidIn]] = defaultdict(list)
    wanted = sorted(set(pupil_ids))
    given_back = select(STANDING.c.of_line_id).where(STANDING.c.of_line_id.is_not(None))
    for at in range(0, len(wanted), _AT_ONCE):
        theirs = (
            select(
                STANDING.c.pupil_id,
                bank_line.c.id,
                bank_line.c.day,
                bank_line.c.payer,
                func.sum(STANDING.c.cents).label("cents"),
            )
            .join(bank_line, bank_line.c.id == STANDING.c.line_id)
            .where(
                STANDING.c.pupil_id.in_(wanted[at : at + _AT_ONCE]),
                bank_line.c.cents > 0,
                bank_line.c.nature == "payment",
                bank_line.c.payer.is_not(None),
                bank_line.c.id.not_in(given_back),
            )
            .group_by(STANDING.c.pupil_id, bank_line.c.id, bank_line.c.day, bank_line.c.payer)
            .order_by(bank_line.c.day.desc(), bank_line.c.id.desc())
        )
        for row in db.execute(theirs):
            found[row.pupil_id].append(PaidIn(row.id, row.day, Money(int(row.cents)), row.payer))
    return {pupil_id: tuple(lines) for pupil_id, lines in found.items()}


def left_of(db: Connection, pupil_ids: Iterable[int], *, at: datetime) -> dict[int, Money]:
    """What each child has, less the refunds that were asked for and can still be approved."""
    wanted = sorted(set(pupil_ids))
    left: dict[int, Money] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        has = (
            select(account.c.pupil_id, balance.c.cents)
            .join(balance, balance.c.account_id == account.c.id)
            .where(account.c.pupil_id.in_(some))
        )
        left |= {row.pupil_id: Money(row.cents) for row in db.execute(has)}
        asked = (
            select(request.c.pupil_id, func.sum(request.c.cents).label("cents"))
            .where(request.c.pupil_id.in_(some), undecided_refunds(at))
            .group_by(request.c.pupil_id)
        )
        for row in db.execute(asked):
            left[row.pupil_id] -= Money(int(row.cents))
    return left


def undecided_refunds(at: datetime) -> ColumnElement[bool]:
    """That a request is for a refund and can still be approved at that moment."""
    decided = select(decision.c.id).where(decision.c.request_id == request.c.id)
    return and_(
        request.c.act == Act.REFUND.value, request.c.at_us >= at - OPEN_FOR, ~exists(decided)
    )
