"""Who pays how much of a meal: tariffs, the bodies behind them, and who is entitled when.

Each kind of person has one base tariff, which everybody of that kind has without being given
it. A tariff with a funding body (Kostenträger, as for BuT) leaves a part of the price to that
body. Entitlements have days; where several are valid the one that began last counts, and in
every gap the base tariff does.
"""

import enum
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, insert, or_, select, update

from accounts.changes import note_change, note_pupil_change
from accounts.charge import PersonKind
from accounts.tables.journal import account
from accounts.tables.meals import entitlement, funding_body, tariff
from accounts.tables.people import pupil


class TariffRefusal(enum.Enum):
    """Why a tariff, a body or an entitlement was not written."""

    NAME_MISSING = "name_missing"
    NAME_TAKEN = "name_taken"
    CODE_TAKEN = "code_taken"
    BASE_TAKEN = "base_taken"  # this kind of person has its base tariff
    BASE_IS_FUNDED = "base_is_funded"
    UNKNOWN_BODY = "unknown_body"
    UNKNOWN_TARIFF = "unknown_tariff"
    UNKNOWN_PUPIL = "unknown_pupil"
    UNKNOWN_ENTITLEMENT = "unknown_entitlement"
    BASE_IS_FOR_ALL = "base_is_for_all"  # nobody is entitled to what everybody has
    WRONG_KIND = "wrong_kind"  # a tariff for another kind of person
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff; ``funding_body_id`` is who pays the rest."""

    id: int
    code: str
    name: str
    person_kind: PersonKind
    base: bool
    funding_body_id: int | None


@dataclass(frozen=True, slots=True)
class Entitled:
    """What a person pays by on one day; ``funded`` tariffs cover one lunch and nothing else."""

    tariff_id: int
    base_tariff_id: int
    funded: bool


def add_funding_body(db: Connection, *, name: str) -> int | TariffRefusal:
    """Add a body that pays for others, with the account it owes on; returns its id."""
    name = name.strip()
    if not name:
        return TariffRefusal.NAME_MISSING
    if db.execute(select(funding_body.c.id).where(funding_body.c.name == name)).first():
        return TariffRefusal.NAME_TAKEN
    added = insert(funding_body).values(name=name).returning(funding_body.c.id)
    body_id = int(db.execute(added).scalar_one())
    owed = {"name": f"receivable:{body_id}", "kind": "receivable", "funding_body_id": body_id}
    db.execute(insert(account).values(owed))
    return body_id


def add_tariff(
    db: Connection,
    *,
    code: str,
    name: str,
    person_kind: PersonKind,
    at: datetime,
    base: bool = False,
    funding_body_id: int | None = None,
) -> int | TariffRefusal:
    """Add a tariff for one kind of person; returns its id."""
    code, name = code.strip(), name.strip()
    if not code or not name:
        return TariffRefusal.NAME_MISSING
    known = tariffs(db)
    if any(other.code == code for other in known):
        return TariffRefusal.CODE_TAKEN
    if base and any(other.base and other.person_kind is person_kind for other in known):
        return TariffRefusal.BASE_TAKEN
    if base and funding_body_id is not None:
        return TariffRefusal.BASE_IS_FUNDED
    body = select(funding_body.c.id).where(funding_body.c.id == funding_body_id)
    if funding_body_id is not None and db.execute(body).first() is None:
        return TariffRefusal.UNKNOWN_BODY
    values = {
        "code": code,
        "name": name,
        "person_kind": person_kind.value,
        "base": int(base),
        "funding_body_id": funding_body_id,
    }
    added = int(db.execute(insert(tariff).values(values).returning(tariff.c.id)).scalar_one())
    note_change(db, what="tariff", at=at, school_id=None)
    return added


def tariffs(db: Connection) -> tuple[Tariff, ...]:
    """All tariffs in the order they were made."""
    return tuple(
        Tariff(
            id=row.id,
            code=row.code,
            name=row.name,
            person_kind=PersonKind(row.person_kind),
            base=bool(row.base),
            funding_body_id=row.funding_body_id,
        )
        for row in db.execute(select(tariff).order_by(tariff.c.id))
    )


def entitle(
    db: Connection,
    *,
    pupil_id: int,
    tariff_id: int,
    valid_from: date,
    valid_to: date | None,
    at: datetime,
) -> int | TariffRefusal:
    """Give a person a tariff from day to day (both included); returns the entitlement's id.

    It may overlap or follow others, lie in the past or have no end.
    """
    if valid_to is not None and valid_to < valid_from:
        return TariffRefusal.ENDS_BEFORE_IT_BEGINS
    given = next((known for known in tariffs(db) if known.id == tariff_id), None)
    if given is None:
        return TariffRefusal.UNKNOWN_TARIFF
    if given.base:
        return TariffRefusal.BASE_IS_FOR_ALL
    kind = db.execute(select(pupil.c.kind).where(pupil.c.id == pupil_id)).scalar_one_or_none()
    if kind is None:
        return TariffRefusal.UNKNOWN_PUPIL
    if kind != given.person_kind.value:
        return TariffRefusal.WRONG_KIND
    values = {
        "pupil_id": pupil_id,
        "tariff_id": tariff_id,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    added = insert(entitlement).values(values).returning(entitlement.c.id)
    entitlement_id = int(db.execute(added).scalar_one())
    note_pupil_change(db, what="entitlement", at=at, pupil_id=pupil_id)
    return entitlement_id


def end_entitlement(
    db: Connection, *, entitlement_id: int, last_day: date, at: datetime
) -> TariffRefusal | None:
    """Let an entitlement end with that day, sooner or later than it would."""
    this = entitlement.c.id == entitlement_id
    found = db.execute(select(entitlement).where(this)).first()
    if found is None:
        return TariffRefusal.UNKNOWN_ENTITLEMENT
    if last_day < found.valid_from:
        return TariffRefusal.ENDS_BEFORE_IT_BEGINS
    db.execute(update(entitlement).where(this).values(valid_to=last_day))
    note_pupil_change(db, what="entitlement", at=at, pupil_id=found.pupil_id)
    return None


def tariff_of(db: Connection, *, pupil_id: int, day: date) -> Entitled | None:
    """The tariff that counts for a person on that day; None where the kind has no base tariff."""
    base = (
        select(tariff.c.id)
        .join(pupil, pupil.c.kind == tariff.c.person_kind)
        .where(pupil.c.id == pupil_id, tariff.c.base == 1)
    )
    base_id = db.execute(base).scalar_one_or_none()
    if base_id is None:
        return None
    newest = (
        select(entitlement.c.tariff_id, tariff.c.funding_body_id)
        .join(tariff, tariff.c.id == entitlement.c.tariff_id)
        .where(
            and_(
                entitlement.c.pupil_id == pupil_id,
                entitlement.c.valid_from <= day,
                or_(entitlement.c.valid_to.is_(None), entitlement.c.valid_to >= day),
            )
        )
        .order_by(entitlement.c.valid_from.desc(), entitlement.c.id.desc())
        .limit(1)
    )
    row = db.execute(newest).first()
    if row is None:
        return Entitled(base_id, base_id, funded=False)
    return Entitled(row.tariff_id, base_id, funded=row.funding_body_id is not None)
