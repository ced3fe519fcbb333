"""How refunds stand: read from request, entry, runs and what the bank then did, never stored."""

import enum
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, text

from accounts.money import ZERO, Money
from accounts.paid_in import STANDING
from accounts.requests import OPEN_FOR
from accounts.tables.bank import allocation, bank_line, refund, refund_attempt
from accounts.tables.journal import account, entry
from accounts.tables.rights import decision, office_user, request

IN_TRANSIT = "refunds"
"""The account that holds what is on its way back."""
BY_REQUEST = "request"
"""In an allocation's evidence: the request by which a line's own money goes back."""


class Standing(enum.Enum):
    """How a refund stands."""

    ASKED = "asked"
    REJECTED = "rejected"
    LAPSED = "lapsed"  # nobody decided within thirty days
    READY = "ready"  # booked, in no run yet
    SENT = "sent"  # in a run; the bank's line is not there yet
    PAID = "paid"
    RETURNED = "returned"  # it came back: ready again
    CANCELLED = "cancelled"
    PAID_ALL_THE_SAME = "paid_all_the_same"  # cancelled, and then the bank paid it


TO_PAY = frozenset({Standing.READY, Standing.RETURNED})
"""How a refund stands that the next run takes."""
UNDER_WAY = TO_PAY | {Standing.ASKED, Standing.SENT}
"""How a refund stands that may still be paid."""
GONE = UNDER_WAY | {Standing.PAID, Standing.PAID_ALL_THE_SAME}
"""How a refund stands whose money is the payer's, or may become theirs."""
_ALONE = text("SELECT pg_advisory_xact_lock(4210031)")


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund as it stands; ``end_to_end`` is the newest attempt's, ``entry_id`` the booking's."""

    id: int
    request_id: int
    standing: Standing
    amount: Money
    line_id: int
    pupil_id: int | None
    school_id: int | None
    reason: str
    batch: str
    requester: str
    at: datetime
    entry_id: int | None = None
    attempts: int = 0
    run_id: int | None = None
    end_to_end: str | None = None
    given_back: bool = False
    """The line itself went back to its payer: they have the money, or the bank has."""
    taken: bool = False
    """Nothing of the line is the child's any more."""


def hold_refunds(db: Connection) -> None:
    """Until this transaction ends nobody else asks for, exports or cancels a refund, or undoes a line.

    On SQLite whoever may write is alone already. It comes before every other lock.
    """
    if db.dialect.name != "sqlite":
        db.execute(_ALONE)


def refunds(
    db: Connection, *, at: datetime, only: Iterable[int] | None = None
) -> tuple[Refund, ...]:
    """All refunds, or only those with these numbers, as they stand at that moment (UTC)."""
    query = _asked()
    if only is not None:
        query = query.where(refund.c.id.in_(sorted(set(only))))
    attempts = _attempts(db)
    booked = _from_suspense(db)
    return tuple(_refund(row, attempts.get(row.id, ()), booked, at) for row in db.execute(query))


def find_refund(db: Connection, number: int, *, at: datetime) -> Refund | None:
    """The refund with that number."""
    return next(iter(refunds(db, at=at, only=(number,))), None)


def refunds_of_line(db: Connection, line_id: int, *, at: datetime) -> tuple[Refund, ...]:
    """The refunds that name this line."""
    named = select(refund.c.id).where(refund.c.line_id == line_id)
    return refunds(db, at=at, only=db.execute(named).scalars())


def gone_back(
    db: Connection, pupil_ids: Iterable[int], *, at: datetime
) -> dict[tuple[int, bytes], Money]:
    """By child and payer, what went back or may still go back; ``at`` is now, in UTC."""
    wanted = set(pupil_ids)
    query = (
        select(refund.c.id, bank_line.c.payer)
        .join(bank_line, bank_line.c.id == refund.c.line_id)
        .where(refund.c.pupil_id.is_not(None))
    )
    if len(wanted) == 1:
        query = query.where(refund.c.pupil_id == next(iter(wanted)))
    payers = {row.id: bytes(row.payer) for row in db.execute(query)}
    found: dict[tuple[int, bytes], Money] = {}
    for one in refunds(db, at=at, only=payers if len(wanted) == 1 else None):
        if one.pupil_id in wanted and one.standing in GONE:
            key = (one.pupil_id, payers[one.id])
            found[key] = found.get(key, ZERO) + one.amount
    return found


def refund_of_request(db: Connection, request_id: int) -> int | None:
    """The refund a request asks for."""
    this = select(refund.c.id).where(refund.c.request_id == request_id)
    return db.execute(this).scalar_one_or_none()


