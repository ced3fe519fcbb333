"""Issuing a card that proves a key: begun, noted step by step, and ended once.

- What is needed to open the card again is here, sealed, before the card hears the first of it;
  a station that lost power finds the open issue by the card and goes on.
- A card and a holder have at most one open issue. An issue ends done, lost (the card is no good
  any more) or abandoned (it is not wanted any more), with a reason where there is no card.
- Only ``finish`` makes a card of the register. Card, secret and keys stand together with the
  issue's end or not at all, so no card is active here before its keys were proved to open it.
- The old card of the holder is refused from the moment the new one is active, and not before.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select

from accounts.card_issues import (
    Issue,
    IssueEnd,
    Step,
    first_issue,
    is_open,
    issue_of,
    issues_of,
    of_holder,
    open_issue,
    open_issue_of,
    open_issues,
    read_issue,
    steps,
)
from accounts.card_keys import put_card_keys
from accounts.card_register import Card, CardState, card_of, holder_of
from accounts.guards import guarded
from accounts.holdings import (
    BlockReason,
    CardRefusal,
    Draw,
    draw_number,
    issue_card,
    issue_staff_card,
    replace_card,
)
from accounts.tables.cards import card_issue, card_secret, card_step
from accounts.tables.people import card, pupil, staff

__all__ = [
    "HIGHEST_NUMBER",
    "Issue",
    "IssueEnd",
    "Step",
    "begin",
    "finish",
    "give_up",
    "issue_of",
    "issues_of",
    "next_number",
    "note_step",
    "open_issue",
    "open_issue_of",
    "open_issues",
    "steps",
]

HIGHEST_NUMBER = 255
"""A card has one byte for its issue number."""


def begin(
    db: Connection,
    *,
    uid_hmac: bytes,
    pupil_id: int | None,
    staff_id: int | None,
    replaces: int | None,
    medium: str,
    generation: int,
    escrow: bytes,
    actor: str,
    at: datetime,
    reason: BlockReason | None = None,
) -> Issue | CardRefusal:
    """Begin to issue a card. Where the holder has one it must be named as the one replaced.

    ``reason`` says why it is replaced, OTHER where nothing is said. Raises ValueError unless
    exactly one holder is given.
    """
    if (pupil_id is None) == (staff_id is None):
        raise ValueError("a card has exactly one holder")
    if not _is_known(db, pupil_id=pupil_id, staff_id=staff_id):
        return CardRefusal.UNKNOWN_HOLDER
    if holder_of(db, uid_hmac=uid_hmac) is not None:
        return CardRefusal.KNOWN_CARD
    theirs = of_holder(card_issue.c, pupil_id, staff_id)
    if first_issue(db, is_open() & ((card_issue.c.uid_hmac == uid_hmac) | theirs)) is not None:
        return CardRefusal.ISSUE_OPEN
    number = next_number(db, pupil_id=pupil_id, staff_id=staff_id, replaces=replaces)
    if isinstance(number, CardRefusal):
        return number
    why = None if replaces is None else (reason or BlockReason.OTHER)
    values = {
        "uid_hmac": uid_hmac,
        "pupil_id": pupil_id,
        "staff_id": staff_id,
        "replaces": replaces,
        "reason": why and why.value,
        "medium": medium,
        "generation": generation,
        "issue_no": number,
        "escrow": escrow,
        "actor": actor,
        "at_us": at,
    }
    return read_issue(db.execute(insert(card_issue).values(values).returning(card_issue)).one())


def next_number(
    db: Connection, *, pupil_id: int | None, staff_id: int | None, replaces: int | None
) -> int | CardRefusal:
    """The issue number a holder's next card gets: that of the newest card and one."""
    theirs = of_holder(card.c, pupil_id, staff_id)
    newest = db.execute(
        select(card.c.id, card.c.issue_no, card.c.state)
        .where(theirs).order_by(card.c.issue_no.desc()).limit(1)
    ).first()  # fmt: skip
    if newest is None:
        return 1 if replaces is None else CardRefusal.OTHERS_CARD
    if replaces is None:
        return CardRefusal.HOLDS_A_CARD
    if newest.id != replaces:
        old = card_of(db, card_id=replaces)
        gone = old is not None and old.state is CardState.REPLACED
        return CardRefusal.REPLACED if gone else CardRefusal.OTHERS_CARD
    if newest.issue_no >= HIGHEST_NUMBER:
        return CardRefusal.TOO_MANY_CARDS
    return int(newest.issue_no) + 1


