"""The ``mensa`` command: words in, one job, an exit code out.

Exit codes: 0 done; 1 refused, or a proof failed; 2 wrong usage; 69 something is missing on this
machine; 75 try again later. Each job is imported only when it is asked for, so that none pays
for another's libraries. Whatever goes wrong is said in a sentence; a traceback goes to the log.
"""

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from kiosk import jobs

DONE, REFUSED, USAGE, MISSING, LATER = 0, 1, 2, 69, 75


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
        return job(asked)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe has gone; what it had wanted it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # noqa: BLE001  # a person reads a sentence, never a traceback
        return _told(error)


def _told(error: Exception) -> int:
    """Say what went wrong and what to do; what nobody foresaw is kept in a file."""
    from accounts.database import DatabaseUnavailable, WrongSchema  # noqa: PLC0415  # as above

    if isinstance(error, DatabaseUnavailable):
        sys.stderr.write(f"The database cannot be reached: {error}\nTry again later.\n")
        return LATER
    if isinstance(error, WrongSchema):
        sys.stderr.write(f"{error}. Run: mensa db upgrade\n")
        return REFUSED
    handle, path = tempfile.mkstemp(prefix="mensa-fault-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    sys.stderr.write(
        f"A fault of the software: {type(error).__name__}. Nothing half-done was kept.\n"
        f"What happened is in {path}; please send it to whoever looks after Mensakasse.\n"
    )
    return REFUSED
