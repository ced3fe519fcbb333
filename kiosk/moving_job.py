"""What ``mensa db move`` does and says."""

import argparse
import enum
import json
import sys
from collections.abc import Mapping
from contextlib import closing

from accounts import moving
from accounts.city import prepare
from accounts.connections import shown_url
from accounts.database import NotServing, check_schema
from accounts.moving import MoveRefusal, NotMoved
from accounts.serving import Idle
from accounts.texts import mark
from kiosk.jobs.common import opened, settings_of
from kiosk.jobs.words import spoken
from kiosk.proving import told as proved
from kiosk.saving import bar, place_of, refuse
from kiosk.sentences_saving import HINTS

_SENTENCES: Mapping[enum.Enum, str] = {
    MoveRefusal.NOT_EMPTY: mark("{place} holds something already. Name an empty database."),
    MoveRefusal.SOURCE_BROKEN: mark(
        "This ledger does not prove itself, so it is not carried on as if it did: mensa verify"
    ),
    MoveRefusal.UNCARRIABLE: mark(
        "The table {where} holds a text that {place} has no place for (a NUL character). "
        "Nothing was moved."
    ),
    MoveRefusal.DIFFERS: mark(
        "The copy differs in {where}. It was thrown away, and this ledger goes on."
    ),
    MoveRefusal.COPY_BROKEN: mark(
        "The copy does not prove itself. It was thrown away, and this ledger goes on."
    ),
}
_MOVED = mark(
    "Moved to {place} and proved equal: {rows} rows in {tables} tables, the sums of {accounts} "
    "accounts, {seals} seals.\n"
    "The old ledger takes nothing any more. Now name the new one in the settings of the office "
    "and of every kiosk; until then the kiosks keep what they serve."
)


def is_begun(asked: argparse.Namespace) -> bool:
    """Whether the ledger was told to end, perhaps by a move that was torn after that."""
    with closing(opened(settings_of(asked))) as database:
        try:
            check_schema(database)
        except NotServing as idle:
            return idle.why is Idle.MOVED
    return False


def move(asked: argparse.Namespace) -> int:
    """``mensa db move``."""
    target = place_of(asked.url)
    place = shown_url(target.url)
    with closing(target), closing(opened(settings_of(asked))) as source:
        with bar() as progress:
            answer = moving.move(source, target, progress=progress)
        if isinstance(answer, NotMoved):
            lines = [] if answer.proof is None or asked.json else list(proved(answer.proof))
            values = {"place": place, "where": answer.where}
            return refuse(asked, answer.why, values, more=lines, sentences=_SENTENCES)
        hints = prepare(target)
    rows = sum(table.rows for table in answer.tables.values())
    fields: dict[str, object] = {
        "moved": place,
        "rows": rows,
        "tables": {
            name: {"rows": table.rows, "sha256": table.digest.hex()}
            for name, table in answer.tables.items()
        },
        "accounts": answer.accounts,
        "seals": answer.seals,
        "to_run": hints,
    }
    speech = spoken()
    told = speech.say(
        _MOVED,
        place=place,
        rows=speech.number(rows),
        tables=len(answer.tables),
        accounts=speech.number(answer.accounts),
        seals=speech.number(answer.seals),
    )
    if asked.json:
        sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return 0
    lines = [told, *((speech.say(HINTS), *hints) if hints else ())]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
