"""A FinTS bank that others wrote, fetched with npm into .mensa/ and run with node.

open-fin-ts-js-client-promise 3.0.3 (Apache-2.0) has a server for its own tests, with its own codec
and dialogs: MT940, one-step PIN, two pages. It knows neither camt nor TANs, and its balance
enquiry is malformed.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLZ, USER, PIN = "12345678", "test1", "1234"
IBAN = "DE111234567800000001"
"""Of its own first account; no IBAN that could be."""

_PACKAGES = ("open-fin-ts-js-client-promise@3.0.3", "express@4", "cors@2", "body@5")
_FOLDER = Path(__file__).parents[1] / ".mensa" / "foreign"


def install() -> Path:
    """The folder with the foreign bank; fetched once. Fails where npm is missing."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.fail("--foreign needs node and npm: apt-get install npm", pytrace=False)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    done = _FOLDER / "fetched"
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        if not done.exists():
            words = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", "."]
            subprocess.run(["npm", *words, *_PACKAGES], cwd=_FOLDER, check=True)
            done.touch()
    return _FOLDER


@contextmanager
def run_npm_bank(*words: str, pages: int = 1) -> Iterator[str]:
    """The bank's URL while it runs; words are an IBAN and a file where it shall serve those."""
    script = Path(__file__).resolve().with_name("npm_bank.js")
    with (
        tempfile.TemporaryDirectory() as folder,  # it writes what it is sent into its own
        subprocess.Popen(
            ["node", str(script), str(install()), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PAGES": str(pages)},
            text=True,
            cwd=folder,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.stdin.close()
