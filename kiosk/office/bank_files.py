"""``mensa bank files``: what was brought and not taken, and what still waits, each with its reason.

A file is named by its number and by when and how it came; a statement in it by its place.
"""

import argparse

from accounts.bank_files import Outcome, Reading, Source, bank_file, quarantined, waiting
from accounts.texts import Texts, mark
from banking.lines import Trouble
from banking.standing import Unkept
from kiosk.office.bank_words import said_reason
from kiosk.office.desk import Answer, Desk, Said

OUTCOMES = {
    Outcome.KEPT: mark("taken"),
    Outcome.KNOWN: mark("known already"),
    Outcome.WAITING: mark("waits"),
    Outcome.QUARANTINED: mark("not taken"),
    Outcome.NOTHING: mark("nothing in it"),
}
SOURCES = {
    Source.FINTS: mark("fetched from the bank"),
    Source.FILE: mark("by mensa bank import"),
    Source.FOLDER: mark("from the watched folder"),
}


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa bank files``."""
    found = (*quarantined(desk.db), *waiting(desk.db))
    if not found:
        return Said((desk.say("Everything that was brought is taken."),), {"files": []})
    lines: list[str] = []
    rows: list[dict[str, object]] = []
    for it in found:
        file = bank_file(desk.db, it.file_id)
        if file is None:
            raise LookupError(f"no file {it.file_id}")
        lines += [
            desk.say(
                "File {file}, {at}, {source}: {outcome}",
                file=place(it),
                at=desk.texts.moment(file.at),
                source=desk.say(SOURCES[file.source]),
                outcome=desk.say(OUTCOMES[it.outcome]),
            ),
            f"      {why(desk.texts, it)}",
        ]
        rows.append({**fields(it), "source": file.source.value, "came": file.at.isoformat()})
    return Said(tuple(lines), {"files": rows})


def place(reading: Reading) -> str:
    """A statement in a file: "12.3", or "12" for the file as a whole."""
    return f"{reading.file_id}.{reading.no}" if reading.no else str(reading.file_id)


def why(speech: Texts, reading: Reading) -> str:
    """Why a statement was not taken or waits, in a sentence, with the days and amounts of it."""
    return said_reason(speech, reading.reason, reading.detail, Trouble, Unkept)


def fields(reading: Reading) -> dict[str, object]:
    """A reading for programs."""
    return {
        "file": reading.file_id,
        "statement": reading.no,
        "outcome": reading.outcome.value,
        "reason": reading.reason,
        "detail": reading.detail,
        "first_day": reading.first_day and reading.first_day.isoformat(),
        "last_day": reading.last_day and reading.last_day.isoformat(),
        "lines": reading.lines,
        "new_lines": reading.new_lines,
    }
