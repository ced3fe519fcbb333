"""The keys of its school that a kiosk keeps: in its journal, sealed under the kiosk's own key.

- The newest is first; the one before stays, for secrets that were sealed under it. Older ones go.
- They come in the enrolment file or in a file of their own, which is worth nothing once it was
  taken: it is emptied as the enrolment file is.
- A kiosk that has heard from its ledger takes no other school's key.
"""

import enum
import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from accounts.snapshot import from_bytes
from cards.school_key import (
    SchoolKey,
    SchoolKeyFault,
    SchoolKeyFile,
    read_school_key,
)
from kiosk.journal import Journal
from kiosk.vault import WrongKey

log = logging.getLogger(__name__)

KEPT = "card keys"
AT_MOST = 2


class TakingFault(enum.Enum):
    """Why a kiosk does not take a whole file."""

    OTHER_SCHOOL = "other_school"


@dataclass(frozen=True, slots=True)
class Taken:
    """A kiosk has its school's key. ``emptied``: whether the file could be emptied."""

    school: str
    """The school's official number."""
    emptied: bool


def kept_keys(journal: Journal) -> tuple[SchoolKey, ...]:
    """The school's keys, newest first; none where there are none or they cannot be read."""
    try:
        kept = journal.kept(KEPT)
        told = [] if kept is None else json.loads(kept)
        return tuple(SchoolKey(bytes.fromhex(it["id"]), bytes.fromhex(it["key"])) for it in told)
    except (WrongKey, ValueError, TypeError, KeyError):
        log.critical("the kept card keys are damaged: bring the school's key again")
        return ()


def keep_key(journal: Journal, key: SchoolKey) -> None:
    """From now on this is the newest key. Durable on return; the same once more changes nothing."""
    kept = kept_keys(journal)
    if key in kept[:1]:
        return
    newest = (key, *(one for one in kept if one != key))[:AT_MOST]
    told = [{"id": one.id.hex(), "key": one.key.hex()} for one in newest]
    journal.keep(KEPT, json.dumps(told).encode())


def take_file(journal: Journal, path: Path) -> Taken | TakingFault | SchoolKeyFault:
    """Keep the key a file brings, and empty the file. Raises OSError where it cannot be read."""
    told = read_school_key(path.read_bytes())
    if not isinstance(told, SchoolKeyFile):
        return told
    known = _school(journal)
    if known is not None and known != told.school:
        return TakingFault.OTHER_SCHOOL
    keep_key(journal, told.key)
    return Taken(told.school, emptied=emptied(path))


def emptied(path: Path) -> bool:
    """Empty a file that has done its service, and remove it where that may be done."""
    try:
        with path.open("r+b") as opened:
            opened.truncate(0)
            os.fsync(opened.fileno())
    except OSError:
        return False
    with suppress(OSError):
        path.unlink()
    return True


def _school(journal: Journal) -> str | None:
    """The number of the kiosk's school, as the ledger told it last; None before that."""
    try:
        kept = journal.kept("snapshot")
        return None if kept is None else from_bytes(kept).school.number
    except (WrongKey, ValueError, TypeError, KeyError):
        return None
