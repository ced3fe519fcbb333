"""The office as who answers: the question stands in the ledger while the fetch waits for it.

A TAN lies there sealed, for the second until it is taken. Where the ledger cannot be reached, the
question simply has no answer yet.
"""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from accounts.bank_fetches import TanAnswer, ask_tan, end_tan, take_answer
from accounts.bank_vault import BankVault, Unopenable
from accounts.clock import Clock
from accounts.database import Database, DatabaseUnavailable
from banking.asking import GaveUp, Question, Reply

_EVERY_SECONDS = 1.0
_BOUND = b"tan"


@dataclass(slots=True)
class Office:
    """Asks through ``tan_question``; ``mensa bank tan`` answers."""

    database: Database
    vault: BankVault
    access: str
    clock: Clock
    ticks: Callable[[], float] = time.monotonic
    _id: int | None = field(default=None, init=False)
    _next: float = field(default=0.0, init=False)

    def begin(self, question: Question) -> None:
        """See Asker."""
        with self.database.write() as db:
            self._id = ask_tan(
                db,
                access=self.access,
                at=self.clock.now(),
                until=question.until,
                challenge=question.challenge,
                decoupled=question.decoupled,
            )

    def look(self) -> Reply | GaveUp | None:
        """See Asker."""
        if self._id is None or self.ticks() < self._next:
            return None
        self._next = self.ticks() + _EVERY_SECONDS
        try:
            with self.database.write() as db:
                found = take_answer(db, self._id)
        except DatabaseUnavailable:
            return None
        if found is None:
            return None
        tan = None if found.sealed is None else _opened(found.sealed, self.vault)
        return GaveUp.GAVE_UP if tan is None else Reply(tan)

    def end(self) -> None:
        """See Asker."""
        if self._id is None:
            return
        with self.database.write() as db:
            end_tan(db, self._id)
        self._id = None


def sealed_answer(tan: str | None, vault: BankVault) -> TanAnswer:
    """An answer as it may lie in the ledger; None gives the question up."""
    if tan is None:
        return TanAnswer(None)
    sealed = vault.seal_state(tan.encode(), bound=_BOUND)
    return TanAnswer(base64.b64encode(sealed).decode("ascii"))


def _opened(sealed: str, vault: BankVault) -> str | None:
    try:
        return vault.open_state(base64.b64decode(sealed), bound=_BOUND).decode()
    except (Unopenable, binascii.Error, UnicodeDecodeError):
        return None
