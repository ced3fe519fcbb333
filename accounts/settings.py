"""What an installation is told: a TOML file, then the environment; secrets only by file.

``MENSA_CONFIG`` (or ``--config``) names the file, ``MENSA_DATABASE`` the database. Nothing
secret stands in either: they name files. An unknown key is an error, because a misspelt one
would otherwise be a setting that nobody has.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_FILE = Path("/etc/mensakasse/mensa.toml")
KIOSK_FILE = Path("/etc/mensakasse/kiosk.toml")


class SettingsError(Exception):
    """A settings file is missing, unreadable, or says something this software does not know."""


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
class Settings:
    """Everything a job may ask for; parts a file does not name are None."""

    database: str | None = None
    pepper_file: Path | None = None
    kiosk: KioskSettings | None = None


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
    _known(found, "database", "pepper_file", where="the file's top")
    pepper = found.get("pepper_file")
    return Settings(
        database=found.get("database"),
        pepper_file=Path(pepper) if pepper else None,
        kiosk=_kiosk(dict(kiosk)) if kiosk is not None else None,
    )


def _kiosk(found: dict[str, Any]) -> KioskSettings:
    readers = tuple(_reader(dict(one)) for one in found.pop("reader", ()))
    _known(found, "origin", "state", "language", "idle_seconds", "sound", where="[kiosk]")
    if type(found.get("origin")) is not int or "state" not in found:
        raise SettingsError('[kiosk] needs origin = NUMBER and state = "FOLDER"')
    if found.get("language", "de") not in {"de", "en"}:
        raise SettingsError('[kiosk] language is "de" or "en"')
    found["state"] = Path(found["state"])
    return KioskSettings(**found, reader=readers)


def _reader(found: dict[str, Any]) -> ReaderEntry:
    _known(found, "label", "kind", "match", "radix", "reversed", "length", where="[[kiosk.reader]]")
    if "label" not in found:
        raise SettingsError('[[kiosk.reader]] needs label = "NAME"')
    return ReaderEntry(**found)


def _known(found: dict[str, Any], *names: str, where: str) -> None:
    strange = sorted(set(found) - set(names))
    if strange:
        raise SettingsError(f"{where} has {', '.join(strange)}; known are {', '.join(names)}")
