"""The file of master keys at the issuing station's desk: opened by two people, replaced whole.

- Each holder types their own passphrase at the terminal, unseen, or it comes from a file that
  its owner alone reads or from an open file. It is never a word of the command line.
- The file is written anew beside its place and put into it. Whoever changed it meanwhile is not
  written over.
"""

import argparse
import fcntl
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from accounts.files import put_whole
from accounts.settings import Settings
from accounts.texts import Texts
from cards.holders import KeyFault, plain
from cards.key_file import Head, look_into, open_key_file, sealed
from cards.masters import Masters
from kiosk.jobs.common import settings_of
from kiosk.office.answers import Refused, ask_hidden, read_file
from kiosk.office.signing_in import secret_from
from kiosk.sentences_keys import KEYS


@dataclass(frozen=True, slots=True)
class OpenFile:
    """The master keys, the file they came from, and what stood in it."""

    path: Path
    masters: Masters
    content: bytes


def path_of(asked: argparse.Namespace, speech: Texts) -> Path | Refused:
    """The file that --keys names, or the settings: ``[station]`` keys."""
    if asked.keys is not None:
        return Path(asked.keys)
    settings: Settings = settings_of(asked)
    if settings.station is None:
        sentence = speech.say(
            "Where are the master keys? Name the file: --keys FILE, or in the settings: "
            '[station] keys = "FILE". To make it: mensa card keys init FILE'
        )
        return Refused("no_station", (sentence,))
    return settings.station.keys


def head_of(asked: argparse.Namespace, speech: Texts) -> tuple[Path, bytes, Head] | Refused:
    """The file, what stands in it, and what it tells anybody."""
    path = path_of(asked, speech)
    if isinstance(path, Refused):
        return path
    content = read_file(path, speech)
    if isinstance(content, Refused):
        return content
    head = look_into(content)
    if isinstance(head, KeyFault):
        return told(head, speech, path=path)
    return path, content, head


def open_by_two(asked: argparse.Namespace, speech: Texts) -> OpenFile | Refused:
    """Ask two holders for their passphrases and open the file.

    Who they are: ``asked.by``; without it the holders of a file that has just two.
    """
    found = head_of(asked, speech)
    if isinstance(found, Refused):
        return found
    path, content, head = found
    names = tuple(plain(name) for name in asked.by) or head.holders
    if len(names) != 2:
        return told(KeyFault.NOT_TWO, speech, path=path, holders=", ".join(head.holders))
    strange = next((name for name in names if name not in head.holders), None)
    if strange is not None:
        return told(KeyFault.UNKNOWN_HOLDER, speech, name=strange, holders=", ".join(head.holders))
    given = passphrases(names, asked.passphrase_file, asked.passphrase_fd, speech, twice=False)
    if isinstance(given, Refused):
        return given
    masters = open_key_file(content, given)
    if isinstance(masters, KeyFault):
        return told(masters, speech, path=path, holders=", ".join(head.holders))
    return OpenFile(path, masters, content)


def passphrases(
    names: tuple[str, ...], files: list[Path], fds: list[int], speech: Texts, *, twice: bool
) -> dict[str, str] | Refused:
    """A passphrase for each name: from files or open files in the same order, or typed.

    ``twice``: a new one is typed once more.
    """
    sources: list[tuple[Path | None, int | None]]
    sources = [(path, None) for path in files] + [(None, fd) for fd in fds]
    if sources and len(sources) != len(names):
        sentence = speech.say(
            "Name one file with a passphrase for each of: {names}", names=", ".join(names)
        )
        return Refused("passphrases_missing", (sentence,))
    if not sources and not sys.stdin.isatty():
        sentence = speech.say(
            "Passphrases are typed at a terminal, or come from files, one for each of {names}: "
            "--passphrase-file FILE --passphrase-file FILE",
            names=", ".join(names),
        )
        return Refused("passphrases_missing", (sentence,))
    given: dict[str, str] = {}
    for at, name in enumerate(names):
        secret = secret_from(*sources[at], speech) if sources else _typed(name, speech, twice=twice)
        if isinstance(secret, Refused):
            return secret
        given[name] = secret or ""
    return given


def put_back(opened: OpenFile, masters: Masters, speech: Texts) -> Refused | None:
    """Write the keys in the place of the file they came from. None: it is done, and durable."""
    content = sealed(masters)
    if isinstance(content, KeyFault):
        return told(content, speech)
    folder = os.open(opened.path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if opened.path.read_bytes() != opened.content:
            sentence = speech.say("{path} was changed meanwhile. Try again.", path=opened.path)
            return Refused("changed_meanwhile", (sentence,))
        put_whole(opened.path, content)
    except OSError as error:
        return unwritable(opened.path, error, speech)
    finally:
        os.close(folder)
    return None


def unwritable(path: Path, error: OSError, speech: Texts) -> Refused:
    """That a file cannot be written, and why."""
    taken = isinstance(error, FileExistsError)
    why = speech.say("it is there already") if taken else error.strerror
    sentence = speech.say("{path} cannot be written: {why}", path=path, why=why)
    return Refused("unwritable", (sentence,))


def told(fault: KeyFault, speech: Texts, **values: object) -> Refused:
    """The refusal with this fault's sentence."""
    named = {"path": "", "name": "", "holders": "", **values}
    return Refused(str(fault.value), (speech.say(KEYS[fault], **named),))


def _typed(name: str, speech: Texts, *, twice: bool) -> str | Refused:
    asking = speech.say("Passphrase of {name}: ", name=name)
    if twice:
        asking = speech.say("New passphrase of {name} (12 characters at least): ", name=name)
    given = ask_hidden(asking)
    if twice and ask_hidden(speech.say("Once more: ")) != given:
        return Refused("passphrases_differ", (speech.say("That was another one. Try again."),))
    return given
