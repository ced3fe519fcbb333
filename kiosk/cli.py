"""The ``mensa`` command: words in, one job, an exit code out.

Exit codes: 0 done; 1 refused, or a proof failed; 2 wrong usage; 69 something is missing on this
machine; 75 try again later. Each job is imported only when it is asked for, so that none pays
for another's libraries. Whatever goes wrong is said in a sentence; a traceback goes to the log.
"""

import argparse
import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from accounts.texts import mark
from kiosk import jobs

DONE, REFUSED, USAGE, MISSING, LATER = 0, 1, 2, 69, 75

_UNREACHABLE = mark("The database cannot be reached: {why}\nTry again later.")
_EMPTY = mark("There is no ledger in this database yet. To make one: mensa db upgrade")
_OLDER = mark(
    "The ledger is of an older version ({found}, needed {known}). To bring it up: mensa db upgrade"
)
_NEWER = mark(
    "The ledger is of a newer version ({found}) than this software, which knows {known}. "
    "Bring the software up to date."
)
_MOVED = mark(
    "This ledger was moved to {where} and takes nothing any more. Name that one in the settings. "
    "(If the move was torn: mensa db move with the same URL ends it.)"
)
_UNPROVED = mark(
    "A restore into this database was begun and not ended. Do it again: mensa db restore"
)
_BROKEN = mark(
    "This is no whole ledger: {why}\nIs the right database named? Else take the last backup."
)
_FULL = mark("There is no room left on the disk. Nothing half-done was kept.")
_FAULT = mark(
    "A fault of the software: {kind}. Nothing half-done was kept.\n"
    "What happened is in {path}; please send it to whoever looks after Mensakasse."
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one job; returns the exit code."""
    parser = _parser()
    asked = parser.parse_args(words)
    job: Callable[[argparse.Namespace], int] | None = getattr(asked, "job", None)
    if job is None:
        parser.print_help()
        return USAGE
    return _carefully(job, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mensa", description="Mensakasse: the prepaid school-meal card of a city."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    added = parser.add_subparsers(metavar="JOB")
    for add in jobs.ALL:
        add(added)
    return parser


def _carefully(job: Callable[[argparse.Namespace], int], asked: argparse.Namespace) -> int:
    from accounts.settings import SettingsError  # noqa: PLC0415  # help needs no ledger

    try:
        code = job(asked)
        sys.stdout.flush()  # here, where it may fail with a sentence
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone; what it had wanted it has.
        _let_go_of_output()
        return DONE
    except Exception as error:  # noqa: BLE001  # a person reads a sentence, never a traceback
        return _told(error)
    return code


def _let_go_of_output() -> None:
    """What was not written yet goes nowhere; Python would try again at its end and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: Exception) -> int:
    """Say what went wrong and what to do; what nobody foresaw is kept in a file."""
    from accounts.database import (  # noqa: PLC0415  # as above
        DatabaseBroken,
        DatabaseUnavailable,
        NotServing,
        WrongSchema,
    )
    from kiosk.jobs.words import spoken  # noqa: PLC0415  # as above

    say = spoken().say
    if isinstance(error, DatabaseUnavailable):
        sys.stderr.write(say(_UNREACHABLE, why=error) + "\n")
        return LATER
    if isinstance(error, WrongSchema):
        which = _NEWER if error.newer else _OLDER if error.found else _EMPTY
        sys.stderr.write(say(which, found=error.found, known=error.known) + "\n")
        return REFUSED
    if isinstance(error, NotServing):
        which = _MOVED if error.where else _UNPROVED
        sys.stderr.write(say(which, where=error.where) + "\n")
        return REFUSED
    if isinstance(error, DatabaseBroken):
        sys.stderr.write(say(_BROKEN, why=error) + "\n")
        return REFUSED
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        _let_go_of_output()
        sys.stderr.write(say(_FULL) + "\n")
        return REFUSED
    handle, path = tempfile.mkstemp(prefix="mensa-fault-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    sys.stderr.write(say(_FAULT, kind=type(error).__name__, path=path) + "\n")
    return REFUSED
