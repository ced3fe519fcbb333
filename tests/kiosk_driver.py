"""Kiosk processes from the outside: their acts are typed, their outcomes read, they are killed."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from canteen import KEY, PEPPER, SHIFT, Canteen
from fortress import login

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PROGRAM = TESTS / "end_to_end" / "kiosk_process.py"
PATIENCE = 60.0
"""Seconds a test waits for what must come; nothing waits as long in a good run."""

Heard = dict[str, Any]


class Nursery:
    """A process that has imported everything and makes kiosks by forking."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM)],
                stdin=theirs.fileno(),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}:{TESTS}"},
            )

    def fork(self, wanted: dict[str, Any], descriptors: list[int]) -> int:
        """The process number of a new kiosk."""
        socket.send_fds(self._line, [json.dumps(wanted).encode()], descriptors)
        return int(self._line.recv(64))

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._process.wait(PATIENCE)


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, gone after the block."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


@dataclass(slots=True)
class KioskProcess:
    """One kiosk of the canteen; a context manager that kills what still runs.

    It has its school's card key from the first start on. On PostgreSQL it comes by its own role,
    as in the city.
    """

    nursery: Nursery
    canteen: Canteen
    folder: Path
    origin_id: int = 0
    pcsc: dict[str, Any] | None = None
    heard: list[Heard] = field(default_factory=list)
    pid: int = 0
    role: str | None = None
    _acts: int = -1
    _told: int = -1
    _rest: bytes = b""

    def __post_init__(self) -> None:
        self.origin_id = self.origin_id or self.canteen.school.kiosk.origin_id
        if not self.canteen.database.is_sqlite:
            self.role = login(self.canteen.database, self.origin_id)

    @property
    def journal(self) -> Path:
        """Where its journal lies."""
        return self.folder / "journal.db"

    def start(self, *, crash: dict[str, Any] | None = None) -> None:
        """Start it (again)."""
        chips = self.folder / "chips.json"
        images = {uid: chip.to_bytes().decode() for uid, chip in self.canteen.chips.items()}
        chips.write_text(json.dumps(images))
        url = self.canteen.database.url
        url = url if self.role is None else url.set(username=self.role)
        wanted = {
            "url": url.render_as_string(hide_password=False),
            "journal": str(self.journal),
            "origin": self.origin_id,
            "key": KEY.hex(),
            "pepper": PEPPER.hex(),
            "chips": str(chips),
            "shift_us": round(SHIFT.total_seconds() * 1e6),
            "log": str(self.folder / "kiosk.log"),
            "pcsc": self.pcsc,
            "crash": crash,
        }
        acts, self._acts = os.pipe()
        self._told, told = os.pipe()
        printed = os.open(self.folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.pid = self.nursery.fork(wanted, [acts, told, printed])
        for theirs in (acts, told, printed):
            os.close(theirs)

    def act(self, *lines: str) -> None:
        """Type acts; a kiosk that is dead hears nothing."""
        with suppress(BrokenPipeError):
            os.write(self._acts, "".join(line + "\n" for line in lines).encode())

    def next(self, *kinds: str, **values: Any) -> Heard:
        """Wait for the next outcome of one of these kinds with these values."""
        one = self.next_or_end(*kinds, **values)
        if one is None:
            pytest.fail(f"the kiosk ended; its last words are {self.words()[-2000:]}")
        return one

    def next_or_end(self, *kinds: str, **values: Any) -> Heard | None:
        """The same; None where the kiosk ends before."""
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                one: Heard = json.loads(line)
                self.heard.append(one)
                if one["kind"] in kinds and all(one[name] == v for name, v in values.items()):
                    return one
            if self._read(deadline - time.monotonic()) is None:
                return None
            if time.monotonic() > deadline:
                pytest.fail(f"no {kinds} {values} came; the last were {self.heard[-5:]}")

    def kill(self) -> None:
        """SIGKILL; what it had told until then is heard."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def end(self) -> None:
        """Let it end by itself."""
        os.close(self._acts)
        self._acts = -1
        self.wait()

    def wait(self) -> None:
        """Read to its end."""
        assert self.next_or_end("nothing is called so") is None
        assert not self._rest, "an outcome was told by half"
        self._close()

    def acknowledged(self) -> list[int]:
        """The times of all charges and voids it ever told, over all its lives."""
        return [one["at"] for one in self.heard if one["kind"] in {"Served", "Voided"}]

    def words(self) -> str:
        """All it ever logged or printed."""
        files = [self.folder / "kiosk.log", self.folder / "stderr"]
        return "".join(path.read_text("utf-8") for path in files if path.exists())

    def _read(self, seconds: float) -> bool | None:
        """Read what comes within that time: whether something came, None at the end."""
        if not select.select([self._told], [], [], max(0.0, seconds))[0]:
            return False
        data = os.read(self._told, 65536)
        self._rest += data
        return bool(data) or None

    def _close(self) -> None:
        for descriptor in (self._acts, self._told):
            if descriptor >= 0:
                os.close(descriptor)
        self._acts = self._told = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._told >= 0:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._close()
