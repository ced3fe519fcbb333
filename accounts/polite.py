"""Long work that shares the ledger: in chunks so short that no tap waits for it noticeably.

SQLite has one writer at a time, and who waits for it looks again after 1, 2, 5, 10 and more
milliseconds. So on SQLite a chunk ends as soon as it has held the ledger for a moment, however
slow the disk, and then leaves it alone for longer than that. PostgreSQL's writers meet only in
the rows they share, and nothing rests.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from accounts.database import Database, Session

HOLD_SECONDS = 0.002
REST_SECONDS = 0.010
MOST = 200
"""Items in a chunk; on PostgreSQL this alone ends one."""

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
    source = iter(items)
    waiting: deque[T] = deque()
    while waiting or (waiting := deque(islice(source, MOST))):
        done = 0
        with database.write() as db:
            begun = ticks()
            while waiting and not (done and database.is_sqlite and ticks() - begun > HOLD_SECONDS):
                work(db, waiting.popleft())
                done += 1
        if database.is_sqlite:
            rest(REST_SECONDS)
        yield done
