"""The office's desk: one deed at a time, whole or not at all, and an answer people can read.

- A deed that is refused leaves nothing behind, whatever it had written before.
- Whoever was looked at is in the access log before anything about them is shown.
- ``--json`` gives one object on standard output, for a refusal too ("refused", "sentence").
"""

import argparse
import enum
import getpass
import importlib
import json
import os
import pwd
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from accounts.clock import SystemClock, school_day
from accounts.database import Database, Session
from accounts.office import Seen, note_looks, office_origin
from accounts.schools import School, SchoolRefusal, find_school
from accounts.texts import Texts, mark
from kiosk.jobs.common import database_of
from kiosk.jobs.words import spoken
from kiosk.sentences_office import SENTENCES

DONE, REFUSED = 0, 1

_UNREADABLE: Mapping[type[OSError], str] = {
    FileNotFoundError: mark("There is no file {path}."),
    IsADirectoryError: mark("{path} is a folder; name a file in it."),
    PermissionError: mark("You may not read {path}."),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What was done: lines for people, fields for programs."""

    lines: tuple[str, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was done, in a word for programs and in sentences that say what to do."""

    reason: str
    lines: tuple[str, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


Answer = Said | Refused


@dataclass(slots=True)
class Desk:
    """What a deed is given: the ledger in a transaction, the time, who asks, and a language."""

    db: Session
    at: datetime
    user: str
    texts: Texts
    seen: list[Seen] = field(default_factory=list)

    @property
    def day(self) -> date:
        """Today in Germany."""
        return school_day(self.at)

    @property
    def actor(self) -> str:
        """Who acts, as the ledger names them."""
        return f"office:{self.user}"

    def say(self, msgid: str, /, **values: object) -> str:
        """A sentence in the office's language."""
        return self.texts.say(msgid, **values)

    def yes_no(self, yes: bool) -> str:  # noqa: FBT001  # it is the whole question
        """Yes or no."""
        return self.say("yes") if yes else self.say("no")

    def look(self, purpose: str, *, pupil_id: int | None = None) -> None:
        """Somebody's data will be shown; without a pupil, those of many."""
        self.seen.append(Seen(purpose, pupil_id))

    def school(self, number: str) -> School | Refused:
        """The school with that number."""
        found = find_school(self.db, number=number)
        if found is None:
            return refused(self.texts, SchoolRefusal.UNKNOWN_SCHOOL, number=number)
        return found


def refused(speech: Texts, reason: enum.Enum, /, **values: object) -> Refused:
    """The refusal with this reason's sentence."""
    return Refused(str(reason.value), (speech.say(SENTENCES[reason], **values),))


def carry_out(asked: argparse.Namespace, *, deed: str, first: str | None, reads: bool) -> int:
    """Do one deed on the ledger the settings name; returns the exit code.

    A deed that only ``reads`` takes no lock that a till would wait for.
    """
    speech = spoken()
    if first is not None:
        stopped: Refused | None = _function(first)(asked, speech)
        if stopped is not None:
            return _tell(stopped, as_json=asked.json)
    act: Callable[[Desk, argparse.Namespace], Answer] = _function(deed)
    database = database_of(asked)
    try:
        answer = _done(database, act, asked, speech, reads=reads)
    finally:
        database.close()
    return _tell(answer, as_json=asked.json)


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
        known = next((said for kind, said in _UNREADABLE.items() if isinstance(error, kind)), None)
        sentence = known or mark("{path} cannot be read: {why}")
        return Refused("unreadable", (speech.say(sentence, path=path, why=error.strerror),))


def _done(
    database: Database,
    act: Callable[[Desk, argparse.Namespace], Answer],
    asked: argparse.Namespace,
    speech: Texts,
    *,
    reads: bool,
) -> Answer:
    with database.read() if reads else database.write() as db:
        desk = Desk(db, SystemClock().now(), _user(), speech)
        answer = act(desk, asked)
        if isinstance(answer, Refused) and not reads:
            db.rollback()
    if desk.seen:
        with database.write() as db:
            origin_id = office_origin(db, name=f"office {desk.user}", at=desk.at)
            note_looks(db, origin_id=origin_id, seen=desk.seen, actor=desk.actor, at=desk.at)
    return answer


def _tell(answer: Answer, *, as_json: bool) -> int:
    code = DONE if isinstance(answer, Said) else REFUSED
    if as_json:
        told = dict(answer.fields)
        if isinstance(answer, Refused):
            told = {"refused": answer.reason, "sentence": "\n".join(answer.lines), **told}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return code
    stream = sys.stdout if isinstance(answer, Said) else sys.stderr
    stream.write("".join(f"{line}\n" for line in answer.lines))
    return code


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"kiosk.office.{module}"), function)
    return found


def _user() -> str:
    """Who sits at this machine; behind sudo the person, not root."""
    behind = os.environ.get("SUDO_USER")
    if os.getuid() == 0 and behind:
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
