"""Frozen SQL of the migrations, one folder each; what a release shipped is never edited."""

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
