"""The job that looks at a card, or at a reader; it opens no ledger."""

import argparse
import re
from typing import Any

from kiosk.jobs.common import settings_of
from kiosk.jobs.words import spoken

_MOST = 1000


def add(jobs: "argparse._SubParsersAction[Any]") -> None:
    """Add the job's words below ``mensa card``."""
    doctor = jobs.add_parser("doctor", help="what a card is good for; whether a reader loses any")
    doctor.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    doctor.add_argument(
        "--reader",
        type=_expression,
        metavar="REGEX",
        help="a part of the reader's name; else the station's, else the first there is",
    )
    doctor.add_argument(
        "--taps", type=_taps, metavar="N", help="test the reader: lay a card down so many times"
    )
    doctor.set_defaults(job=_doctor)


def _doctor(asked: argparse.Namespace) -> int:
    from cards.layout import AID  # noqa: PLC0415
    from kiosk.card_doctor import main  # noqa: PLC0415

    station = settings_of(asked).station
    named = "" if station is None else station.reader
    return main(
        match=named if asked.reader is None else asked.reader,
        aid=AID if station is None else station.aid,
        taps=asked.taps,
        as_json=asked.json,
        speech=spoken(),
    )


def _expression(word: str) -> str:
    try:
        re.compile(word)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"no regular expression: {error}") from error
    return word


def _taps(word: str) -> int:
    number = int(word)
    if not 1 <= number <= _MOST:
        raise argparse.ArgumentTypeError(f"from 1 to {_MOST}")
    return number
