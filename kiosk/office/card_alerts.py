"""What kiosks noticed of cards, at the office's desk: cards by their printed numbers, no child."""

import argparse
from datetime import timedelta

from accounts import card_numbers
from accounts.card_matters import Matter, card_matters, note_seen
from accounts.schools import schools
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.sentences_alerts import MATTERS


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card alerts``."""
    school = None if asked.school is None else desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    since = desk.at - timedelta(days=asked.days)
    found = card_matters(desk.db, since=since, school_id=school.id if school else None)
    matters = [matter for matter in found if asked.all or matter.seen is None]
    numbers = {one.id: one.number for one in schools(desk.db)}
    fields = {"alerts": [_fields(it, numbers[it.school_id]) for it in matters]}
    if not matters:
        return Said((desk.say("Nothing to look into."),), fields)
    head = (
        desk.say("Alert"),
        desk.say("When"),
        desk.say("School"),
        desk.say("Kiosk"),
        desk.say("Card"),
        desk.say("What"),
        desk.say("Seen"),
    )
    rows = [
        (
            it.ref,
            desk.texts.moment(it.at),
            numbers[it.school_id],
            it.kiosk if it.other is None else f"{it.kiosk}, {it.other}",
            "-" if it.printed_no is None else card_numbers.format(it.printed_no),
            desk.say(MATTERS[it.kind]),
            "" if it.seen is None else f"{it.seen.actor}: {it.seen.note}",
        )
        for it in matters
    ]
    how = desk.say("When you have looked into one: mensa card seen ALERT --note TEXT")
    return Said((*in_columns(head, rows), how), fields)


def seen(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card seen``."""
    refusal = note_seen(desk.db, asked.alert, note=asked.note, actor=desk.actor, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, alert=asked.alert)
    told = desk.say("Noted: {alert} was looked into.", alert=asked.alert)
    return Said((told,), {"alert": asked.alert.strip().lower()})


def _fields(matter: Matter, school: str) -> dict[str, object]:
    return {
        "alert": matter.ref,
        "kind": matter.kind.value,
        "at": matter.at.isoformat(),
        "school": school,
        "kiosk": matter.kiosk,
        "other_kiosk": matter.other,
        "card": matter.printed_no,
        "seen": None
        if matter.seen is None
        else {
            "actor": matter.seen.actor,
            "at": matter.seen.at.isoformat(),
            "note": matter.seen.note,
        },
    }
