"""Cards: which person holds which, and what became of it.

The ledger knows a card by an HMAC of its number under the installation's secret, never by the
number. A card belongs to one pupil or one member of the canteen's staff for its whole life; a
replaced card is refused for ever and is never anyone's again. The balance is the pupil's, so a
new card changes nothing about it. Every act is an event with its actor.
"""

import enum
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from accounts import card_numbers
from accounts.card_register import Card, CardState, card_of, holder_of, printed_card, read_card
from accounts.changes import note_change, note_pupil_change
from accounts.tables.people import card, card_event, pupil, staff

_FEWEST_PEPPER_BYTES = 16  # a UID has 4 to 10 bytes: without a real secret it could be tried out


class CardRefusal(enum.Enum):
    """Why nothing was done."""

    KNOWN_CARD = "known_card"  # this very card is or was somebody's
    HOLDS_A_CARD = "holds_a_card"  # to be replaced, not issued beside the other
    UNKNOWN_HOLDER = "unknown_holder"
    UNKNOWN_CARD = "unknown_card"
    ALREADY_BLOCKED = "already_blocked"
    NOT_BLOCKED = "not_blocked"
    REPLACED = "replaced"
    ISSUE_OPEN = "issue_open"  # the card or its holder is in the middle of another issue
    NO_OPEN_ISSUE = "no_open_issue"
    OTHERS_CARD = "others_card"  # the card to be replaced is not this holder's newest
    TOO_MANY_CARDS = "too_many_cards"  # a card's own byte for its number ends at 255


class BlockReason(enum.Enum):
    """Why a card was blocked or replaced."""

    LOST = "lost"
    STOLEN = "stolen"
    DEFECTIVE = "defective"
    LEFT_SCHOOL = "left_school"
    OTHER = "other"


Draw = Callable[[], int]
"""Draws a number below 10**8: what is printed says nothing of when and to whom it was issued."""


def draw_number() -> int:
    """A random number for a card."""
    return secrets.randbelow(10 ** (card_numbers.LENGTH - 1))


def card_hash(pepper: bytes, uid: str) -> bytes:
    """What the ledger knows of a card: HMAC-SHA-256 of its canonical UID, 32 bytes.

    ``uid`` is upper-case hex as a reader's edge makes it. Raises ValueError for a secret of less
    than 16 bytes or a UID in another form.
    """
    if len(pepper) < _FEWEST_PEPPER_BYTES:
        raise ValueError("the secret for card numbers needs at least 16 bytes")
    if not uid or uid != uid.upper() or bytes.fromhex(uid).hex().upper() != uid:
        raise ValueError("a UID is given in upper-case hex, without separators")
    return hmac.digest(pepper, uid.encode("ascii"), "sha256")


def issue_card(
    db: Connection,
    *,
    uid_hmac: bytes,
    pupil_id: int,
    actor: str,
    at: datetime,
    draw: Draw = draw_number,
) -> Card | CardRefusal:
    """Give a pupil their first card."""
    if db.execute(select(pupil.c.id).where(pupil.c.id == pupil_id)).first() is None:
        return CardRefusal.UNKNOWN_HOLDER
    held = card.c.pupil_id == pupil_id
    return _issue(db, uid_hmac, held, {"pupil_id": pupil_id}, actor=actor, at=at, draw=draw)


def issue_staff_card(
    db: Connection,
    *,
    uid_hmac: bytes,
    staff_id: int,
    actor: str,
    at: datetime,
    draw: Draw = draw_number,
) -> Card | CardRefusal:
    """Give a member of the canteen's staff their first card."""
    if db.execute(select(staff.c.id).where(staff.c.id == staff_id)).first() is None:
        return CardRefusal.UNKNOWN_HOLDER
    held = card.c.staff_id == staff_id
    return _issue(db, uid_hmac, held, {"staff_id": staff_id}, actor=actor, at=at, draw=draw)


def block_card(
    db: Connection, *, card_id: int, reason: BlockReason, actor: str, at: datetime
) -> CardRefusal | None:
    """From now on the card is refused, until it is unblocked."""
    refusal = {CardState.BLOCKED: CardRefusal.ALREADY_BLOCKED}
    return _turn(
        db, card_id, CardState.BLOCKED, refusal, act="block", reason=reason, actor=actor, at=at
    )


