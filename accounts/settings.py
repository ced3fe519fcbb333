"""What an installation is told: a TOML file, then the environment; secrets only by file.

``MENSA_CONFIG`` (or ``--config``) names the file, ``MENSA_DATABASE`` the database. Nothing
secret stands in either: they name files. An unknown key is an error, because a misspelt one
would otherwise be a setting that nobody has.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accounts.settings_bank import BankSettings, read_bank
from accounts.settings_words import SettingsError
from accounts.settings_words import known as _known
from accounts.settings_words import table as _table

__all__ = [
    "BankSettings",
    "KioskSettings",
    "NightlySettings",
    "ReaderEntry",
    "Settings",
    "SettingsError",
    "StationSettings",
    "read_settings",
]

DEFAULT_FILE = Path("/etc/mensakasse/mensa.toml")
_HIGHEST_ORIGIN = 2**62
_LONGEST_IDLE = 3600
_HIGHEST_CITY = 2**16 - 1
_AID = re.compile("[0-9A-Fa-f]{6}")
KIOSK_FILE = Path("/etc/mensakasse/kiosk.toml")


@dataclass(frozen=True, slots=True)
class ReaderEntry:
    """One ``[[kiosk.reader]]``: a reader the kiosk may take; see ``cards.reader``."""

    label: str
    kind: str = "pcsc"
    match: str = ""
    radix: str = "hex"
    reversed: bool = False
    length: int | None = None


@dataclass(frozen=True, slots=True)
class KioskSettings:
    """``[kiosk]``: which kiosk this machine is, and how it behaves."""

    origin: int
    state: Path
    language: str = "de"
    idle_seconds: int = 60
    sound: bool = True
    reader: tuple[ReaderEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class NightlySettings:
    """``[nightly]``: where each night's backup goes, sealed with which key, and for how long."""

    backup: Path
    key_file: Path
    keep_days: int = 35


@dataclass(frozen=True, slots=True)
class StationSettings:
    """``[station]``: where cards are issued: the masters' file, the reader, and what cards say.

    ``reader`` is a regular expression that is found in the reader's name. ``city`` (0 to 65535)
    and ``aid`` (three bytes, in the order they are sent) are written on each card; another value
    counts for cards issued from then on.
    """

    keys: Path
    reader: str = ""
    city: int = 1
    aid: bytes = bytes.fromhex("4D4B31")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a job may ask for; parts a file does not name are None."""

    database: str | None = None
    pepper_file: Path | None = None
    kiosk: KioskSettings | None = None
    nightly: NightlySettings | None = None
    station: StationSettings | None = None
    bank: BankSettings | None = None


def read_settings(file: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file (``--config``), of ``MENSA_CONFIG``, or of the default places.

    A file that was named has to be there; the default places may be empty. Raises SettingsError.
    """
    named = file or (Path(environment["MENSA_CONFIG"]) if "MENSA_CONFIG" in environment else None)
    if named is not None:
        found: dict[str, Any] = _read(named)
    else:
        default = next((path for path in (KIOSK_FILE, DEFAULT_FILE) if path.is_file()), None)
        found = _read(default) if default else {}
    if "MENSA_DATABASE" in environment:
        found["database"] = environment["MENSA_DATABASE"]
    return _settings(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _settings(found: dict[str, Any]) -> Settings:
    kiosk = found.pop("kiosk", None)
    nightly = found.pop("nightly", None)
    station = found.pop("station", None)
    bank = found.pop("bank", None)
    _known(found, "the file's top", database=str, pepper_file=str)
    pepper = found.get("pepper_file")
    return Settings(
        database=found.get("database"),
        pepper_file=Path(pepper) if pepper else None,
        kiosk=_kiosk(_table(kiosk, "[kiosk]")) if kiosk is not None else None,
        nightly=_nightly(_table(nightly, "[nightly]")) if nightly is not None else None,
        station=_station(_table(station, "[station]")) if station is not None else None,
        bank=read_bank(_table(bank, "[bank]")) if bank is not None else None,
    )


def _nightly(found: dict[str, Any]) -> NightlySettings:
    _known(found, "[nightly]", backup=str, key_file=str, keep_days=int)
    if "backup" not in found or "key_file" not in found:
        raise SettingsError('[nightly] needs backup = "FOLDER" and key_file = "FILE"')
    if found.get("keep_days", 1) < 1:
        raise SettingsError("[nightly] keep_days is at least 1")
    found |= {name: Path(found[name]) for name in ("backup", "key_file")}
    return NightlySettings(**found)


def _station(found: dict[str, Any]) -> StationSettings:
    _known(found, "[station]", keys=str, reader=str, city=int, aid=str)
    if "keys" not in found:
        raise SettingsError('[station] needs keys = "FILE": mensa card keys init FILE')
    found["keys"] = Path(found["keys"])
    try:
        re.compile(found.get("reader", ""))
    except re.error as error:
        raise SettingsError(f"[station] reader is no regular expression: {error}") from error
    if not 0 <= found.get("city", 1) <= _HIGHEST_CITY:
        raise SettingsError(f"[station] city is at least 0 and at most {_HIGHEST_CITY}")
    if "aid" in found:
        if not _AID.fullmatch(found["aid"]) or int(found["aid"], 16) == 0:
            raise SettingsError("[station] aid is six hexadecimal digits, and not 000000")
        found["aid"] = bytes.fromhex(found["aid"])
    return StationSettings(**found)


def _kiosk(found: dict[str, Any]) -> KioskSettings:
    entries = found.pop("reader", [])
    if not isinstance(entries, list):
        raise SettingsError("a reader is written as [[kiosk.reader]]")
    readers = tuple(_reader(_table(one, "[[kiosk.reader]]")) for one in entries)
    _told_apart(readers)
    _known(
        found, "[kiosk]", origin=int, state=str, language=str, idle_seconds=int, sound=bool
    )  # fmt: skip
    if "origin" not in found or "state" not in found:
        raise SettingsError('[kiosk] needs origin = NUMBER and state = "FOLDER"')
    if not 1 <= found["origin"] <= _HIGHEST_ORIGIN:
        raise SettingsError("[kiosk] origin is the number that mensa kiosk-device add has told")
    if found.get("language", "de") not in {"de", "en"}:
        raise SettingsError('[kiosk] language is "de" or "en"')
    if not 1 <= found.get("idle_seconds", 1) <= _LONGEST_IDLE:
        raise SettingsError(f"[kiosk] idle_seconds is at least 1 and at most {_LONGEST_IDLE}")
    found["state"] = Path(found["state"])
    return KioskSettings(**found, reader=readers)


def _reader(found: dict[str, Any]) -> ReaderEntry:
    where = "[[kiosk.reader]]"
    _known(found, where, label=str, kind=str, match=str, radix=str, reversed=bool, length=int)
    if "label" not in found:
        raise SettingsError(f'{where} needs label = "NAME"')
    return ReaderEntry(**found)


def _told_apart(readers: tuple[ReaderEntry, ...]) -> None:
    """Raises SettingsError where two entries would stand for one reader."""
    where = "[[kiosk.reader]]"
    if len({one.label for one in readers}) < len(readers):
        raise SettingsError(f"{where}: each reader needs a label of its own")
    # What types, types on one keyboard: nobody can tell which of two it was.
    if sum(one.kind == "wedge" for one in readers) > 1:
        raise SettingsError(f"{where}: a kiosk has one keyboard reader at most")
    matches = [one.match for one in readers if one.kind == "pcsc"]
    if len(set(matches)) < len(matches):
        raise SettingsError(f"{where}: two readers with the same match would be the same reader")
