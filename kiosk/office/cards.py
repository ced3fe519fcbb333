"""Cards at the office's desk. A card's own number is read, hashed and forgotten."""

import argparse
import sys

from accounts import card_numbers
from accounts.card_register import Card, cards_of, printed_card
from accounts.directory import person_by_id
from accounts.holdings import (
    BlockReason,
    CardRefusal,
    block_card,
    card_hash,
    issue_card,
    issue_staff_card,
    replace_card,
    unblock_card,
)
from accounts.registers import staff_of
from accounts.schools import School
from accounts.settings import SettingsError
from accounts.staff import StaffRefusal
from accounts.texts import Texts, mark
from cards.uid import UidFault, validate
from kiosk.compose import read_pepper
from kiosk.jobs.common import settings_of
from kiosk.office.desk import Answer, Desk, Refused, Said, ask_hidden, refused
from kiosk.office.persons import number_of, person_meant, tell_person

_STATES = {
    "active": mark("active"),
    "blocked": mark("blocked"),
    "replaced": mark("replaced"),
}


def ask(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Take the card's number before the ledger is opened; its hash is left in ``asked.hashed``.

    Raises SettingsError where the installation has no secret for card numbers.
    """
    try:
        pepper = read_pepper(settings_of(asked).pepper_file)
    except SettingsError as error:
        lacking = speech.say("Cards need the city's secret: {why}", why=error)
        how = speech.say(
            "The secret is made once for the whole city, and every kiosk has a copy of it: "
            "head -c 32 /dev/urandom | base64 > FILE; "
            'in the settings: pepper_file = "FILE"'
        )
        return Refused("no_pepper", (lacking, how))
    typed: str | None = asked.uid
    if typed is None and sys.stdin.isatty():
        typed = ask_hidden(speech.say("Place the card on the reader: "))
    elif typed is None:
        typed = sys.stdin.readline()
    uid = validate(typed.strip())
    if isinstance(uid, UidFault):
        return refused(speech, uid)
    asked.hashed = card_hash(pepper, uid)
    return None


def ask_other(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Take the new card's number, which may follow the old card's in the same line."""
    words: list[str] = asked.words
    digits = 0
    while (
        words[digits:] and len(card_numbers.compact("".join(words[:digits]))) < card_numbers.LENGTH
    ):
        digits += 1
    asked.words, rest = words[:digits], words[digits:]
    asked.uid = "".join(rest) or None
    return ask(asked, speech)


def assign(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card assign``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    if asked.staff is not None:
        return _assign_staff(desk, asked, school)
    person = person_meant(desk, school=school.number, number=asked.pupil)
    if isinstance(person, Refused):
        return person
    made = issue_card(
        desk.db, uid_hmac=asked.hashed, pupil_id=person.id, actor=desk.actor, at=desk.at
    )
    if isinstance(made, CardRefusal):
        held = next(iter(cards_of(desk.db, pupil_id=person.id)), None)
        return refused(desk.texts, made, printed=held.printed_no if held else "")
    desk.look("card assign", pupil_id=person.id)
    return _given(desk, made, tell_person(person), school)


def block(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card block``."""
    card = _card(desk, " ".join(asked.words))
    if isinstance(card, Refused):
        return card
    refusal = block_card(
        desk.db, card_id=card.id, reason=BlockReason(asked.reason), actor=desk.actor, at=desk.at
    )
    if refusal is not None:
        return refused(desk.texts, refusal, printed=_printed(card))
    told = desk.say(
        "Card {printed} is blocked. The kiosks refuse it within seconds.", printed=_printed(card)
    )
    return Said((told,), {"card": card.printed_no, "state": "blocked"})


def unblock(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card unblock``."""
    card = _card(desk, " ".join(asked.words))
    if isinstance(card, Refused):
        return card
    refusal = unblock_card(desk.db, card_id=card.id, actor=desk.actor, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, printed=_printed(card))
    told = desk.say("Card {printed} is good again.", printed=_printed(card))
    return Said((told,), {"card": card.printed_no, "state": "active"})


def replace(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card replace``."""
    card = _card(desk, " ".join(asked.words))
    if isinstance(card, Refused):
        return card
    made = replace_card(
        desk.db,
        card_id=card.id,
        uid_hmac=asked.hashed,
        reason=BlockReason(asked.reason),
        actor=desk.actor,
        at=desk.at,
    )
    if isinstance(made, CardRefusal):
        return refused(desk.texts, made, printed=_printed(card))
    told = desk.say(
        "Card {old} is refused for ever; instead of it: {new}. The balance stays.",
        old=_printed(card),
        new=_printed(made),
    )
    return Said((told,), {"card": made.printed_no, "issue": made.issue_no, "old": card.printed_no})


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa card show``."""
    card = _card(desk, " ".join(asked.words))
    if isinstance(card, Refused):
        return card
    holder, whose = desk.say("staff"), None
    if card.pupil_id is not None:
        person = person_by_id(desk.db, pupil_id=card.pupil_id, day=desk.day)
        desk.look("card show", pupil_id=card.pupil_id)
        if person is not None:
            school = person.school_number or "-"
            holder, whose = f"{tell_person(person)} ({school})", number_of(person)
    told = desk.say(
        "Card {printed}: {state}, issue {issue}, of {holder}",
        printed=_printed(card),
        state=desk.say(_STATES[card.state.value]),
        issue=card.issue_no,
        holder=holder,
    )
    fields = {
        "card": card.printed_no,
        "state": card.state.value,
        "issue": card.issue_no,
        "holder": "staff" if card.pupil_id is None else "pupil",
        "number": whose,
    }
    return Said((told,), fields)


def _assign_staff(desk: Desk, asked: argparse.Namespace, school: School) -> Answer:
    labels = {it.label: it.id for it in staff_of(desk.db, school_id=school.id)}
    staff_id = labels.get(asked.staff.strip())
    if staff_id is None:
        return refused(
            desk.texts, StaffRefusal.UNKNOWN_STAFF, label=asked.staff, school=school.number
        )
    made = issue_staff_card(
        desk.db, uid_hmac=asked.hashed, staff_id=staff_id, actor=desk.actor, at=desk.at
    )
    if isinstance(made, CardRefusal):
        return refused(desk.texts, made, printed="PRINTED_NO")
    told = (
        desk.say(
            "{holder}: card {printed}. Write this number on it.",
            holder=asked.staff,
            printed=_printed(made),
        ),
        desk.say(
            "No kiosk signs staff in by a bare card number, which can be copied: {holder} needs a "
            "PIN, or a card that proves itself: mensa card issue --school {number} --staff LABEL",
            holder=asked.staff,
            number=school.number,
        ),
    )
    return Said(told, {"card": made.printed_no, "issue": made.issue_no})


def _given(desk: Desk, card: Card, holder: str, school: School) -> Said:
    told = [
        desk.say(
            "{holder}: card {printed}. Write this number on it.",
            holder=holder,
            printed=_printed(card),
        )
    ]
    if "uid" not in school.accepts:
        told.append(
            desk.say(
                "But the school's kiosks refuse bare card numbers, which can be copied. "
                "If it is to take them all the same: mensa school set {number} --accepts aes,uid",
                number=school.number,
            )
        )
    return Said(tuple(told), {"card": card.printed_no, "issue": card.issue_no})


def _card(desk: Desk, printed: str) -> Card | Refused:
    number = card_numbers.validate(printed)
    if isinstance(number, card_numbers.NumberFault):
        return refused(desk.texts, number, printed=printed)
    card = printed_card(desk.db, printed_no=number)
    if card is None:
        return refused(desk.texts, CardRefusal.UNKNOWN_CARD, printed=printed)
    return card


def _printed(card: Card) -> str:
    return card_numbers.format(card.printed_no)
