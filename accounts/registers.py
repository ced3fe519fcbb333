"""The city's registers as the office reads them: who sells, who pays, which kiosks, whose PIN.

Nothing personal of a pupil is here; that is ``accounts.directory``. Nothing is written.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from accounts.operators import OperatorKind, SettledAs
from accounts.tables import kiosks, meals, people


@dataclass(frozen=True, slots=True)
class Operator:
    """Who sells meals."""

    id: int
    name: str
    kind: OperatorKind
    settled_as: SettledAs


@dataclass(frozen=True, slots=True)
class FundingBody:
    """Who pays the rest of a subsidised meal (Kostenträger)."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class EnrolledKiosk:
    """A kiosk of a school, with the moments from which on and until which it is believed."""

    origin_id: int
    name: str
    school_number: str
    enrolled_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who may act at a school's kiosks; ``has_pin`` or by a staff card only."""

    id: int
    label: str
    has_pin: bool
    active: bool


def operators(db: Connection) -> tuple[Operator, ...]:
    """All who sell meals, by name."""
    found = select(meals.operator).order_by(meals.operator.c.name)
    return tuple(
        Operator(row.id, row.name, OperatorKind(row.kind), SettledAs(row.settled_as))
        for row in db.execute(found)
    )


def funding_bodies(db: Connection) -> tuple[FundingBody, ...]:
    """All who pay for others, by name."""
    found = select(meals.funding_body).order_by(meals.funding_body.c.name)
    return tuple(FundingBody(row.id, row.name) for row in db.execute(found))


def enrolled_kiosks(db: Connection) -> tuple[EnrolledKiosk, ...]:
    """All kiosks ever enrolled, the revoked ones too, in the order they came."""
    origin, school = kiosks.origin, people.school
    found = (
        select(origin, school.c.number)
        .join(school, school.c.id == origin.c.school_id)
        .where(origin.c.kind == "kiosk")
        .order_by(origin.c.id)
    )
    return tuple(
        EnrolledKiosk(row.id, row.name, row.number, row.enrolled_us, row.revoked_us)
        for row in db.execute(found)
    )


def staff_of(db: Connection, *, school_id: int) -> tuple[StaffMember, ...]:
    """The canteen staff of a school, by label."""
    theirs = select(people.staff).where(people.staff.c.school_id == school_id)
    return tuple(
        StaffMember(row.id, row.label, row.pin_hash is not None, bool(row.active))
        for row in db.execute(theirs.order_by(people.staff.c.label))
    )


def school_of_staff(db: Connection, *, staff_id: int) -> int | None:
    """The school a member of the canteen's staff belongs to."""
    this = select(people.staff.c.school_id).where(people.staff.c.id == staff_id)
    return db.execute(this).scalar_one_or_none()
