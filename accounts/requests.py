"""Requests as they stand: what is asked for, by whom, and whether somebody decided.

Nothing is written here; ``accounts.approvals`` asks and decides.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select

from accounts.entries import Move
from accounts.money import Money
from accounts.rights import DECIDE, Act, Scope, Where, may
from accounts.tables.bank import go_live
from accounts.tables.journal import account, entry
from accounts.tables.proofs import closing
from accounts.tables.rights import decision, office_user, request

OPEN_FOR = timedelta(days=30)
"""How long a request can be approved."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands. ``approved`` is None until somebody decides."""

    id: int
    act: Act
    school_id: int | None
    pupil_id: int | None
    move: Move | None
    reason: str
    detail: Mapping[str, object]
    requester_id: int
    requester: str
    at: datetime
    approved: bool | None

    def too_old(self, at: datetime) -> bool:
        """Whether it can no longer be approved at that moment."""
        return at > self.at + OPEN_FOR

    @property
    def amount(self) -> Money | None:
        """What it would move; None where it moves nothing."""
        cents = self.detail.get("cents")
        if self.move is not None:
            return self.move.amount
        return Money(cents) if isinstance(cents, int) else None

    @property
    def where(self) -> Where:
        """Where the right has to be for."""
        return Scope.EVERY_SCHOOL if self.school_id is None else self.school_id


def find_request(db: Connection, request_id: int) -> Request | None:
    """The request with that number."""
    return next(iter(_requests(db, request.c.id == request_id)), None)


def undecided(db: Connection, *, at: datetime) -> tuple[Request, ...]:
    """Every request that still waits for a decision and may be approved, the oldest first."""
    waiting = decision.c.id.is_(None) & (request.c.at_us >= at - OPEN_FOR)
    return _requests(db, waiting)


def waiting_for(db: Connection, *, user_id: int, at: datetime) -> tuple[Request, ...]:
    """The requests this user may decide."""
    return tuple(
        one
        for one in undecided(db, at=at)
        if one.requester_id != user_id
        and may(db, user_id=user_id, act=one.act, where=one.where, ways=DECIDE)
    )


def is_used(db: Connection, request_id: int) -> bool:
    """Whether an entry, a closing or a list of opening balances names the request."""
    return any(
        db.execute(select(table.c.id).where(table.c.request_id == request_id)).first()
        for table in (entry, closing, go_live)
    )


def _requests(db: Connection, which: ColumnElement[bool]) -> tuple[Request, ...]:
    debit, credit = account.alias(), account.alias()
    found = (
        select(
            request,
            debit.c.name.label("debit"),
            credit.c.name.label("credit"),
            office_user.c.name.label("requester"),
            decision.c.approved,
        )
        .join(office_user, office_user.c.id == request.c.requester_id)
        .outerjoin(debit, debit.c.id == request.c.debit_id)
        .outerjoin(credit, credit.c.id == request.c.credit_id)
        .outerjoin(decision, decision.c.request_id == request.c.id)
        .where(which)
        .order_by(request.c.id)
    )
    return tuple(
        Request(
            id=row.id,
            act=Act(row.act),
            school_id=row.school_id,
            pupil_id=row.pupil_id,
            move=None if row.cents is None else Move(row.debit, row.credit, Money(row.cents)),
            reason=row.reason,
            detail=json.loads(row.detail),
            requester_id=row.requester_id,
            requester=row.requester,
            at=row.at_us,
            approved=None if row.approved is None else bool(row.approved),
        )
        for row in db.execute(found)
    )