def note_step(
    db: Connection, issue_id: int, step: str, at: datetime, *, actor: str | None = None
) -> None:
    """Note a step before its command is sent. A step is a word of at most 40 characters.

    ``actor`` is given where it is another than who began the issue.

    Raises JournalRefused ("issue_ended") where the issue was ended meanwhile, and ValueError for
    a step that would end it.
    """
    if step in {end.value for end in IssueEnd}:
        raise ValueError("an issue is ended by finish or give_up")
    with guarded():
        db.execute(insert(card_step).values(issue_id=issue_id, step=step, actor=actor, at_us=at))


def finish(
    db: Connection,
    issue_id: int,
    *,
    sealed: Mapping[int, tuple[bytes, bytes]],
    actor: str,
    at: datetime,
    draw: Draw = draw_number,
) -> Card | CardRefusal:
    """Make the card active, after it has proved its key; its old one is refused from now on.

    ``sealed`` has by school id the key's id and what that key sealed. Where it is refused the
    caller rolls back.
    """
    issue = first_issue(db, is_open() & (card_issue.c.id == issue_id))
    if issue is None:
        return CardRefusal.NO_OPEN_ISSUE
    number = next_number(
        db, pupil_id=issue.pupil_id, staff_id=issue.staff_id, replaces=issue.replaces
    )
    if isinstance(number, CardRefusal):
        return number
    made = _made(db, issue, actor=actor, at=at, draw=draw)
    if isinstance(made, CardRefusal):
        return made
    secret = {
        "card_id": made.id,
        "issue_id": issue.id,
        "medium": issue.medium,
        "generation": issue.generation,
        "escrow": issue.escrow,
    }
    db.execute(insert(card_secret).values(secret))
    put_card_keys(db, card_id=made.id, sealed=sealed, at=at)
    _end(db, issue.id, IssueEnd.DONE, reason=None, actor=actor, at=at)
    return made


def give_up(
    db: Connection,
    issue_id: int,
    *,
    reason: str,
    actor: str,
    at: datetime,
    end: IssueEnd = IssueEnd.ABANDONED,
) -> CardRefusal | None:
    """End an issue without a card: ABANDONED, or LOST where the card is no good any more.

    Raises ValueError for DONE and for an empty reason.
    """
    if end is IssueEnd.DONE or not reason.strip():
        raise ValueError("an issue without a card is lost or abandoned, and says why")
    if first_issue(db, is_open() & (card_issue.c.id == issue_id)) is None:
        return CardRefusal.NO_OPEN_ISSUE
    _end(db, issue_id, end, reason=reason.strip(), actor=actor, at=at)
    return None


def _made(
    db: Connection, issue: Issue, *, actor: str, at: datetime, draw: Draw
) -> Card | CardRefusal:
    if issue.replaces is not None:
        return replace_card(
            db, card_id=issue.replaces, uid_hmac=issue.uid_hmac,
            reason=issue.reason or BlockReason.OTHER, actor=actor, at=at, draw=draw,
        )  # fmt: skip
    if issue.pupil_id is not None:
        return issue_card(
            db, uid_hmac=issue.uid_hmac, pupil_id=issue.pupil_id, actor=actor, at=at, draw=draw
        )
    return issue_staff_card(
        db, uid_hmac=issue.uid_hmac, staff_id=issue.staff_id or 0, actor=actor, at=at, draw=draw
    )


def _end(
    db: Connection, issue_id: int, end: IssueEnd, *, reason: str | None, actor: str, at: datetime
) -> None:
    values = {
        "issue_id": issue_id,
        "step": end.value,
        "reason": reason,
        "actor": actor,
        "at_us": at,
    }
    db.execute(insert(card_step).values(values))


def _is_known(db: Connection, *, pupil_id: int | None, staff_id: int | None) -> bool:
    known = (
        select(pupil.c.id).where(pupil.c.id == pupil_id)
        if pupil_id is not None
        else select(staff.c.id).where(staff.c.id == staff_id)
    )
    return db.execute(known).first() is not None
