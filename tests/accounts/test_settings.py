"""Settings: what a file may say, and that whatever else it says is an error in words."""

from pathlib import Path

import pytest

from accounts import settings
from accounts.settings import (
    KioskSettings,
    NightlySettings,
    ReaderEntry,
    Settings,
    SettingsError,
    StationSettings,
    read_settings,
)

WHOLE = """
database = "sqlite:////var/lib/mensakasse/ledger.db"
pepper_file = "/etc/mensakasse/pepper"
[kiosk]
origin = 3
state = "/var/lib/mensakasse"
language = "en"
idle_seconds = 30
sound = false
[[kiosk.reader]]
label = "Ausgabe"
match = "^ACS "
[[kiosk.reader]]
label = "Tastatur"
kind = "wedge"
radix = "decimal"
reversed = true
length = 4
"""


@pytest.fixture(autouse=True)
def no_files_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "KIOSK_FILE", tmp_path / "kiosk.toml")
    monkeypatch.setattr(settings, "DEFAULT_FILE", tmp_path / "mensa.toml")


def written(folder: Path, text: str, name: str = "named.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, WHOLE), {}) == Settings(
        database="sqlite:////var/lib/mensakasse/ledger.db",
        pepper_file=Path("/etc/mensakasse/pepper"),
        kiosk=KioskSettings(
            origin=3,
            state=Path("/var/lib/mensakasse"),
            language="en",
            idle_seconds=30,
            sound=False,
            reader=(
                ReaderEntry("Ausgabe", match="^ACS "),
                ReaderEntry("Tastatur", "wedge", radix="decimal", reversed=True, length=4),
            ),
        ),
    )


def test_an_issuing_station_is_told_its_keys_reader_city_and_application(tmp_path: Path) -> None:
    short = '[station]\nkeys = "/etc/mensakasse/masters.json"'
    assert read_settings(written(tmp_path, short), {}).station == StationSettings(
        keys=Path("/etc/mensakasse/masters.json"), reader="", city=1, aid=b"MK1"
    )
    whole = f'{short}\nreader = "ACR1252|uTrust"\ncity = 65535\naid = "f50a01"'
    told = read_settings(written(tmp_path, whole), {}).station
    assert told is not None
    assert (told.reader, told.city, told.aid) == ("ACR1252|uTrust", 65535, b"\xf5\x0a\x01")


@pytest.mark.parametrize(
    "more",
    [
        'reader = "("',
        "city = 65536",
        "city = -1",
        "city = true",
        'aid = "4D4B3"',
        'aid = "4D4B3G"',
        'aid = "000000"',
        "passphrase = 1",
    ],
)
def test_a_station_is_told_nothing_that_cannot_be(tmp_path: Path, more: str) -> None:
    with pytest.raises(SettingsError, match="station"):
        read_settings(written(tmp_path, f'[station]\nkeys = "k"\n{more}'), {})
    with pytest.raises(SettingsError, match="card keys init"):
        read_settings(written(tmp_path, "[station]"), {})


def test_without_a_file_there_are_no_settings() -> None:
    assert read_settings(None, {}) == Settings()


def test_the_environment_names_the_file_and_the_database(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE)
    told = read_settings(None, {"MENSA_CONFIG": str(path), "MENSA_DATABASE": "sqlite:///x"})
    assert told.database == "sqlite:///x"
    assert told.kiosk is not None


def test_the_option_counts_before_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, 'database = "sqlite:///of-the-option"')
    told = read_settings(path, {"MENSA_CONFIG": str(tmp_path / "missing")})
    assert told.database == "sqlite:///of-the-option"


def test_a_kiosks_file_counts_before_the_general_one(tmp_path: Path) -> None:
    written(tmp_path, 'database = "sqlite:///general"', "mensa.toml")
    assert read_settings(None, {}).database == "sqlite:///general"
    written(tmp_path, 'database = "sqlite:///of-the-kiosk"', "kiosk.toml")
    assert read_settings(None, {}).database == "sqlite:///of-the-kiosk"


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_settings(tmp_path / "missing.toml", {})


def reader(label: str, **says: str) -> str:
    told = {"label": label, **says}
    return "[[kiosk.reader]]\n" + "".join(f"{k} = '{v}'\n" for k, v in told.items())


KIOSK = '[kiosk]\norigin = 1\nstate = "x"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("database = ", "Invalid value"),
        ("datenbank = 'x'", "datenbank"),
        ("database = 5", "database is a text"),
        ("pepper_file = true", "pepper_file is a text"),
        ("kiosk = 5", "is a table"),
        ("[kiosk]\norigin = 1", "needs origin"),
        ("[kiosk]\nstate = 'x'", "needs origin"),
        ("[kiosk]\norigin = true\nstate = 'x'", "origin is a whole number"),
        ("[kiosk]\norigin = 1\nstate = 5", "state is a text"),
        (KIOSK + "language = 'fr'", '"de" or "en"'),
        (KIOSK + "idle_seconds = 1.5", "idle_seconds is a whole number"),
        (KIOSK + "idle_seconds = 0", "at least 1"),
        (KIOSK + "sound = 'no'", "sound is true or false"),
        (KIOSK + "volume = 3", "volume"),
        (KIOSK + "reader = 'ACS'", r"\[\[kiosk.reader\]\]"),
        (KIOSK + "reader = ['ACS']", "is a table"),
        (KIOSK + "[[kiosk.reader]]\nmatch = 'x'", "needs label"),
        (KIOSK + "[[kiosk.reader]]\nlabel = 'x'\nlength = '4'", "length is a whole number"),
        (KIOSK + "[[kiosk.reader]]\nlabel = 'x'\nmach = 'y'", "mach"),
        (KIOSK + reader("x", match="A") + reader("x", match="B"), "label of its own"),
        (KIOSK + reader("x", match="A") + reader("y", match="A"), "the same reader"),
        (KIOSK + reader("x", kind="wedge") + reader("y", kind="wedge"), "one keyboard reader"),
    ],
)
def test_whatever_it_does_not_know_is_an_error_that_says_what(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=says):
        read_settings(written(tmp_path, text), {})


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"binary\.toml"):
        read_settings(path, {})


def test_the_nights_backup_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mensa.toml"
    file.write_text('[nightly]\nbackup = "/b"\nkey_file = "/k"\n', encoding="utf-8")
    assert read_settings(file, {}).nightly == NightlySettings(Path("/b"), Path("/k"), 35)
    for wrong in ('backup = "/b"', 'backup = "/b"\nkey_file = "/k"\nkeep_days = 0', "days = 3"):
        file.write_text(f"[nightly]\n{wrong}\n", encoding="utf-8")
        with pytest.raises(SettingsError, match="nightly"):
            read_settings(file, {})
