"""A test bank as a process of its own, for who needs one: the demo and the tests.

It lives as long as the ``with`` that started it, even where that is killed: it ends when its
stdin does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class RunningBank:
    """A bank that listens. ``tell`` carries the commands of `banking.testbank.control`."""

    url: str
    ca_file: Path
    blz: str
    bic: str
    banner: str
    folder: Path
    """Its certificates, state.json and log.jsonl."""
    _to: IO[str]
    _from: IO[str]

    def tell(self, do: str, **values: Any) -> Any:
        """Give a command and return its value. Raises ValueError where the bank refuses it."""
        self._to.write(json.dumps({"do": do, **values}) + "\n")
        self._to.flush()
        answer = json.loads(self._from.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["ok"]


@contextmanager
def run_bank(folder: Path, *, start: Path | None = None, port: int = 0) -> Iterator[RunningBank]:
    """Run a bank with this folder; one that was there before goes on where it ended.

    Raises OSError where it could not start; its own word is on stderr.
    """
    words = [sys.executable, "-P", "-m", "banking.testbank"]
    words += ["--folder", str(folder), "--port", str(port)]
    words += ["--start", str(start)] if start else []
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes to the test bank")
        try:
            first = process.stdout.readline()
            if not first:
                raise OSError("the test bank did not start")
            said = json.loads(first)
            yield RunningBank(
                said["url"],
                Path(said["ca_file"]),
                said["blz"],
                said["bic"],
                said["banner"],
                folder,
                process.stdin,
                process.stdout,
            )
        finally:
            process.stdin.close()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
