"""``mensa verify``: every check has words, a broken ledger is named and exits 1."""

import io
import json
import sqlite3
from pathlib import Path

import pytest

from accounts.city import prepare
from accounts.database import open_database
from accounts.proof import CheckName
from kiosk import proving
from kiosk.cli import main


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger.db"
    monkeypatch.setenv("MENSA_DATABASE", f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}")
    prepare(database)
    database.close()
    return path


def test_every_check_has_german_and_english_words(ledger: Path) -> None:
    database = open_database(f"sqlite:///{ledger}")
    out = io.StringIO()
    assert proving.main(database, as_json=False, out=out) == 0
    assert out.getvalue().count(" / ") == len(CheckName) + 1  # and the verdict
    database.close()


def test_a_broken_ledger_is_named_and_the_exit_code_says_so(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(ledger) as db:
        db.execute("DROP TRIGGER entry_no_update")
    db.close()
    assert main(["verify", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is False
    assert told["checks"]["guards"]["failures"] == [["guard_missing", "trigger entry_no_update"]]


def test_no_database_named_is_a_sentence_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MENSA_DATABASE", raising=False)
    assert main(["verify"]) == 2
    assert "MENSA_DATABASE" in capsys.readouterr().err


def test_a_database_of_another_age_says_how_to_bring_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MENSA_DATABASE", f"sqlite:///{tmp_path / 'empty.db'}")
    assert main(["verify"]) == 1
    assert "mensa db upgrade" in capsys.readouterr().err


def test_an_unreachable_database_asks_to_try_again_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MENSA_DATABASE", "postgresql://nobody@/none?host=/nonexistent")
    assert main(["verify"]) == 75
    assert "Traceback" not in capsys.readouterr().err
