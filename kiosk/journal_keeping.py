"""How long a journal keeps what the ledger has had, and how it is brought once more.

A row goes only when the ledger answered for it 35 days ago or earlier, and only from the front:
what stays of an epoch is its end, without a gap. A row that waits, and all behind it, stays.
Functions here are called inside a transaction of the journal.
"""

import sqlite3
from datetime import timedelta

from accounts.clock import Clock, microseconds

KEPT = timedelta(days=35)
"""What a ledger's restore may go back without a meal being lost."""
BITE = 100
"""Rows that go with one mark: more than usually come with it, too few for a tap to wait for."""
_DAY_US = 86_400_000_000


def day_number(clock: Clock) -> int:
    """The day in days since 1970 UTC."""
    return microseconds(clock.now()) // _DAY_US


def let_go(db: sqlite3.Connection, table: str, *, today: int, but_the_newest: int = 0) -> None:
    """Delete a bite of the oldest rows, up to the first that has to stay; damaged ones stay."""
    db.execute(
        f"""DELETE FROM {table} WHERE n IN (
              SELECT n FROM {table} WHERE drained IN (1, 2)
                AND n <= (SELECT max(n) FROM {table}) - :newest
                AND n < coalesce((SELECT n FROM {table} WHERE drained = 0
                                    OR (drained IN (1, 2) AND drained_on > :since)
                                  ORDER BY n LIMIT 1), 1 << 62)
              ORDER BY n LIMIT :bite)""",  # noqa: S608  # a name of our own
        {"newest": but_the_newest, "since": today - KEPT.days, "bite": BITE},
    )


def bring_again(db: sqlite3.Connection) -> int:
    """Have every fact, note and alert the ledger once had wait again; how many facts those are."""
    again = "UPDATE {} SET drained = 0, drained_on = NULL WHERE drained = 1"
    facts = db.execute(again.format("fact")).rowcount
    db.execute(again.format("note"))
    db.execute(again.format("alert"))
    return facts
