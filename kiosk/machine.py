"""The machine looked at, and what a look at it finds.

Looking changes, starts and writes nothing and touches no card. What this user may not look at
is as if it were not there.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cards.reader import TroubleReason
from cards.watched import readers_present


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition and whether this machine meets it."""

    name: str
    found: str | None
    """How the condition is met; None if it is not."""
    needed_for: str
    remedy: str
    required: bool = False
    """Whether the asked role cannot work without it; `kiosk.doctor` decides."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine looked at: its files from ``root`` down, its environment, its readers."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    readers: Callable[[], list[str] | TroubleReason] = readers_present

    def paths(self, pattern: str) -> list[str]:
        """Return the paths, seen from this machine's root, that match, in order."""
        found = sorted(self.root.glob(pattern.lstrip("/")))
        return [f"/{path.relative_to(self.root)}" for path in found]

    def first(self, *patterns: str) -> str | None:
        """Return the first path that matches the first pattern any path matches."""
        return next((path for pattern in patterns for path in self.paths(pattern)), None)

    def text(self, path: str) -> str:
        """Return what is in a file, or nothing if there is none or it may not be read."""
        try:
            return (self.root / path.lstrip("/")).read_text(errors="replace")
        except OSError:
            return ""

    def program(self, name: str) -> str | None:
        """Return the path of a program on this machine's PATH."""
        return shutil.which(name, path=self.environ.get("PATH", os.defpath))
