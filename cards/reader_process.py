"""The process of one PC/SC reader: ``python -m cards.reader_process``.

It reads its assignment, one line of JSON, from standard input and writes events
(`cards.wire`) to the descriptor the assignment names, the only way a card's number leaves
this process. It asks the same way for the secret of a card that lies there and is answered on
standard input; it holds that one secret while the card is read, and no other. It ends when
standard input ends, when nobody reads its events any more, and with its parent.

Standard output is bent to standard error before pyscard is imported, which prints there.
With ``--list`` it writes the names of the PC/SC readers as JSON instead, or the name of a
`TroubleReason`, and ends.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cards import wire
from cards.field import Field
from cards.loop import Loop
from cards.parentage import die_with
from cards.reader import ReaderEvent, ReaderSetting, TroubleReason, UnreadReason
from cards.secret import CardSecret
from cards.uid import Radix, UidForm

log = logging.getLogger(__name__)

BACK_OFF = 0.25
"""Seconds between two tries to reach pcscd; a try costs a look at its socket."""

TOLD_WITHIN = 1.5
"""Seconds to wait for the answer about a card. A healthy kiosk takes less than a millisecond."""

Answered = tuple[int, CardSecret | None]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one reader process is to do, and what its predecessor left lying."""

    setting: ReaderSetting
    admit_virtual: bool
    parent: int
    events_fd: int
    held: str | None

    def to_line(self) -> bytes:
        """Return the assignment as one line of JSON."""
        form = self.setting.uid_form
        row = {
            "label": self.setting.label,
            "match": self.setting.match,
            "radix": form.radix.name,
            "reversed": form.reversed,
            "length": form.length,
            "admit_virtual": self.admit_virtual,
            "parent": self.parent,
            "events_fd": self.events_fd,
            "held": self.held,
        }
        return json.dumps(row).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Assignment":
        """Return the assignment a line of `to_line` carries; raises KeyError or ValueError."""
        row = json.loads(line)
        form = UidForm(Radix[row["radix"]], row["reversed"], row["length"])
        setting = ReaderSetting(row["label"], "pcsc", row["match"], form)
        return cls(setting, row["admit_virtual"], row["parent"], row["events_fd"], row["held"])


def attend(assignment: Assignment) -> None:
    """Attend to the reader until standard input ends or nobody reads the events."""
    from cards.pcsc import Pcsc  # noqa: PLC0415  pyscard prints while it is imported

    def write(line: bytes) -> None:
        try:
            os.write(assignment.events_fd, line)
        except BrokenPipeError:
            os._exit(0)

    def tell(event: ReaderEvent) -> None:
        write(wire.encode(event))

    def pause() -> bool:
        time.sleep(BACK_OFF)
        return True

    asking = Asking(write)
    threading.Thread(target=_hear, args=(asking.heard.put,), daemon=True).start()
    Loop(
        setting=assignment.setting,
        admit_virtual=assignment.admit_virtual,
        now=lambda: datetime.now(UTC),
        tell=tell,
        alive=lambda: write(wire.ALIVE),
        secret_of=asking.secret_of,
        field=Field(None, occupied=assignment.held is not None, card=assignment.held),
    ).run(Pcsc(), pause)


@dataclass(slots=True)
class Asking:
    """The questions of this process, one at a time; ``heard`` takes the answers from any thread."""

    write: Callable[[bytes], None]
    within: float = TOLD_WITHIN
    heard: "queue.SimpleQueue[Answered]" = field(default_factory=queue.SimpleQueue)
    number: int = 0

    def secret_of(self, card: str) -> CardSecret | UnreadReason | None:
        """Return what the kiosk answers about this card, NOT_TOLD where it does not in time."""
        self.number += 1
        self.write(wire.encode(wire.Question(self.number, card)))
        until = time.monotonic() + self.within
        while True:
            try:
                number, secret = self.heard.get(timeout=max(0, until - time.monotonic()))
            except queue.Empty:
                return UnreadReason.NOT_TOLD
            if number == self.number:
                return secret


def list_readers() -> list[str] | TroubleReason:
    """Return the names of all PC/SC readers present, or why there is no knowing."""
    from cards.pcsc import Pcsc  # noqa: PLC0415  pyscard prints while it is imported

    with Pcsc().open() as session:
        return session if isinstance(session, TroubleReason) else session.readers()


def _hear(put: Callable[[Answered], None]) -> None:
    # The loop may hang in a call that never returns, so no orderly way out exists.
    for line in sys.stdin.buffer:
        try:
            put(wire.decode_answer(line))
        except ValueError as fault:
            log.error("%s", fault)  # noqa: TRY400  # the trace would show the line
    os._exit(0)


def main() -> None:
    """Run as this process's only job."""
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.INFO)
    output = os.dup(1)
    os.dup2(2, 1)
    if sys.argv[1:] == ["--list"]:
        found = list_readers()
        row = found.name if isinstance(found, TroubleReason) else sorted(found)
        os.write(output, json.dumps(row).encode())
        return
    assignment = Assignment.from_line(sys.stdin.buffer.readline())
    die_with(assignment.parent)
    attend(assignment)


if __name__ == "__main__":
    main()
