"""Approvals: whatever is sent may first be asked about, and a person answers while it waits.

A question is put once. Whether the app has released it is asked as often and as late as the bank
says; asked too late, the bank has ended the dialog, and the next fetch begins anew.
"""

from typing import Any, Protocol

from fints.client import NeedTANResponse

from banking.fetch_pipe import Order
from banking.fetch_troubles import FetchTrouble, Moment
from banking.fints_client import ONE_STEP, BankRefused, Client

_FIRST_POLL, _NEXT_POLL = 5, 3
"""Seconds, where the bank does not say."""


class Talk(Protocol):
    """Whoever started the fetch."""

    def state(self, blob: bytes) -> None:
        """The client's state, to be kept for the next fetch."""

    def heard(self) -> None:
        """The bank has replied to something."""

    def accepted(self) -> None:
        """The bank has let the access in: the PIN is right."""

    def statements(self, iban: str, family: str, pages: list[bytes]) -> None:
        """All statements of an account; none where nothing was booked."""

    def balance(self, iban: str, day: str, cents: int) -> None:
        """The bank's booked balance of an account on that day (ISO), in cents."""

    def refused(self, iban: str, why: BankRefused) -> None:
        """This account's statements cannot be had."""

    def ask(self, challenge: str, *, decoupled: bool) -> None:
        """The bank wants an approval: put its question to a person."""

    def answer(self, seconds: float | None) -> str | None:
        """What the person said, waiting so long; None where nothing yet. Raises BankRefused."""

    def answered(self) -> None:
        """The bank has taken the approval."""


def choose_approval(client: Client, order: Order) -> None:
    """Use the approval and the device that the settings name. Raises BankRefused."""
    offered = client.get_tan_mechanisms()
    if order.mechanism:
        if order.mechanism not in offered:
            names = ", ".join(f"{key} {getattr(it, 'name', '')}" for key, it in offered.items())
            raise BankRefused(FetchTrouble.MECHANISM, detail=names)
        client.set_tan_mechanism(order.mechanism)
    if not _two_step(client) or order.medium or not client.is_tan_media_required():
        return
    media = client.get_tan_media()
    found = list(media[1]) if media else []
    if len(found) > 1:
        names = ", ".join(str(it.tan_medium_name) for it in found)
        raise BankRefused(FetchTrouble.MEDIUM, detail=names)
    if found:
        client.set_tan_medium(found[0])


def _two_step(client: Client) -> bool:
    current = client.get_current_tan_mechanism()
    return current not in {None, ONE_STEP} and current in client.get_tan_mechanisms()


def sent(client: Client, segment: Any, talk: Talk) -> Any:
    """The bank's reply to one order, after the approval where it wants one."""
    with client._get_dialog() as dialog:  # noqa: SLF001  # the library has no other way to the bytes
        reply = client._send_with_possible_retry(dialog, segment, client.whole)  # noqa: SLF001
    return approved(client, reply, talk)


def approved(client: Client, reply: Any, talk: Talk) -> Any:
    """The reply itself, once a person has approved what was asked. Raises BankRefused."""
    asked = isinstance(reply, NeedTANResponse)
    if asked:
        talk.ask(str(reply.challenge or ""), decoupled=bool(reply.decoupled))
    polls = 0
    while isinstance(reply, NeedTANResponse):
        if reply.decoupled:
            _wait(client, talk, polls)
            client.moment = Moment.POLL
            reply = client.send_tan(reply, "")
        else:
            tan = talk.answer(None)
            client.moment = Moment.TAN
            reply = client.send_tan(reply, tan)
        polls += 1
    if asked:
        talk.answered()
        client.moment = Moment.ORDER
    return reply


def _wait(client: Client, talk: Talk, polls: int) -> None:
    """Wait until the bank may be asked again whether the app has released it."""
    way = client.get_tan_mechanisms()[client.get_current_tan_mechanism()]
    most = getattr(way, "decoupled_max_poll_number", None)
    if most and polls >= most:
        raise BankRefused(FetchTrouble.TAN_UNANSWERED)
    if getattr(way, "automated_polling_allowed", True) is False:
        talk.answer(None)
        return
    wait = getattr(way, "wait_before_next_poll" if polls else "wait_before_first_poll", None)
    talk.answer((_NEXT_POLL if polls else _FIRST_POLL) if wait is None else wait)
