"""Frozen SQL of the migrations, one folder each; what a release shipped is never edited."""

import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

_FOLDER = files(__package__)


def statements(revision: str, *names: str) -> Iterator[str]:
    """Each statement of the named files in order, triggers with their bodies whole."""
    for name in names:
        gathered = ""
        for part in (_FOLDER / revision / f"{name}.sql").read_text("utf-8").splitlines(True):
            gathered += part
            if part.rstrip().endswith(";") and sqlite3.complete_statement(gathered):
                yield gathered.strip()
                gathered = ""
        if any(rest and not rest.startswith("--") for rest in gathered.splitlines()):
            raise ValueError(f"{name}.sql of {revision} ends inside a statement")


def text(revision: str, name: str) -> str:
    """One whole file, for engines that take several statements at once."""
    return (_FOLDER / revision / f"{name}.sql").read_text("utf-8")


def shipped(dialect: str) -> Iterator[str]:
    """Every statement that makes something on that engine, revision by revision.

    Files named for another engine are left out. Within a revision a name is made once, so the
    order of its files does not matter here.
    """
    other = {"sqlite": "_postgresql.sql", "postgresql": "_sqlite.sql"}[dialect]
    for revision in sorted(folder.name for folder in _FOLDER.iterdir() if folder.is_dir()):
        for file in sorted(part.name for part in (_FOLDER / revision).iterdir()):
            if not file.endswith(".sql") or file.endswith(other):
                continue
            if dialect == "sqlite":
                yield from statements(revision, file.removesuffix(".sql"))
            else:
                yield from _outside_bodies(text(revision, file.removesuffix(".sql")))


def _outside_bodies(script: str) -> Iterator[str]:
    """The statements of a PostgreSQL script; semicolons between dollar signs end none."""
    gathered = ""
    for part in re.split(r"(\$\$.*?\$\$)", script, flags=re.DOTALL):
        if part.startswith("$$"):
            gathered += part
            continue
        *ended, rest = part.split(";")
        for end in ended:
            yield gathered + end
            gathered = ""
        gathered += rest
