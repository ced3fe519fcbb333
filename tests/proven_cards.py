"""Cards with keys as the ledger knows them: issued step by step, sealed with made-up bytes."""

from datetime import datetime

from builders import NOON

from accounts.card_issuing import Issue, begin, finish, note_step
from accounts.card_register import Card
from accounts.database import Session


def uid(name: str) -> bytes:
    """The HMAC of a card's number, as recognisable as one can be."""
    return name.encode().ljust(32, b"-")


def begun(
    db: Session,
    name: str,
    *,
    pupil_id: int | None = None,
    staff_id: int | None = None,
    replaces: int | None = None,
    at: datetime = NOON,
) -> Issue:
    """An open issue of that card."""
    issue = begin(
        db, uid_hmac=uid(name), pupil_id=pupil_id, staff_id=staff_id, replaces=replaces,
        medium="ev2", generation=1, escrow=f"escrow of {name}".encode(), actor="office:1", at=at,
    )  # fmt: skip
    assert isinstance(issue, Issue), issue
    return issue


def proven_card(
    db: Session,
    name: str,
    *schools: int,
    pupil_id: int | None = None,
    staff_id: int | None = None,
    replaces: int | None = None,
    at: datetime = NOON,
) -> Card:
    """An active card with keys, sealed for those schools."""
    issue = begun(db, name, pupil_id=pupil_id, staff_id=staff_id, replaces=replaces, at=at)
    note_step(db, issue.id, "keys", at)
    sealed = {school: (b"key-1", f"{name} at {school}".encode()) for school in schools}
    card = finish(db, issue.id, sealed=sealed, actor="office:1", at=at)
    assert isinstance(card, Card), card
    return card
