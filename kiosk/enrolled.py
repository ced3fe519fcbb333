"""A machine becomes a kiosk by one file, and opens its ledger with what only it knows.

- The password of the file is worth nothing once the machine is enrolled: it was changed to one
  that lies in the kiosk's journal, sealed under the kiosk's key, and nowhere else.
- The new password is durable here before the ledger gets it. Wherever enrolling is cut off,
  the same file enrols again: one of the two passwords is the ledger's.
- The settings are written last: where they stand, the machine is enrolled.
"""

import enum
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from accounts.clock import Clock
from accounts.database import Database, open_database
from accounts.door import Asked, DirectDoor, DoorClosed
from accounts.enrolment import EnrolmentRefusal, change_password, new_password, try_login
from accounts.enrolment_file import (
    Enrolment,
    FileFault,
    fingerprint,
    read_enrolment,
    with_authority,
    with_password,
)
from accounts.files import put_whole
from accounts.settings import KioskSettings, Settings, SettingsError, read_settings
from cards.school_key import SchoolKeyFault, read_school_key
from kiosk.compose import open_kiosk_journal
from kiosk.journal import Journal
from kiosk.school_keys import emptied, keep_key

KEPT = "ledger login"
PEPPER_FILE = "pepper"
AUTHORITY_FILE = "ledger-ca.pem"


class EnrolFault(enum.Enum):
    """Why this machine did not become that kiosk."""

    OTHER_KIOSK = "other_kiosk"  # it is one already
    DEMO = "demo"  # a demo is running here
    USED = "used"  # the ledger does not take the file's password any more
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the machine is now. ``emptied``: whether the file could be emptied."""

    origin: int
    name: str
    school: str
    settings: Path
    emptied: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where on this machine: the settings file, and the folder of the journal."""

    settings: Path
    state: Path
    temporary: Path = Path(tempfile.gettempdir())


def enrol(
    file: Path,
    place: Place,
    *,
    clock: Clock,
    ask_passphrase: Callable[[], str],
    environment: Mapping[str, str] = os.environ,
) -> Enrolled | EnrolFault | FileFault:
    """Make this machine the kiosk that the file names.

    Raises OSError for a file that cannot be read or places that cannot be written, SettingsError
    and ``kiosk.vault.WrongKey`` as the journal's opening does, DatabaseUnavailable where the
    ledger cannot be reached now.
    """
    content = file.read_bytes()
    told = read_enrolment(content, now=clock.now())
    if isinstance(told, FileFault):
        return told
    card_key = None if told.card_key is None else read_school_key(told.card_key)
    if isinstance(card_key, SchoolKeyFault):
        return FileFault.DAMAGED
    if any(place.temporary.glob("mensa-demo-*")):
        return EnrolFault.DEMO
    if place.settings.exists() and _origin_in(place.settings) != told.origin:
        return EnrolFault.OTHER_KIOSK
    place.settings.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _put_authority(told, place)
    kiosk = KioskSettings(origin=told.origin, state=place.state, language=told.language)
    journal = open_kiosk_journal(
        Settings(kiosk=kiosk), ask_passphrase=ask_passphrase, environment=environment
    )
    with closing(journal):
        url = with_authority(told.database, authority)
        fault = (
            _look(url, told, clock)
            if told.password is None
            else _let_in(url, told, journal, fingerprint(content).hex())
        )
        if fault is None and card_key is not None:
            keep_key(journal, card_key.key)
    if fault is not None:
        return fault
    pepper = place.settings.parent / PEPPER_FILE
    put_whole(pepper, told.pepper)
    if not place.settings.exists():
        put_whole(place.settings, _toml(told, url=url, pepper=pepper, state=place.state).encode())
    return Enrolled(told.origin, told.name, told.school, place.settings, emptied(file))


def ledger_of(settings: Settings, journal: Journal) -> Database:
    """The ledger the kiosk's settings name, opened with the password the journal keeps."""
    if settings.database is None:
        raise SettingsError("the kiosk's settings name no database")
    kept = _kept(journal)
    url = settings.database if kept is None else with_password(settings.database, kept[0])
    return open_database(url)


def _let_in(url: str, told: Enrolment, journal: Journal, file: str) -> EnrolFault | None:
    """Change the password, unless this file has done it before and only the rest was cut off."""
    kept = _kept(journal)
    if kept is not None and kept[1] == file:
        with closing(open_database(with_password(url, kept[0]))) as database:
            refused = try_login(database, origin_id=told.origin)
        if refused is not EnrolmentRefusal.NOT_LET_IN:
            return None if refused is None else EnrolFault.REVOKED
    with closing(open_database(with_password(url, told.password or ""))) as database:
        refused = try_login(database, origin_id=told.origin)
        if refused is not None:
            used = refused is EnrolmentRefusal.NOT_LET_IN
            return EnrolFault.USED if used else EnrolFault.REVOKED
        password = new_password()
        journal.keep(KEPT, json.dumps([password, file]).encode())
        change_password(database, password)
    return None


def _look(url: str, told: Enrolment, clock: Clock) -> EnrolFault | None:
    with closing(open_database(url)) as database:
        try:
            DirectDoor(database, told.origin, clock).news(Asked(None, (), wants=False))
        except DoorClosed:
            return EnrolFault.REVOKED
    return None


def _kept(journal: Journal) -> tuple[str, str] | None:
    """The password, and the fingerprint of the file it came in the place of."""
    kept = journal.kept(KEPT)
    if kept is None:
        return None
    password, file = json.loads(kept)
    return password, file


def _origin_in(settings: Path) -> int | None:
    try:
        kiosk = read_settings(settings, {}).kiosk
    except SettingsError:
        return None
    return None if kiosk is None else kiosk.origin


def _put_authority(told: Enrolment, place: Place) -> Path | None:
    if told.authority is None:
        return None
    path = place.settings.parent / AUTHORITY_FILE
    put_whole(path, told.authority.encode())
    return path


def _toml(told: Enrolment, *, url: str, pepper: Path, state: Path) -> str:
    def text(words: object) -> str:
        return json.dumps(str(words))  # TOML's basic strings are JSON's

    return f"""\
# Kiosk {json.dumps(told.name)[1:-1]}. Written by: mensa kiosk enrol
database = {text(url)}
pepper_file = {text(pepper)}

[kiosk]
origin = {told.origin}
state = {text(state)}
language = {text(told.language)}

[[kiosk.reader]]
label = "Ausgabe"
match = "ACR122"  # a part of the reader's name: mensa doctor --role kiosk
"""
