"""A PostgreSQL primary and its standby, to be killed and promoted in turns.

Two servers of the tests' own on sockets in two folders. ``pair.url`` names both; a client finds
the one that takes writes. Every process of a server can be killed as a power cut would end them
(the disk keeps what the system was given), and the survivor promoted; the old primary comes
back by ``pg_rewind``, as the new one's standby.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from postgresql_server import PORT, as_user, find_programs, run_as, server_user

PATIENCE = 60.0
"""Seconds to wait for what must come; nothing waits as long in a good run."""
_STANDBY = "standby"
_SETTINGS = (
    "listen_addresses=''",
    f"port={PORT}",
    "max_connections=60",
    "shared_buffers='64MB'",
    "synchronous_commit=on",
    "wal_log_hints=on",
    "wal_keep_size='512MB'",
    # Five seconds by default, and so long is then the outage.
    "wal_retrieve_retry_interval='200ms'",
    "wal_sender_timeout='30s'",
    "wal_receiver_timeout='30s'",
    "lc_messages='C'",
)


def wait_until(happened: Callable[[], Any], what: str) -> None:
    """Return when it has happened, or fail after long patience."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"in {PATIENCE:.0f} seconds: no {what}")
        time.sleep(0.01)


@dataclass(slots=True)
class Node:
    """One server; ``folder`` holds its data, its socket and its log."""

    programs: Path
    folder: Path
    user: str
    _postmaster: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def conninfo(self) -> str:
        """How PostgreSQL's programs reach it."""
        return f"host={self.folder} port={PORT} user={self.user} dbname=postgres"

    def run(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs as the servers' user."""
        run_as(self.user, [str(self.programs / program), *words])

    def ask(self, query: str) -> Any:
        """The first value of the answer, on a connection of its own."""
        with closing(psycopg.connect(self.conninfo, autocommit=True)) as db:
            found = db.execute(query).fetchone()
        return None if found is None else found[0]

    def tell(self, *statements: str) -> None:
        """Statements without an answer."""
        with closing(psycopg.connect(self.conninfo, autocommit=True)) as db:
            for statement in statements:
                db.execute(statement)

    def start(self) -> None:
        """Start it and return when it answers."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        sockets = f"unix_socket_directories={self.folder}"
        with (self.folder / "log").open("ab") as log:
            # Not by pg_ctl: a child of ours is reaped when it was killed, a stranger's may stay
            # a zombie that holds postmaster.pid.
            self._postmaster = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), "-c", sockets],
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                **as_user(self.user),
            )
        wait_until(self.answers, f"server in {self.folder}")

    def processes(self) -> dict[int, str]:
        """Its processes but the first, with what each calls itself."""
        assert self._postmaster is not None
        found = {}
        for one in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError):
                if (one / "stat").read_text().rpartition(") ")[2].split()[1] == str(
                    self._postmaster.pid
                ):
                    found[int(one.name)] = (one / "cmdline").read_text().strip("\0 ")
        return found

    def kill(self) -> None:
        """SIGKILL to every process; the first one is held still before, so that none is born."""
        assert self._postmaster is not None
        self._postmaster.send_signal(signal.SIGSTOP)
        children = self.processes()
        self._postmaster.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._postmaster.wait(PATIENCE)
        self._postmaster = None
        wait_until(lambda: not any(Path(f"/proc/{child}/fd").exists() and _lives(child)
                                   for child in children), "end of the killed processes")  # fmt: skip

    def stop(self) -> None:
        """End it at once, where it runs."""
        if self._postmaster is not None:
            self.kill()

    def answers(self) -> bool:
        """Whether it takes questions; raises AssertionError where it has ended by itself."""
        assert self._postmaster is not None
        if self._postmaster.poll() is not None:
            log = (self.folder / "log").read_text("utf-8", "replace")
            raise AssertionError(f"the server ended: {log[-2000:]}")
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@dataclass(slots=True)
class Pair:
    """A primary and, where ``in_step`` has returned, its synchronous standby."""

    primary: Node
    standby: Node
    name: str = "postgres"
    promotions: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """One URL for both, always in the same order."""
        hosts = ",".join(sorted(str(node.folder) for node in (self.primary, self.standby)))
        return f"postgresql://{self.primary.user}@/{self.name}?host={hosts}&port={PORT},{PORT}"

    def in_step(self) -> None:
        """From when this returns, what is acknowledged is on both.

        Nothing that was acknowledged before is on one alone either.
        """
        first = self.primary
        wait_until(
            lambda: first.ask("SELECT state FROM pg_stat_replication") == "streaming", "standby"
        )
        before = first.ask("SELECT clock_timestamp()::text")
        first.tell(
            f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({_STANDBY})'",
            "SELECT pg_reload_conf()",
        )
        # A new session tells when the server has read it. Commits wait from when its
        # checkpointer has read it too, which it does before the next checkpoint.
        wait_until(lambda: first.ask(f"SELECT pg_conf_load_time() > '{before}'"), "reload")
        first.tell("CHECKPOINT")
        now = first.ask("SELECT pg_current_wal_flush_lsn()::text")
        wait_until(
            lambda: first.ask(
                f"SELECT sync_state = 'sync' AND flush_lsn >= '{now}' FROM pg_stat_replication"
            ),
            "standby in step",
        )

    def fail_over(self) -> None:
        """Kill the primary and promote the standby, which then serves alone."""
        self.primary.stop()
        begun = time.monotonic()
        self.standby.run("pg_ctl", "-D", str(self.standby.data), "-w", "promote")
        self.promotions.append(time.monotonic() - begun)
        self.primary, self.standby = self.standby, self.primary

    def bring_back(self) -> None:
        """The killed server becomes the standby: rewound to where the two histories part."""
        # Without a checkpoint of its new history the survivor's files still tell the old one,
        # and pg_rewind says that no rewind is required.
        self.primary.tell("CHECKPOINT")
        old = self.standby
        (old.data / "postmaster.pid").unlink(missing_ok=True)
        source = f"{self.primary.conninfo} application_name={_STANDBY}"
        old.run("pg_rewind", "-D", str(old.data), "--source-server", source, "-R")
        _forget_standbys(old.data)
        old.start()

    def receiver(self) -> int:
        """The process of the standby that receives."""
        return next(
            number for number, name in self.standby.processes().items() if "walreceiver" in name
        )


@contextmanager
def run_pair(*settings: str) -> Iterator[Pair]:
    """A primary and a synchronous standby in step, gone at the end."""
    programs = find_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL's server programs are not here")
    user = server_user()
    # Sockets need short paths.
    folders = [Path(tempfile.mkdtemp(prefix=f"mensa-{side}-", dir="/tmp")) for side in "ab"]
    for folder in folders:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, user)
    first, second = (Node(programs, folder, user) for folder in folders)
    try:
        first.run(
            "initdb", "-D", str(first.data), "-A", "trust", "-U", user, "-E", "UTF8", "-N", "-k",
            "--locale=C.UTF-8",
        )  # fmt: skip
        # In the file, because pg_rewind first lets the old primary recover by it; with another
        # wal_keep_size that would throw away what it needs next.
        with (first.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{setting}\n" for setting in (*_SETTINGS, *settings))
        first.start()
        source = f"{first.conninfo} application_name={_STANDBY}"
        first.run(
            "pg_basebackup", "-D", str(second.data), "-R", "-X", "stream", "-c", "fast", "-N",
            "-d", source,
        )  # fmt: skip
        _forget_standbys(second.data)
        second.start()
        pair = Pair(first, second)
        pair.in_step()
        yield pair
    finally:
        for node in (first, second):
            node.stop()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def _forget_standbys(data: Path) -> None:
    """A copy of the primary also copied for whom it waits; promoted, it would wait for itself."""
    with (data / "postgresql.auto.conf").open("a") as file:
        file.write("synchronous_standby_names = ''\n")
