"""An office at the command line: the words of a job in, exit code and what was said out."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from builders import NOON

import kiosk.office.desk
from accounts.city import prepare
from accounts.clock import FixedClock
from accounts.database import Database, open_database
from kiosk.cli import main

SAMPLES = Path(__file__).parent / "samples" / "roster"
PEPPER = "the tests' secret for card numbers"
SCHOOL = "199991"


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code and both streams."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """Standard input where a person sits."""

    def isatty(self) -> bool:
        return True


@dataclass(slots=True)
class Office:
    """Runs jobs on one ledger in a folder, on the tests' Monday at noon."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    stdin: type[io.StringIO] = io.StringIO
    url: str = ""

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(kiosk.office.desk, "SystemClock", lambda: self.clock)
        self.url = self.url or f"sqlite:///{self.folder / 'ledger.db'}"
        self.monkeypatch.setenv("MENSA_DATABASE", self.url)
        self.monkeypatch.delenv("MENSA_LANGUAGE", raising=False)
        self.write("pepper", PEPPER)
        settings = self.write("mensa.toml", f'pepper_file = "{self.folder / "pepper"}"\n')
        self.monkeypatch.setenv("MENSA_CONFIG", str(settings))
        self.monkeypatch.chdir(self.folder)  # files a job writes beside it stay here

    def write(self, name: str, text: str) -> Path:
        """A file of the office."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *words: object, typed: str = "") -> Answer:
        """One job; ``typed`` is piped in. Wrong usage is an answer too."""
        self.monkeypatch.setattr(sys, "stdin", self.stdin(typed))
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err
        assert "mensa-fault-" not in said.err
        return Answer(code, said.out, said.err)

    def sit_down(self, *typed: str) -> None:
        """From now on a person sits at a terminal and types these, unseen, one after the other."""
        lines = iter(typed)
        self.monkeypatch.setattr("getpass.getpass", lambda _prompt: next(lines))
        self.stdin = Terminal

    def done(self, *words: object, typed: str = "") -> str:
        """What a job says that is done."""
        answer = self.run(*words, typed=typed)
        assert (answer.code, answer.err) == (0, ""), answer
        return answer.out

    def told(self, *words: object, typed: str = "") -> dict[str, Any]:
        """The one object of a job that is done."""
        told = json.loads(self.done(*words, "--json", typed=typed))
        assert isinstance(told, dict)
        return told

    def refused(self, *words: object, typed: str = "") -> str:
        """What a job says that is refused: the same reason in both forms, nothing printed."""
        answer = self.run(*words, typed=typed)
        assert (answer.code, answer.out) == (1, ""), answer
        assert answer.err.strip()
        return answer.err

    def reason(self, *words: object, typed: str = "") -> str:
        """The reason of a refusal, in a word."""
        answer = self.run(*words, "--json", typed=typed)
        assert (answer.code, answer.err) == (1, ""), answer
        told = json.loads(answer.out)
        assert told["sentence"]
        return str(told["refused"])

    def misused(self, *words: object) -> str:
        """What a job says about words it does not understand."""
        answer = self.run(*words)
        assert (answer.code, answer.out) == (2, ""), answer
        return answer.err

    def database(self) -> Database:
        """The ledger itself."""
        return open_database(self.url)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the ledger, by plain SQL."""
        database = self.database()
        with database.read() as db:
            found = [tuple(row) for row in db.exec_driver_sql(query)]
        database.close()
        return found


Stage = Callable[[Office], None]
_MADE: dict[tuple[Stage, ...], bytes] = {}


def open_office(
    empty: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *stages: Stage,
) -> Office:
    """An office with a prepared ledger, one school, and what the stages add.

    Each combination is made once by the jobs themselves and copied from then on.
    """
    ledger = folder / "ledger.db"
    office = Office(folder, capsys, monkeypatch)
    if stages in _MADE:
        ledger.write_bytes(_MADE[stages])
        return office
    shutil.copy(empty, ledger)
    database = office.database()
    prepare(database)
    database.close()
    office.done("school", "add", SCHOOL, "Gesamtschule Emscherblick")
    for stage in stages:
        stage(office)
    assert not ledger.with_name("ledger.db-wal").exists(), "the copy would lack what is in it"
    _MADE[stages] = ledger.read_bytes()
    return office


def add_prices(office: Office) -> None:
    """An operator, a body, and the tariffs V (base), B (funded) and P (staff)."""
    office.done(
        "operator", "add", "Küche", "--kind", "public", "--settled-as", "revenue"
    )  # fmt: skip
    office.done("body", "add", "Jobcenter")
    office.done("tariff", "add", "V", "Voll", "--kind", "pupil", "--base")
    office.done("tariff", "add", "B", "BuT", "--kind", "pupil", "--body", "Jobcenter")
    office.done("tariff", "add", "P", "Personal", "--kind", "staff", "--base")


def add_pupils(office: Office) -> None:
    """The ten pupils of the sample file: 1001 to 1010."""
    office.done(
        "pupils", "import", SAMPLES / "schild_export_utf8_bom.csv", "--school", SCHOOL, "--apply"
    )
