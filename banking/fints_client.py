"""python-fints, made to tell every error: whatever code 9xxx comes in, is raised at once.

Its own parts are used, so the version is pinned exactly. What it would do with an error (take it
for an empty result, or for a wrong PIN) it never gets to do.
"""

from collections.abc import Callable
from typing import Any

from fints.client import FinTS3PinTanClient
from fints.exceptions import FinTSClientError
from fints.segments.dialog import HIRMG2, HIRMS2

from banking.fetch_pipe import Order
from banking.fetch_troubles import Code, FetchTrouble, Moment, judge
from banking.fints_line import Line

ONE_STEP = "999"
_TOLD_WHILE_LEARNING = frozenset({"9075", "9050", "9800"})
"""How a bank ends a dialog that only asks which approvals it knows (and says them all the same)."""


class BankRefused(FinTSClientError):  # type: ignore[misc]  # noqa: N818  # the library has no types; no error of ours
    """The bank's refusal, by its codes, or that the settings do not fit what it offers."""

    def __init__(
        self, trouble: FetchTrouble, said: tuple[Code, ...] = (), detail: str = ""
    ) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.said = said
        self.detail = detail


class Client(FinTS3PinTanClient):  # type: ignore[misc]  # as above
    """One access for one fetch. ``moment`` says what is being sent; ``heard`` is told each reply."""

    def __init__(self, order: Order, *, state: bytes | None, heard: Callable[[], None]) -> None:
        self.moment = Moment.LOGIN
        self._heard = heard
        super().__init__(
            order.blz,
            order.user,
            order.pin,
            order.url,
            customer_id=order.customer or None,
            tan_medium=order.medium or None,
            product_id=order.product,
            from_data=state,
        )
        self.connection = Line(
            order.url,
            ca_file=order.ca_file,
            connect_seconds=order.connect_seconds,
            reply_seconds=order.reply_seconds,
        )

    def process_response_message(
        self,
        dialog: Any,
        message: Any,
        internal_send: bool = True,  # noqa: FBT001, FBT002  # the library's
    ) -> None:
        """Look at all codes of a reply before the library looks at the first. Raises BankRefused."""
        self._heard()
        said = codes_of(message)
        trouble = judge(said, self.moment)
        if trouble is not None and not self._only_learns(trouble, said):
            codes = {it.code for it in said}
            if self.moment is Moment.LOGIN or "9800" in codes:
                dialog.open = False  # nobody is left there to say goodbye to
            raise BankRefused(trouble, tuple(it for it in said if it.code[0] in "93"))
        super().process_response_message(dialog, message, internal_send=internal_send)

    def set_tan_mechanism(self, security_function: str) -> None:
        """Use this approval. Raises BankRefused where the bank has withdrawn the one in use."""
        if self._standing_dialog:
            raise BankRefused(FetchTrouble.SYSTEM_ID, detail="approval withdrawn")
        super().set_tan_mechanism(security_function)

    def whole(self, _command: Any, reply: Any) -> Any:
        """The reply itself; the library finds this by its name when an approval came between."""
        return reply

    def end(self) -> None:
        """Say goodbye; a bank that does not listen any more loses nothing."""
        self.moment = Moment.END
        self.__exit__(None, None, None)

    def _only_learns(self, trouble: FetchTrouble, said: list[Code]) -> bool:
        errors = {it.code for it in said if it.code.startswith("9")}
        learning = self.moment is Moment.LOGIN and self.selected_security_function == ONE_STEP
        # A lock is told beside the same codes.
        return learning and trouble is FetchTrouble.MECHANISM and errors <= _TOLD_WHILE_LEARNING


def codes_of(message: Any) -> list[Code]:
    """All return codes of a reply, in its order."""
    return [
        Code(it.code, str(it.text or "")[:120])
        for kind in (HIRMG2, HIRMS2)
        for segment in message.find_segments(kind)
        for it in segment.responses
    ]


def next_page(message: Any) -> str | None:
    """Where the bank goes on (code 3040); None on the last page. Raises BankRefused."""
    for segment in message.find_segments(HIRMS2):
        for it in segment.responses:
            if it.code == "3040":
                if not it.parameters:
                    raise BankRefused(FetchTrouble.STRANGE_REPLY, detail="3040 without its mark")
                return str(it.parameters[0])
    return None
