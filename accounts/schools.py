"""Schools, the days they are closed, and who may write for them.

A school is known by its six-digit official number (Schulnummer). An origin is one writer with
its own gap-free numbers: a kiosk belongs to one school for ever, an office to none; a revoked
one keeps its row, because its entries name it.
"""

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from accounts.changes import note_change
from accounts.money import Money
from accounts.tables.kiosks import origin
from accounts.tables.people import closed_day, school

_NUMBER = re.compile(r"[1-9]\d{5}", re.ASCII)
PROOFS = ("aes", "uid")
LANGUAGES = ("de", "en")


class SchoolRefusal(enum.Enum):
    """Why a school, a setting or an origin was not written."""

    BAD_NUMBER = "bad_number"  # not six digits
    NUMBER_TAKEN = "number_taken"
    NAME_MISSING = "name_missing"
    NAME_TAKEN = "name_taken"
    UNKNOWN_SCHOOL = "unknown_school"
    BAD_SETTING = "bad_setting"


@dataclass(frozen=True, slots=True)
class School:
    """A school with its settings.

    ``floor`` (not above zero) is how deep the day's first lunch may go; the caps are what the
    ledger books from kiosks per pupil and per kiosk and day. ``accepts`` are the proofs a card
    may bring, of "aes" and "uid"; ``uid_day_limit`` is what a day may cost, but for the first
    lunch, by a card that only shows a number, and None where kiosks' own limit stands. With
    ``remember_iban`` a payer's account that has paid for one child stands for it.
    """

    id: int
    number: str
    name: str
    floor: Money
    pupil_day_cap: Money
    kiosk_day_cap: Money
    accepts: frozenset[str]
    shows_first_name: bool
    language: str
    uid_day_limit: Money | None = None
    remember_iban: bool = False


def add_school(db: Connection, *, number: str, name: str) -> int | SchoolRefusal:
    """Add a school with default settings; returns its id."""
    number, name = number.strip(), name.strip()
    if not _NUMBER.fullmatch(number):
        return SchoolRefusal.BAD_NUMBER
    if not name:
        return SchoolRefusal.NAME_MISSING
    if find_school(db, number=number) is not None:
        return SchoolRefusal.NUMBER_TAKEN
    added = insert(school).values(number=number, name=name).returning(school.c.id)
    return int(db.execute(added).scalar_one())


def schools(db: Connection) -> tuple[School, ...]:
    """All schools in the order of their numbers."""
    return tuple(_school(row) for row in db.execute(select(school).order_by(school.c.number)))


def find_school(db: Connection, *, number: str) -> School | None:
    """The school with this official number."""
    row = db.execute(select(school).where(school.c.number == number.strip())).first()
    return None if row is None else _school(row)


def set_school(
    db: Connection,
    *,
    school_id: int,
    at: datetime,
    name: str | None = None,
    floor: Money | None = None,
    pupil_day_cap: Money | None = None,
    kiosk_day_cap: Money | None = None,
    accepts: Iterable[str] | None = None,
    shows_first_name: bool | None = None,
    language: str | None = None,
    uid_day_limit: Money | None = None,
    remember_iban: bool | None = None,
) -> SchoolRefusal | None:
    """Change what is given and leave the rest; refused whole where one value cannot be."""
    proofs = None if accepts is None else frozenset(accepts)
    caps = [cap for cap in (pupil_day_cap, kiosk_day_cap, uid_day_limit) if cap is not None]
    if (
        (name is not None and not name.strip())
        or (floor is not None and floor > Money(0))
        or any(cap < Money(0) for cap in caps)
        or (proofs is not None and not (proofs and proofs <= set(PROOFS)))
        or language not in {None, *LANGUAGES}
    ):
        return SchoolRefusal.BAD_SETTING
    given: Mapping[str, Any] = {
        "name": None if name is None else name.strip(),
        "floor_cents": None if floor is None else floor.cents,
        "pupil_day_cap_cents": None if pupil_day_cap is None else pupil_day_cap.cents,
        "kiosk_day_cap_cents": None if kiosk_day_cap is None else kiosk_day_cap.cents,
        "accepts": None if proofs is None else ",".join(sorted(proofs)),
        "shows_first_name": None if shows_first_name is None else int(shows_first_name),
        "language": language,
        "uid_day_limit_cents": None if uid_day_limit is None else uid_day_limit.cents,
        "remember_iban": None if remember_iban is None else int(remember_iban),
    }
    values = {key: value for key, value in given.items() if value is not None}
    if not values:
        return None
    changed = db.execute(update(school).where(school.c.id == school_id).values(values))
    if not changed.rowcount:
        return SchoolRefusal.UNKNOWN_SCHOOL
    note_change(db, what="school", at=at, school_id=school_id)
    return None


