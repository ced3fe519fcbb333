"""Beside the counter: the journal drains into the ledger, fresh snapshots come back.

A fact is marked as drained only after the ledger has answered for it, so a lost answer means
that it is sent again, which changes nothing. The thread outlives every fault of the ledger:
it says that the ledger cannot be reached, waits a little longer each time, and goes on. A
snapshot counts as fresh for as long as the ledger's pulse says that nothing has changed.

The status is told by a second thread, because a network that swallows every answer holds the
first one for minutes: a round that takes too long counts as a ledger that is not reached.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from accounts.access import Look, log_looks
from accounts.clock import Clock, moment, school_day
from accounts.database import Database, DatabaseUnavailable
from accounts.guards import JournalRefused
from accounts.intake import FactBooked, book_facts
from accounts.snapshot import Snapshot, to_bytes
from accounts.snapshot_query import Pulse, pulse, take_snapshot
from kiosk.journal import Journal, Row
from kiosk.messages import Status

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
        database: Database,
        journal: Journal,
        *,
        clock: Clock,
        learn: Callable[[Snapshot], None],
        tell: Callable[[Status], None],
        snapshot: Snapshot | None = None,
    ) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock
        self._learn = learn
        self._tell = tell
        self._pulse: Pulse | None = None
        self._school_id = snapshot.school.id if snapshot else None
        self._taken: datetime | None = None
        self._fresh_at = snapshot.taken_at if snapshot else None
        self._aside: set[int] = set()
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
        """Drain all that waits, then fetch what has changed. Raises what the database raises."""
        while self._drain():
            pass
        self._fetch()

    def status(self) -> Status:
        """How old the snapshot is, what waits, and whether the ledger was reached last."""
        fresh_at, begun = self._fresh_at, self._begun
        age = None
        if fresh_at is not None:
            age = max(0, int((self._clock.now() - fresh_at).total_seconds()))
        overdue = begun is not None and monotonic() - begun > LONGEST_ROUND_SECONDS
        reachable = self._reachable and not overdue
        return Status(age, self._journal.count_waiting(), reachable, revoked=self._revoked)

    def _drain(self) -> bool:
        rows = self._journal.waiting(but_not=self._aside)
        notes = self._journal.waiting_notes()
        if rows:
            self._book(rows)
        if notes:
            looks = [
                Look(n.epoch, n.seq, moment(n.at_us), n.actor, n.pupil_id, n.purpose) for n in notes
            ]
            with self._database.write() as db:
                log_looks(db, self._journal.origin_id, looks)
            self._journal.notes_drained(notes)
        return bool(rows or notes)

    def _book(self, rows: list[Row]) -> None:
        try:
            with self._database.write() as db:
                answers = book_facts(
                    db,
                    self._journal.origin_id,
                    [row.fact for row in rows],
                    now=self._clock.now(),
                )
        except JournalRefused as refusal:
            # Of one epoch the ledger misses what came before (it was restored, or a row here is
            # damaged). The other epochs go on, and this one is tried again from time to time.
            epoch = rows[0].fact.epoch
            self._aside.add(epoch)
            log.critical("the ledger does not take the facts of epoch %d: %s", epoch, refusal.code)
            return
        self._mark(answers)

    def _mark(self, answers: tuple[FactBooked, ...]) -> None:
        self._journal.drained([(a.epoch, a.seq) for a in answers if not a.alarm])
        for answer in answers:
            if answer.alarm:
                self._journal.drained([(answer.epoch, answer.seq)], alarm=True)
                log.critical("the ledger holds another fact as %d:%d", answer.epoch, answer.seq)
            elif answer.quarantined:
                log.warning(
                    "fact %d:%d is in quarantine: %s",
                    answer.epoch,
                    answer.seq,
                    answer.quarantined,
                )

    def _fetch(self) -> None:
        now = self._clock.now()
        with self._database.read() as db:
            beat = pulse(db, self._school_id) if self._school_id is not None else None
            due = (
                self._taken is None
                or beat != self._pulse
                or now - self._taken > RENEW
                or school_day(now) != school_day(self._taken)
            )
            if not due:
                if not self._revoked:
                    self._fresh_at = now
                return
            snapshot = take_snapshot(
                db, origin_id=self._journal.origin_id, epochs=self._journal.epochs(), at=now
            )
        self._aside.clear()
        self._revoked = snapshot is None
        if snapshot is None:
            log.error("the ledger does not know this kiosk, or it is revoked")
            self._pulse, self._taken = beat, now
            return
        self._school_id = snapshot.school.id
        self._learn(snapshot)
        self._fresh_at = now
        self._journal.keep("snapshot", to_bytes(snapshot))
        # Only now: what the disk would not keep is fetched again.
        self._pulse, self._taken = beat, now

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
