"""Whole kiosks but for their screens, each a process that tests kill.

This process has everything imported and opens nothing. On the socket that is its standard
input it is sent an assignment (JSON) with three descriptors, and answers with the number of a
child that serves by it: each line of the child's standard input is an act, each outcome a line
on its standard output, written without a buffer: what was written was acknowledged.
"""

import json
import logging
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from keyed_cards import SCHOOL_KEY, HandReader
from sqlalchemy import event

from accounts.charge import Choice, OverrideReason, VoidReason
from accounts.clock import microseconds
from accounts.database import Database, open_database
from cards.reader import (
    Reader,
    ReaderEvent,
    ReaderSetting,
    SecretOf,
    Sink,
    no_secret,
)
from cards.virtual.image import Image
from cards.watched import Limits, WatchedReader
from kiosk import commands
from kiosk import messages as say
from kiosk.compose import Parts, assemble, door_of
from kiosk.journal import Journal, open_journal
from kiosk.school_keys import keep_key


class ShiftedClock:
    """The machine's clock, so many microseconds ahead."""

    def __init__(self, shift_us: int) -> None:
        self._shift = timedelta(microseconds=shift_us)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


GO_ON = threading.Event()
"""Cleared, whoever shows what became of a card does not come back from it."""
GO_ON.set()


def tell(outcome: say.Outcome) -> None:
    """Acknowledge an outcome."""
    line: dict[str, Any] = {"kind": type(outcome).__name__}
    for name in ("at", "reason", "detail", "reader", "waiting", "ledger_reachable", "items"):
        value = getattr(outcome, name, None)
        if isinstance(value, datetime):
            value = microseconds(value)
        line[name] = getattr(value, "value", value)
    if isinstance(outcome, say.Counts):
        line["items"] = {row.code: row.count for row in outcome.rows}
    os.write(1, json.dumps(line).encode() + b"\n")
    if isinstance(outcome, say.Served | say.Refused):
        GO_ON.wait()


class Overheard:
    """A reader whose events are told the moment it says them, before anybody deals with them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def start(self, sink: Sink, secret_of: SecretOf = no_secret) -> None:
        def overhear(event: ReaderEvent) -> None:
            line = {"kind": "Said", "reason": type(event).__name__}
            os.write(1, json.dumps(line).encode() + b"\n")
            sink(event)

        self._reader.start(overhear, secret_of)

    def close(self) -> None:
        self._reader.close()


def reader_of(wanted: dict[str, Any], clock: ShiftedClock) -> Reader:
    """The reader's loop and chips in this process, or a watched one on a private pcscd."""
    if wanted.get("pcsc") is None:
        return HandReader("Ausgabe", clock.now)
    watched = WatchedReader(
        ReaderSetting("Ausgabe", match=wanted["pcsc"]["match"]),
        admit_virtual=True,
        now=clock.now,
        pcsc_socket=Path(wanted["pcsc"]["socket"]),
        limits=Limits(hung_after=wanted["pcsc"].get("hung_after", 5.0)),
    )
    return Overheard(watched)


def die_at(count: int) -> Callable[..., None]:
    """Something that kills this process when it is called for that time."""
    left = [count]

    def called(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return called


def if_drained(dying: Callable[..., None]) -> Callable[..., None]:
    """A listener to statements that minds those that bring facts only."""

    def listening(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if any(word in statement for word in ("kiosk_drain", "INSERT INTO fact")):
            dying()

    return listening


def arm(crash: dict[str, Any], database: Database, parts: Parts, journal: Journal) -> None:
    """Lay the trap: where in a drain this process dies, and at which time."""
    dying = die_at(crash["count"])
    match crash["where"]:
        case "before the ledger commits":
            if database.is_sqlite:
                event.listen(database.engine, "commit", dying)
            else:
                event.listen(database.engine, "before_cursor_execute", if_drained(dying))
        case "before the answer is heard":
            event.listen(database.engine, "after_cursor_execute", if_drained(dying))
        case "before the answer is marked":
            mark = parts.sync._draining._mark

            def marking(answers: Any) -> None:
                dying()
                mark(answers)

            parts.sync._draining._mark = marking  # type: ignore[method-assign]  # a test's trap
        case "before the mark commits":
            journal._db.set_trace_callback(lambda sql: dying() if sql == "COMMIT" else None)
        case "before the outcome is told":
            record = journal.record

            def recording(*args: Any) -> Any:
                row = record(*args)
                dying()
                return row

            journal.record = recording  # type: ignore[method-assign, assignment]  # a test's trap
        case _:
            raise ValueError(crash["where"])


def act(words: list[str], reader: Reader, parts: Parts, chips: dict[str, Image]) -> None:
    """Do one thing."""
    match words:
        case ["tap", card]:
            assert isinstance(reader, HandReader)
            reader.lay(chips[card])
        case ["tray", *offers]:
            parts.send(commands.ChooseTray(tuple(Choice(int(offer)) for offer in offers)))
        case ["void"]:
            parts.send(commands.VoidLast(VoidReason.MISTAKE))
        case ["serve"]:
            parts.send(commands.ServeAnyway(OverrideReason.OTHER))
        case ["find", text]:
            parts.send(commands.FindChild(text))
        case ["counts"]:
            parts.send(commands.AskCounts())
        case ["hold"]:
            GO_ON.clear()
            os.write(1, b'{"kind": "Held"}\n')
        case ["go"]:
            GO_ON.set()
        case ["limit", size]:
            # No file of this process may grow beyond it: the disk is full.
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), resource.RLIM_INFINITY))
            os.write(1, b'{"kind": "Limited"}\n')
        case _:
            raise ValueError(words)


def serve(wanted: dict[str, Any]) -> None:
    """Be a kiosk until standard input ends."""
    logging.basicConfig(filename=wanted["log"], level=logging.INFO)
    clock = ShiftedClock(wanted["shift_us"])
    database = open_database(wanted["url"])
    journal = open_journal(
        Path(wanted["journal"]), origin_id=wanted["origin"], key=bytes.fromhex(wanted["key"])
    )
    keep_key(journal, SCHOOL_KEY)
    chips = {
        uid: Image.from_bytes(told.encode())
        for uid, told in json.loads(Path(wanted["chips"]).read_text()).items()
    }
    reader = reader_of(wanted, clock)
    door = door_of(database, origin_id=wanted["origin"], clock=clock)
    parts = assemble(
        door,
        journal,
        [reader],
        pepper=bytes.fromhex(wanted["pepper"]),
        clock=clock,
        deliver=tell,
    )
    if wanted.get("crash"):
        arm(wanted["crash"], database, parts, journal)
    parts.start()
    with os.fdopen(0) as acts:
        for line in acts:
            act(line.split(), reader, parts, chips)
    parts.close()
    database.close()


def main() -> None:
    """Make kiosks until the socket ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    line = socket.socket(fileno=0)
    while True:
        message, theirs, _, _ = socket.recv_fds(line, 65536, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, descriptor in enumerate(theirs):
                os.dup2(descriptor, number)
                os.close(descriptor)
            serve(json.loads(message))
            logging.shutdown()
            os._exit(0)
        for descriptor in theirs:
            os.close(descriptor)
        line.send(str(pid).encode())


if __name__ == "__main__":
    main()
