"""From the start of ``mensa kiosk`` to its first painted frame, beside a bare Textual application.

The kiosk reads its settings, opens its sealed journal with a snapshot and a ledger, starts its
threads and paints; the reference is an application with one line of text and nothing else.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

from accounts.clock import SystemClock
from bench.figures import Figure
from bench.terminal import seconds_until
from kiosk.demo.world import build
from kiosk.vault import CREDENTIAL

STARTS = 10
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("auflegen")
Bare().run()
"""
_SETTINGS = """
database = "sqlite:///{folder}/ledger.db"
pepper_file = "{folder}/pepper"
[kiosk]
origin = {origin}
state = "{folder}/state"
sound = false
[[kiosk.reader]]
label = "Theke"
kind = "wedge"
"""


def run() -> list[Figure]:
    """One figure, starts in turns."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as name:
        folder = Path(name)
        world = build(folder, SystemClock())
        world.database.close()
        (folder / "pepper").write_bytes(world.pepper)
        (folder / CREDENTIAL).write_bytes(os.urandom(32))
        settings = folder / "kiosk.toml"
        settings.write_text(_SETTINGS.format(folder=folder, origin=world.origin_id))
        kiosk = [sys.executable, "-m", "kiosk", "--config", str(settings), "kiosk"]
        os.environ["CREDENTIALS_DIRECTORY"] = name
        for _ in range(STARTS):
            bare.append(seconds_until([sys.executable, "-c", _BARE], b"auflegen"))
            ours.append(seconds_until(kiosk, b"auflegen"))
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    return [
        Figure(
            "start to first frame",
            statistics.median(ours),
            "s",
            statistics.median(bare),
            ratio,
            f"{STARTS} starts each, longest {max(ours):.2f} s",
        )
    ]
