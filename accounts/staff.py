"""Canteen staff who may act at a kiosk: a label (never a full name) and a PIN.

Of the PIN only an Argon2id text with its own salt and costs is kept; the kiosk checks it offline
against its snapshot. Ten thousand PINs are soon tried by who holds the text, so it lies only in
the ledger and in the encrypted snapshot, and the kiosk counts failures.
"""

import enum
import os
import re
from datetime import datetime

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Connection, insert, select, update

from accounts.changes import note_change
from accounts.tables.people import school, staff

_PIN = re.compile(r"\d{4,12}", re.ASCII)
# OWASP Password Storage: Argon2id with 19 MiB, two passes, one lane; fits a small kiosk.
_MEMORY_KIB, _PASSES, _LANES = 19456, 2, 1


class StaffRefusal(enum.Enum):
    """Why a member of staff was not written."""

    UNKNOWN_SCHOOL = "unknown_school"
    UNKNOWN_STAFF = "unknown_staff"
    LABEL_MISSING = "label_missing"
    LABEL_TAKEN = "label_taken"
    BAD_PIN = "bad_pin"  # not four to twelve digits


def pin_hash(pin: str) -> str:
    """The Argon2id text of a PIN in PHC form, with a new salt each time."""
    salted = Argon2id(
        salt=os.urandom(16),
        length=32,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return salted.derive_phc_encoded(pin.encode())


def verify_pin(kept: str, pin: str) -> bool:
    """Whether this is the PIN of that text. Raises ValueError where the text is none of ours."""
    if not kept.startswith("$argon2id$"):
        raise ValueError("not an Argon2id text")
    try:
        Argon2id.verify_phc_encoded(pin.encode(), kept)
    except InvalidKey:
        return False
    return True


def add_staff(
    db: Connection, *, school_id: int, label: str, pin: str | None, at: datetime
) -> int | StaffRefusal:
    """Add a member of staff, with a PIN or for a staff card only; returns the id."""
    label = label.strip()
    if not label:
        return StaffRefusal.LABEL_MISSING
    if pin is not None and not _PIN.fullmatch(pin):
        return StaffRefusal.BAD_PIN
    if db.execute(select(school.c.id).where(school.c.id == school_id)).first() is None:
        return StaffRefusal.UNKNOWN_SCHOOL
    same = (staff.c.school_id == school_id) & (staff.c.label == label)
    if db.execute(select(staff.c.id).where(same)).first() is not None:
        return StaffRefusal.LABEL_TAKEN
    values = {
        "school_id": school_id,
        "label": label,
        "pin_hash": None if pin is None else pin_hash(pin),
    }
    added = int(db.execute(insert(staff).values(values).returning(staff.c.id)).scalar_one())
    note_change(db, what="staff", at=at, school_id=school_id)
    return added


def set_pin(db: Connection, *, staff_id: int, pin: str, at: datetime) -> StaffRefusal | None:
    """Give a member of staff another PIN."""
    if not _PIN.fullmatch(pin):
        return StaffRefusal.BAD_PIN
    return _changed(db, staff_id=staff_id, values={"pin_hash": pin_hash(pin)}, at=at)


def dismiss_staff(db: Connection, *, staff_id: int, at: datetime) -> StaffRefusal | None:
    """From now on neither PIN nor card of this person opens anything."""
    return _changed(db, staff_id=staff_id, values={"active": 0}, at=at)


def _changed(
    db: Connection, *, staff_id: int, values: dict[str, object], at: datetime
) -> StaffRefusal | None:
    school_id = db.execute(
        update(staff).where(staff.c.id == staff_id).values(values).returning(staff.c.school_id)
    ).scalar_one_or_none()
    if school_id is None:
        return StaffRefusal.UNKNOWN_STAFF
    note_change(db, what="staff", at=at, school_id=school_id)
    return None
