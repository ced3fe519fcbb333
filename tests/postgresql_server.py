"""A PostgreSQL server of the tests' own: initdb, start, databases, stop; no system cluster."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

PORT = 55432  # names the socket's file; nothing listens on the network


def find_programs() -> Path | None:
    """The folder with initdb and postgres, the newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass(slots=True)
class Server:
    """A running server; its databases live as long as it does."""

    programs: Path
    folder: Path
    user: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def run(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        run_as(self.user, [str(self.programs / program), *words])

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql+psycopg://{self.user}@/{name}?host={self.folder}&port={PORT}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of the template; returns its name."""
        name = f"t{next(self._numbers)}"
        where = ["-h", str(self.folder), "-p", str(PORT)]
        self.run("createdb", *where, "-T", template, name)
        return name


def server_user() -> str:
    """Who runs servers here: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return getpass.getuser()
    return "postgres" if _exists("postgres") else "nobody"


def as_user(user: str) -> dict[str, Any]:
    """What ``subprocess`` is told to run a program as that user; only root can."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid} if os.geteuid() == 0 else {}


def run_as(user: str, command: list[str]) -> None:
    """Run a command as that user; its output is shown where it fails."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        **as_user(user),
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


@contextmanager
def run_server(*settings: str) -> Iterator[Server]:
    """A server without fsync (tests of power cuts bring their own), stopped at the end."""
    programs = find_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL's server programs are not here")
    user = server_user()
    folder = Path(tempfile.mkdtemp(prefix="mensa-pg-", dir="/tmp"))  # sockets need short paths
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    folder.chmod(0o700 if os.geteuid() else 0o755)
    server = Server(programs, folder, user)
    data = str(folder / "data")
    try:
        server.run("initdb", "-D", data, "-A", "trust", "-U", user, "-E", "UTF8", "-N")
        options = " ".join(
            f"-c {setting}"
            for setting in (
                "listen_addresses=''",
                f"port={PORT}",
                f"unix_socket_directories={folder}",
                "fsync=off",
                "max_connections=120",
                *settings,
            )
        )
        log = str(folder / "log")
        server.run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
