"""A kiosk on a real terminal: how it ends, and what it leaves there."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE = 30
"""Seconds after which something that should have happened never will."""
PROGRAM = """
import fcntl, logging, os, sys, termios, threading, time, warnings
from datetime import datetime, UTC
logging.basicConfig(level=logging.DEBUG)
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from kiosk.app import KioskApp
from kiosk.messages import ReaderUp, Served, SignedIn
from kiosk.terminal import run_kiosk
if os.environ.get("LOG"):
    logging.getLogger().addHandler(logging.FileHandler(os.environ["LOG"]))
secret = "4711-secret"
def play(tone):
    hidden = secret
    if sys.argv[1] == "crash":
        raise RuntimeError("the screen broke")
    if sys.argv[1] == "noise":
        logging.getLogger("x").error("noise-by-logging")
        warnings.warn("noise-by-warning")
        print("noise-by-print")
        threading.Thread(target=lambda: 1 / 0).start()
app = KioskApp(lambda command: None, play=play)
app.deliver(ReaderUp("Theke"))
if sys.argv[1] in ("crash", "noise"):
    def later():
        while not os.path.exists(os.environ["GO"]):
            time.sleep(0.02)
        app.deliver(Served(datetime.now(UTC)))
    threading.Thread(target=later, daemon=True).start()
if sys.argv[1] == "staff":
    app.deliver(SignedIn("K", 60))
sys.exit(run_kiosk(app))
"""


@dataclass
class Terminal:
    """A pseudo-terminal with a kiosk on it."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[object]
    seen: bytearray = field(default_factory=bytearray)

    def wait_for(self, words: str) -> None:
        """Read until the words were painted."""
        self._read_until(lambda: words.encode() in self.seen)

    def end(self) -> int:
        """Read to the end of the process; its exit status."""
        self._read_until(lambda: self.process.poll() is not None)
        self._read(0.0)
        return self.process.wait()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def _read_until(self, done: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < limit, self.seen[-2000:]
            self._read(0.05)

    def _read(self, seconds: float) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:
                return
            self.seen += got
            seconds = 0.0


Open = Callable[..., Terminal]


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Open]:
    """Start kiosks on pseudo-terminals; what still runs afterwards is killed."""
    with contextlib.ExitStack() as things:

        def start(kind: str = "plain", *, term: str = "xterm-256color") -> Terminal:
            master, slave = pty.openpty()
            things.callback(_close, master)
            things.callback(_close, slave)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
            before = termios.tcgetattr(slave)
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, kind],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                env={
                    **{k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLORTERM"}},
                    "TERM": term,
                    "LOG": str(tmp_path / "log"),
                    "GO": str(tmp_path / "go"),
                },
            )
            things.callback(process.wait)
            things.callback(process.kill)
            return Terminal(process, master, slave, before)

        yield start


def _close(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)


def assert_clean(terminal: Terminal) -> None:
    """The terminal is as it was: main screen, cursor, line mode, echo, no mouse, nothing left."""
    tail = bytes(terminal.seen)
    assert tail.rindex(b"\x1b[?1049l") > tail.rindex(b"\x1b[?1049h")
    assert tail.rindex(b"\x1b[?25h") > tail.rindex(b"\x1b[?25l")
    assert b"\x1b[2J" in tail[tail.rindex(b"\x1b[?1049l") :]
    assert b"\x1b[?1000h" not in tail
    assert b"\x1b[>" not in tail, "the kitty keyboard protocol leaves letters on other terminals"
    assert termios.tcgetattr(terminal.slave) == terminal.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("term", ["linux", "xterm-256color"])
def test_a_signal_ends_the_kiosk_with_status_zero_and_a_clean_terminal(
    number: signal.Signals, term: str, kiosk: Open
) -> None:
    terminal = kiosk(term=term)
    terminal.wait_for("Please place your card")
    terminal.process.send_signal(number)
    assert terminal.end() == 0
    assert_clean(terminal)


def test_staff_end_the_kiosk_with_status_zero_and_a_clean_terminal(kiosk: Open) -> None:
    terminal = kiosk("staff")
    terminal.wait_for("abmelden")
    terminal.type("9")
    terminal.wait_for("Kasse beenden?")
    terminal.type("\r")
    assert terminal.end() == 0
    assert_clean(terminal)


def test_keys_that_end_other_programs_do_not_end_the_kiosk(kiosk: Open) -> None:
    terminal = kiosk()
    terminal.wait_for("Please place your card")
    terminal.type("\x03\x11\x10\x1a\x04\x1cq")
    terminal.type("\x1bOQ")
    terminal.wait_for("Deutsch")
    assert terminal.process.poll() is None


def test_a_crash_has_a_status_a_clean_terminal_and_tells_no_secrets(
    kiosk: Open, tmp_path: Path
) -> None:
    terminal = kiosk("crash")
    terminal.wait_for("Please place your card")
    (tmp_path / "go").touch()
    assert terminal.end() == 1
    assert_clean(terminal)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "the screen broke" in log
    for written in (log, terminal.seen.decode(errors="replace")):
        assert "4711-secret" not in written
    assert b"Traceback" not in terminal.seen
    assert b"stopped because of a fault" in terminal.seen


def test_nothing_but_the_picture_is_ever_written_to_the_terminal(
    kiosk: Open, tmp_path: Path
) -> None:
    terminal = kiosk("noise")
    terminal.wait_for("Please place your card")
    (tmp_path / "go").touch()
    terminal.wait_for("Guten Appetit!")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 0
    assert b"noise" not in terminal.seen
    assert b"ZeroDivisionError" not in terminal.seen
    log = (tmp_path / "log").read_text(encoding="utf-8")
    for line in ("noise-by-logging", "noise-by-warning", "ZeroDivisionError"):
        assert line in log


def test_a_terminal_that_goes_away_ends_the_kiosk(kiosk: Open) -> None:
    terminal = kiosk()
    terminal.wait_for("Please place your card")
    os.close(terminal.slave)
    os.close(terminal.master)
    assert terminal.process.wait(PATIENCE) == 0


def test_the_linux_console_gets_its_own_sixteen_colours(kiosk: Open) -> None:
    terminal = kiosk(term="linux")
    terminal.wait_for("Please place your card")
    assert b"\x1b[38;" not in terminal.seen
    assert b"\x1b[48;" not in terminal.seen
    assert b"\x1b[97;44m" in terminal.seen, "white on blue"


def test_without_a_terminal_the_kiosk_says_so_and_ends(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, "plain"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "LOG": str(tmp_path / "log")},
    )
    assert run.returncode == 69
    assert "no terminal" in (tmp_path / "log").read_text(encoding="utf-8")
