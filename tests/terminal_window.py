"""A real terminal to look at: one window of a tmux of the test's own."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0
"""Seconds a test waits for what must come; nothing waits as long in a good run."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window and what stands in it."""

    server: str
    pid_file: Path

    def tmux(self, *arguments: str) -> str:
        """Run one of tmux's commands."""
        command = ["tmux", "-L", self.server, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def text(self) -> str:
        """What stands in the window now."""
        return self.tmux("capture-pane", "-p", "-S", "-", "-t", "w")

    def wait_for(self, *words: str, absent: str | None = None) -> str:
        """Wait until all these words stand there, and ``absent`` does not."""
        limit = time.monotonic() + PATIENCE
        while True:
            text = self.text()
            if all(word in text for word in words) and (absent is None or absent not in text):
                return text
            assert time.monotonic() < limit, f"{words} did not come; there stands:\n{text}"
            time.sleep(0.05)

    def type(self, *keys: str) -> None:
        """Press keys by tmux's names for them, all at once."""
        self.tmux("send-keys", "-t", "w", *keys)

    def card(self, uid: str) -> None:
        """A keyboard reader types the number of a card and Enter, in one burst."""
        self.type(uid, "Enter")

    def signal(self, number: signal.Signals) -> None:
        """Send the job a signal."""
        os.kill(int(self.pid_file.read_text("ascii")), number)

    def ended(self) -> int:
        """Wait for the job's end; its exit status, 128 and more where a signal ended it."""
        text = self.wait_for("the job ended with", "for good")
        # A job that was killed leaves the cursor where it was, and a row may be full there.
        found = re.search(r"the job ended with (\d+) for good", " ".join(text.split()))
        assert found is not None, text
        return int(found[1])


@contextmanager
def window(
    *words: str, size: tuple[int, int], environment: Mapping[str, str], term: str | None = None
) -> Iterator[Window]:
    """Run a ``mensa`` job in a window, which stays after the job's end."""
    with tempfile.TemporaryDirectory(prefix="mensa-") as folder:
        opened = Window(f"mensa-{uuid.uuid4().hex[:8]}", Path(folder) / "pid")
        settings = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environment}
        if term is not None:
            settings["TERM"] = term
        job = shlex.join([sys.executable, "-m", "kiosk", *words])
        variables = shlex.join(f"{name}={value}" for name, value in settings.items())
        named = f"echo $$ > {shlex.quote(str(opened.pid_file))}; exec env {variables} {job}"
        # The shell tells the status: tmux 3.3 forgets it now and then.
        script = f"unset NO_COLOR COLUMNS LINES; sh -c {shlex.quote(named)}; echo the job ended with $? for good; exec cat"
        columns, rows = map(str, size)
        try:
            opened.tmux(
                "new-session", "-d", "-s", "w", "-x", columns, "-y", rows, "-c", str(ROOT), script
            )  # fmt: skip
            yield opened
        finally:
            opened.tmux("kill-server")
