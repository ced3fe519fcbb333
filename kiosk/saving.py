"""What ``mensa db key``, ``backup`` and ``restore`` do and say.

Long work shows how far it is on a terminal and nothing elsewhere. A refusal changes nothing and
says what to do; ``--json`` gives one object for it too ("refused", "sentence").
"""

import argparse
import enum
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from accounts import backup, backup_file, restoring
from accounts.backup_file import BackupBroken, Header
from accounts.clock import SystemClock, moment
from accounts.connections import shown_url
from accounts.copying import Progress
from accounts.database import Database, open_database
from accounts.postgresql_programs import ProgramMissing
from accounts.restoring import NotRestored, Wish
from accounts.settings import SettingsError
from kiosk import sentences_saving as words
from kiosk.jobs.common import opened, settings_of
from kiosk.jobs.words import spoken
from kiosk.proving import told as proved

DONE, REFUSED, MISSING = 0, 1, 69


def make_key(asked: argparse.Namespace) -> int:
    """``mensa db key``."""
    try:
        name = backup_file.make_key(asked.file)
    except OSError as error:
        return _stopped(asked, error, asked.file)
    return _say(asked, {"file": str(asked.file), "key": name}, (words.KEY_MADE, {"key": name}))


def back_up(asked: argparse.Namespace) -> int:
    """``mensa db backup``."""
    try:
        key = backup_file.read_key(asked.key_file)
        with closing(opened(settings_of(asked))) as database, bar() as progress:
            made = backup.back_up(
                database, asked.file, key=key, clock=SystemClock(), progress=progress
            )
    except (OSError, BackupBroken, ProgramMissing) as error:
        return _stopped(asked, error, asked.file)
    return _say(asked, _fields(made.header, size=made.size), (words.KEPT, _told(made.header)))


def check(asked: argparse.Namespace) -> int:
    """``mensa db backup --check``."""
    try:
        read = backup.look_through(asked.file, key=backup_file.read_key(asked.key_file))
    except (OSError, BackupBroken) as error:
        return _stopped(asked, error, asked.file)
    return _say(asked, _fields(read.header, size=read.size), (words.WHOLE, _told(read.header)))


def restore(asked: argparse.Namespace) -> int:
    """``mensa db restore``."""
    target = place_of(asked.into) if asked.into else opened(settings_of(asked))
    wish = Wish(actor=getattr(asked, "actor", "system"), seal=asked.seal)
    try:
        key = backup_file.read_key(asked.key_file)
        with closing(target), bar() as progress:
            answer = restoring.restore(
                asked.file, target, wish, key=key, clock=SystemClock(), progress=progress
            )
    except ValueError as error:
        raise SettingsError(f"--seal: {error}") from error
    except (OSError, BackupBroken, ProgramMissing) as error:
        return _stopped(asked, error, asked.file)
    if isinstance(answer, NotRestored):
        lines = [] if answer.proof is None or asked.json else list(proved(answer.proof))
        where = {
            "place": shown_url(target.url), "engine": answer.header.engine, "seal": asked.seal
        }  # fmt: skip
        return refuse(asked, answer.why, where, more=lines)
    header = answer.header
    said = [(words.RESTORED, _told(header))]
    if not target.is_sqlite:
        said.append((words.ROLES, {}))
    if answer.hints:
        said.append((words.HINTS, {}))
    fields = _fields(header, incarnation=answer.incarnation, to_run=list(answer.hints))
    return _say(asked, fields, *said, more=answer.hints)


def place_of(url: str) -> Database:
    """The database somebody names on the command line. Raises SettingsError."""
    try:
        named = open_database(url)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    if named.url.password is not None:
        raise SettingsError(
            "a password on a command line is everybody's: leave it out of the URL and put it into "
            "~/.pgpass or the file PGPASSFILE names"
        )
    return named


@contextmanager
def bar() -> Iterator[Progress]:
    """Progress for people: a bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _of: None
        return
    from rich.console import Console  # noqa: PLC0415  # only where somebody looks
    from rich.progress import Progress as Bar  # noqa: PLC0415  # as above

    with Bar(console=Console(stderr=True), transient=True) as shown:
        tasks = {}

        def step(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=of or None)
            shown.update(tasks[what], completed=done, total=of or None)

        yield step


def refuse(
    asked: argparse.Namespace, why: enum.Enum, values: Mapping[str, object], *, more: list[str],
    sentences: Mapping[enum.Enum, str] = words.SENTENCES,
) -> int:  # fmt: skip
    """Say why nothing was done; ``more`` are lines below it."""
    return _refused(asked, str(why.value), spoken().say(sentences[why], **values), more)


def _stopped(asked: argparse.Namespace, error: Exception, file: Path) -> int:
    say = spoken().say
    if isinstance(error, ProgramMissing):
        sentence = say(words.MISSING, program=error.program, version=error.version)
        return _refused(asked, "missing", sentence, code=MISSING)
    if isinstance(error, BackupBroken):
        sentence = say(
            words.SENTENCES[error.fault], file=file, key=getattr(asked, "key_file", file)
        )
        return _refused(asked, error.fault.value, sentence)
    if isinstance(error, FileExistsError):
        return _refused(asked, "taken", say(words.TAKEN, file=error.filename or error.args[0]))
    if isinstance(error, OSError):
        told = say(words.UNREADABLE, file=error.filename or file, why=error.strerror)
        return _refused(asked, "unreadable", told)
    raise error


def _refused(
    asked: argparse.Namespace, word: str, sentence: str, more: list[str] | None = None,
    *, code: int = REFUSED,
) -> int:  # fmt: skip
    if asked.json:
        sys.stdout.write(
            json.dumps({"refused": word, "sentence": sentence}, ensure_ascii=False) + "\n"
        )
    else:
        sys.stderr.write("".join(f"{line}\n" for line in (sentence, *(more or ()))))
    return code


def _say(
    asked: argparse.Namespace, fields: Mapping[str, object],
    *said: tuple[str, Mapping[str, object]], more: tuple[str, ...] = (),
) -> int:  # fmt: skip
    if asked.json:
        sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return DONE
    speech = spoken()
    lines = [speech.say(msgid, **{"file": asked.file, **values}) for msgid, values in said]
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, *more)))
    return DONE


def _told(header: Header) -> dict[str, object]:
    speech = spoken()
    seal = "-" if header.seal is None else f"{header.seal_no} {header.seal[:16]}"
    return {
        "entries": speech.number(header.entries),
        "at": speech.moment(moment(header.at_us)),
        "seal": seal,
    }


def _fields(header: Header, **more: object) -> dict[str, object]:
    return {
        "at": moment(header.at_us).isoformat(),
        "engine": header.engine,
        "schema": header.revision,
        "entries": header.entries,
        "seal_no": header.seal_no,
        "seal": header.seal,
        "incarnation": header.incarnation,
        "software": header.software,
        **more,
    }
