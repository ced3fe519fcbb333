"""``mensa card issue``: cards that prove themselves, for one person or a whole class.

Rights, names and keys are all there before the first card is asked for. The ledger is open but
never locked while somebody looks for a card: each step of an issue is a transaction of its own.
"""

import argparse
import select
import sys
from collections.abc import Callable
from contextlib import closing

from accounts.clock import SystemClock
from accounts.database import Database
from accounts.directory import person_by_id
from accounts.money import Money
from accounts.office import note_looks, office_origin
from accounts.office_charge import ChargeRefusal, price_of
from accounts.schools import School
from accounts.settings import SettingsError, StationSettings
from accounts.texts import Texts
from cards.station import Station
from kiosk.compose import read_pepper
from kiosk.issuing_book import LedgerBook
from kiosk.issuing_terms import Lost, Tools
from kiosk.jobs.common import database_of, settings_of
from kiosk.jobs.words import Need, spoken
from kiosk.office.answers import Refused, Said
from kiosk.office.desk import Desk, tell
from kiosk.office.entitled import lacks_right
from kiosk.office.issuing_list import Worklist, worklist
from kiosk.office.issuing_round import AtHand, Halt, Reader, Round, issue_all
from kiosk.office.issuing_words import why_not
from kiosk.office.key_holders import open_by_two
from kiosk.office.persons import tell_person
from kiosk.office.signing_in import Acting, who_acts
from kiosk.sentences_issuing import (
    FORMAT,
    FORMAT_WORD,
    GIVEN_UP,
    HAS_ONE,
    ISSUING,
    LOST,
    NO_CARD_CAME,
    NO_STATION,
    NOBODY_LEFT,
    STOPPED,
)

DONE, REFUSED, MISSING, LATER = 0, 1, 69, 75
UNATTENDED_PATIENCE = 60.0
"""Seconds without a card that end a job at which nobody sits."""


def issue(asked: argparse.Namespace, need: Need) -> int:
    """Issue what is asked for; returns the exit code."""
    speech = spoken()
    settings = settings_of(asked)
    with closing(database_of(asked)) as database:
        prepared = _prepared(asked, database, need, speech)
        if isinstance(prepared, Refused):
            return tell(prepared, as_json=asked.json)
        acting, school, todo = prepared
        if settings.station is None:
            return tell(Refused("no_station", (speech.say(NO_STATION),)), as_json=asked.json)
        try:
            pepper = read_pepper(settings.pepper_file)
        except SettingsError as error:
            lacking = speech.say("Cards need the city's secret: {why}", why=error)
            return tell(Refused("no_pepper", (lacking,)), as_json=asked.json)
        book = LedgerBook(database, SystemClock(), acting, school, fee=asked.fee)
        _give_up(asked, book, todo, speech)
        if not todo.tasks:
            said = [speech.say(HAS_ONE, who=who) for who in todo.have]
            answer = Said((*said, speech.say(NOBODY_LEFT)), {"cards": [], "left_out": []})
            return tell(answer, as_json=asked.json)
        opened = open_by_two(asked, speech)
        if isinstance(opened, Refused):
            return tell(opened, as_json=asked.json)
        tools = Tools(opened.masters, pepper, settings.station.aid, settings.station.city)
        with open_station(settings.station) as reader:
            at_hand = _at_hand(asked, reader, book, tools, speech)
            made = issue_all(
                at_hand, todo.tasks, who_is=lambda pupil_id: _name(book, pupil_id, speech)
            )
    return _told(asked, todo, made, speech)


def open_station(station: StationSettings) -> Station:
    """The reader the settings mean; never a virtual one."""
    return Station(station.reader)


def _prepared(
    asked: argparse.Namespace, database: Database, need: Need, speech: Texts
) -> tuple[Acting, School, Worklist] | Refused:
    """Who acts, for which school, and who is to get a card; looked at and written down as such."""
    at = SystemClock().now()
    acting = who_acts(asked, database, at=at, speech=speech)
    if isinstance(acting, Refused):
        return acting
    with database.read() as db:
        desk = Desk(db, at, acting, speech)
        lacking = lacks_right(db, asked, need, acting=acting, at=at, speech=speech)
        if lacking is not None:
            return lacking
        school = desk.school(asked.school)
        if isinstance(school, Refused):
            return school
        todo = worklist(desk, asked, school)
        if isinstance(todo, Refused):
            return todo
        refused = _fee_refused(desk, school, todo, asked.fee)
        if refused is not None:
            return refused
    if desk.seen:
        _look(database, desk)
    return acting, school, todo


