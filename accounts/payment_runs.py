"""Payment runs: which refunds left for the bank in which file, and which are on their way.

- A run is written down with the digest of its file before the file appears anywhere; the bytes
  are kept sealed, so the same file can be had again.
- A refund is in one run at a time: in another only after the bank sent it back. Two exports at
  the same moment cannot take the same refund.
- Each attempt has an end-to-end id of its own, made of nothing but digits after a word whose
  letters stand in no child's reference: what the bank prints of it never looks like one.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from accounts.bank_vault import BankVault, Unopenable
from accounts.clock import school_day
from accounts.money import Money, total
from accounts.refund_standing import TO_PAY, Refund, Standing, hold_refunds, refunds
from accounts.sealed_alone import open_alone, seal_alone
from accounts.tables.bank import payment_run, payment_run_raw, refund_attempt

ORIGIN = "refund-runs"
"""An office of its own, in whose name it is written down whose data a file holds."""
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its file's message id, number of transfers, sum and SHA-256."""

    id: int
    message_id: str
    count: int
    amount: Money
    digest: bytes
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A refund's way through one run; ``standing`` is the refund's where this is its newest."""

    id: int
    refund_id: int
    run_id: int
    end_to_end: str
    amount: Money
    standing: Standing


def to_pay(db: Connection, *, at: datetime) -> tuple[Refund, ...]:
    """What the next run takes, and nobody else meanwhile: held till the transaction's end.

    A refund whose own line went back meanwhile, or was taken from the child, is not among them:
    it would be paid twice.
    """
    hold_refunds(db)
    return tuple(
        one
        for one in refunds(db, at=at)
        if one.standing in TO_PAY and not one.given_back and not one.taken
    )


def new_message_id(at: datetime) -> str:
    """A file's own id, 26 characters; ``at`` is now, in UTC."""
    return f"ESSENGELD-{school_day(at):%Y%m%d}-{_random(7)}"


def new_end_to_end(refund_id: int) -> str:
    """An attempt's own id, at most 35 characters."""
    return f"ERSTATTUNG-{refund_id}-{_random(_DIGITS)}"


def record_run(
    db: Connection,
    vault: BankVault,
    attempts: Sequence[tuple[Refund, str]],
    *,
    message_id: str,
    content: bytes,
    actor: str,
    at: datetime,
) -> Run:
    """Write a run down; ``attempts`` are refunds of ``to_pay`` with their end-to-end ids."""
    amount = total(one.amount for one, _id in attempts)
    digest = hashlib.sha256(content).digest()
    values = {
        "message_id": message_id,
        "count": len(attempts),
        "cents": amount.cents,
        "digest": digest,
        "actor": actor,
        "at_us": at,
    }
    made = insert(payment_run).values(values).returning(payment_run.c.id)
    number = int(db.execute(made).scalar_one())
    sealed = seal_alone(vault, content, bound=f"run:{number}")
    db.execute(insert(payment_run_raw).values(run_id=number, sealed=sealed))
    db.execute(
        insert(refund_attempt),
        [
            {"refund_id": one.id, "run_id": number, "end_to_end": end_to_end, "at_us": at}
            for one, end_to_end in attempts
        ],
    )
    return Run(number, message_id, len(attempts), amount, digest, actor, at)


def runs(db: Connection) -> tuple[Run, ...]:
    """All runs, the oldest first."""
    query = select(payment_run).order_by(payment_run.c.id)
    return tuple(
        Run(
            id=row["id"],
            message_id=row["message_id"],
            count=row["count"],
            amount=Money(row["cents"]),
            digest=bytes(row["digest"]),
            actor=row["actor"],
            at=row["at_us"],
        )
        for row in db.execute(query).mappings()
    )


def file_of_run(db: Connection, vault: BankVault, number: int) -> bytes | None:
    """A run's file as it was made; None where there is no such run or its file was erased.

    Raises Unopenable where another secret sealed it, or it is not the one that was made.
    """
    this = (
        select(payment_run.c.digest, payment_run_raw.c.sealed)
        .join(payment_run_raw, payment_run_raw.c.run_id == payment_run.c.id)
        .where(payment_run.c.id == number)
    )
    row = db.execute(this).one_or_none()
    if row is None:
        return None
    content = open_alone(vault, row.sealed, bound=f"run:{number}")
    if hashlib.sha256(content).digest() != row.digest:
        raise Unopenable
    return content


def attempts(db: Connection, *, at: datetime) -> tuple[Attempt, ...]:
    """Every attempt that the bank may still tell of, the oldest first.

    An attempt that is not its refund's newest has come back; one of a cancelled refund is told,
    too: the bank may carry out what somebody believed lost.
    """
    by_number = {one.id: one for one in refunds(db, at=at)}
    newest = {one.end_to_end for one in by_number.values()}
    query = select(refund_attempt).order_by(refund_attempt.c.id)
    return tuple(
        Attempt(
            id=row.id,
            refund_id=row.refund_id,
            run_id=row.run_id,
            end_to_end=row.end_to_end,
            amount=by_number[row.refund_id].amount,
            standing=by_number[row.refund_id].standing
            if row.end_to_end in newest
            else Standing.RETURNED,
        )
        for row in db.execute(query)
    )


def _random(digits: int) -> str:
    return str(secrets.randbelow(10**digits)).zfill(digits)
