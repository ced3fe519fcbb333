"""``mensa verify``: every check has words, a broken ledger is named and exits 1."""

import io
import json
import re
import sqlite3
from pathlib import Path

import pytest
from builders import NOON

from accounts.city import prepare
from accounts.clock import FixedClock
from accounts.database import open_database
from accounts.proof import CheckName
from accounts.seals import Seal, make_seal
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
    told = re.findall(r"^  (?:ok|FEHLT) .* / ", out.getvalue(), re.MULTILINE)
    assert len(told) == len(CheckName)
    assert "Noch kein Siegel. / No seal yet." in out.getvalue()
    database.close()


def seal_once(ledger: Path) -> Seal:
    database = open_database(f"sqlite:///{ledger}")
    made = make_seal(database, actor="test", clock=FixedClock(NOON))
    database.close()
    return made


def test_a_seal_that_was_noted_is_found_as_it_was_printed(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = seal_once(ledger)
    seal_once(ledger)
    assert main(["verify"]) == 0
    assert "23.11.2026, 12:00:00" in capsys.readouterr().out
    assert main(["verify", "--seal", proving.fours(made.hash)]) == 0
    assert "Nr. 1" in capsys.readouterr().out
    assert main(["verify", "--json", "--seal", made.hash.hex()[:16]]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seal"]["no"] == 1
    assert told["newest_seal"]["no"] == 2
    assert told["not_sealed_yet"] == {}


def test_a_seal_that_is_missing_is_said_in_plain_words(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_once(ledger)
    assert main(["verify", "--seal", "12" * 32]) == 1
    told = capsys.readouterr().out
    assert "neu geschrieben" in told
    assert "cut off" in told
    assert main(["verify", "--json", "--seal", "12" * 32]) == 1
    assert json.loads(capsys.readouterr().out)["seal"] is None


def test_what_cannot_be_a_seal_is_wrong_usage(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ledger.exists()
    assert main(["verify", "--seal", "abc"]) == 2
    assert "16" in capsys.readouterr().out


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
