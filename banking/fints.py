"""Fetching by FinTS: one dialog for all accounts of an access.

- The system id is told as soon as the bank has given it, so that a fetch that fails later does
  not make the bank register one device after the other. Where the bank wants it renewed (9391),
  it is dropped and asked for anew, once.
- What keeps one account from being fetched keeps no other from it; anything else ends the fetch,
  and what was told before still counts.
"""

from contextlib import suppress
from typing import Any

from fints.client import NeedTANResponse
from fints.exceptions import FinTSNoResponseError

from banking.fetch_pipe import Order
from banking.fetch_troubles import FetchTrouble, Moment
from banking.fints_approval import Talk, approved, choose_approval
from banking.fints_client import BankRefused, Client
from banking.fints_line import LineTrouble
from banking.fints_statements import fetch_account

_OF_ONE_ACCOUNT = frozenset({FetchTrouble.ORDER_REFUSED, FetchTrouble.NO_STATEMENTS})


def fetch(order: Order, talk: Talk) -> None:
    """Fetch what is wanted. Raises BankRefused, LineTrouble, or what the library runs into."""
    try:
        _fetch(order, order.state, talk)
    except BankRefused as refusal:
        if refusal.trouble is not FetchTrouble.SYSTEM_ID or order.state is None:
            raise
        _fetch(order, None, talk)


def _fetch(order: Order, state: bytes | None, talk: Talk) -> None:
    client = Client(order, state=state, heard=talk.heard)
    if state is None or not client.get_current_tan_mechanism():
        client.fetch_tan_mechanisms()
    choose_approval(client, order)
    talk.state(client.deconstruct(including_private=True))
    try:
        client.__enter__()
        login = client.init_tan_response
        if isinstance(login, NeedTANResponse):
            approved(client, login, talk)
        talk.accepted()
        client.moment = Moment.ORDER
        talk.state(client.deconstruct(including_private=True))
        accounts = _accounts(client, talk)
        for wanted in order.wanted:
            account = accounts.get(wanted.iban)
            if account is None:
                talk.refused(wanted.iban, BankRefused(FetchTrouble.ACCOUNT))
                continue
            try:
                fetch_account(client, account, wanted, order.statements, talk)
            except BankRefused as refusal:
                if refusal.trouble not in _OF_ONE_ACCOUNT:
                    raise
                talk.refused(wanted.iban, refusal)
        talk.state(client.deconstruct(including_private=True))
    except LineTrouble:
        raise  # no goodbye: it would wait for the same silence again
    except BaseException:
        _leave(client)
        raise
    _leave(client)


def _leave(client: Client) -> None:
    with suppress(Exception):  # all is said; the bank ends the dialog by itself
        client.end()


def _accounts(client: Client, talk: Talk) -> dict[str, Any]:
    """The access's accounts by IBAN."""
    found: list[Any] = []
    with suppress(FinTSNoResponseError):  # the bank answered without any
        found = approved(client, client.get_sepa_accounts(), talk)
    return {it.iban.replace(" ", "").upper(): it for it in found if it.iban}
