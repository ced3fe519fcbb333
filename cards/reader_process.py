"""The process of one PC/SC reader: ``python -m cards.reader_process``.

It reads its assignment, one line of JSON, from standard input and writes events
(`cards.wire`) to the descriptor the assignment names, the only way a card's number leaves
this process. It ends when standard input ends, when nobody reads its events any more, and
with its parent.

Standard output is bent to standard error before pyscard is imported, which prints there.
With ``--list`` it writes the names of the PC/SC readers as JSON instead, or the name of a
`TroubleReason`, and ends.
"""

import json
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from cards import wire
from cards.field import Field
from cards.loop import Loop
from cards.parentage import die_with
from cards.reader import ReaderEvent, ReaderSetting, TroubleReason
from cards.uid import Radix, UidForm

BACK_OFF = 0.25
"""Seconds between two tries to reach pcscd; a try costs a look at its socket."""


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

    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    Loop(
        setting=assignment.setting,
        admit_virtual=assignment.admit_virtual,
        now=lambda: datetime.now(UTC),
        tell=tell,
        alive=lambda: write(wire.ALIVE),
        field=Field(None, occupied=assignment.held is not None, card=assignment.held),
    ).run(Pcsc(), pause)


def list_readers() -> list[str] | TroubleReason:
    """Return the names of all PC/SC readers present, or why there is no knowing."""
    from cards.pcsc import Pcsc  # noqa: PLC0415  pyscard prints while it is imported

    with Pcsc().open() as session:
        return session if isinstance(session, TroubleReason) else session.readers()


def _end_with_standard_input() -> None:
    # The loop may hang in a call that never returns, so no orderly way out exists.
    while sys.stdin.buffer.readline():
        pass
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
