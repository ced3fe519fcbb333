"""One ``Rpt`` or ``Stmt`` of camt: its account, its balances, and whether its lines close.

The opening balance is ``OPBD``, else ``PRCD`` (the closing before), else on a continued page the
first ``ITBD``; the closing one ``CLBD``, else the last ``ITBD``. A reversal's sign means what
the balances say it means: the standard and some banks disagree whether ``CdtDbtInd`` of an
``RvslInd`` entry is the direction of the money or of what is reversed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounts.money import total
from banking.camt_entry import Entry
from banking.camt_values import amount_of, currency_of, day_of, signed, written_day
from banking.lines import Balance, BankLine, BankStatement, Family, Trouble, Unreadable
from banking.proof import bare_account, closes, folded, in_numbers, later_apart
from banking.xml_nodes import Node, first, nodes, words


@dataclass(frozen=True, slots=True)
class _Booked:
    code: str
    balance: Balance
    currency: str


def account_of(head: Node) -> str:
    """The account's IBAN, or its other number, without blanks; "" where it has none."""
    number = first(head, "Acct", "Id")
    return bare_account(words(number, "IBAN") or words(number, "Othr", "Id"))


def fallback_day(head: Node) -> date | None:
    """The day of an entry that has none: that of the closing balance, or of the period's end."""
    balances = _balances(head)
    if not isinstance(balances, Trouble):
        for booked in reversed(balances):
            if booked.code in {"CLBD", "ITBD"} and booked.balance.day:
                return booked.balance.day
    return day_of(first(head, "FrToDt", "ToDtTm")) or day_of(first(head, "CreDtTm"))


def statement(
    head: Node, entries: Sequence[Entry], *, version: str, no: int
) -> BankStatement | Unreadable:
    """The statement, proved where it has both balances."""
    account = account_of(head)
    if not account:
        return Unreadable(Trouble.NO_ACCOUNT, no=no)
    balances = _balances(head)
    if isinstance(balances, Trouble):
        return Unreadable(balances, "Bal", no)
    currency = _currency(head, balances, entries)
    if currency != "EUR":
        said = re.findall(r"\b[A-Z]{3}\b", currency)
        return Unreadable(Trouble.OTHER_CURRENCY, "/".join(said[:5]), no)
    opening, closing = _chosen(balances)
    signs = _true_signs(entries, opening, closing)
    if isinstance(signs, Unreadable):
        return replace(signs, no=no)
    booked, notes = folded([line for entry in signs for line in entry.lines if not line.pending])
    pending = tuple(line for entry in signs for line in entry.lines if line.pending)
    days = [line.day for line in booked]
    last = max([*days, *([closing.day] if closing and closing.day else [])], default=None)
    return BankStatement(
        family=Family.CAMT,
        version=version,
        no=no,
        iban=account,
        currency=currency,
        number=_number(head),
        first_day=_first_day(head, days, last),
        last_day=last,
        opening=opening,
        closing=closing,
        lines=booked,
        pending=pending,
        notes=notes,
    )


def _number(head: Node) -> str:
    number = words(head, "LglSeqNb") or words(head, "ElctrncSeqNb") or words(head, "Id")
    page = words(head, "StmtPgntn", "PgNb") or words(head, "RptPgntn", "PgNb")
    return f"{number}/{page}" if page else number


def _first_day(head: Node, days: list[date], last: date | None) -> date | None:
    period = day_of(first(head, "FrToDt", "FrDtTm")) or day_of(first(head, "FrToDt", "FrDt"))
    candidates = [*days, *([period] if period and last and period <= last else [])]
    return min(candidates, default=last)


def _balances(head: Node) -> list[_Booked] | Trouble:
    found = []
    for node in nodes(head, "Bal"):
        code = words(node, "Tp", "CdOrPrtry", "Cd")
        if code not in {"OPBD", "PRCD", "CLBD", "ITBD"}:
            continue
        size = amount_of(first(node, "Amt"))
        if size is None:
            return Trouble.NO_AMOUNT
        amount = signed(size, node)
        if amount is None:
            return Trouble.NO_DIRECTION
        day = day_of(first(node, "Dt"))
        if day is None and written_day(first(node, "Dt")):
            return Trouble.IMPOSSIBLE_DATE
        kind = {"CLBD": "closing", "ITBD": "interim"}.get(code, "opening")
        found.append(_Booked(code, Balance(day, amount, kind), currency_of(first(node, "Amt"))))
    return found


def _currency(head: Node, balances: list[_Booked], entries: Sequence[Entry]) -> str:
    """The one currency of account, balances and entries; several joined are no currency."""
    said = {words(head, "Acct", "Ccy")}
    said |= {booked.currency for booked in balances}
    said |= {entry.currency for entry in entries}
    return "/".join(sorted(said - {""})) or "EUR"


def _chosen(balances: list[_Booked]) -> tuple[Balance | None, Balance | None]:
    def of(code: str) -> list[Balance]:
        found = [booked.balance for booked in balances if booked.code == code]
        # Reports over several days may bring a pair for each; without days the order is the bank's.
        return (
            sorted(found, key=lambda one: one.day or date.min)
            if all(one.day for one in found)
            else found
        )

    interim = [booked.balance for booked in balances if booked.code == "ITBD"]
    closings = of("CLBD") or interim[-1:]
    openings = of("OPBD") or of("PRCD")
    if not openings and len(interim) > len(closings if not of("CLBD") else []):
        openings = interim[:1]
    return (openings[0] if openings else None, closings[-1] if closings else None)


def _true_signs(
    entries: Sequence[Entry], opening: Balance | None, closing: Balance | None
) -> Sequence[Entry] | Unreadable:
    reversals = any(entry.reversal for entry in entries)
    if opening is None or closing is None:
        return Unreadable(Trouble.REVERSAL_UNPROVED) if reversals else entries
    if closes(opening, _booked(entries), closing):
        return entries
    if reversals:
        turned = [_turned(entry) if entry.reversal else entry for entry in entries]
        if closes(opening, _booked(turned), closing):
            return turned
    apart = later_apart(opening, _booked(entries), closing)
    if apart is not None and not reversals:
        ahead = {(line.place, line.part) for line in apart[1]}
        return [_announced(entry, ahead) for entry in entries]
    moved = total(line.amount for line in _booked(entries))
    return Unreadable(Trouble.DOES_NOT_CLOSE, in_numbers(opening, moved, closing))


def _booked(entries: Sequence[Entry]) -> list[BankLine]:
    return [line for entry in entries for line in entry.lines if not line.pending]


def _turned(entry: Entry) -> Entry:
    return replace(entry, lines=tuple(replace(line, amount=-line.amount) for line in entry.lines))


def _announced(entry: Entry, ahead: set[tuple[int, int]]) -> Entry:
    return replace(
        entry,
        lines=tuple(
            replace(line, pending=line.pending or (line.place, line.part) in ahead)
            for line in entry.lines
        ),
    )
