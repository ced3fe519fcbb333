"""The process of ``accounts.verify_beside``: one view of a ledger, one part of a proof at a time.

It is told a URL, then to look, then numbers of parts; every answer is a pair of a fault and what
was asked for. It ends when nobody asks any more, and writes nothing to the ledger.
"""

import pickle
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, BinaryIO

from accounts.database import open_database
from accounts.verify import parts_of
from accounts.verify_beside import roomy


def serve(asking: BinaryIO, answering: BinaryIO) -> None:
    """Answer until the end of what is asked."""
    with ExitStack() as stack:
        database = open_database(pickle.load(asking))  # noqa: S301  # from who started this process
        stack.callback(database.close)
        _answer(answering, lambda: None)
        view = stack.enter_context(database.read())
        pickle.load(asking)  # noqa: S301  # as above: look now
        _answer(answering, lambda: stack.enter_context(roomy(view)))
        parts = parts_of(view)
        while True:
            try:
                number = pickle.load(asking)  # noqa: S301  # as above
            except EOFError:
                return
            _answer(answering, lambda number=number: parts[number](view))  # type: ignore[misc]


def _answer(answering: BinaryIO, do: Callable[[], Any]) -> None:
    fault, answer = None, None
    try:
        answer = do()
    except Exception as raised:  # noqa: BLE001  # told to who asked, who raises it
        fault = raised
    try:
        said = pickle.dumps((fault, answer))
        pickle.loads(said)  # noqa: S301  # some exceptions cannot be made again
    except Exception:  # noqa: BLE001
        said = pickle.dumps((RuntimeError(repr(fault)), None))
    answering.write(said)
    answering.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
