"""The canteen's staff at the office's desk. A PIN is typed or piped in, never an argument."""

import argparse
import sys

from accounts.registers import StaffMember, staff_of
from accounts.staff import StaffRefusal, add_staff, dismiss_staff, set_pin
from accounts.texts import Texts
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, ask_hidden, refused


def ask_pin(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Ask for the PIN before the ledger is opened; it is left in ``asked.pin``."""
    asked.pin = None
    if asked.card_only:
        return None
    if asked.pin_stdin:
        asked.pin = sys.stdin.readline().rstrip("\r\n")
        return None
    if not sys.stdin.isatty():
        sentence = speech.say(
            "The PIN is typed at a terminal, or comes by --pin-stdin; without one: --card-only"
        )
        return Refused("no_pin", (sentence,))
    asked.pin = ask_hidden(speech.say("PIN (4 to 12 digits): "))
    if ask_hidden(speech.say("Once more: ")) != asked.pin:
        return Refused("pins_differ", (speech.say("That was another PIN. Try again."),))
    return None


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa staff add``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    made = add_staff(desk.db, school_id=school.id, label=asked.label, pin=asked.pin, at=desk.at)
    if isinstance(made, StaffRefusal):
        return refused(desk.texts, made, number=school.number, label=asked.label)
    told = desk.say("Added: staff {label} at {name}", label=asked.label, name=school.name)
    fields = {"label": asked.label, "school": school.number, "pin": asked.pin is not None}
    return Said((told,), {"staff": fields})


def dismiss(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa staff dismiss``."""
    one = _meant(desk, asked)
    if isinstance(one, Refused):
        return one
    dismiss_staff(desk.db, staff_id=one.id, at=desk.at)
    told = desk.say("{label} may act at no kiosk any more", label=one.label)
    return Said((told,), {"staff": {"label": one.label, "active": False}})


def renew_pin(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa staff pin``."""
    one = _meant(desk, asked)
    if isinstance(one, Refused):
        return one
    refusal = set_pin(desk.db, staff_id=one.id, pin=asked.pin, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, label=one.label)
    told = desk.say("{label} has another PIN from now on", label=one.label)
    return Said((told,), {"staff": {"label": one.label, "pin": True}})


def _meant(desk: Desk, asked: argparse.Namespace) -> StaffMember | Refused:
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    for one in staff_of(desk.db, school_id=school.id):
        if one.label == asked.label:
            return one
    return refused(desk.texts, StaffRefusal.UNKNOWN_STAFF, label=asked.label, school=school.number)


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa staff list``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    found = staff_of(desk.db, school_id=school.id)
    fields = [{"label": it.label, "pin": it.has_pin, "active": it.active} for it in found]
    if not found:
        hint = desk.say(
            "Nobody may act at the kiosks yet: mensa staff add LABEL --school {number}",
            number=school.number,
        )
        return Said((hint,), {"school": school.number, "staff": []})
    rows = [(it.label, desk.yes_no(it.has_pin), desk.yes_no(it.active)) for it in found]
    head = (desk.say("Label"), desk.say("PIN"), desk.say("Active"))
    return Said(in_columns(head, rows), {"school": school.number, "staff": fields})
