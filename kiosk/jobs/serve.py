"""``mensa kiosk``: the kiosk serves, until it is told to end; ``mensa kiosk enrol`` makes it one."""

import argparse
import getpass
import json
import logging
import logging.handlers
import sys
from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accounts.texts import mark
from kiosk.jobs.common import opened, settings_of
from kiosk.jobs.words import spoken

STATE = "/var/lib/mensakasse"
_ASKING = "Passwort der Kasse / passphrase: "


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the job's words."""
    kiosk = parsers.add_parser("kiosk", help="serve at the counter")
    kiosk.set_defaults(job=_kiosk)
    jobs = kiosk.add_subparsers(metavar="JOB")
    enrol = jobs.add_parser("enrol", help="make this machine a kiosk, by the office's file")
    enrol.add_argument("file", type=Path, metavar="FILE")
    enrol.add_argument(
        "--state", type=Path, default=Path(STATE), metavar="FOLDER", help=f"else {STATE}"
    )
    enrol.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    enrol.set_defaults(job=_enrol)
    keys = jobs.add_parser("keys", help="take the school's card key, by the issuing station's file")
    keys.add_argument("file", type=Path, metavar="FILE")
    keys.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    keys.set_defaults(job=_keys)


def _kiosk(asked: argparse.Namespace) -> int:
    from accounts.clock import SystemClock  # noqa: PLC0415
    from accounts.settings import SettingsError  # noqa: PLC0415
    from accounts.texts import Language  # noqa: PLC0415
    from cards.watched import WatchedReader  # noqa: PLC0415
    from cards.wedge import Wedge  # noqa: PLC0415
    from kiosk.app import KioskApp  # noqa: PLC0415
    from kiosk.compose import (  # noqa: PLC0415
        assemble,
        door_of,
        open_kiosk_journal,
        read_pepper,
        reader_setting,
    )
    from kiosk.enrolled import ledger_of  # noqa: PLC0415
    from kiosk.journal import JournalBroken  # noqa: PLC0415
    from kiosk.sounds import Speaker, silent  # noqa: PLC0415
    from kiosk.terminal import NO_TERMINAL, is_there, run_kiosk  # noqa: PLC0415
    from kiosk.vault import WrongKey  # noqa: PLC0415

    settings = settings_of(asked)
    if settings.kiosk is None or settings.database is None:
        raise SettingsError("this machine is no kiosk: its settings need database and [kiosk]")
    opened(settings).close()  # nothing is asked or made for a ledger that is misspelt
    clock = SystemClock()
    pepper = read_pepper(settings.pepper_file)
    if not settings.kiosk.reader:
        raise SettingsError("the settings name no reader: [[kiosk.reader]]")
    wanted = [reader_setting(entry) for entry in settings.kiosk.reader]
    if not is_there():
        sys.stderr.write("Die Kasse braucht ein Terminal. / The kiosk needs a terminal.\n")
        return NO_TERMINAL
    wedge = next((Wedge(one, clock.now) for one in wanted if one.kind == "wedge"), None)
    try:
        journal = open_kiosk_journal(settings, ask_passphrase=lambda: getpass.getpass(_ASKING))
    except (WrongKey, JournalBroken) as error:
        sys.stderr.write(
            f"Das Journal der Kasse geht nicht auf. / The kiosk's journal does not open:\n{error}\n"
        )
        return 1
    except EOFError:
        sys.stderr.write("\nOhne Passwort keine Kasse. / No kiosk without its passphrase.\n")
        return 1
    log_to_file(settings.kiosk.state / "kiosk.log")
    speaker = Speaker() if settings.kiosk.sound else None
    screen: list[KioskApp] = []
    database = ledger_of(settings, journal)
    parts = assemble(
        door_of(database, origin_id=settings.kiosk.origin, clock=clock),
        journal,
        [
            WatchedReader(one, admit_virtual=False, now=clock.now)
            for one in wanted
            if one.kind == "pcsc"
        ],
        pepper=pepper,
        clock=clock,
        deliver=lambda outcome: screen[0].deliver(outcome),  # noqa: PLW0108  # made after
        idle=timedelta(seconds=settings.kiosk.idle_seconds),
        software=version("mensakasse"),
    )
    screen.append(
        KioskApp(
            parts.send,
            Language(settings.kiosk.language),
            play=speaker or silent,
            wedge=wedge.press if wedge else None,
            tapped=parts.worker.send,
        )
    )
    parts.start()
    try:
        return run_kiosk(screen[0])
    finally:
        parts.close()
        database.close()
        if speaker:
            speaker.finish()


