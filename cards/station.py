"""The reader of an issuing station: a card that is waited for, spoken to and taken away.

PC/SC calls may never return, so they are made in a process of their own (`cards.station_process`)
that is killed where it says nothing for too long; the next call starts another. A command that
went unanswered is `CardGone`: nothing is known of what became of it.

APDUs go over a private pipe: none is on a command line, in an environment or in a log. A virtual
reader is taken only where the caller admits one.
"""

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cards.channel import CardGone
from cards.child import Child, wait_for
from cards.reader import TroubleReason, UnreadReason
from cards.station_process import Assignment
from cards.watched import environment

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "cards.station_process")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the process may take, in seconds."""

    start: float = 15.0
    """For its first answer, beyond what it was told to wait."""
    answer: float = 5.0
    """For any other; the slowest command of a chip takes a tenth of a second."""
    end: float = 2.0


@dataclass(frozen=True, slots=True)
class LaidCard:
    """What lies on the reader: its number as the reader says it, and its ATR."""

    uid: bytes = field(repr=False)
    atr: bytes
    reader: str
    """The reader's name in PC/SC."""


@dataclass(frozen=True, slots=True)
class CardUnreadable:
    """Something lies there and tells no number."""

    reason: UnreadReason
    atr: bytes


class Station:
    """See the module; a context manager, and the `cards.channel.Channel` of what lies there."""

    def __init__(
        self,
        match: str,
        *,
        admit_virtual: bool = False,
        pcsc_socket: Path | None = None,
        patience: Patience = Patience(),
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._match = match
        self._admit_virtual = admit_virtual
        self._environment = environment(pcsc_socket)
        self._patience = patience
        self._command = command
        self._child: Child | None = None
        self._fresh = True

    def wait(self, seconds: float) -> LaidCard | CardUnreadable | TroubleReason | None:
        """Return what lies on the reader now or within ``seconds``; None where nothing does.

        The card is held from now on. One that lay there before is found again.
        """
        told = self._order(f"wait {round(seconds * 1000)}", seconds)
        if isinstance(told, TroubleReason):
            return told
        if "uid" in told:
            return LaidCard(bytes.fromhex(told["uid"]), bytes.fromhex(told["atr"]), told["reader"])
        if "unread" in told:
            return CardUnreadable(UnreadReason[told["unread"]], bytes.fromhex(told["atr"]))
        return None

    def wait_for_removal(self, seconds: float) -> bool | TroubleReason:
        """Let the card go; return whether the field was empty within ``seconds``."""
        told = self._order(f"away {round(seconds * 1000)}", seconds)
        return told if isinstance(told, TroubleReason) else bool(told.get("away"))

    def transmit(self, apdu: bytes) -> bytes:
        """See `cards.channel.Channel`."""
        return bytes.fromhex(self._card(f"send {apdu.hex()}")["answer"])

    def reset(self) -> None:
        """Power the card down and up again. Raises CardGone where it is not there any more."""
        self._card("reset")

    def _card(self, order: str) -> dict[str, Any]:
        told = self._order(order, 0)
        if isinstance(told, TroubleReason):
            raise CardGone(f"the reader cannot work: {told.value}")
        if "gone" in told:
            raise CardGone("the card does not answer")
        return told

    def _order(self, order: str, seconds: float) -> dict[str, Any] | TroubleReason:
        try:
            child = self._child or self._started()
        except OSError as error:
            log.error("station process not started: %s", error.strerror)  # noqa: TRY400  # no trace
            return TroubleReason.CRASHED
        limit = self._patience.start if self._fresh else self._patience.answer
        child.tell(order.encode() + b"\n")
        while True:
            ends = {end.descriptor for end in (child.events, child.words) if not end.ended}
            ready = wait_for(ends, seconds + limit)
            if not ready:
                self._end()
                return TroubleReason.HUNG
            if child.words.descriptor in ready:
                for line in child.words.read():
                    log.warning("station process: %s", line.decode(errors="replace"))
            if child.events.descriptor in ready:
                lines = child.events.read()
                if lines:
                    self._fresh = False
                    return _told(lines[0])
                if child.events.ended:
                    self._end()
                    return TroubleReason.CRASHED

    def _started(self) -> Child:
        child = Child(self._command, self._environment)
        assignment = Assignment(
            self._match, self._admit_virtual, parent=os.getpid(), answers_fd=child.events_fd
        )
        child.tell(assignment.to_line())
        self._child, self._fresh = child, True
        return child

    def _end(self) -> None:
        if self._child is not None:
            self._child.__exit__(None, None, None)
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            self._child.end(self._patience.end)
        self._end()


def _told(line: bytes) -> dict[str, Any] | TroubleReason:
    told: dict[str, Any] = json.loads(line)
    return TroubleReason[told["trouble"]] if "trouble" in told else told
