"""What a deed of the office answers, and what it reads before the ledger is opened."""

import enum
import getpass
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accounts.texts import Texts, mark
from kiosk.sentences_office import SENTENCES

_UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: mark("There is no file {path}."),
    IsADirectoryError: mark("{path} is a folder; name a file in it."),
    PermissionError: mark("You may not read {path}."),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What was done: lines for people, fields for programs.

    ``holds`` is False where something that was looked at is not as it has to be: it is told all
    the same, and the command ends with 1.
    """

    lines: tuple[str, ...]
    fields: Mapping[str, object] = field(default_factory=dict)
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was done, in a word for programs and in sentences that say what to do."""

    reason: str
    lines: tuple[str, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


Answer = Said | Refused


def refused(speech: Texts, reason: enum.Enum, /, **values: object) -> Refused:
    """The refusal with this reason's sentence."""
    return Refused(str(reason.value), (speech.say(SENTENCES[reason], **values),))


def ask_hidden(prompt: str) -> str:
    """What is typed at the terminal without being shown; nothing where the typing was ended."""
    try:
        return getpass.getpass(prompt)
    except EOFError:
        return ""


def read_file(path: Path, speech: Texts) -> bytes | Refused:
    """What is in a file somebody named."""
    try:
        return path.read_bytes()
    except OSError as error:
        return unreadable(path, error, speech)


def unreadable(path: Path, error: OSError, speech: Texts) -> Refused:
    """That a file somebody named cannot be read, and why."""
    known = next((said for kind, said in _UNREADABLE.items() if isinstance(error, kind)), None)
    sentence = known or mark("{path} cannot be read: {why}")
    return Refused("unreadable", (speech.say(sentence, path=path, why=error.strerror),))
