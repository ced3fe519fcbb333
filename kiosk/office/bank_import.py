"""``mensa bank import``: files from a bank, kept and credited the way a fetch is.

Every file is read from the disk before anything is done; one that cannot be read stops all. What
a statement came to is told one by one: a bad one keeps no good one from being taken.
"""

import argparse
from contextlib import closing

from accounts.bank_files import Source
from accounts.bank_vault import Unopenable
from accounts.clock import SystemClock
from accounts.texts import mark
from banking.crediting import credit
from banking.keeping import keep
from banking.kept import Incoming
from kiosk.jobs.common import database_of
from kiosk.jobs.words import spoken
from kiosk.office import bank_kept
from kiosk.office.answers import Refused, Said, read_file
from kiosk.office.bank_faults import DecisionFault
from kiosk.office.bank_words import open_vault, refuse
from kiosk.office.desk import tell

_NOTHING = mark("There is nothing in these files.")


def bring_in(asked: argparse.Namespace) -> int:
    """Do the job; returns the exit code: 1 where a statement was not taken."""
    speech, clock = spoken(), SystemClock()
    lacking = open_vault(asked, speech)
    if lacking is not None:
        return tell(lacking, as_json=asked.json)
    brought: list[Incoming] = []
    for path in asked.files:
        raw = read_file(path, speech)
        if isinstance(raw, Refused):
            return tell(raw, as_json=asked.json)
        brought.append(Incoming(Source.FILE, raw, name=path.name))
    with closing(database_of(asked)) as database:
        try:
            kept = keep(database, asked.vault, brought, actor=asked.actor, clock=clock)
            credited = credit(
                database, asked.vault, now=clock.now(), actor=asked.actor, cap=asked.cap
            )
        except Unopenable:
            return tell(refuse(speech, DecisionFault.OTHER_SECRET), as_json=asked.json)
    lines = (*bank_kept.lines(speech, kept), *bank_kept.credited_lines(speech, credited))
    told = Said(
        lines or (speech.say(_NOTHING),),
        bank_kept.fields(kept, credited),
        holds=not bank_kept.bad(kept),
    )
    return tell(told, as_json=asked.json)
