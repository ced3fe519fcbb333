"""What a command says that cannot even begin: wrong settings, no ledger, no terminal, no room."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from accounts.database import open_database
from accounts.settings import KioskSettings, ReaderEntry, Settings, SettingsError
from kiosk.cli import main
from kiosk.compose import SHORTEST_PASSPHRASE, open_kiosk_journal, reader_setting
from kiosk.vault import CREDENTIAL, WrongKey

READER = '[[kiosk.reader]]\nlabel = "Tastatur"\nkind = "wedge"\n'


@pytest.fixture
def ledger(empty_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ledger that the environment names."""
    path = tmp_path / "ledger.db"
    shutil.copy(empty_sqlite, path)
    monkeypatch.setenv("MENSA_DATABASE", f"sqlite:///{path}")
    monkeypatch.delenv("MENSA_LANGUAGE", raising=False)
    return path


def _change(path: Path, statement: str) -> None:
    database = open_database(f"sqlite:///{path}")
    with database.write() as db:
        db.execute(text(statement))
    database.close()


def _refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "mensa-fault-" not in said.err
    return said.err


# --- the ledger -----------------------------------------------------------------------------


def test_an_empty_database_says_how_a_ledger_is_made_in_german_and_in_english(
    ledger: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write_bytes(b"")
    assert "noch kein Hauptbuch" in _refused(capsys, "verify")
    monkeypatch.setenv("MENSA_LANGUAGE", "en")
    assert "no ledger in this database yet" in _refused(capsys, "verify")


@pytest.mark.parametrize("words", [("verify",), ("db", "upgrade"), ("school", "list")])
def test_a_newer_ledger_asks_for_newer_software_and_is_left_as_it_is(
    ledger: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _change(ledger, "UPDATE alembic_version SET version_num = '9999'")
    told = _refused(capsys, *words)
    assert "neuere Fassung (9999)" in told
    assert "db upgrade" not in told


@pytest.mark.parametrize("words", [("verify",), ("db", "upgrade"), ("school", "list")])
def test_a_file_that_is_no_database_is_named_so(
    ledger: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.write_bytes(bytes(range(256)) * 64)
    assert "kein heiles Hauptbuch" in _refused(capsys, *words)


def test_a_ledger_whose_table_is_gone_is_broken_and_not_to_be_tried_again_later(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(ledger, "ALTER TABLE transfer RENAME TO hidden")
    assert "no such table: transfer" in _refused(capsys, "verify")


@pytest.mark.parametrize("url", ["foo", "", "mysql://x", "postgresql://u:geheim@host:port/db"])
def test_what_is_no_database_url_is_wrong_usage_and_shows_no_password(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSA_DATABASE", url)
    assert main(["verify"]) == 2
    told = capsys.readouterr().err
    assert "postgresql://USER@HOST[,HOST]/NAME" in told
    assert "geheim" not in told


def test_a_full_disk_is_a_sentence(ledger: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "kiosk", "verify"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={"PYTHONPATH": ":".join(sys.path), "MENSA_DATABASE": f"sqlite:///{ledger}"},
        )
    assert run.returncode == 1
    assert run.stderr == "Auf der Platte ist kein Platz mehr. Nichts Halbes wurde behalten.\n"


# --- the kiosk ------------------------------------------------------------------------------


def _kiosk(tmp_path: Path, *, kiosk: str = "", reader: str = READER, top: str = "") -> int:
    (tmp_path / "pepper").write_bytes(b"pepper of the tests")
    settings = tmp_path / "kiosk.toml"
    settings.write_text(
        (top or f'database = "sqlite:///{tmp_path}/ledger.db"\n')
        + f'pepper_file = "{tmp_path}/pepper"\n[kiosk]\nstate = "{tmp_path}/state"\n'
        + f"{kiosk or 'origin = 1'}\n{reader}",
        encoding="utf-8",
    )
    return main(["--config", str(settings), "kiosk"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"kiosk": "origin = 0"}, "origin"),
        ({"kiosk": "origin = 99999999999999999999999"}, "origin"),
        ({"kiosk": "origin = 1\nidle_seconds = 99999999999999999"}, "idle_seconds"),
        ({"reader": ""}, "[[kiosk.reader]]"),
        ({"reader": READER + 'radix = "oct"\n'}, '"hex" or "decimal"'),
        ({"top": 'database = "foo"\n'}, "the database is"),
    ],
)
def test_a_wrong_setting_of_a_kiosk_is_named(
    wrong: dict[str, str],
    named: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MENSA_DATABASE", raising=False)
    assert _kiosk(tmp_path, **wrong) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_a_kiosk_without_a_terminal_says_so_and_asks_for_no_passphrase(tmp_path: Path) -> None:
    program = "import sys; from test_starting import _kiosk; from pathlib import Path; "
    run = subprocess.run(
        [sys.executable, "-c", f"{program} sys.exit(_kiosk(Path({str(tmp_path)!r})))"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])},
    )
    assert (run.returncode, run.stdout) == (69, "")
    assert run.stderr == "Die Kasse braucht ein Terminal. / The kiosk needs a terminal.\n"


def _settings(state: Path) -> Settings:
    return Settings(kiosk=KioskSettings(origin=1, state=state))


@pytest.mark.parametrize("typed", ["", "x" * (SHORTEST_PASSPHRASE - 1)])
def test_no_journal_begins_with_a_passphrase_that_protects_nothing(
    typed: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongKey, match="at least"):
        open_kiosk_journal(_settings(tmp_path), ask_passphrase=lambda: typed, environment={})
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_passphrase_is_wrong_however_short(tmp_path: Path) -> None:
    open_kiosk_journal(
        _settings(tmp_path), ask_passphrase=lambda: "Lindenallee 7", environment={}
    ).close()
    with pytest.raises(WrongKey, match="another key"):
        open_kiosk_journal(_settings(tmp_path), ask_passphrase=lambda: "", environment={})


def test_a_state_that_can_be_no_folder_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for state in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/state")):
        with pytest.raises(SettingsError, match="state"):
            open_kiosk_journal(_settings(state), ask_passphrase=lambda: "x" * 20, environment={})


@pytest.mark.parametrize("foreign", ["state", "journal.db", "kiosk.log"])
def test_a_state_of_another_user_is_named_before_anything_is_opened(
    foreign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "journal.db").write_bytes(b"")
    (state / "kiosk.log").write_bytes(b"")
    allowed = os.access
    monkeypatch.setattr(
        "os.access",
        lambda path, mode: Path(path).name != foreign and allowed(path, mode),
    )
    with pytest.raises(SettingsError, match=f"{foreign}: this user may not write"):
        open_kiosk_journal(_settings(state), ask_passphrase=lambda: "x" * 20, environment={})
    assert (state / "journal.db").read_bytes() == b""


def test_a_credential_of_the_wrong_length_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_bytes(b"short")
    with pytest.raises(SettingsError, match="32 bytes"):
        open_kiosk_journal(
            _settings(tmp_path / "state"),
            ask_passphrase=lambda: "x" * 20,
            environment={"CREDENTIALS_DIRECTORY": str(tmp_path)},
        )


def test_a_readers_radix_is_named() -> None:
    with pytest.raises(SettingsError, match="decimal"):
        reader_setting(ReaderEntry("Tastatur", "wedge", radix="oct"))
