"""The process in which python-fints runs: one fetch, one access, then it ends.

Its passwords are class-wide and its errors carry what was sent, so it lives alone: what it says
comes out as messages of ``banking.fetch_pipe`` only, and a fault as the places it passed, never
with its words or values. Logging is off, no core is ever dumped, and a stray print goes nowhere.
"""

import json
import logging
import os
import resource
import select
import sys
import traceback
import warnings
from pathlib import Path
from typing import BinaryIO

from banking.fetch_pipe import Order, packed, to_line
from banking.fetch_troubles import Code, FetchTrouble


class Pipe:
    """Who started the fetch, as ``banking.fints.Talk``."""

    def __init__(self, asked: BinaryIO, told: BinaryIO) -> None:
        self._asked = asked
        self._told = told

    def order(self) -> Order:
        """The first line."""
        return Order.from_line(self._asked.readline())

    def state(self, blob: bytes) -> None:
        """See Talk."""
        self._say("state", state=packed(blob))

    def heard(self) -> None:
        """See Talk."""
        self._say("heard")

    def accepted(self) -> None:
        """See Talk."""
        self._say("accepted")

    def statements(self, iban: str, family: str, pages: list[bytes]) -> None:
        """See Talk."""
        for page in pages:
            self._say("page", iban=iban, raw=packed(page))
        self._say("statements", iban=iban, family=family, pages=len(pages))

    def balance(self, iban: str, day: str, cents: int) -> None:
        """See Talk."""
        self._say("balance", iban=iban, day=day, cents=cents)

    def refused(self, iban: str, why: Exception) -> None:
        """See Talk."""
        self._say("refused", iban=iban, **_failure(why))

    def ask(self, challenge: str, *, decoupled: bool) -> None:
        """See Talk."""
        self._say("question", challenge=challenge, decoupled=decoupled)

    def answer(self, seconds: float | None) -> str | None:
        """See Talk. Raises BankRefused where the person gave up."""
        from banking.fints_client import BankRefused  # noqa: PLC0415  # half a second

        # No buffer holds an answer back: one is read only after its question was told.
        if seconds is not None and not select.select([self._asked], [], [], seconds)[0]:
            self._say("waiting")
            return None
        line = self._asked.readline()
        if not line:
            raise BankRefused(FetchTrouble.TAN_GIVEN_UP)
        told = json.loads(line)
        if "give_up" in told:
            raise BankRefused(FetchTrouble(told["give_up"]))
        return str(told["answer"])

    def answered(self) -> None:
        """See Talk."""
        self._say("answered")

    def done(self) -> None:
        """All was told."""
        self._say("done")

    def failed(self, why: Exception) -> None:
        """The fetch has ended early."""
        self._say("failed", **_failure(why))

    def _say(self, what: str, **told: object) -> None:
        self._told.write(to_line({"is": what, **told}))
        self._told.flush()


def _failure(why: Exception) -> dict[str, object]:
    trouble = getattr(why, "trouble", FetchTrouble.FAULT)
    said: tuple[Code, ...] = getattr(why, "said", ())
    detail = getattr(why, "detail", "") if trouble is not FetchTrouble.FAULT else _places(why)
    return {
        "trouble": trouble.value,
        "codes": [[it.code, it.words] for it in said],
        "detail": detail,
    }


def _places(fault: BaseException) -> str:
    """The kind of a fault and where it passed, without a word of what it says."""
    passed = traceback.extract_tb(fault.__traceback__)[-4:]
    return " < ".join(
        [
            type(fault).__name__,
            *(f"{Path(it.filename).name}:{it.lineno}" for it in reversed(passed)),
        ]
    )


def main() -> int:
    """Take an order on standard input, tell on standard output; 0 where all was fetched."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    pipe = Pipe(os.fdopen(os.dup(0), "rb", buffering=0), told)
    try:
        order = pipe.order()
        from banking.fints import fetch  # noqa: PLC0415  # so that a fault in it is told, too

        fetch(order, pipe)
    except Exception as why:  # noqa: BLE001  # told by its kind; nothing of it is printed
        pipe.failed(why)
        return 1
    pipe.done()
    return 0


if __name__ == "__main__":
    sys.exit(main())
