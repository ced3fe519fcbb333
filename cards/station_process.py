"""The process of an issuing station's reader: ``python -m cards.station_process``.

Its first line of standard input is an `Assignment`; every other is an order, answered with one
line of JSON on the descriptor the assignment names:

- ``wait MS``: a card that has forgotten every session, or why there is none, or nothing after so long;
- ``send HEX``: one APDU to the card, answered with its answer;
- ``reset``: the card is powered down and up again;
- ``away MS``: whether the field is empty before so long; the card is let go first.

A card is held, exclusively, from the ``wait`` that found it until it is gone, or the next wait.
Nothing that is sent or answered is ever logged. The process ends with standard input and with
its parent.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cards.channel import CardGone
from cards.parentage import die_with
from cards.reader import ReaderSetting, TroubleReason, UnreadReason, choose

if TYPE_CHECKING:
    from cards.pcsc import PcscChannel, PcscSession

Answer = dict[str, Any]

GONE: Answer = {"gone": True}
_TRIES = 3
_TRY_AGAIN_AFTER = 0.02


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which reader to take, who asks, and where the answers go."""

    match: str
    admit_virtual: bool
    parent: int
    answers_fd: int

    def to_line(self) -> bytes:
        """Return the assignment as one line of JSON."""
        row = [self.match, self.admit_virtual, self.parent, self.answers_fd]
        return json.dumps(row).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Assignment":
        """Return the assignment a line of `to_line` carries; raises ValueError or TypeError."""
        return cls(*json.loads(line))


class Attendant:
    """One reader and the card it holds."""

    def __init__(self, session: "PcscSession", setting: ReaderSetting, *, virtual: bool) -> None:
        self._session = session
        self._setting = setting
        self._virtual = virtual
        self._holding = ExitStack()
        self._card: PcscChannel | None = None

    def obey(self, order: str, word: str) -> Answer | TroubleReason:
        """Carry out one order. Raises ValueError for what is none."""
        match order:
            case "wait":
                return self._wait(int(word) / 1000)
            case "away":
                return self._away(int(word) / 1000)
            case "send" | "reset":
                return self._asked(order, word)
        raise ValueError("not an order")

    def let_go(self) -> None:
        """Leave the card to itself."""
        self._card = None
        self._holding.close()

    def _wait(self, seconds: float) -> Answer | TroubleReason:
        self.let_go()
        name = self._reader()
        if isinstance(name, TroubleReason):
            return name
        report = self._session.wait(name, None, 0)
        if not isinstance(report, TroubleReason) and not report.present:
            report = self._session.wait(name, report, seconds)
        if isinstance(report, TroubleReason):
            return report
        if not report.present:
            return {}
        reason = UnreadReason.UNREADABLE
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_TRY_AGAIN_AFTER)
            uid = self._held(name)
            if isinstance(uid, bytes):
                return {"uid": uid.hex(), "atr": report.atr.hex(), "reader": name}
            self.let_go()
            reason = uid
        return {"unread": reason.name, "atr": report.atr.hex(), "reader": name}

    def _held(self, name: str) -> bytes | UnreadReason:
        from cards.pcsc import uid_of  # noqa: PLC0415  pyscard prints while it is imported

        card = self._holding.enter_context(self._session.held(name))
        if isinstance(card, UnreadReason):
            return card
        try:
            card.reset()  # whoever held it before may have left a session on it
            uid = uid_of(card)
        except CardGone:
            return UnreadReason.PULLED
        self._card = card
        return uid

    def _asked(self, order: str, word: str) -> Answer:
        if self._card is None:
            return GONE
        try:
            if order == "reset":
                self._card.reset()
                return {}
            answer = self._card.transmit(bytes.fromhex(word))
        except CardGone:
            answer = b""
        if answer:
            return {"answer": answer.hex()}
        # Empty: a driver may call it a success when the card left before it answered (measured).
        self.let_go()
        return GONE

    def _away(self, seconds: float) -> Answer | TroubleReason:
        self.let_go()
        name = self._reader()
        if isinstance(name, TroubleReason):
            return name
        until = time.monotonic() + seconds
        report = self._session.wait(name, None, 0)
        while not isinstance(report, TroubleReason) and report.present:
            left = until - time.monotonic()
            if left <= 0:
                return {"away": False}
            report = self._session.wait(name, report, left)
        return report if isinstance(report, TroubleReason) else {"away": True}

    def _reader(self) -> str | TroubleReason:
        names = self._session.readers()
        if isinstance(names, TroubleReason):
            return names
        return choose(names, self._setting, admit_virtual=self._virtual)


def serve(assignment: Assignment, orders: Iterator[bytes]) -> None:
    """Answer orders until there are no more; a lost service is tried again at the next one."""
    attendant: Attendant | TroubleReason = TroubleReason.NO_SERVICE
    with ExitStack() as service:
        for line in orders:
            if isinstance(attendant, TroubleReason):
                service.close()
                attendant = service.enter_context(_attendant(assignment))
            order, _, word = line.decode().strip().partition(" ")
            answer: Answer | TroubleReason
            if isinstance(attendant, Attendant):
                answer = attendant.obey(order, word)
                if isinstance(answer, TroubleReason) and answer in _SERVICE_ENDED:
                    attendant = answer
            else:
                answer = attendant
            told = {"trouble": answer.name} if isinstance(answer, TroubleReason) else answer
            os.write(assignment.answers_fd, json.dumps(told).encode() + b"\n")


_SERVICE_ENDED = frozenset({TroubleReason.NO_SERVICE, TroubleReason.DENIED})


@contextmanager
def _attendant(assignment: Assignment) -> Iterator[Attendant | TroubleReason]:
    from cards.pcsc import Pcsc, PcscSession  # noqa: PLC0415  as above

    setting = ReaderSetting("station", "pcsc", assignment.match or ".")
    with Pcsc().open() as session:
        if not isinstance(session, PcscSession):
            yield session if isinstance(session, TroubleReason) else TroubleReason.NO_SERVICE
            return
        attendant = Attendant(session, setting, virtual=assignment.admit_virtual)
        try:
            yield attendant
        finally:
            attendant.let_go()


def main() -> None:
    """Run as this process's only job."""
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.WARNING)
    os.dup2(2, 1)  # pyscard prints to standard output where its library is missing
    assignment = Assignment.from_line(sys.stdin.buffer.readline())
    die_with(assignment.parent)
    serve(assignment, iter(sys.stdin.buffer.readline, b""))


if __name__ == "__main__":
    main()
