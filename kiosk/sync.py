"""Beside the counter: the journal drains into the ledger, fresh snapshots come back.

The thread outlives every fault of the ledger: it says that the ledger cannot be reached, waits
a little longer each time, and goes on. A snapshot counts as fresh for as long as the ledger's
pulse says that nothing has changed.

A ledger of another life than the one this kiosk brought its facts to was restored or moved: the
kiosk brings what it still has once more, and what is known there is answered as before.

The status is told by a second thread, because a network that swallows every answer holds the
first one for minutes: a round that takes too long counts as a ledger that is not reached.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from accounts.clock import Clock, school_day
from accounts.database import DatabaseUnavailable
from accounts.door import Asked, Door, DoorClosed, News
from accounts.snapshot import Snapshot, to_bytes
from accounts.snapshot_query import Pulse
from kiosk.draining import Draining
from kiosk.journal import Journal
from kiosk.messages import CardKeys, Status
from kiosk.witness import Witness

log = logging.getLogger(__name__)

PULSE_SECONDS = 0.3
RENEW = timedelta(seconds=30)
LONGEST_WAIT_SECONDS = 10.0
LONGEST_ROUND_SECONDS = 5.0
"""After so long without an answer the ledger counts as not reached."""
STATUS_SECONDS = 1.0
LONGEST_END_SECONDS = 15.0
"""For the round that runs; what it had not marked as drained is sent again at the next start."""


class Sync:
    """Drains and fetches in a thread of its own; ``once`` does one round in the caller's."""

    def __init__(
        self,
        door: Door,
        journal: Journal,
        *,
        clock: Clock,
        learn: Callable[[Snapshot], None],
        tell: Callable[[Status], None],
        snapshot: Snapshot | None = None,
        software: str = "",
        keys: Callable[[], CardKeys] = lambda: CardKeys.NONE,
    ) -> None:
        self._door = door
        self._journal = journal
        self._draining = Draining(door, journal)
        self._software = software
        self._clock = clock
        self._learn = learn
        self._tell = tell
        self._keys = keys
        self._pulse: Pulse | None = None
        self._witness = Witness(snapshot.seal if snapshot else None)
        self._life = journal.incarnation()
        self._taken: datetime | None = None
        self._fresh_at = snapshot.taken_at if snapshot else None
        self._revoked = False
        self._reachable = False
        self._begun: float | None = None
        self._wake = threading.Event()
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._teller = threading.Thread(target=self._tell_status, name="status", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._teller.start()

    def wake(self) -> None:
        """There is something to drain."""
        self._wake.set()

    def close(self) -> None:
        """End after the round that runs, or without it where the ledger does not answer."""
        self._stop.set()
        self._wake.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(LONGEST_END_SECONDS)
            self._teller.join()

    def once(self) -> None:
        """Drain all that waits, then fetch what has changed. Raises what the door raises."""
        try:
            self._draining.drain()
            if self._fetch():
                self._draining.drain()
                self._fetch()
        except DoorClosed as closed:
            if not self._revoked:
                log.warning("the ledger is closed to this kiosk: %s", closed)
            self._revoked = True

    def status(self) -> Status:
        """How old the snapshot is, what waits, and whether the ledger was reached last."""
        fresh_at, begun = self._fresh_at, self._begun
        age = None
        if fresh_at is not None:
            age = max(0, int((self._clock.now() - fresh_at).total_seconds()))
        overdue = begun is not None and monotonic() - begun > LONGEST_ROUND_SECONDS
        reachable = self._reachable and not overdue
        return Status(
            age,
            self._journal.count_waiting(),
            reachable,
            revoked=self._revoked,
            keys=self._keys(),
        )

    def _fetch(self) -> bool:
        """Hear the news; True where it is another ledger and everything has to be drained again."""
        now = self._clock.now()
        due = (
            self._taken is None
            or self._revoked
            or now - self._taken > RENEW
            or school_day(now) != school_day(self._taken)
        )
        news = self._door.news(
            Asked(
                pulse=self._pulse,
                epochs=self._journal.epochs(),
                wants=due,
                waiting=self._journal.count_waiting(),
                software=self._software,
            )
        )
        self._revoked = False
        if self._is_another(news):
            self._pulse = None  # what it shows now lacks the lunches that are brought again
            return True
        self._witness.hear(news.seal)
        snapshot = news.snapshot
        if snapshot is None:
            self._fresh_at = now
            return False
        self._draining.try_again()
        self._learn(snapshot)
        self._fresh_at = now
        self._journal.keep("snapshot", to_bytes(snapshot))
        # Only now: what the disk would not keep is fetched again.
        self._pulse, self._taken = news.pulse, now
        return False

    def _is_another(self, news: News) -> bool:
        if news.incarnation == self._life:
            return False
        again = self._journal.bring_again()
        self._journal.keep_incarnation(news.incarnation)
        if self._life is not None:
            log.warning("the ledger was restored or moved: %d facts are brought again", again)
        self._life = news.incarnation
        self._witness.forget()
        self._draining.try_again()
        return again > 0

    def _run(self) -> None:
        wait = PULSE_SECONDS
        while not self._stop.is_set():
            self._wake.clear()
            self._begun = monotonic()
            try:
                self.once()
            except DatabaseUnavailable as error:
                self._reachable, wait = False, min(wait * 2, LONGEST_WAIT_SECONDS)
                log.warning("the ledger cannot be reached: %s", error)
            except Exception:
                # The counter must go on whatever the ledger says; the fault is in the log.
                self._reachable, wait = False, LONGEST_WAIT_SECONDS
                log.exception("draining failed")
            else:
                self._reachable, wait = True, PULSE_SECONDS
            self._begun = None
            self._news.set()
            self._wake.wait(wait)

    def _tell_status(self) -> None:
        told: Status | None = None
        while not self._stop.is_set():
            self._news.wait(STATUS_SECONDS)
            self._news.clear()
            try:
                status = self.status()
                if status != told:
                    self._tell(status)
                    told = status
            except Exception:
                log.exception("could not tell the status")
