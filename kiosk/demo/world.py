"""The demo's school: invented names, a roster file read by the importer, cards, money, a menu.

Nothing is written around the ledger's own ways: pupils come in through the roster importer,
what they had before through a list that two people agree on, cards through the issuing station.
The school takes cards that prove themselves and no others.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from accounts.approvals import decide
from accounts.charge import ItemClass, PersonKind, Price
from accounts.city import prepare
from accounts.clock import Clock, school_day
from accounts.database import Database, Session, open_database
from accounts.meals import add_offer
from accounts.money import Money
from accounts.opening import Opened, Opening, OpeningList, ask_openings, book_openings
from accounts.operators import OperatorKind, SettledAs, add_operator
from accounts.pupils import known_people
from accounts.rights import Role
from accounts.roster import Roster, read_roster
from accounts.roster_import import Refused, apply
from accounts.schools import add_school, enrol_kiosk, find_school, set_school
from accounts.staff import add_staff
from accounts.tariffs import add_funding_body, add_tariff, entitle
from accounts.users import add_user
from cards.school_key import SchoolKey
from cards.virtual.image import Image
from kiosk.demo.cast import CAST, Child, Prop, hand_out_cards
from kiosk.demo.station import Station, open_station

STAFF_PIN = "2468"
_SCHOOL = "199991"
PEPPER = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class World:
    """The demo's ledger and who is in it; ``cast`` has the children with a part to play."""

    database: Database
    origin_id: int
    school_id: int
    pepper: bytes
    journal: Path
    children: tuple[Child, ...]
    cast: dict[str, Child]
    props: dict[Prop, Image]
    school_key: SchoolKey


_MENU = (
    ("1", "Nudeln mit Tomatensoße", ItemClass.LUNCH, 420),
    ("2", "Linseneintopf", ItemClass.LUNCH, 400),
    ("O", "Obstbecher", ItemClass.SNACK, 150),
    ("W", "Mineralwasser", ItemClass.DRINK, 100),
)


def build(folder: Path, clock: Clock) -> World:
    """Make the school in an empty folder."""
    database = open_database(f"sqlite:///{folder / 'ledger.db'}")
    prepare(database)
    now = clock.now()
    with database.write() as db:
        school_id = _made(add_school(db, number=_SCHOOL, name="Gesamtschule Emscherblick"))
        set_school(db, school_id=school_id, at=now, accepts={"aes"})
        origin_id = _made(enrol_kiosk(db, school_id=school_id, name="Ausgabe 1", at=now))
        _made(add_staff(db, school_id=school_id, label="Küche", pin=STAFF_PIN, at=now))
        body = _made(add_funding_body(db, name="Jobcenter (BuT)"))
        full = _made(
            add_tariff(
                db, code="V", name="Vollzahler", person_kind=PersonKind.PUPIL, at=now, base=True
            )
        )
        funded = _made(
            add_tariff(
                db,
                code="B",
                name="Bildung und Teilhabe",
                person_kind=PersonKind.PUPIL,
                at=now,
                funding_body_id=body,
            )
        )
        _offer(db, school_id, (full, funded), school_day(now), now)
        pupils = _import(db, school_id, now)
        station = _station(database, db, clock)
        children, props = hand_out_cards(db, station, pupils, now)
        told = _accounts(sorted(pupils))
        _take_over(db, [Opening(pupils[number], Money(cents)) for number, cents, _ in told], now)
        for number, _, is_funded in told:
            if is_funded:
                entitle(
                    db,
                    pupil_id=pupils[number],
                    tariff_id=funded,
                    valid_from=school_day(now),
                    valid_to=None,
                    at=now,
                )
    return World(
        database=database,
        origin_id=origin_id,
        school_id=school_id,
        pepper=PEPPER,
        journal=folder / "journal.db",
        children=children,
        cast={child.part: child for child in children if child.part},
        props=props,
        school_key=station.school_key,
    )


def _accounts(numbers: list[str]) -> list[tuple[str, int, bool]]:
    """(school's number, opening balance, funded): the cast as told, the others all sorts."""
    parts = {number: (number, cents, funded) for number, cents, funded in CAST.values()}
    others = [number for number in numbers if number not in parts]
    return [*parts.values()] + [
        (number, 500 + 370 * (place % 9), place % 4 == 0) for place, number in enumerate(others)
    ]


def _import(db: Session, school_id: int, now: datetime) -> dict[str, int]:
    raw = (files("kiosk.demo") / "schueler.txt").read_bytes()
    roster = read_roster(raw)
    if not isinstance(roster, Roster):
        raise TypeError(f"the demo's roster is not readable: {roster}")
    done = apply(db, school_id=school_id, roster=roster, at=now)
    if isinstance(done, Refused):
        raise TypeError(f"the demo's roster was refused: {done.reason}")
    people = known_people(db, school_id=school_id, day=school_day(now))
    return {number: person.id for person in people for number in person.numbers}


def _offer(db: Session, school_id: int, tariffs: tuple[int, int], day: date, now: datetime) -> None:
    full, funded = tariffs
    kitchen = _made(
        add_operator(
            db, name="Städtische Küche", kind=OperatorKind.PUBLIC, settled_as=SettledAs.REVENUE
        )
    )
    for ahead in range(2):  # a demo at midnight goes on
        for code, title, item_class, cents in _MENU:
            prices = {full: Price(Money(cents), Money(cents))}
            if item_class is ItemClass.LUNCH:
                prices[funded] = Price(Money(cents), Money(0))
            _made(
                add_offer(
                    db,
                    school_id=school_id,
                    day=day + timedelta(days=ahead),
                    code=code,
                    title=title,
                    item_class=item_class,
                    operator_id=kitchen,
                    prices=prices,
                    at=now,
                )
            )


def _station(database: Database, db: Session, clock: Clock) -> Station:
    school = find_school(db, number=_SCHOOL)
    if school is None:
        raise TypeError("the demo's school could not be made")
    return open_station(database, db, clock, school=school, pepper=PEPPER)


def _take_over(db: Session, openings: list[Opening], now: datetime) -> None:
    """Book what the children had before: one of the treasury asks for it, another approves."""
    roles = {"leitung": Role.ADMINISTRATOR, "kasse-1": Role.TREASURY, "kasse-2": Role.TREASURY}
    people = {
        name: _made(
            add_user(
                db,
                name=name,
                password=secrets.token_urlsafe(24),  # nobody signs in here
                role=role,
                school_id=None,
                at=now,
            )
        )
        for name, role in roles.items()
    }
    written = "".join(f"{one.pupil_id};{one.amount}\n" for one in openings)
    listed = OpeningList(hashlib.sha256(written.encode()).digest(), tuple(openings))
    request = _made(
        ask_openings(
            db,
            listed,
            control=listed.total,
            requester_id=people["kasse-1"],
            school_id=None,
            reason="Übernahme aus dem bisherigen Verfahren",
            at=now,
        )
    )
    decide(db, request_id=request, approver_id=people["kasse-2"], approved=True, at=now)
    booked = book_openings(db, listed, request_id=request, actor="office:demo", now=now)
    if not isinstance(booked, Opened):
        raise TypeError(f"the demo could not take over what the children had: {booked}")


def _made(made: object) -> int:
    """The number of what was made; the demo's own data are never refused."""
    if not isinstance(made, int):
        raise TypeError(f"the demo's school could not be made: {made}")
    return made
