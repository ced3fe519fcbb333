"""A reader's process is replaced when it hangs or ends, and leaves nothing behind.

The processes are scripted here; `test_stack` has the real one.
"""

import logging
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from listening import GENEROUS, Ear, Listen, utc_now

from cards.layout import AID, Medium
from cards.reader import (
    CardTaken,
    ReaderReady,
    ReaderSetting,
    ReaderTrouble,
    Tap,
    TroubleReason,
    UnreadReason,
)
from cards.reader_process import Asking
from cards.secret import CardSecret
from cards.watched import Limits, WatchedReader

A = "04A1B2C3D4E5F6"
QUICK = Limits(hung_after=1.0, started_after=GENEROUS, pause=0.05, ended_after=GENEROUS)

PRELUDE = """
import json, os, pathlib, sys, time
assignment = json.loads(sys.stdin.readline())
runs = pathlib.Path(sys.argv[1])
run = len(list(runs.iterdir()))
(runs / str(os.getpid())).write_text(json.dumps(assignment))
def say(event, **parts):
    line = json.dumps({"event": event, **parts}) + "\\n"
    os.write(assignment["events_fd"], line.encode())
def lie_in_wait():
    sys.stdin.read()
    sys.exit()
say("ready")
"""


class Scripted:
    """A command that runs a script, and the assignments its runs were given."""

    def __init__(self, place: Path, script: str) -> None:
        self._runs = place / "runs"
        self._runs.mkdir()
        (place / "script.py").write_text(PRELUDE + script)
        self.command = (sys.executable, str(place / "script.py"), str(self._runs))

    def reader(self, limits: Limits = QUICK) -> WatchedReader:
        """Return a reader whose process is this script."""
        setting = ReaderSetting("till", match="x")
        return WatchedReader(
            setting, admit_virtual=False, now=utc_now, limits=limits, command=self.command
        )

    def pids(self) -> list[int]:
        """Return the processes there were."""
        return [int(run.name) for run in self._runs.iterdir()]


def alive(pid: int) -> bool:
    """Return whether there is such a process, ended but unburied ones included."""
    return Path(f"/proc/{pid}").exists()


def test_a_process_that_hangs_is_told_killed_and_replaced(tmp_path: Path, listen: Listen) -> None:
    scripted = Scripted(tmp_path, "lie_in_wait() if run else time.sleep(3600)")

    ear = listen(scripted.reader())

    ear.next_is(ReaderReady)
    assert ear.next() == ReaderTrouble("till", TroubleReason.HUNG)
    ear.next_is(ReaderReady)
    assert len([pid for pid in scripted.pids() if alive(pid)]) == 1


def test_a_process_that_never_says_anything_is_hung(tmp_path: Path, listen: Listen) -> None:
    command = (sys.executable, "-c", "import time; time.sleep(3600)")
    reader = WatchedReader(
        ReaderSetting("till", match="x"),
        admit_virtual=False,
        now=utc_now,
        limits=Limits(started_after=0.2, pause=0.05),
        command=command,
    )

    assert listen(reader).next() == ReaderTrouble("till", TroubleReason.HUNG)


def test_a_process_that_ends_is_told_and_replaced(tmp_path: Path, listen: Listen) -> None:
    scripted = Scripted(tmp_path, "lie_in_wait() if run else os._exit(3)")

    ear = listen(scripted.reader())

    ear.next_is(ReaderReady)
    assert ear.next() == ReaderTrouble("till", TroubleReason.CRASHED)
    ear.next_is(ReaderReady)


def test_a_process_that_ends_again_and_again_is_told_once(tmp_path: Path, listen: Listen) -> None:
    scripted = Scripted(tmp_path, "lie_in_wait()")
    script = tmp_path / "script.py"
    script.write_text(
        script.read_text().replace('say("ready")', "say('ready') if run == 3 else sys.exit()")
    )

    ear = listen(scripted.reader())

    assert ear.next() == ReaderTrouble("till", TroubleReason.CRASHED)
    ear.next_is(ReaderReady)
    assert len(scripted.pids()) == 4


def test_a_process_that_cannot_be_started_is_told_and_tried_again(
    tmp_path: Path, listen: Listen
) -> None:
    before = descriptors()
    python = tmp_path / "python"
    scripted = Scripted(tmp_path, "lie_in_wait()")
    scripted.command = (str(python), *scripted.command[1:])
    reader = scripted.reader()
    ear = listen(reader)
    assert ear.next() == ReaderTrouble("till", TroubleReason.CRASHED)

    python.symlink_to(sys.executable)

    ear.next_is(ReaderReady)
    reader.close()
    assert descriptors() == before


