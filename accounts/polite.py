"""Long work that shares the ledger: in chunks so short that no tap waits for it noticeably.

SQLite has one writer at a time, and who waits for it looks again after 1, 2, 5, 10 and more
milliseconds. So a chunk ends as soon as it has held the ledger for a moment, however slow the
disk, and then leaves it alone for longer than that. PostgreSQL's writers meet only in the rows
they share, but in the server's processors and disk too.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from accounts.database import Database, Session

HOLD_SECONDS = {"sqlite": 0.002, "postgresql": 0.004}
REST_SECONDS = 0.010
_MOST = 200
"""Items taken from their source at a time."""

T = TypeVar("T")


def in_chunks(
    database: Database,
    items: Iterable[T],
    work: Callable[[Session, T], object],
    *,
    rest: Callable[[float], None] = time.sleep,
    ticks: Callable[[], float] = time.monotonic,
) -> Iterator[int]:
    """Do the work of each item in short transactions; yields how many items each one held.

    It goes on only as it is iterated over: there progress is shown, and there it may be left
    between two chunks. Items are taken from their source while no transaction is open. Raises
    what the work or the database raises: that chunk is undone, the ones before it stay, so the
    work of an item has to be such that it can be asked for again.
    """
    hold = HOLD_SECONDS[database.url.get_backend_name()]
    source = iter(items)
    waiting: deque[T] = deque()
    while waiting or (waiting := deque(islice(source, _MOST))):
        done = 0
        with database.write() as db:
            begun = ticks()
            while waiting and not (done and ticks() - begun > hold):
                work(db, waiting.popleft())
                done += 1
        rest(REST_SECONDS)
        yield done
