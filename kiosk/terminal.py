"""Running a screen on a real terminal, and giving the terminal back as it was.

However the application ends, by staff, SIGTERM, SIGHUP or a fault, the terminal is usable
afterwards and the exit status is true: 0 for an end on purpose, 1 for a fault, 69 where there
is no terminal to paint on. While it runs, nothing else writes to that terminal: Textual
paints on standard error, so a log line there would land in the middle of the picture.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from textual import constants
from textual.app import App

log = logging.getLogger(__name__)

NO_TERMINAL = 69
_RESET = "\x1b[0m\x1b[2J\x1b[H\x1b[?25h"


def run_kiosk(app: App[Any]) -> int:
    """Run the application until it ends; return the process's exit status."""
    if not is_there():
        log.error("no terminal on standard input and standard error")
        return NO_TERMINAL
    # The kitty keyboard protocol leaves a stray letter on terminals that do not know it.
    setattr(constants, "DISABLE_KITTY_KEY", True)  # noqa: B010 it is Final to the type checker
    with _quiet_terminal():
        asyncio.run(_run(app))
    _clear()
    _let_go()
    status = app.return_code or 0
    if status:
        # By now the picture is gone; whoever stands there should know where to look.
        os.write(2, b"The kiosk stopped because of a fault; the system's log says more.\n")
    return status


def is_there() -> bool:
    """Whether there is a terminal to paint on and to read keys from."""
    return _is_terminal(sys.__stdin__) and _is_terminal(sys.__stderr__)


async def _run(app: App[Any]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        # Textual restores the terminal on its own way out, and on no other.
        loop.add_signal_handler(number, app.exit)
    await app.run_async(mouse=False)


def _is_terminal(stream: Any) -> bool:
    return stream is not None and stream.isatty()


def _clear() -> None:
    # The Linux console has no second screen to come back from: the last picture would stay.
    with contextlib.suppress(OSError):
        os.write(2, _RESET.encode())


def _let_go() -> None:
    """A terminal that has gone takes nothing more: what is still to be written is dropped.

    Otherwise the interpreter fails on it at its end, with a status (120) that means nothing.
    """
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)


@contextlib.contextmanager
def _quiet_terminal() -> Iterator[None]:
    """Nothing of logging, warnings or dying threads is written to the terminal."""
    root = logging.getLogger()
    loud = [handler for handler in root.handlers if _paints(handler)]
    last_resort, faults = logging.lastResort, logging.raiseExceptions
    hook = threading.excepthook
    for handler in loud:
        root.removeHandler(handler)
    logging.lastResort = None
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.captureWarnings(capture=False)
        logging.raiseExceptions = faults
        logging.lastResort = last_resort
        for handler in loud:
            root.addHandler(handler)


def _paints(handler: logging.Handler) -> bool:
    own = {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}
    return isinstance(handler, logging.StreamHandler) and handler.stream in own


def _log_thread(fault: threading.ExceptHookArgs) -> None:
    name = fault.thread.name if fault.thread is not None else "?"
    log.critical("thread %s failed", name, exc_info=fault.exc_value)
