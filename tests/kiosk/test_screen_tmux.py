"""What a terminal holds after a tap, cell by cell with its colours, read back from tmux."""

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.terminal

ROOT = Path(__file__).parents[2]
PATIENCE = 30
PROGRAM = """
import sys
from datetime import UTC, datetime
from kiosk.app import KioskApp
from kiosk.messages import ReaderUp, Served
from kiosk.terminal import run_kiosk
paying = Served(datetime(2026, 11, 23, 11, 5, tzinfo=UTC), "Mia", items=("Menü 1", "Saft"))
funded = Served(datetime(2026, 11, 23, 11, 6, tzinfo=UTC), "Mia", ("Menü 1",), ("Saft",))
app = KioskApp(lambda command: None, now_ns=lambda: 0)
app.deliver(ReaderUp("Theke"))
app.deliver({"paying": paying, "funded": funded}[sys.argv[1]])
sys.exit(run_kiosk(app))
"""
Show = Callable[[str, str], str]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    """Run the kiosk in a window of its own tmux and return what the window holds."""
    name = f"mensa-{uuid.uuid4().hex[:8]}"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")

    def tmux(*arguments: str) -> str:
        command = ["tmux", "-L", name, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def run(child: str, term: str) -> str:
        window = f"{child}-{term}"
        command = f"env -u COLORTERM -u NO_COLOR TERM={term} {sys.executable} {program} {child}"
        tmux("new-session", "-d", "-s", window, "-x", "80", "-y", "25", "-c", str(ROOT), command)
        limit = time.monotonic() + PATIENCE
        while "Enjoy your lunch, Mia!" not in tmux("capture-pane", "-p", "-t", window):
            assert time.monotonic() < limit
            time.sleep(0.05)
        return tmux("capture-pane", "-e", "-p", "-t", window)

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield run
    subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


@pytest.mark.parametrize("term", ["xterm-256color", "linux"])
def test_a_terminal_holds_the_same_bytes_for_children_who_differ_only_in_who_pays(
    term: str, show: Show
) -> None:
    paying, funded = show("paying", term), show("funded", term)
    assert paying == funded
    assert "Guten Appetit, Mia!" in paying
    assert "Saft" not in paying
