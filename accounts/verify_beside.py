"""A second process that looks at the same moment of a SQLite ledger, and shares the work.

Two threads of one process gain nothing there: SQLite's memory has one lock for all of them
(measured: two threads took longer than one after the other). The process is told the database's
URL through its pipe, never by its arguments; it begins its view while writers are held off, and is
then told numbers of parts and answers with what they say. What goes wrong in it is raised here,
and if it ends without an answer that is DatabaseUnavailable: nothing was proved.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from select import select
from typing import IO, Any

from sqlalchemy import text

from accounts.database import Database, DatabaseUnavailable, Session

Ask = Callable[[int], Any]
"""Does the part of that number in another view, and returns what it says."""

_MODULE = "accounts.verify_second"
_CACHE_KIB = 256 * 1024
"""The most that a view keeps in memory; a smaller ledger takes less."""
_START_SECONDS = 60
_LOOK_SECONDS = 10
"""Writers wait no longer than that."""


@contextmanager
def second_view(database: Database) -> Iterator[tuple[Session, Ask]]:
    """A view, and a process with another of the same moment. Raises DatabaseUnavailable.

    Writers are held off until both views stand, which takes milliseconds.
    """
    command = [sys.executable, "-P", "-m", _MODULE]
    with ExitStack() as stack:
        process = stack.enter_context(
            # A session of its own: who interrupts this one is not answered by both.
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        )
        stack.callback(process.kill)  # it only reads; where all is said it has ended by itself
        asking, answering = process.stdin, process.stdout
        if asking is None or answering is None:
            raise RuntimeError("a process without its pipes")
        stack.callback(_close, asking)

        def ask(what: Any, seconds: float | None = None) -> Any:
            try:
                pickle.dump(what, asking)
                asking.flush()
                if seconds is not None and not select([answering], [], [], seconds)[0]:
                    raise DatabaseUnavailable("the second view of the ledger does not answer")
                fault, answer = pickle.load(answering)  # noqa: S301  # from a process of our own
            except (OSError, EOFError, pickle.UnpicklingError) as lost:
                raise DatabaseUnavailable("the second view of the ledger has ended") from lost
            if fault is not None:
                raise fault
            return answer

        ask(database.url.render_as_string(hide_password=False), _START_SECONDS)
        with database.write():
            view = stack.enter_context(database.read())
            stack.enter_context(roomy(view))
            ask("look", _LOOK_SECONDS)
        yield view, ask


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):  # nobody reads any more
        pipe.close()


@contextmanager
def roomy(view: Session) -> Iterator[None]:
    """A view of SQLite whose moment is fixed, and which keeps what it read.

    A kiosk's facts lie far apart: what was read for one is there for the next.
    """
    before = view.exec_driver_sql("PRAGMA cache_size").scalar_one()
    view.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    view.execute(text("SELECT 1 FROM incarnation")).all()  # the first look fixes what is seen
    try:
        yield
    finally:
        view.exec_driver_sql(f"PRAGMA cache_size = {before}")
