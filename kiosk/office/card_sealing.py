"""What goes to the schools: their keys, and their cards' secrets sealed under them.

The secrets come out of the ledger's escrow, which two holders of the master keys open. It is an
act of the ledger, and needs its right as well.
"""

import argparse
from datetime import datetime
from pathlib import Path

from accounts.card_keys import put_keys, secrets_to_seal
from accounts.clock import school_day
from accounts.database import Session
from accounts.files import could_be_written, written_whole
from accounts.schools import School, schools
from accounts.texts import Texts
from cards.masters import Masters
from cards.school_key import SchoolKeyFile, seal
from kiosk.office.answers import Answer, Refused, Said
from kiosk.office.desk import Desk
from kiosk.office.key_holders import OpenFile, open_by_two, put_back, unwritable


def ask(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Have two holders open the file before the ledger is locked; left in ``asked.opened``."""
    opened = open_by_two(asked, speech)
    if isinstance(opened, Refused):
        return opened
    asked.opened = opened
    return None


def export_school(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card keys export-school``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    opened: OpenFile = asked.opened
    masters = opened.masters
    path: Path = asked.out
    try:
        could_be_written(path)
    except OSError as error:
        return unwritable(path, error, desk.texts)
    if asked.renew:
        # In the file before in the ledger: what is cut off here is ended by the same words
        # without --renew.
        masters = masters.renew_school(school.number)
        stopped = put_back(opened, masters, desk.texts)
        if stopped is not None:
            return stopped
    content = SchoolKeyFile(school.number, masters.school_key(school.number)).to_bytes()
    try:
        with written_whole(path) as file:
            file.write(content)
    except OSError as error:
        stopped = unwritable(path, error, desk.texts)
        if not asked.renew:
            return stopped
        told = desk.say("The key is renewed already. Repeat the command without --renew.")
        return Refused("renewed_unwritten", (*stopped.lines, told))
    done, lost = seal_for(desk.db, school, masters, at=desk.at)
    lines = [
        desk.say("The card key of {school} is in {path}.", school=school.name, path=path),
        desk.say(
            "It opens the secrets of this school's cards: carry it yourself. At each of its kiosks: "
            "mensa kiosk keys FILE; for a new kiosk: mensa kiosk-device add NAME --school-key FILE"
        ),
    ]
    if asked.renew:
        lines.append(desk.say("Until its kiosks have the new key they take none of these cards."))
    lines += _sealed_lines(desk.texts, done, lost)
    fields = {"school": school.number, "file": str(path), "sealed": done, "unreadable": lost}
    return Said(tuple(lines), fields)


def seal_all(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card keys seal``: for all schools, after children have changed schools."""
    opened: OpenFile = asked.opened
    counts = [seal_for(desk.db, it, opened.masters, at=desk.at) for it in schools(desk.db)]
    done, lost = sum(it[0] for it in counts), sum(it[1] for it in counts)
    return Said(_sealed_lines(desk.texts, done, lost), {"sealed": done, "unreadable": lost})


def seal_for(db: Session, school: School, masters: Masters, *, at: datetime) -> tuple[int, int]:
    """Seal for a school what its key does not open yet: how many, and how many are unreadable.

    Unreadable is an escrow of other master keys than these.
    """
    key = masters.school_key(school.number)
    found = secrets_to_seal(db, school_id=school.id, key_id=key.id, day=school_day(at))
    sealed = {}
    for card_id, card, escrow in found:
        kept = masters.from_escrow(escrow, card)
        if kept is not None:
            sealed[card_id] = seal(key, kept[1], card=card)
    put_keys(db, school_id=school.id, key_id=key.id, sealed=sealed, at=at)
    return len(sealed), len(found) - len(sealed)


def _sealed_lines(speech: Texts, done: int, lost: int) -> tuple[str, ...]:
    lines = [speech.say_many("{count} card was sealed.", "{count} cards were sealed.", done)]
    if lost:
        lines.append(
            speech.say_many(
                "{count} card was issued with other master keys and has to be issued anew.",
                "{count} cards were issued with other master keys and have to be issued anew.",
                lost,
            )
        )
    return tuple(lines)
