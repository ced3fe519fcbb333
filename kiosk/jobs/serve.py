"""``mensa kiosk``: the kiosk serves, until it is told to end."""

import argparse
import getpass
import logging
import logging.handlers
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from kiosk.jobs.common import opened, settings_of


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the job's words."""
    kiosk = parsers.add_parser("kiosk", help="serve at the counter")
    kiosk.set_defaults(job=_kiosk)


def _kiosk(asked: argparse.Namespace) -> int:
    from accounts.clock import SystemClock  # noqa: PLC0415
    from accounts.settings import SettingsError  # noqa: PLC0415
    from accounts.texts import Language  # noqa: PLC0415
    from cards.watched import WatchedReader  # noqa: PLC0415
    from cards.wedge import Wedge  # noqa: PLC0415
    from kiosk.app import KioskApp  # noqa: PLC0415
    from kiosk.compose import (  # noqa: PLC0415
        assemble,
        open_kiosk_journal,
        read_pepper,
        reader_setting,
    )
    from kiosk.journal import JournalBroken  # noqa: PLC0415
    from kiosk.sounds import Speaker, silent  # noqa: PLC0415
    from kiosk.terminal import NO_TERMINAL, is_there, run_kiosk  # noqa: PLC0415
    from kiosk.vault import WrongKey  # noqa: PLC0415

    settings = settings_of(asked)
    if settings.kiosk is None or settings.database is None:
        raise SettingsError("this machine is no kiosk: its settings need database and [kiosk]")
    clock = SystemClock()
    pepper = read_pepper(settings.pepper_file)
    database = opened(settings)
    if not settings.kiosk.reader:
        raise SettingsError("the settings name no reader: [[kiosk.reader]]")
    wanted = [reader_setting(entry) for entry in settings.kiosk.reader]
    if not is_there():
        sys.stderr.write("Die Kasse braucht ein Terminal. / The kiosk needs a terminal.\n")
        return NO_TERMINAL
    wedge = next((Wedge(one, clock.now) for one in wanted if one.kind == "wedge"), None)
    try:
        journal = open_kiosk_journal(
            settings, ask_passphrase=lambda: getpass.getpass("Passwort der Kasse / passphrase: ")
        )
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
    parts = assemble(
        database,
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
        if speaker:
            speaker.finish()


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
