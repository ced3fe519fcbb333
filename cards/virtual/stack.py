"""A private PC/SC service with virtual readers, driven from Python.

    with VirtualCards(("A", "B")) as virtual:
        virtual.readers[0].insert("04A1B2C3D4E5F6")

From the driver inward everything is real: pcscd, its protocol, its polling. The driver looks
for cards every 400 ms, so a card has to stay in the field for half a second to be seen for
certain; wait for the event, then remove it.

pcscd, the cards and the directory they live in are gone after the block, and when the
process that opened it dies. The driver listens on all of the machine's addresses while it
runs; it is therefore never installed and never started on a machine enrolled as a kiosk. A
private pcscd also takes the USB readers of the machine it runs on.
"""

import enum
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from cards.reader import ReaderSetting
from cards.virtual.image import Image
from cards.virtual.keeper import Plan, driver_in, plan_line
from cards.virtual.manners import Deed
from cards.virtual.placing import Order

ENROLLED = Path("/etc/mensakasse/kiosk.toml")
RUN_DIRECTORY = Path("/run/pcscd")

DeedName: TypeAlias = Literal["pulled", "torn", "half", "mute", "garbage", "mangled"]


class Lack(enum.Enum):
    """What keeps this machine from running virtual cards."""

    ENROLLED_KIOSK = "this machine is enrolled as a kiosk"
    PCSCD = "pcscd is not installed (Debian package pcscd)"
    DRIVER = "the virtual reader's driver is not unpacked (Debian package vsmartcard-vpcd)"
    RUN_DIRECTORY = "/run/pcscd is missing and only root can make it (mkdir -p /run/pcscd)"


class VirtualCardsUnavailableError(Exception):
    """This machine cannot run virtual cards; ``lacks`` says why, empty where pcscd itself failed."""

    def __init__(self, lacks: Sequence[Lack], words: str = "") -> None:
        self.lacks = tuple(lacks)
        super().__init__("; ".join([*(lack.value for lack in lacks), *([words] if words else [])]))


def driver_directory() -> Path:
    """Return where the driver's package lies unpacked: ``MENSA_VPCD`` or beside the source."""
    named = os.environ.get("MENSA_VPCD")
    return Path(named) if named else Path(__file__).parents[2] / ".mensa" / "vpcd"


def find_pcscd() -> str | None:
    """Return the path of pcscd, which is not on every user's PATH."""
    return shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def lacking(*, vpcd: Path | None = None, enrolled: Path = ENROLLED) -> tuple[Lack, ...]:
    """Return what this machine lacks to run virtual cards; nothing means they can run."""
    lacks = []
    if enrolled.exists():
        lacks.append(Lack.ENROLLED_KIOSK)
    if find_pcscd() is None:
        lacks.append(Lack.PCSCD)
    if not driver_in(vpcd or driver_directory()).exists():
        lacks.append(Lack.DRIVER)
    if os.geteuid() != 0 and not RUN_DIRECTORY.is_dir():
        lacks.append(Lack.RUN_DIRECTORY)
    return tuple(lacks)


class VirtualReader:
    """One virtual reader and the card a hand holds near it."""

    def __init__(self, name: str, port: int) -> None:
        self.setting = ReaderSetting(label=name, match=f"^{re.escape(_pcsc_name(name))} ")
        self._card = _Servant("cards.virtual.card", str(port))

    def insert(
        self,
        card: str | Image | Path,
        *,
        slow_ms: int = 0,
        after: int = 0,
        deed: Deed | DeedName | None = None,
        tape: Path | None = None,
        replay: Path | None = None,
    ) -> None:
        """Lay a card into the field: a bare number in hex, a chip, or the chip kept in a file.

        A chip in a file is written back as it changes. ``slow_ms`` delays every answer; see
        `cards.virtual.manners` for deeds, `cards.virtual.placing` for tapes. Raises
        RuntimeError where a card lies there or the reader takes none.
        """
        deed = None if deed is None else Deed(deed)
        order = Order(card, slow_ms=slow_ms, after=after, deed=deed, tape=tape, replay=replay)
        self._card.order(order.line())

    def image(self) -> Image:
        """Return what the card in the field keeps; raises RuntimeError where none is."""
        return Image.from_bytes(bytes.fromhex(self._card.order("image")))

    def remove(self) -> None:
        """Take the card away; raises RuntimeError where none is."""
        self._card.order("remove")

    def close(self) -> None:
        """End the card's process."""
        self._card.close()


class VirtualCards:
    """A private pcscd with one virtual reader per name; a context manager.

    ``vpcd`` is the directory with the driver's package, ``enrolled`` the file whose presence
    says that this machine is a kiosk. Entering raises `VirtualCardsUnavailableError`.
    """

    socket: Path
    readers: tuple[VirtualReader, ...]

    def __init__(
        self,
        names: Sequence[str] = ("A",),
        *,
        vpcd: Path | None = None,
        enrolled: Path = ENROLLED,
    ) -> None:
        self._names = tuple(names)
        self._vpcd = vpcd or driver_directory()
        self._enrolled = enrolled

    def kill(self) -> None:
        """Kill pcscd as a crash would (SIGKILL)."""
        self._keeper.order("kill")

    def stop(self) -> None:
        """End pcscd as the system would (SIGTERM)."""
        self._keeper.order("stop")

    def start(self) -> None:
        """Start pcscd again on the same socket with the same readers."""
        self._keeper.order("start")

    def freeze(self) -> None:
        """Stop pcscd in its tracks (SIGSTOP): calls to it no longer return."""
        self._keeper.order("freeze")

    def thaw(self) -> None:
        """Let a frozen pcscd go on."""
        self._keeper.order("thaw")

    def __enter__(self) -> Self:
        lacks = lacking(vpcd=self._vpcd, enrolled=self._enrolled)
        pcscd = find_pcscd()
        if lacks or pcscd is None:
            raise VirtualCardsUnavailableError(lacks)
        self._keeper = _Servant("cards.virtual.keeper")
        names = tuple(_pcsc_name(name) for name in self._names)
        answer = self._keeper.ask(plan_line(Plan(pcscd, str(self._vpcd), names)))
        found = json.loads(answer)
        if "fault" in found:
            self._keeper.close()
            raise VirtualCardsUnavailableError((), found["fault"])
        self.socket = Path(found["socket"])
        pairs = zip(self._names, found["ports"], strict=True)
        self.readers = tuple(VirtualReader(name, port) for name, port in pairs)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for reader in self.readers:
            reader.close()
        self._keeper.close()


class _Servant:
    """A module run as a process that answers each line with a line, until its input ends."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C at the terminal is the caller's to handle
        )

    def ask(self, line: str) -> str:
        """Return the answer to a line; raises RuntimeError where the process has ended."""
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("the process was started without its pipes")
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"a process of the virtual cards ended: {process.stderr.read()}")
        return answer.strip()

    def order(self, line: str) -> str:
        """Have a line carried out; return what the answer tells beyond ``ok``.

        Raises RuntimeError where the answer is no.
        """
        answer = self.ask(line)
        if answer.split(maxsplit=1)[0] != "ok":
            raise RuntimeError(f"{line.split(maxsplit=1)[0]}: {answer}")
        return answer[2:].strip()

    def close(self) -> None:
        """End the process by ending its input."""
        with self._process:
            if self._process.stdin is not None:
                self._process.stdin.close()


def _pcsc_name(name: str) -> str:
    return f"Virtual Reader {name}"
