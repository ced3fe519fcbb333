"""One PC/SC reader in a process of its own that is watched and replaced.

PC/SC calls have no time-out: pcscd was seen to freeze for minutes when a card left in the
middle of a command, and a hung call cannot be cancelled. The process can be killed. Whatever
becomes of it, the kiosk's process only ever sees events: a process that gives no sign of life
for ``hung_after`` seconds is told as HUNG and killed, one that ends is told as CRASHED, and
another takes its place. What lay in the field is handed on, so a card left lying there is
tapped once however many processes attend to it.

The process is told the secret of the card in its field when it asks, and of no other. It is
answered at once, whatever the events before it lead to: those are told in a thread of their own.

No card number and no secret is on a command line, in an environment or in a log.
"""

import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cards import wire
from cards.child import Child, wait_for
from cards.reader import (
    CardTaken,
    CardUnread,
    ReaderEvent,
    ReaderReady,
    ReaderSetting,
    ReaderTrouble,
    SecretOf,
    Sink,
    Tap,
    TroubleReason,
    no_secret,
)
from cards.reader_process import Assignment
from cards.secret import CardSecret

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "cards.reader_process")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may take, in seconds."""

    hung_after: float = 5.0
    """Without a sign of life; a healthy process gives one a second."""
    started_after: float = 15.0
    """Until the first sign of life; the machine may be busy starting."""
    pause: float = 0.5
    """Before a process that ended or hung is replaced; doubled each time in a row."""
    longest_pause: float = 2.0
    """What doubling comes to at most."""
    ended_after: float = 2.0
    """For a process that was asked to end, before it is killed."""


def environment(pcsc_socket: Path | None) -> dict[str, str]:
    """Return the environment of a process that is to speak with the pcscd behind this socket."""
    if pcsc_socket is None:
        return dict(os.environ)
    return {**os.environ, "PCSCLITE_CSOCK_NAME": str(pcsc_socket)}


class WatchedReader:
    """A `cards.reader.Reader` on PC/SC; see the module.

    ``now`` stamps the taps. ``pcsc_socket`` names another pcscd than the machine's own.
    ``command`` is the process to watch; it is given its assignment on standard input.
    """

    def __init__(
        self,
        setting: ReaderSetting,
        *,
        admit_virtual: bool,
        now: Callable[[], datetime],
        pcsc_socket: Path | None = None,
        limits: Limits = Limits(),
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.setting = setting
        self._admit_virtual = admit_virtual
        self._now = now
        self._environment: Mapping[str, str] = environment(pcsc_socket)
        self._limits = limits
        self._command = command
        self._secret_of: SecretOf = no_secret
        self._held: str | None = None
        self._trouble: TroubleReason | None = None
        self._in_a_row = 0
        self._events: queue.SimpleQueue[ReaderEvent | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closing = -1

    def start(self, sink: Sink, secret_of: SecretOf = no_secret) -> None:
        """Start the process and tell ``sink`` what it says; see `cards.reader.Reader`."""
        if self._threads:
            raise RuntimeError(f"reader {self.setting.label} is started twice")
        self._closing = os.eventfd(0)
        self._secret_of = secret_of
        name = f"reader {self.setting.label}"
        self._threads = [
            threading.Thread(target=self._keep, name=name, daemon=True),
            threading.Thread(target=self._tell, args=(sink,), name=f"{name} tells", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the process and the thread; see `cards.reader.Reader`."""
        if not self._threads:
            return
        os.eventfd_write(self._closing, 1)
        for thread in self._threads:
            thread.join()
        os.close(self._closing)
        self._threads = []

    def _keep(self) -> None:
        try:
            self._replace_until_closed()
        finally:
            self._events.put(None)

    def _tell(self, sink: Sink) -> None:
        while (event := self._events.get()) is not None:
            try:
                sink(event)
            except Exception:
                log.exception("an event of reader %s was not taken", self.setting.label)

    def _replace_until_closed(self) -> None:
        while True:
            reason = self._attend()
            if reason is None:
                return
            self._in_a_row += 1
            log.error("reader process replaced: reader=%s %s", self.setting.label, reason.value)
            self._pass_on(ReaderTrouble(self.setting.label, reason))
            pause = self._limits.pause * 2 ** min(self._in_a_row - 1, 10)
            if wait_for({self._closing}, min(pause, self._limits.longest_pause)):
                return

    def _attend(self) -> TroubleReason | None:
        """Pass on what one process says; return why it must be replaced, or None at the end."""
        try:
            started = Child(self._command, self._environment)
        except OSError as error:
            log.error("reader process cannot be started: %s", error.strerror)  # noqa: TRY400  # as often as it is tried
            return TroubleReason.CRASHED
        with started as child:
            assignment = Assignment(
                setting=self.setting,
                admit_virtual=self._admit_virtual,
                parent=os.getpid(),
                events_fd=child.events_fd,
                held=self._held,
            )
            child.tell(assignment.to_line())
            deadline = time.monotonic() + self._limits.started_after
            while True:
                open_ends = {end.descriptor for end in (child.events, child.words) if not end.ended}
                ready = wait_for({self._closing, *open_ends}, deadline - time.monotonic())
                if self._closing in ready:
                    child.end(self._limits.ended_after)
                    return None
                if not ready:
                    return TroubleReason.HUNG
                if child.words.descriptor in ready:
                    _log_words(child)
                if child.events.descriptor in ready:
                    try:
                        self._hear_all(child)
                    except ValueError:
                        log.exception("reader process: a line that is no event")
                        return TroubleReason.CRASHED
                    if child.events.ended:
                        while not child.words.ended and wait_for({child.words.descriptor}, 0.2):
                            _log_words(child)
                        return TroubleReason.CRASHED
                    deadline = time.monotonic() + self._limits.hung_after

    def _hear_all(self, child: Child) -> None:
        for line in child.events.read():
            event = wire.decode(line, reader=self.setting.label, at=self._now())
            if isinstance(event, wire.Question):
                child.tell(wire.encode_answer(event, self._secret(event.card)))
            elif event is not None:
                self._pass_on(event)

    def _secret(self, card: str) -> CardSecret | None:
        try:
            return self._secret_of(card)
        except Exception:
            # The card is told by its number, and whoever knows that it has a key refuses it.
            log.exception("no secret for a card on reader %s", self.setting.label)
            return None

    def _pass_on(self, event: ReaderEvent) -> None:
        match event:
            case Tap():
                self._held = event.card
            case CardTaken() | CardUnread():
                self._held = None
            case ReaderReady():
                self._trouble = None
                self._in_a_row = 0
            case ReaderTrouble():
                if event.reason is self._trouble:
                    return
                self._trouble = event.reason
        self._events.put(event)


def _log_words(child: Child) -> None:
    for line in child.words.read():
        log.warning("reader process: %s", line.decode(errors="replace"))


def readers_present(
    pcsc_socket: Path | None = None, *, seconds: float = 10.0
) -> list[str] | TroubleReason:
    """Return the names of all PC/SC readers present, allowed or not, or why none are known."""
    try:
        listed = subprocess.run(
            [*COMMAND, "--list"],
            env=environment(pcsc_socket),
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return TroubleReason.HUNG
    except subprocess.CalledProcessError:
        return TroubleReason.CRASHED
    found = json.loads(listed.stdout)
    return TroubleReason[found] if isinstance(found, str) else list(found)
