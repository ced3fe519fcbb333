"""A terminal for the benches: a pty of 80x25 whose output is read away, as a screen would."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

LIMIT_SECONDS = 1200


def run_in_terminal(*words: str) -> dict[str, Any]:
    """Run ``python -m bench.screen_process WORDS`` on a pty; return the object it wrote."""
    with tempfile.TemporaryDirectory(prefix="mensa-bench-") as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "bench.screen_process", *words, str(result)]
        process, screen = start(command)
        deadline = time.monotonic() + LIMIT_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            read_away(screen, 0.2)
        process.kill()
        status = process.wait()
        os.close(screen)
        if status or not result.exists():
            raise RuntimeError(f"the kiosk ended with {status}")
        found: dict[str, Any] = json.loads(result.read_text())
        return found


def seconds_until(command: list[str], text: bytes) -> float:
    """From the start of a program on a pty to the moment its screen has this text."""
    begun = time.perf_counter()
    process, screen = start(command)
    seen = b""
    while text not in seen:
        read = read_away(screen, 10)
        if not read:
            raise RuntimeError(f"the screen never showed {text!r}")
        seen += read
    taken = time.perf_counter() - begun
    process.terminate()
    while process.poll() is None:
        read_away(screen, 0.1)
    os.close(screen)
    return taken


def start(command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """A program on a new pty; its controlling terminal, 80x25."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    root = str(Path(__file__).parents[1])
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "PYTHONPATH": os.pathsep.join([root, f"{root}/tests"]),
    }
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    return process, ours


def read_away(screen: int, seconds: float) -> bytes:
    """What the program painted meanwhile; nothing when the time is over or it ended."""
    ready, _, _ = select.select([screen], [], [], seconds)
    if not ready:
        return b""
    try:
        return os.read(screen, 1 << 16)
    except OSError:
        return b""
