"""PostgreSQL's own programs on this machine: the ones that fit the server, and how they sign in.

A program may be newer than the server, never older. The password goes to the child by its own
environment, which only its user and root can read, and never onto a command line.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from accounts.connections import libpq_url, shown_url
from accounts.database import Database, Session

DEBIAN = Path("/usr/lib/postgresql")


class ProgramMissing(Exception):  # noqa: N818  # it names a state of the machine
    """This machine lacks a program of PostgreSQL in the server's version or a newer one."""

    def __init__(self, program: str, version: int) -> None:
        super().__init__(f"{program} {version}")
        self.program = program
        self.version = version


@dataclass(frozen=True, slots=True)
class SignIn:
    """How a program reaches the database: its one word, and the environment with the password."""

    word: str
    environment: Mapping[str, str]


def server_version(db: Session) -> int:
    """The server's major version."""
    return int(db.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10000


def find_program(name: str, *, version: int, folder: Path | None = None) -> Path:
    """The program of the server's version, else the next newer one. Raises ProgramMissing."""
    there = {
        int(path.parents[1].name): path
        for path in (folder or DEBIAN).glob(f"*/bin/{name}")
        if path.parents[1].name.isdecimal()
    }
    for known in sorted(there):
        if known >= version:
            return there[known]
    on_path = shutil.which(name)
    if on_path is not None and _version_of(on_path) >= version:
        return Path(on_path)
    raise ProgramMissing(name, version)


def sign_in(database: Database) -> SignIn:
    """The way in of the database's own URL."""
    plain = make_url(libpq_url(database.url))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG", "TMPDIR"} or name.startswith("LC_")
    }
    if plain.password is not None:
        environment["PGPASSWORD"] = str(plain.password)
    return SignIn(f"--dbname={shown_url(plain)}", environment)


def _version_of(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    number = said.stdout.partition("(PostgreSQL) ")[2].split(".")[0].split()
    return int(number[0]) if number and number[0].isdecimal() else 0
