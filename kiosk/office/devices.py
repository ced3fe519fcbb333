"""Kiosks at the office's desk: enrolled for one school for ever, revoked when one is stolen."""

import argparse
import json

from accounts.database import open_database
from accounts.registers import enrolled_kiosks
from accounts.schools import School, SchoolRefusal, enrol_kiosk, revoke_origin
from accounts.settings import Settings
from kiosk.jobs.common import settings_of
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused

KIOSK_FILE = "/etc/mensakasse/kiosk.toml"
_KEY_LINES = (
    "  mkdir -p -m 700 /etc/credstore.encrypted",
    "  head -c 32 /dev/urandom | systemd-creds encrypt --name=mensa-kiosk-key - \\",
    "      /etc/credstore.encrypted/mensa-kiosk-key",
)


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa kiosk-device add``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    made = enrol_kiosk(desk.db, school_id=school.id, name=asked.name, at=desk.at)
    if isinstance(made, SchoolRefusal):
        return refused(desk.texts, made, number=school.number, name=asked.name)
    toml = kiosk_toml(settings_of(asked), origin_id=made, school=school)
    enrolled = desk.say(
        "Kiosk {name} of {school} is enrolled: origin {origin}",
        name=asked.name,
        school=school.name,
        origin=made,
    )
    lines = (
        enrolled,
        "",
        desk.say("On its machine, in {file}:", file=KIOSK_FILE),
        "",
        *(f"  {line}".rstrip() for line in toml.splitlines()),
        "",
        desk.say("And once, as root there, the key that seals its disk (docs/kiosk-machine.md):"),
        "",
        *_KEY_LINES,
    )
    fields = {"origin": made, "name": asked.name, "school": school.number, "toml": toml}
    return Said(lines, fields)


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
    known = {it.name: it for it in enrolled_kiosks(desk.db)}
    kiosk = known.get(asked.name.strip())
    if kiosk is None:
        sentence = desk.say(
            "No kiosk is called {name}. All kiosks: mensa kiosk-device list", name=asked.name
        )
        return Refused("unknown_kiosk", (sentence,))
    if not revoke_origin(desk.db, origin_id=kiosk.origin_id, at=desk.at):
        sentence = desk.say("The kiosk {name} is revoked already.", name=kiosk.name)
        return Refused("already_revoked", (sentence,))
    told = desk.say(
        "The kiosk {name} is revoked: nothing it serves from now on is booked. "
        "A kiosk in its place gets a new name.",
        name=kiosk.name,
    )
    return Said((told,), {"origin": kiosk.origin_id, "revoked": desk.at.isoformat()})


def kiosk_toml(settings: Settings, *, origin_id: int, school: School) -> str:
    """The settings of a kiosk's machine, with what this office knows of them filled in.

    A password in the database's URL is left out.
    """
    database = open_database(settings.database or "").url.render_as_string(hide_password=True)
    pepper = settings.pepper_file or "/etc/mensakasse/pepper"
    return f"""\
database = {json.dumps(database)}
pepper_file = {json.dumps(str(pepper))}  # a copy of the office's

[kiosk]
origin = {origin_id}
state = "/var/lib/mensakasse"
language = {json.dumps(school.language)}

[[kiosk.reader]]
label = "Ausgabe"
match = "ACR122"  # a part of the reader's name: mensa doctor --role kiosk
"""