def close_day(db: Connection, *, school_id: int, day: date, why: str, at: datetime) -> None:
    """Close the school on that day; the reason given last stands."""
    db.execute(delete(closed_day).where(_is_day(school_id, day)))
    db.execute(insert(closed_day).values(school_id=school_id, day=day, why=why))
    note_change(db, what="school", at=at, school_id=school_id)


def open_day(db: Connection, *, school_id: int, day: date, at: datetime) -> None:
    """Open the school again on a day that was closed; nothing where it was open."""
    if db.execute(delete(closed_day).where(_is_day(school_id, day))).rowcount:
        note_change(db, what="school", at=at, school_id=school_id)


def closed_days(db: Connection, *, school_id: int, first: date, last: date) -> Mapping[date, str]:
    """The closed days from ``first`` to ``last`` (both included) with their reasons."""
    found = (
        select(closed_day.c.day, closed_day.c.why)
        .where(closed_day.c.school_id == school_id, closed_day.c.day.between(first, last))
        .order_by(closed_day.c.day)
    )
    return {row.day: row.why for row in db.execute(found)}


def enrol_kiosk(db: Connection, *, school_id: int, name: str, at: datetime) -> int | SchoolRefusal:
    """Make a kiosk an origin of this school from now on; returns the origin's id."""
    if db.execute(select(school.c.id).where(school.c.id == school_id)).first() is None:
        return SchoolRefusal.UNKNOWN_SCHOOL
    return _enrol(db, kind="kiosk", name=name, school_id=school_id, at=at)


def enrol_office(db: Connection, *, name: str, at: datetime) -> int | SchoolRefusal:
    """Make an office an origin from now on; returns the origin's id."""
    return _enrol(db, kind="office", name=name, school_id=None, at=at)


def revoke_origin(db: Connection, *, origin_id: int, at: datetime) -> bool:
    """From now on nothing new of this origin is booked; a kiosk hears of it at its next look.

    False where that was so already.
    """
    live = (origin.c.id == origin_id) & origin.c.revoked_us.is_(None)
    revoked = update(origin).where(live).values(revoked_us=at).returning(origin.c.school_id)
    found = db.execute(revoked).one_or_none()
    if found is None:
        return False
    if found.school_id is not None:
        note_change(db, what="kiosk", at=at, school_id=found.school_id)
    return True


def _enrol(
    db: Connection, *, kind: str, name: str, school_id: int | None, at: datetime
) -> int | SchoolRefusal:
    name = name.strip()
    if not name:
        return SchoolRefusal.NAME_MISSING
    if db.execute(select(origin.c.id).where(origin.c.name == name)).first() is not None:
        return SchoolRefusal.NAME_TAKEN
    values = {"kind": kind, "name": name, "school_id": school_id, "enrolled_us": at}
    return int(db.execute(insert(origin).values(values).returning(origin.c.id)).scalar_one())


def _is_day(school_id: int, day: date) -> Any:
    return (closed_day.c.school_id == school_id) & (closed_day.c.day == day)


def _school(row: Row[Any]) -> School:
    return School(
        id=row.id,
        number=row.number,
        name=row.name,
        floor=Money(row.floor_cents),
        pupil_day_cap=Money(row.pupil_day_cap_cents),
        kiosk_day_cap=Money(row.kiosk_day_cap_cents),
        accepts=frozenset(filter(None, row.accepts.split(","))),
        shows_first_name=bool(row.shows_first_name),
        language=row.language,
        uid_day_limit=None if row.uid_day_limit_cents is None else Money(row.uid_day_limit_cents),
        remember_iban=bool(row.remember_iban),
    )
