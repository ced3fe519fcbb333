"""The keeper of a private pcscd: ``python -m cards.virtual.keeper``.

It owns one pcscd, its socket, its configuration and the directory they lie in. Its first
line of standard input is a `Plan`; its first answer names the socket and the readers' ports,
or the fault. Then it obeys ``kill``, ``stop``, ``start``, ``freeze`` and ``thaw``, each
answered with ``ok`` or ``no`` and why; the socket and the ports stay the same.

When standard input ends, and so when whoever started it dies however suddenly, pcscd is gone
and the directory with it. pcscd itself cannot outlive the keeper.

pcscd is started as systemd would start it, by a listening socket as descriptor 3 (sd_listen_fds(3));
that is what lets it run beside the machine's own, for any user.
"""

import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cards.parentage import die_with

_PORTS = range(20_000, 30_000, 2)  # below the ports Linux hands out; each reader takes two
_READY_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to keep: the program, the unpacked driver package, the readers' names."""

    pcscd: str
    vpcd: str
    readers: tuple[str, ...]


class Pcscd:
    """One private pcscd that can be started again and again in the same place."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self.plan = plan
        self.directory = directory
        self.socket = directory / "pcscd.comm"
        self.ports: list[int] = []
        self._pid: int | None = None
        known = subprocess.run([plan.pcscd, "--help"], capture_output=True, text=True, check=False)
        # Without a D-Bus, polkit refuses everybody; the option is as new as polkit's use.
        self._options = ["--disable-polkit"] if "--disable-polkit" in known.stdout else []

    def set_up(self) -> None:
        """Start for the first time, on ports nobody uses.

        Raises OSError where pcscd does not come up.
        """
        for _ in range(3):
            self.ports = random.sample(_PORTS, len(self.plan.readers))
            self._configure()
            try:
                self.start()
            except OSError as error:
                fault = error
                self.end(signal.SIGKILL)
            else:
                return
        raise fault

    def start(self) -> None:
        """Start pcscd and return once its readers take cards; raises OSError if they do not."""
        if self._pid is not None:
            raise OSError("it runs already")
        self.socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen(16)
            self._pid = self._spawn(listener)
        deadline = time.monotonic() + _READY_WITHIN
        while not set(self.ports) <= set(listening(self._pid)):
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                self._pid = None
            if self._pid is None or time.monotonic() > deadline:
                said = (self.directory / "pcscd.log").read_text(errors="replace")
                raise OSError(f"pcscd does not come up: {said[-400:].strip()}")
            time.sleep(0.005)

    def end(self, how: signal.Signals) -> None:
        """End pcscd by this signal, and by SIGKILL where it takes more than two seconds."""
        if self._pid is None:
            return
        os.kill(self._pid, how)
        os.kill(self._pid, signal.SIGCONT)  # a frozen one would never hear a SIGTERM
        gone = os.pidfd_open(self._pid)
        if not select.select([gone], [], [], 2.0)[0]:
            os.kill(self._pid, signal.SIGKILL)
        os.close(gone)
        os.waitpid(self._pid, 0)
        self._pid = None

    def signal(self, what: signal.Signals) -> None:
        """Send pcscd a signal it survives; raises OSError where it does not run."""
        if self._pid is None:
            raise OSError("it does not run")
        os.kill(self._pid, what)

    def _configure(self) -> None:
        configuration = self.directory / "readers"
        shutil.rmtree(configuration, ignore_errors=True)
        configuration.mkdir()
        for name, port in zip(self.plan.readers, self.ports, strict=True):
            # The driver keeps its state in static variables: readers that share one file
            # share their cards.
            driver = self.directory / f"{port}.so"
            shutil.copyfile(driver_in(Path(self.plan.vpcd)), driver)
            (configuration / str(port)).write_text(
                f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:{port}\n'
                f"LIBPATH {driver}\nCHANNELID {port}\n"
            )

    def _spawn(self, listener: socket.socket) -> int:
        libraries = {str(path.parent) for path in Path(self.plan.vpcd).glob("usr/lib/*/*.so.4")}
        keeper = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            die_with(keeper)
            said = os.open(self.directory / "pcscd.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            quiet = os.open(os.devnull, os.O_RDONLY)
            listening_fd = os.dup(listener.fileno())
            for theirs, ours in ((0, quiet), (1, said), (2, said), (3, listening_fd)):
                os.dup2(ours, theirs)
            environment = {
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "LD_LIBRARY_PATH": ":".join(libraries),
                "LISTEN_FDS": "1",
                "LISTEN_PID": str(os.getpid()),
            }
            configuration = str(self.directory / "readers")
            arguments = ["pcscd", "--foreground", "--config", configuration, *self._options]
            os.execve(self.plan.pcscd, arguments, environment)  # noqa: S606  no shell is wanted
        finally:
            os._exit(127)


def driver_in(vpcd: Path) -> Path:
    """Return where the driver lies in the directory its package was unpacked into."""
    return vpcd / "usr/lib/pcsc/drivers/serial/libifdvpcd.so"


def listening(pid: int) -> Iterator[int]:
    """Yield the TCP ports on which this process listens (proc(5), /proc/net/tcp)."""
    held = set()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                held.add(str(entry.readlink()))
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = row.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in held:
            yield int(words[1].rpartition(":")[2], 16)


def obey(pcscd: Pcscd, order: str) -> None:
    """Carry out one order; raises OSError where it cannot be, ValueError where it is none."""
    match order:
        case "start":
            pcscd.start()
        case "kill":
            pcscd.end(signal.SIGKILL)
        case "stop":
            pcscd.end(signal.SIGTERM)
        case "freeze":
            pcscd.signal(signal.SIGSTOP)
        case "thaw":
            pcscd.signal(signal.SIGCONT)
        case _:
            raise ValueError("not understood")


def say(line: str) -> None:
    """Answer with one line; whoever has gone hears nothing."""
    with suppress(BrokenPipeError):
        os.write(1, line.encode() + b"\n")


def keep(plan: Plan, directory: Path) -> None:
    """Keep a pcscd in this directory until standard input ends."""
    pcscd = Pcscd(plan, directory)
    try:
        try:
            pcscd.set_up()
        except OSError as error:
            say(json.dumps({"fault": str(error)}))
            return
        say(json.dumps({"socket": str(pcscd.socket), "ports": pcscd.ports}))
        for line in sys.stdin:
            try:
                obey(pcscd, line.strip())
            except (OSError, ValueError) as error:
                say(f"no: {error}")
            else:
                say("ok")
    finally:
        pcscd.end(signal.SIGTERM)


def main() -> None:
    """Run as this process's only job."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    row = json.loads(sys.stdin.readline())
    plan = Plan(row["pcscd"], row["vpcd"], tuple(row["readers"]))
    # The socket's path must stay below 108 bytes (unix(7)), so not wherever TMPDIR points.
    with tempfile.TemporaryDirectory(prefix="mensa-", dir="/tmp") as place:
        keep(plan, Path(place))


def plan_line(plan: Plan) -> str:
    """Return the plan as the keeper's first line of standard input."""
    return json.dumps(asdict(plan))


if __name__ == "__main__":
    main()