def _asked() -> Select[Any]:
    booked, back = entry.alias(), entry.alias()
    given_back = select(STANDING.c.of_line_id).where(STANDING.c.of_line_id.is_not(None))
    theirs = select(STANDING.c.id).where(
        STANDING.c.line_id == refund.c.line_id, STANDING.c.pupil_id == refund.c.pupil_id
    )
    return (
        select(
            refund,
            request.c.school_id,
            request.c.reason,
            request.c.detail,
            office_user.c.name.label("requester"),
            decision.c.approved,
            booked.c.id.label("entry_id"),
            back.c.id.label("reversal_id"),
            refund.c.line_id.in_(given_back).label("given_back"),
            and_(refund.c.pupil_id.is_not(None), ~theirs.exists()).label("taken"),
        )
        .join(request, request.c.id == refund.c.request_id)
        .join(office_user, office_user.c.id == request.c.requester_id)
        .outerjoin(decision, decision.c.request_id == request.c.id)
        .outerjoin(booked, booked.c.request_id == request.c.id)
        .outerjoin(back, back.c.reverses == booked.c.id)
        .order_by(refund.c.id)
    )


def _attempts(db: Connection) -> dict[int, list[Row[Any]]]:
    """Each refund's attempts, the newest last, with what the bank did to them."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    query = (
        select(
            refund_attempt.c.id,
            refund_attempt.c.refund_id,
            refund_attempt.c.run_id,
            refund_attempt.c.end_to_end,
            func.coalesce(func.sum(STANDING.c.cents), 0).label("moved"),
            func.count(STANDING.c.id).label("events"),
        )
        .outerjoin(STANDING, STANDING.c.attempt_id == refund_attempt.c.id)
        .group_by(
            refund_attempt.c.id,
            refund_attempt.c.refund_id,
            refund_attempt.c.run_id,
            refund_attempt.c.end_to_end,
        )
        .order_by(refund_attempt.c.id)
    )
    for row in db.execute(query):
        found[row.refund_id].append(row)
    return found


def _from_suspense(db: Connection) -> dict[int, int | None]:
    """The entry by which a line's own money left suspense, by request; none: it was taken back."""
    query = (
        select(allocation.c.evidence, STANDING.c.entry_id)
        .join(account, account.c.id == allocation.c.account_id)
        .outerjoin(STANDING, STANDING.c.id == allocation.c.id)
        .where(account.c.name == IN_TRANSIT, allocation.c.attempt_id.is_(None))
    )
    found: dict[int, int | None] = {}
    for row in db.execute(query):
        request_id = json.loads(row.evidence).get(BY_REQUEST)
        if isinstance(request_id, int):
            found[request_id] = row.entry_id
    return found


def _refund(
    row: Row[Any], attempts: Sequence[Row[Any]], lines: Mapping[int, int | None], at: datetime
) -> Refund:
    booked = row.entry_id is not None or row.request_id in lines
    entry_id = row.entry_id if row.pupil_id is not None else lines.get(row.request_id)
    taken_back = row.reversal_id is not None or (booked and entry_id is None)
    newest = attempts[-1] if attempts else None
    return Refund(
        id=row.id,
        request_id=row.request_id,
        standing=_how(row, newest, at=at, booked=booked, taken_back=taken_back),
        amount=Money(row.cents),
        line_id=row.line_id,
        pupil_id=row.pupil_id,
        school_id=row.school_id,
        reason=row.reason,
        batch=str(json.loads(row.detail).get("list", "")),
        requester=row.requester,
        at=row.at_us,
        entry_id=entry_id,
        attempts=len(attempts),
        run_id=newest.run_id if newest else None,
        end_to_end=newest.end_to_end if newest else None,
        given_back=bool(row.given_back),
        taken=bool(row.taken),
    )


def _how(
    row: Row[Any], newest: Row[Any] | None, *, at: datetime, booked: bool, taken_back: bool
) -> Standing:
    if row.approved is None:
        return Standing.LAPSED if at > row.at_us + OPEN_FOR else Standing.ASKED
    if not row.approved or not booked:
        return Standing.REJECTED
    paid = newest is not None and newest.moved < 0  # what the bank took is below zero
    if taken_back:
        return Standing.PAID_ALL_THE_SAME if paid else Standing.CANCELLED
    if newest is None:
        return Standing.READY
    if not newest.events:
        return Standing.SENT
    return Standing.PAID if paid else Standing.RETURNED
