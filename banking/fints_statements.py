"""Statements as the bank sends them: camt.052 where it can be had, else MT940, page after page.

- Nothing is read here: what came in goes on as its bytes. MT940's pages may be cut anywhere and
  are joined; camt comes as whole documents. An account's pages go on only when all of them came.
- Where statements carry no closing balance, the bank's balance is asked for, if that needs no
  further approval; without it the statements still count.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

from fints.exceptions import FinTSUnsupportedOperation
from fints.formals import SupportedMessageTypes
from fints.segments.saldo import HKSAL5, HKSAL6, HKSAL7
from fints.segments.statement import HKCAZ1, HKKAZ5, HKKAZ6, HKKAZ7

from banking.fetch_pipe import Wanted
from banking.fetch_troubles import FetchTrouble
from banking.fints_approval import Talk, sent
from banking.fints_client import BankRefused, Client, next_page

_CLOSING = (b"Bal>", b":62F:")
_CAMT = "camt.052"
_BEST_CAMT = ("camt.052.001.08", "camt.052.001.06", "camt.052.001.04", "camt.052.001.02")


def fetch_account(
    client: Client, account: Any, wanted: Wanted, statements: str, talk: Talk
) -> None:
    """Fetch and tell one account's statements. Raises BankRefused, LineTrouble."""
    order, family, formats = _order(client, wanted.iban, statements)

    def order_of(mark: str | None) -> Any:
        return order(
            account=_named(order, account),
            all_accounts=False,
            date_start=wanted.first,
            date_end=wanted.last,
            touchdown_point=mark,
            **formats,
        )

    pages: list[bytes] = []
    for segment in _pages(client, order_of, "HICAZ" if family == "camt" else "HIKAZ", talk):
        booked = segment.statement_booked
        pages += list(booked.camt_statements) if family == "camt" else [booked]
    pages = [bytes(page) for page in pages if page and page.strip()]
    if family == "mt940" and pages:
        pages = [b"".join(pages)]
    talk.statements(wanted.iban, family, pages)
    if not all(any(mark in page for mark in _CLOSING) for page in pages):
        _ask_balance(client, account, wanted.iban, talk)


def _order(client: Client, iban: str, statements: str) -> tuple[Any, str, dict[str, Any]]:
    """The order to send, what it brings, and what else it says. Raises BankRefused."""
    if statements != "mt940" and (camt := _camt_format(client, iban)):
        return HKCAZ1, "camt", {"supported_camt_messages": SupportedMessageTypes([camt])}
    if statements != "camt" and _offers(client, iban, "HKKAZ"):
        newest = client._find_highest_supported_command(HKKAZ5, HKKAZ6, HKKAZ7)  # noqa: SLF001
        return newest, "mt940", {}
    raise BankRefused(FetchTrouble.NO_STATEMENTS)


def _named(order: Any, account: Any) -> Any:
    """The account as this order's version names accounts."""
    return order._fields["account"].type.from_sepa_account(account)


def _camt_format(client: Client, iban: str) -> str | None:
    """One format to ask for: a bank refuses an order that names a format it does not know."""
    offer = client.bpd.find_segment_first("HICAZS")
    if offer is None or not _offers(client, iban, "HKCAZ"):
        return None
    formats = [it for it in offer.parameter.supported_camt_formats if _CAMT in it]
    best = [it for version in _BEST_CAMT for it in formats if version in it]
    return next(iter([*best, *formats]), None)


def _offers(client: Client, iban: str, order: str) -> bool:
    """Whether the bank knows this order, and allows it for the account where it says so."""
    if client.bpd.find_segment_first(f"{order[0]}I{order[2:]}S") is None:
        return False
    for segment in client.upd.find_segments("HIUPD"):
        if (segment.iban or "").replace(" ", "").upper() == iban:
            allowed = [it.transaction for it in segment.allowed_transactions or ()]
            return not allowed or order in allowed
    return True


def _pages(
    client: Client, order_of: Callable[[str | None], Any], kind: str, talk: Talk
) -> Iterator[Any]:
    """Each of the bank's segments of that kind, page after page."""
    mark: str | None = None
    seen: set[str] = set()
    while True:
        reply = sent(client, order_of(mark), talk)
        yield from reply.find_segments(kind)
        mark = next_page(reply)
        if mark is None:
            return
        if mark in seen:
            raise BankRefused(FetchTrouble.STRANGE_REPLY, detail="3040 in a circle")
        seen.add(mark)


def _ask_balance(client: Client, account: Any, iban: str, talk: Talk) -> None:
    try:
        newest = client._find_highest_supported_command(HKSAL5, HKSAL6, HKSAL7)  # noqa: SLF001
    except FinTSUnsupportedOperation:
        return
    order = newest(
        account=_named(newest, account),
        all_accounts=False,
    )
    if client._need_twostep_tan_for_segment(order):  # noqa: SLF001
        return  # one person's approval a fetch is enough
    with suppress(Exception):  # evidence only; the statements are told already
        for segment in sent(client, order, talk).find_segments("HISAL"):
            booked = segment.balance_booked
            amount = Decimal(getattr(booked.amount, "amount", booked.amount))
            cents = int((amount * 100).to_integral_exact())
            signed = cents if booked.credit_debit.value == "C" else -cents
            talk.balance(iban, booked.date.isoformat(), signed)