def unblock_card(db: Connection, *, card_id: int, actor: str, at: datetime) -> CardRefusal | None:
    """The card is good again: it was found."""
    refusal = {CardState.ACTIVE: CardRefusal.NOT_BLOCKED}
    return _turn(
        db, card_id, CardState.ACTIVE, refusal, act="unblock", reason=None, actor=actor, at=at
    )


def replace_card(
    db: Connection,
    *,
    card_id: int,
    uid_hmac: bytes,
    reason: BlockReason,
    actor: str,
    at: datetime,
    draw: Draw = draw_number,
) -> Card | CardRefusal:
    """Give the holder a new card; the old one is refused for ever."""
    old = card_of(db, card_id=card_id)
    if old is None:
        return CardRefusal.UNKNOWN_CARD
    if holder_of(db, uid_hmac=uid_hmac) is not None:
        return CardRefusal.KNOWN_CARD
    refusal = _turn(
        db, card_id, CardState.REPLACED, {}, act="replace", reason=reason, actor=actor, at=at
    )
    if refusal is not None:
        return refusal
    holder = {"pupil_id": old.pupil_id, "staff_id": old.staff_id}
    return _written(db, uid_hmac, holder, old.issue_no + 1, actor=actor, at=at, draw=draw)


def _issue(
    db: Connection,
    uid_hmac: bytes,
    held: ColumnElement[bool],
    holder: dict[str, int],
    *,
    actor: str,
    at: datetime,
    draw: Draw,
) -> Card | CardRefusal:
    if holder_of(db, uid_hmac=uid_hmac) is not None:
        return CardRefusal.KNOWN_CARD
    if db.execute(select(card.c.id).where(held).limit(1)).first() is not None:
        return CardRefusal.HOLDS_A_CARD
    return _written(db, uid_hmac, holder, 1, actor=actor, at=at, draw=draw)


def _written(
    db: Connection,
    uid_hmac: bytes,
    holder: dict[str, Any],
    issue_no: int,
    *,
    actor: str,
    at: datetime,
    draw: Draw,
) -> Card:
    while True:
        digits = f"{draw():0{card_numbers.LENGTH - 1}d}"
        printed_no = digits + card_numbers.check_digit(digits)
        if printed_card(db, printed_no=printed_no) is None:
            break
    values = {
        "uid_hmac": uid_hmac,
        "issue_no": issue_no,
        "printed_no": printed_no,
        "state": CardState.ACTIVE.value,
        **holder,
    }
    made = read_card(db.execute(insert(card).values(values).returning(card)).one())
    _record(db, made, act="assign", reason=None, actor=actor, at=at)
    return made


def _turn(
    db: Connection,
    card_id: int,
    state: CardState,
    refusals: dict[CardState, CardRefusal],
    *,
    act: str,
    reason: BlockReason | None,
    actor: str,
    at: datetime,
) -> CardRefusal | None:
    found = card_of(db, card_id=card_id)
    if found is None:
        return CardRefusal.UNKNOWN_CARD
    if found.state is CardState.REPLACED:
        return CardRefusal.REPLACED
    if found.state in refusals:
        return refusals[found.state]
    # Asked of the row again: another office may have turned the same card meanwhile.
    this = (card.c.id == card_id) & (card.c.state == found.state.value)
    if not db.execute(update(card).where(this).values(state=state.value)).rowcount:
        return CardRefusal.REPLACED
    _record(db, found, act=act, reason=reason, actor=actor, at=at)
    return None


def _record(
    db: Connection, of: Card, *, act: str, reason: BlockReason | None, actor: str, at: datetime
) -> None:
    values = {
        "card_id": of.id,
        "at_us": at,
        "act": act,
        "actor": actor,
        "reason": None if reason is None else reason.value,
    }
    db.execute(insert(card_event).values(values))
    if of.pupil_id is not None:
        note_pupil_change(db, what="card", at=at, pupil_id=of.pupil_id)
    else:
        school_id = db.execute(select(staff.c.school_id).where(staff.c.id == of.staff_id))
        note_change(db, what="card", at=at, school_id=school_id.scalar_one())
