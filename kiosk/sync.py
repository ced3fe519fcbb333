"""Beside the counter: the journal drains into the ledger, fresh snapshots come back.

A fact is marked as drained only after the ledger has answered for it, so a lost answer means
that it is sent again, which changes nothing. The thread outlives every fault of the ledger:
it says that the ledger cannot be reached, waits a little longer each time, and goes on. A
snapshot counts as fresh for as long as the ledger's pulse says that nothing has changed.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.access import Look, log_looks
from accounts.clock import Clock, moment, school_day
from accounts.database import Database, DatabaseUnavailable
from accounts.intake import FactBooked, book_facts
from accounts.snapshot import Snapshot, to_bytes
from accounts.snapshot_query import Pulse, pulse, take_snapshot
from kiosk.journal import Journal
from kiosk.messages import Status

log = logging.getLogger(__name__)

PULSE_SECONDS = 0.3
RENEW = timedelta(seconds=30)
LONGEST_WAIT_SECONDS = 10.0


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
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to drain."""
        self._wake.set()

    def close(self) -> None:
        """End after the round that runs."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def once(self) -> None:
        """Drain all that waits, then fetch what has changed. Raises what the database raises."""
        while self._drain():
            pass
        self._fetch()

    def status(self, *, reachable: bool) -> Status:
        """How old the snapshot is and what waits."""
        age = None
        if self._fresh_at is not None:
            age = max(0, int((self._clock.now() - self._fresh_at).total_seconds()))
        return Status(age, self._journal.count_waiting(), reachable)

    def _drain(self) -> bool:
        rows = self._journal.waiting()
        notes = self._journal.waiting_notes()
        if rows:
            with self._database.write() as db:
                answers = book_facts(
                    db,
                    self._journal.origin_id,
                    [row.fact for row in rows],
                    now=self._clock.now(),
                )
            self._mark(answers)
        if notes:
            looks = [
                Look(n.epoch, n.seq, moment(n.at_us), n.actor, n.pupil_id, n.purpose) for n in notes
            ]
            with self._database.write() as db:
                log_looks(db, self._journal.origin_id, looks)
            self._journal.notes_drained(notes)
        return bool(rows or notes)

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
                beat is None
                or beat != self._pulse
                or self._taken is None
                or now - self._taken > RENEW
                or school_day(now) != school_day(self._taken)
            )
            if not due:
                self._fresh_at = now
                return
            snapshot = take_snapshot(
                db, origin_id=self._journal.origin_id, epochs=self._journal.epochs(), at=now
            )
        if snapshot is None:
            log.error("the ledger does not know this kiosk, or it is revoked")
            return
        self._school_id = snapshot.school.id
        self._pulse = beat
        self._taken = self._fresh_at = now
        self._journal.keep("snapshot", to_bytes(snapshot))
        self._learn(snapshot)

    def _run(self) -> None:
        wait = PULSE_SECONDS
        told: Status | None = None
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.once()
            except DatabaseUnavailable as error:
                reachable, wait = False, min(wait * 2, LONGEST_WAIT_SECONDS)
                log.warning("the ledger cannot be reached: %s", error)
            except Exception:
                # The counter must go on whatever the ledger says; the fault is in the log.
                reachable, wait = False, LONGEST_WAIT_SECONDS
                log.exception("draining failed")
            else:
                reachable, wait = True, PULSE_SECONDS
            told = self._report(told, reachable=reachable)
            self._wake.wait(wait)

    def _report(self, told: Status | None, *, reachable: bool) -> Status:
        status = self.status(reachable=reachable)
        if status != told:
            self._tell(status)
        return status
