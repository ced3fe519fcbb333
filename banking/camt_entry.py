"""One ``Ntry`` of camt: the lines in it, one for each ``TxDtls``.

The amounts of the details make the amount of the entry, to the cent, or the entry is refused:
a batch is never one payer's line. What is announced only (``PDNG``, ``INFO``, ``FUTR``) says so.
"""

import re
from dataclasses import dataclass
from datetime import date

from accounts.money import Money
from banking.camt_batch import amounts, details_of
from banking.camt_parties import line_text
from banking.camt_values import (
    ANNOUNCED,
    BOOKED,
    amount_of,
    currency_of,
    day_of,
    signed,
    status_of,
    written_day,
)
from banking.gvc import is_return_code
from banking.lines import BankLine, Nature, Trouble, Unreadable
from banking.proof import given
from banking.xml_nodes import Node, first, nodes, words

_GVC = re.compile(r"(?:^|\+)(\d{3})(?:\+|$)")

# ISO 20022 external codes of sub-families: return, recall, unpaid and reversed debit.
_RETURNS = frozenset({"RRTN", "RPCR", "UPDD", "PRDD"})


@dataclass(frozen=True, slots=True)
class Around:
    """What an entry is read with: its number from 1, the account, and the day where it has none."""

    number: int
    own: str
    fallback_day: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry's lines; whether the bank called it a reversal; the currency it is in."""

    lines: tuple[BankLine, ...]
    reversal: bool
    currency: str


def read_entry(entry: Node, around: Around) -> Entry | Unreadable:
    """The entry's lines, signed as its ``CdtDbtInd`` says, or the reason why it is not read.

    An announced entry that lacks something is left out: nothing of it is ever posted.
    """
    here = f"Ntry {around.number}"
    status = status_of(entry)
    if status not in ANNOUNCED and status not in {BOOKED, ""}:
        return Unreadable(Trouble.UNKNOWN_STATUS, here)
    pending = status in ANNOUNCED
    amount = amount_of(first(entry, "Amt"))
    whole = None if amount is None else signed(amount, entry)
    days = _days(entry, around)
    if pending and (whole is None or isinstance(days, Trouble)):
        return Entry((), reversal=False, currency="")
    if amount is None:
        return Unreadable(Trouble.NO_AMOUNT, here)
    if whole is None:
        return Unreadable(Trouble.NO_DIRECTION, here)
    if isinstance(days, Trouble):
        return Unreadable(days, here)
    reversal = words(entry, "RvslInd") in {"true", "1"}
    details: list[Node | None] = [*details_of(entry)] or [None]
    given_back = reversal or _returned(entry, details[0])
    parts = amounts(entry, whole, given_back=given_back)
    if isinstance(parts, Trouble):
        if not pending:
            return Unreadable(parts, f"{here}: {len(details)} TxDtls")
        details, parts = [None], [whole]
    return Entry(
        lines=tuple(
            _line(
                entry, detail, part, days, around, reversal=reversal, pending=pending, index=index
            )
            for index, (detail, part) in enumerate(zip(details, parts, strict=True))
        ),
        reversal=reversal,
        currency=currency_of(first(entry, "Amt")),
    )


def _days(entry: Node, around: Around) -> tuple[date, date] | Trouble:
    """The booking and the value day; what is missing of one comes from the other."""
    booking, value = first(entry, "BookgDt"), first(entry, "ValDt")
    booked_on, valued_on = day_of(booking), day_of(value)
    if (written_day(booking) and not booked_on) or (written_day(value) and not valued_on):
        return Trouble.IMPOSSIBLE_DATE
    day = booked_on or valued_on
    if not booked_on and around.fallback_day and not (day and day <= around.fallback_day):
        day = around.fallback_day
    if day is None:
        return Trouble.NO_DATE
    return day, valued_on or day


def _line(
    entry: Node,
    detail: Node | None,
    amount: Money,
    days: tuple[date, date],
    around: Around,
    *,
    reversal: bool,
    pending: bool,
    index: int,
) -> BankLine:
    reason = first(detail, "RtrInf")
    returned = _returned(entry, detail)
    return BankLine(
        day=days[0],
        value_day=days[1],
        amount=amount,
        nature=Nature.RETURN if returned or reversal else Nature.PAYMENT,
        text=line_text(entry, detail, credit=amount.cents >= 0, returned=returned, own=around.own),
        bank_ids=_ids(entry, detail),
        gvc=_gvc_of(entry, detail),
        return_reason=words(reason, "Rsn", "Cd")
        or words(reason, "Rsn", "Prtry")
        or words(reason, "AddtlInf"),
        place=around.number - 1,
        part=index,
        pending=pending,
    )


def _returned(entry: Node, detail: Node | None) -> bool:
    code = first(detail, "BkTxCd") or first(entry, "BkTxCd")
    return (
        first(detail, "RtrInf") is not None
        or is_return_code(_gvc_of(entry, detail))
        or words(code, "Domn", "Fmly", "SubFmlyCd") in _RETURNS
    )


def _gvc_of(entry: Node, detail: Node | None) -> str:
    return _gvc(first(detail, "BkTxCd")) or _gvc(first(entry, "BkTxCd"))


def _gvc(code: Node | None) -> str:
    found = _GVC.search(words(code, "Prtry", "Cd"))
    return found[1] if found else ""


def _ids(entry: Node, detail: Node | None) -> tuple[str, ...]:
    """Sparkassen's own number, then the account servicer's reference of the detail and entry."""
    refs = first(detail, "Refs")
    own = [
        words(other, "Ref")
        for other in nodes(refs, "Prtry")
        if words(other, "Tp") == "FI-UMSATZ-ID"
    ]
    servicer = [words(refs, "AcctSvcrRef"), words(entry, "AcctSvcrRef")]
    return tuple(dict.fromkeys(filter(None, map(given, own + servicer))))