def test_a_line_that_is_no_event_costs_the_process_its_place(
    tmp_path: Path, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    scripted = Scripted(tmp_path, "run or say('dance'); lie_in_wait()")

    ear = listen(scripted.reader())

    ear.next_is(ReaderReady)
    assert ear.next() == ReaderTrouble("till", TroubleReason.CRASHED)
    ear.next_is(ReaderReady)


def test_what_lay_in_the_field_is_handed_on(tmp_path: Path, listen: Listen) -> None:
    scripted = Scripted(
        tmp_path,
        f"say('taken', card=assignment['held']) if run else "
        f"say('tap', card='{A}', proof='UID', seen_ns=1, fault=None)\n"
        "lie_in_wait() if run else os._exit(3)",
    )

    ear = listen(scripted.reader())

    ear.next_is(ReaderReady)
    assert ear.next_is(Tap).card == A
    ear.next_is(ReaderTrouble)
    ear.next_is(ReaderReady)
    assert ear.next() == CardTaken("till", A)


def test_the_process_is_told_the_secret_of_the_card_it_asks_for(
    tmp_path: Path, listen: Listen
) -> None:
    secret = CardSecret(Medium.EV1, AID, bytes(16), bytes(12), 1)
    scripted = Scripted(
        tmp_path,
        f"say('ask', card='{A}', number=7)\n"
        "answer = json.loads(sys.stdin.readline())\n"
        "say('tap', card=answer['secret'][:8].upper(), proof='UID', seen_ns=answer['number'],"
        " fault=None)\n"
        "lie_in_wait()",
    )
    asked: list[str] = []

    def secret_of(card: str) -> CardSecret:
        asked.append(card)
        return secret

    ear = listen(scripted.reader(), secret_of)
    ear.next_is(ReaderReady)
    tap = ear.next_is(Tap)

    assert (tap.card, tap.seen_ns) == (secret.to_bytes().hex()[:8].upper(), 7)
    assert asked == [A]


def test_a_question_nobody_can_answer_is_answered_with_none(
    tmp_path: Path, listen: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    scripted = Scripted(
        tmp_path,
        f"say('ask', card='{A}', number=1)\n"
        "answer = json.loads(sys.stdin.readline())\n"
        "say('taken', card=None) if answer['secret'] is None else None\n"
        "lie_in_wait()",
    )

    def secret_of(_: str) -> CardSecret:
        raise OSError("no key book")

    ear = listen(scripted.reader(), secret_of)
    ear.next_is(ReaderReady)

    assert ear.next() == CardTaken("till", None)
    assert "no secret for a card" in caplog.text
    assert A not in caplog.text


def test_an_answer_that_does_not_come_or_comes_late_is_none() -> None:
    asked: list[bytes] = []
    asking = Asking(asked.append, within=0.05)
    secret = CardSecret(Medium.EV1, AID, bytes(16), bytes(12), 1)

    assert asking.secret_of(A) is UnreadReason.NOT_TOLD
    asking.heard.put((1, secret))  # the answer to the question before
    asking.heard.put((2, None))
    assert asking.secret_of(A) is None
    asking.heard.put((3, secret))
    assert asking.secret_of(A) == secret
    assert len(asked) == 3


def test_what_a_library_prints_is_logged_and_is_no_event(
    tmp_path: Path,
    listen: Listen,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scripted = Scripted(
        tmp_path,
        "run or print('Failed to dlopen'); run or sys.exit('a last word')\nlie_in_wait()",
    )

    with caplog.at_level(logging.WARNING):
        ear = listen(scripted.reader())
        ear.next_is(ReaderReady)
        ear.next_is(ReaderTrouble)
        ear.next_is(ReaderReady)

    assert "Failed to dlopen" in caplog.text
    assert "a last word" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_sink_that_fails_does_not_end_the_reader(tmp_path: Path) -> None:
    scripted = Scripted(tmp_path, f"say('taken', card='{A}'); lie_in_wait()")
    heard = []
    read, write = os.pipe()

    def sink(event: object) -> None:
        heard.append(event)
        os.write(write, b".")
        raise RuntimeError("full")

    reader = scripted.reader()
    reader.start(sink)
    os.read(read, 1)
    os.read(read, 1)
    reader.close()
    os.close(read)
    os.close(write)

    assert heard == [ReaderReady("till"), CardTaken("till", A)]


def descriptors() -> set[str]:
    """Return the open descriptors of this process."""
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@pytest.mark.parametrize("script", ["lie_in_wait()", "time.sleep(3600)"])
def test_close_leaves_no_process_and_no_descriptor(
    tmp_path: Path, listen: Listen, script: str
) -> None:
    before = descriptors()
    scripted = Scripted(tmp_path, script)
    reader = scripted.reader(Limits(hung_after=GENEROUS, ended_after=0.1))
    ear = listen(reader)
    ear.next_is(ReaderReady)

    reader.close()

    assert [pid for pid in scripted.pids() if alive(pid)] == []
    assert descriptors() == before


def test_a_reader_can_be_closed_before_it_starts_and_twice(tmp_path: Path) -> None:
    reader = Scripted(tmp_path, "lie_in_wait()").reader()
    reader.close()
    reader.start(Ear().put)
    reader.close()
    reader.close()


KIOSK = """
import sys, time
from datetime import UTC, datetime
from cards.reader import ReaderSetting
from cards.watched import WatchedReader
reader = WatchedReader(
    ReaderSetting("till", match="x"), admit_virtual=False, now=lambda: datetime.now(UTC)
)
reader.start(lambda event: print(event, flush=True))
time.sleep(3600)
"""


def test_the_real_process_ends_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", KIOSK], stdout=subprocess.PIPE) as kiosk:
        assert kiosk.stdout is not None
        assert kiosk.stdout.readline()  # the reader's process has begun to speak
        children = Path(f"/proc/{kiosk.pid}/task").glob("*/children")
        (child,) = [int(word) for task in children for word in task.read_text().split()]
        watch = os.pidfd_open(child)
        kiosk.send_signal(signal.SIGKILL)

        gone, _, _ = select.select([watch], [], [], GENEROUS)
        os.close(watch)

    assert gone