def _look(database: Database, desk: Desk) -> None:
    with database.write() as db:
        origin_id = office_origin(db, name=desk.acting.origin, at=desk.at)
        note_looks(db, origin_id=origin_id, seen=desk.seen, actor=desk.actor, at=desk.at)


def _fee_refused(desk: Desk, school: School, todo: Worklist, code: str | None) -> Refused | None:
    if code is None:
        return None
    for task in todo.tasks:
        pupil_id = task.wanted.pupil_id
        if pupil_id is None:
            continue
        price = price_of(desk.db, school=school, pupil_id=pupil_id, code=code, day=desk.day)
        if isinstance(price, ChargeRefusal):
            return Refused(price.value, (desk.say(ISSUING[price], code=code),))
    return None


def _give_up(asked: argparse.Namespace, book: LedgerBook, todo: Worklist, speech: Texts) -> None:
    if not asked.give_up:
        return
    for task in todo.tasks:
        if task.begun is not None:
            book.give_up(task.begun, "given_up")
            _voice(asked)(speech.say(GIVEN_UP, who=task.who))


def _at_hand(
    asked: argparse.Namespace, reader: Reader, book: LedgerBook, tools: Tools, speech: Texts
) -> AtHand:
    at_terminal = sys.stdin.isatty()
    patience = UNATTENDED_PATIENCE if asked.wait is None else asked.wait
    return AtHand(
        reader=reader,
        book=book,
        tools=tools,
        speech=speech,
        say=_voice(asked),
        typed=_typed if at_terminal else lambda: None,
        confirm=(lambda: _confirmed(speech)) if asked.format else None,
        patience=None if at_terminal and asked.wait is None else patience,
    )


def _told(asked: argparse.Namespace, todo: Worklist, made: Round, speech: Texts) -> int:
    fields = _fields(todo, made)
    if made.refused is not None:
        why = made.refused
        sentence = (
            speech.say(LOST, why=speech.say(ISSUING[why.why]))
            if isinstance(why, Lost)
            else why_not(speech, why)
        )
        return tell(Refused(str(why.why.value), (sentence,), fields), as_json=asked.json)
    if made.trouble is not None:
        reason = Refused("no_reader", (speech.say(ISSUING[made.trouble]),), fields)
        tell(reason, as_json=asked.json)
        return MISSING
    match made.halt:
        case Halt.STOPPED | Halt.NOBODY:
            sentence = STOPPED if made.halt is Halt.STOPPED else NO_CARD_CAME
            tell(Refused(made.halt.value, (speech.say(sentence),), fields), as_json=asked.json)
            return LATER
    # What became of each card was said as it was done.
    return tell(Said((), fields), as_json=asked.json)


def _fields(todo: Worklist, made: Round) -> dict[str, object]:
    cards = [
        {
            "holder": task.number,
            "card": done.card.printed_no,
            "issue": done.card.issue_no,
            "before": done.before,
            "fee": str(done.fee) if isinstance(done.fee, Money) else None,
        }
        for task, done in made.done
    ]
    left_out = [task.number for task in made.left_out]
    return {"cards": cards, "left_out": left_out, "have": len(todo.have)}


def _voice(asked: argparse.Namespace) -> Callable[[str], None]:
    """Where the person at the station is spoken to; with --json only where one looks."""
    stream = sys.stderr if asked.json else sys.stdout

    def say(line: str) -> None:
        if not asked.json or stream.isatty():
            stream.write(f"{line}\n")
            stream.flush()

    return say


def _typed() -> str | None:
    """A line that was typed; None where none is there yet."""
    if not select.select([sys.stdin], [], [], 0)[0]:
        return None
    line = sys.stdin.readline()
    return line.strip() if line else "q"


def _confirmed(speech: Texts) -> bool:
    word = speech.say(FORMAT_WORD)
    sys.stderr.write(speech.say(FORMAT, word=word))
    sys.stderr.flush()
    return sys.stdin.readline().strip() == word


def _name(book: LedgerBook, pupil_id: int, speech: Texts) -> str:
    """Somebody who is on no list here, whose card was finished."""
    at = book.clock.now()
    with book.database.read() as db:
        desk = Desk(db, at, book.acting, speech)
        person = person_by_id(db, pupil_id=pupil_id, day=desk.day)
    if person is None:
        return speech.say("staff")
    desk.look("card issue", pupil_id=pupil_id)
    _look(book.database, desk)
    return tell_person(person)
