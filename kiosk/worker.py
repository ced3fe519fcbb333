"""The thread between readers and screen: one queue in, finished outcomes out.

Taps, staff commands and fresh snapshots come through one queue in the order they happened; the
counter handles one at a time. Nothing that goes wrong with one of them ends the thread: the
person is asked to try again and the fault is in the log.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from accounts.clock import Clock
from accounts.snapshot import Snapshot
from cards.reader import (
    CardTaken,
    CardUnread,
    Reader,
    ReaderEvent,
    ReaderReady,
    ReaderTrouble,
    SecretOf,
    Tap,
    UnreadReason,
    no_secret,
)
from kiosk import commands
from kiosk import messages as say
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5


class Worker:
    """Owns readers, counter and staff session while it runs."""

    def __init__(
        self,
        counter: StaffedCounter,
        session: StaffSession,
        readers: Sequence[Reader],
        *,
        clock: Clock,
        deliver: Callable[[say.Outcome], None],
        written: Callable[[], None],
        secret_of: SecretOf = no_secret,
    ) -> None:
        self._counter = counter
        self._session = session
        self._readers = readers
        self._clock = clock
        self._deliver = deliver
        self._written = written
        self._secret_of = secret_of
        self._queue: queue.SimpleQueue[ReaderEvent | commands.Command | Snapshot | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="counter", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()
        for reader in self._readers:
            reader.start(self._queue.put, self._secret_of)

    def send(self, what: ReaderEvent | commands.Command | Snapshot) -> None:
        """Put something into the queue, from any thread."""
        self._queue.put(what)

    def close(self) -> None:
        """Close the readers, finish what is in the queue, end."""
        for reader in self._readers:
            reader.close()
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                what = self._queue.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                if self._session.ended():
                    self._tell(self._session.sign_out())
                continue
            if what is None:
                return
            try:
                outcome = self._handle(what)
            except Exception:
                log.exception("could not handle %s", type(what).__name__)
                if isinstance(what, Snapshot):
                    continue
                outcome = say.CardNotRead(self._clock.now(), UnreadReason.UNREADABLE)
            if isinstance(outcome, say.Served | say.Voided | say.Found):
                self._written()
            if outcome is not None:
                self._tell(outcome)

    def _tell(self, outcome: say.Outcome) -> None:
        try:
            self._deliver(outcome)
        except Exception:
            log.exception("could not show %s", type(outcome).__name__)

    def _handle(self, what: ReaderEvent | commands.Command | Snapshot) -> say.Outcome | None:
        counter = self._counter
        match what:
            case Tap():
                return counter.tap(what)
            case CardTaken():
                return say.CardGone()
            case CardUnread(reason=reason):
                return say.CardNotRead(self._clock.now(), reason)
            case ReaderTrouble(reader=reader, reason=trouble):
                return say.ReaderDown(reader, trouble)
            case ReaderReady(reader=reader):
                return say.ReaderUp(reader)
            case Snapshot():
                return counter.learn(what)
            case _:
                return self._command(what)

    def _command(self, command: commands.Command) -> say.Outcome | None:  # noqa: C901  # one line each
        counter = self._counter
        match command:
            case commands.AskBalance():
                return counter.ask_balance()
            case commands.SignIn(pin=pin):
                return counter.sign_in(pin)
            case commands.SignOut():
                return self._session.sign_out()
            case commands.KeepSignedIn():
                self._session.keep_alive()
                return None
            case commands.ChooseTray(tray=tray):
                return counter.choose(tray)
            case commands.VoidLast(reason=why):
                return counter.void_last(why)
            case commands.ServeAnyway(reason=reason):
                return counter.serve_anyway(reason)
            case commands.FindChild(text=text):
                return counter.find(text)
            case commands.ServeFound(pupil_id=pupil_id, reason=reason):
                return counter.serve_found(pupil_id, reason)
            case commands.ServeUnassigned(reason=reason):
                return counter.serve_unassigned(reason)
            case commands.AskWhy():
                return counter.why()
            case commands.AskCounts():
                return counter.counts()