def _enrol(asked: argparse.Namespace) -> int:
    from accounts.clock import SystemClock  # noqa: PLC0415
    from accounts.settings import KIOSK_FILE  # noqa: PLC0415
    from kiosk.enrolled import Enrolled, Place, enrol  # noqa: PLC0415
    from kiosk.journal import JournalBroken  # noqa: PLC0415
    from kiosk.sentences_kiosk import ENROLLING  # noqa: PLC0415
    from kiosk.vault import WrongKey  # noqa: PLC0415

    say = spoken().say
    place = Place(settings=asked.config or KIOSK_FILE, state=asked.state)
    try:
        made = enrol(
            asked.file,
            place,
            clock=SystemClock(),
            ask_passphrase=lambda: getpass.getpass(_ASKING),
        )
    except OSError as error:
        return _told(
            asked, "unreadable", say(mark("{path}: {why}"), path=error.filename, why=error.strerror)
        )
    except (WrongKey, JournalBroken) as error:
        sentence = mark("The kiosk's journal in {state} does not open: {why}")
        return _told(asked, "journal", say(sentence, state=asked.state, why=error))
    if not isinstance(made, Enrolled):
        return _told(asked, made.value, say(ENROLLING[made], settings=place.settings))
    gone = (
        mark("The file is empty now and worth nothing. Destroy what else was copied of it.")
        if made.emptied
        else mark("Destroy the file {file}: it could not be emptied.")
    )
    done = mark("This machine is the kiosk {name} of {school} (origin {origin}).")
    lines = (
        say(done, name=made.name, school=made.school, origin=made.origin),
        say(mark("Its settings: {settings}"), settings=made.settings),
        say(gone, file=asked.file),
    )
    fields = {"origin": made.origin, "settings": str(made.settings), "emptied": made.emptied}
    sys.stdout.write(json.dumps(fields) + "\n" if asked.json else "\n".join((*lines, "")))
    return 0


def _keys(asked: argparse.Namespace) -> int:
    from kiosk.compose import open_kiosk_journal  # noqa: PLC0415
    from kiosk.journal import JournalBroken  # noqa: PLC0415
    from kiosk.school_keys import Taken, take_file  # noqa: PLC0415
    from kiosk.sentences_kiosk import TAKING  # noqa: PLC0415
    from kiosk.vault import WrongKey  # noqa: PLC0415

    say = spoken().say
    settings = settings_of(asked)
    try:
        journal = open_kiosk_journal(settings, ask_passphrase=lambda: getpass.getpass(_ASKING))
        with closing(journal):
            made = take_file(journal, asked.file)
    except OSError as error:
        return _told(
            asked, "unreadable", say(mark("{path}: {why}"), path=asked.file, why=error.strerror)
        )
    except (WrongKey, JournalBroken) as error:
        sentence = mark("The kiosk's journal does not open: {why}. A running kiosk is ended first.")
        return _told(asked, "journal", say(sentence, why=error))
    if not isinstance(made, Taken):
        return _told(asked, made.value, say(TAKING[made], path=asked.file))
    gone = (
        mark("The file is empty now and worth nothing. Destroy what else was copied of it.")
        if made.emptied
        else mark("Destroy the file {file}: it could not be emptied.")
    )
    done = mark("This kiosk has the card key of school {school} now.")
    lines = (say(done, school=made.school), say(gone, file=asked.file))
    fields = {"school": made.school, "emptied": made.emptied}
    sys.stdout.write(json.dumps(fields) + "\n" if asked.json else "\n".join((*lines, "")))
    return 0


def _told(asked: argparse.Namespace, reason: str, sentence: str) -> int:
    if asked.json:
        told = {"refused": reason, "sentence": sentence}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(sentence + "\n")
    return 1


def log_to_file(path: Path) -> None:
    """Log to a file that never grows past a few megabytes, and to nothing else.

    The kiosk paints on standard error, so a line there would land in the middle of the picture.
    """
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
