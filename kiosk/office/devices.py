"""Kiosks at the office's desk: enrolled for one school for ever, revoked when one is stolen.

Enrolling writes one file, for the machine alone; on PostgreSQL it holds the password of the
kiosk's own role, once.
"""

import argparse
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from accounts.database import open_database
from accounts.enrolment import EnrolmentRefusal, Login, end_login, make_login
from accounts.enrolment_file import GOOD_FOR, Enrolment, kiosks_url
from accounts.registers import EnrolledKiosk, enrolled_kiosks
from accounts.schools import School, SchoolRefusal, enrol_kiosk, find_school, revoke_origin
from accounts.settings import Settings
from accounts.texts import Texts
from cards.school_key import SchoolKeyFault, SchoolKeyFile, read_school_key
from kiosk.compose import read_pepper
from kiosk.jobs.common import settings_of
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, read_file, refused
from kiosk.school_keys import TakingFault
from kiosk.sentences_kiosk import MAKING, TAKING

_KEY_LINES = (
    "  mkdir -p -m 700 /etc/credstore.encrypted",
    "  head -c 32 /dev/urandom | systemd-creds encrypt --name=mensa-kiosk-key - \\",
    "      /etc/credstore.encrypted/mensa-kiosk-key",
)


def read_key(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Read the school's card key, where one is named; it is left in ``asked.card_key``."""
    asked.card_key = None
    if asked.school_key is None:
        return None
    content = read_file(asked.school_key, speech)
    if isinstance(content, Refused):
        return content
    told = read_school_key(content)
    if isinstance(told, SchoolKeyFault):
        return Refused(told.value, (speech.say(TAKING[told], path=asked.school_key),))
    asked.card_key = told
    return None


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device add``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    made = enrol_kiosk(desk.db, school_id=school.id, name=asked.name, at=desk.at)
    if isinstance(made, SchoolRefusal):
        return refused(desk.texts, made, number=school.number, name=asked.name)
    return _written(desk, asked, school, origin_id=made, name=asked.name.strip())


def renew(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device renew``: another file for the same kiosk; the password of before ends."""
    kiosk = _find(desk, asked)
    if isinstance(kiosk, Refused):
        return kiosk
    if kiosk.revoked_at is not None:
        sentence = desk.say(MAKING[EnrolmentRefusal.NO_KIOSK], name=kiosk.name)
        return Refused("already_revoked", (sentence,))
    school = find_school(desk.db, number=kiosk.school_number)
    if school is None:
        raise LookupError(kiosk.school_number)
    return _written(desk, asked, school, origin_id=kiosk.origin_id, name=kiosk.name)


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device list``."""
    found = enrolled_kiosks(desk.db)
    if not found:
        hint = desk.say("No kiosk is enrolled yet: mensa kiosk-device add NAME --school NNNNNN")
        return Said((hint,), {"kiosks": []})
    head = (
        desk.say("Origin"),
        desk.say("Name"),
        desk.say("School"),
        desk.say("Enrolled"),
        desk.say("Revoked"),
    )
    rows = [
        (
            str(it.origin_id),
            it.name,
            it.school_number,
            desk.texts.moment(it.enrolled_at),
            desk.texts.moment(it.revoked_at) if it.revoked_at else "-",
        )
        for it in found
    ]
    fields = [
        {
            "origin": it.origin_id,
            "name": it.name,
            "school": it.school_number,
            "enrolled": it.enrolled_at.isoformat(),
            "revoked": it.revoked_at.isoformat() if it.revoked_at else None,
        }
        for it in found
    ]
    return Said(in_columns(head, rows, right={0}), {"kiosks": fields})


def revoke(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device revoke``."""
    kiosk = _find(desk, asked)
    if isinstance(kiosk, Refused):
        return kiosk
    if not revoke_origin(desk.db, origin_id=kiosk.origin_id, at=desk.at):
        sentence = desk.say("The kiosk {name} is revoked already.", name=kiosk.name)
        return Refused("already_revoked", (sentence,))
    ended = end_login(desk.db, origin_id=kiosk.origin_id)
    lines = (
        desk.say(
            "The kiosk {name} is revoked: nothing it serves from now on is booked. "
            "A kiosk in its place gets a new name.",
            name=kiosk.name,
        ),
        desk.say(
            "What it had served and not brought yet is not lost: it lies on its disk, sealed "
            "under its key. To book it: mensa kiosk-device salvage {name} FILE",
            name=kiosk.name,
        ),
    )
    fields = {
        "origin": kiosk.origin_id,
        "revoked": desk.at.isoformat(),
        "sessions_ended": ended,
    }
    return Said(lines, fields)


def _find(desk: Desk, asked: argparse.Namespace) -> EnrolledKiosk | Refused:
    known = {it.name: it for it in enrolled_kiosks(desk.db)}
    kiosk = known.get(asked.name.strip())
    if kiosk is None:
        sentence = desk.say(
            "No kiosk is called {name}. All kiosks: mensa kiosk-device list", name=asked.name
        )
        return Refused("unknown_kiosk", (sentence,))
    return kiosk


def _written(
    desk: Desk, asked: argparse.Namespace, school: School, *, origin_id: int, name: str
) -> Answer:
    """The kiosk's login and the file that brings it to its machine."""
    settings = settings_of(asked)
    card_key: SchoolKeyFile | None = asked.card_key
    if card_key is not None and card_key.school != school.number:
        sentence = desk.say(TAKING[TakingFault.OTHER_SCHOOL], path=asked.school_key)
        return Refused(TakingFault.OTHER_SCHOOL.value, (sentence,))
    path = asked.out or Path(f"kasse-{origin_id}.json")
    login: Login | None = None
    if desk.db.dialect.name == "postgresql":
        made = make_login(desk.db, origin_id=origin_id)
        if isinstance(made, EnrolmentRefusal):
            return Refused(made.value, (desk.say(MAKING[made], name=name),))
        login = made
    until = desk.at + GOOD_FOR
    told = replace(
        _enrolment(settings, school, login, origin_id=origin_id, name=name, desk=desk),
        card_key=None if card_key is None else card_key.to_bytes(),
    )
    failed = _write(path, told.to_bytes())
    if failed is not None:
        sentence = desk.say("{path} cannot be written: {why}", path=path, why=failed.strerror)
        return Refused("unwritable", (sentence,))
    lines = (
        desk.say(
            "Kiosk {name} of {school} is enrolled: origin {origin}",
            name=name,
            school=school.name,
            origin=origin_id,
        ),
        desk.say(
            "Its file is {path}, good until {until}. It lets in whoever has it: carry it yourself.",
            path=path,
            until=desk.texts.moment(until),
        ),
        "",
        desk.say("On its machine: mensa kiosk enrol {path}", path=path),
        "",
        desk.say("And once, as root there, the key that seals its disk (docs/kiosk-machine.md):"),
        "",
        *_KEY_LINES,
    )
    fields = {
        "origin": origin_id,
        "name": name,
        "school": school.number,
        "file": str(path),
        "until": until.isoformat(),
        "card_key": card_key is not None,
    }
    return Said(lines, fields)


def _enrolment(
    settings: Settings,
    school: School,
    login: Login | None,
    *,
    origin_id: int,
    name: str,
    desk: Desk,
) -> Enrolment:
    database, authority = kiosks_url(
        open_database(settings.database or "").url, login=login.name if login else None
    )
    return Enrolment(
        origin=origin_id,
        name=name,
        school=school.name,
        language=school.language,
        database=database,
        password=login.password if login else None,
        authority=authority.read_text("ascii") if authority else None,
        pepper=read_pepper(settings.pepper_file),
        until=desk.at + GOOD_FOR,
    )


def _write(path: Path, content: bytes) -> OSError | None:
    """Write a new file for its owner alone, or say why not; nothing is left by halves."""
    try:
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    except OSError as error:
        return error
    try:
        with file:
            file.write(content)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        return error
    return None
