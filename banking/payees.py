"""From which accounts money was paid in for a child, and to which of them a refund can go.

A refund goes to name and IBAN as the bank told them of a line that stands. An account whose lines
were erased, whose name the bank did not tell, or whose IBAN is none cannot be paid to; the reason
is told, not guessed around.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.bank_files import texts_of
from accounts.bank_text import LineText
from accounts.bank_vault import BankVault
from accounts.database import Session
from accounts.money import ZERO, Money, total
from accounts.paid_in import PaidIn, paid_in
from accounts.refund_standing import gone_back
from accounts.refunds import Payee
from banking.refunds import in_sepa, payable_iban, payable_name


class Unpayable(enum.Enum):
    """Why no refund can go to an account that paid in."""

    ERASED = "payer_erased"
    NO_NAME = "payer_without_name"
    BAD_IBAN = "payer_without_iban"
    OUTSIDE_SEPA = "payer_outside_sepa"


@dataclass(frozen=True, slots=True)
class PaidFrom:
    """One account that paid in for a child: its newest line, how much in all, and since when last.

    ``payee`` is who a refund goes to, or why none can; ``left`` what of it did not go back yet.
    """

    line_id: int
    last: date
    amount: Money
    left: Money
    payee: Payee | Unpayable = field(repr=False)


def paid_from(
    db: Session, vault: BankVault, pupil_ids: Iterable[int], *, at: datetime
) -> dict[int, tuple[PaidFrom, ...]]:
    """Each child's paying accounts, the one that paid last first; ``at`` is now. Raises Unopenable."""
    lines = paid_in(db, pupil_ids)
    back = gone_back(db, lines, at=at)
    by_payer = {pupil_id: _by_payer(theirs) for pupil_id, theirs in lines.items()}
    newest = [group[0].line_id for groups in by_payer.values() for group in groups]
    told = texts_of(db, vault, newest)
    return {
        pupil_id: tuple(
            PaidFrom(
                line_id=group[0].line_id,
                last=group[0].day,
                amount=total(one.amount for one in group),
                left=total(one.amount for one in group)
                - back.get((pupil_id, group[0].payer or b""), ZERO),
                payee=_payee(told, group[0].line_id),
            )
            for group in groups
        )
        for pupil_id, groups in by_payer.items()
    }


def payee_of(db: Session, vault: BankVault, line_id: int) -> Payee | Unpayable:
    """Who a line's money goes back to. Raises Unopenable."""
    return _payee(texts_of(db, vault, (line_id,)), line_id)


def _by_payer(lines: Sequence[PaidIn]) -> list[list[PaidIn]]:
    groups: dict[bytes | None, list[PaidIn]] = {}
    for line in lines:  # the newest first
        groups.setdefault(line.payer, []).append(line)
    return list(groups.values())


def _payee(told: Mapping[int, LineText], line_id: int) -> Payee | Unpayable:
    text = told.get(line_id)
    if text is None:
        return Unpayable.ERASED
    iban = payable_iban(text.iban)
    if iban is None:
        return Unpayable.BAD_IBAN
    if not in_sepa(iban):
        return Unpayable.OUTSIDE_SEPA
    if payable_name(text.name) is None:
        return Unpayable.NO_NAME
    return Payee(text.name, iban)
