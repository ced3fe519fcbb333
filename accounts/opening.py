"""What pupils had before this ledger began (Anfangsbestand), taken over as lists of two people.

- A list is a file: its digest, whom it names, how many and what it comes to are what one person
  asks for and another approves, and nothing else is booked by it. It is booked whole or not at all,
  and its entries come to its sum.
- The same file again changes nothing, whoever asks. Of a pupil whose opening balance stands no
  other list is taken; one that was reversed may come in another list.
- All opening balances are entries of one origin of their own, "go-live"; a pupil's are the epoch
  with the pupil's number, and all of a list are recorded at the list's own moment.
"""

import enum
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, insert, select

from accounts.approvals import ApprovalRefusal, Ask, ask, find_request
from accounts.database import Session
from accounts.ledger import Booked, Draft, EntryKind, Move, book, next_key
from accounts.money import ZERO, Money, total
from accounts.office import office_origin
from accounts.rights import Act
from accounts.tables.bank import go_live
from accounts.tables.journal import account, entry, transfer

ORIGIN = "go-live"


class OpeningRefusal(enum.Enum):
    """Why a list of opening balances was not taken."""

    NAMED_TWICE = "named_twice"
    HAS_OPENING = "has_opening"
    NOTHING = "nothing_to_book"
    OTHER_TOTAL = "other_total"
    OTHER_FILE = "other_file"
    OTHER_PEOPLE = "other_people"
    NOT_APPROVED = "not_approved"


@dataclass(frozen=True, slots=True)
class Opening:
    """What one pupil had; below zero what the parents owed."""

    pupil_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class OpeningList:
    """A file of opening balances; ``digest`` is its SHA-256, ``openings`` its lines in order."""

    digest: bytes
    openings: tuple[Opening, ...]

    @property
    def count(self) -> int:
        """How many entries it is: those who had nothing have none."""
        return sum(bool(one.amount) for one in self.openings)

    @property
    def total(self) -> Money:
        """What it comes to."""
        return total(one.amount for one in self.openings)

    @property
    def whom(self) -> str:
        """Whose the amounts are, as hexadecimal SHA-256: a school's number may change hands."""
        told = json.dumps([[one.pupil_id, one.amount.cents] for one in self.openings])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The line that stands against the whole list, counted from 0; ``booked`` is what is there."""

    at: int
    reason: OpeningRefusal
    booked: Money | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A list in the ledger; ``repeated`` where it was there before, and nothing was changed."""

    request_id: int
    booked: int
    total: Money
    repeated: bool = False


def booked_list(db: Session, digest: bytes) -> Opened | None:
    """The list with this digest, where it is in the ledger."""
    row = db.execute(select(go_live).where(go_live.c.digest == digest)).mappings().first()
    if row is None:
        return None
    return Opened(row["request_id"], row["count"], Money(row["cents"]), repeated=True)


def doubts(db: Session, listed: OpeningList) -> tuple[Doubtful, ...]:
    """The lines for which nothing of the list can be booked."""
    known = _known(db)
    found: list[Doubtful] = []
    seen: set[int] = set()
    for at, one in enumerate(listed.openings):
        if one.pupil_id in seen:
            found.append(Doubtful(at, OpeningRefusal.NAMED_TWICE))
        elif one.pupil_id in known:
            found.append(Doubtful(at, OpeningRefusal.HAS_OPENING, known[one.pupil_id]))
        seen.add(one.pupil_id)
    return tuple(found)


def ask_openings(
    db: Session,
    listed: OpeningList,
    *,
    control: Money,
    requester_id: int,
    school_id: int | None,
    reason: str,
    at: datetime,
) -> int | OpeningRefusal | ApprovalRefusal:
    """Ask for a list; returns the request's number. ``control`` is its sum, as a person typed it.

    ``school_id`` is the one school it is about, None for several. Call ``doubts`` before.
    """
    if not listed.count:
        return OpeningRefusal.NOTHING
    if control != listed.total:
        return OpeningRefusal.OTHER_TOTAL
    detail = {
        "digest": listed.digest.hex(),
        "count": listed.count,
        "cents": listed.total.cents,
        "whom": listed.whom,
    }
    asked = Ask(
        act=Act.OPENING_BOOK,
        requester_id=requester_id,
        reason=reason,
        school_id=school_id,
        detail=detail,
    )
    return ask(db, asked, at=at)


def book_openings(
    db: Session, listed: OpeningList, *, request_id: int, actor: str, now: datetime
) -> Opened | OpeningRefusal | tuple[Doubtful, ...]:
    """Book the list that a request was approved for, or name the lines that stand against it.

    Raises what ``book`` raises, and ArithmeticError where the entries do not come to the sum.
    """
    origin_id = office_origin(db, name=ORIGIN, at=now)  # held: one list at a time
    there = booked_list(db, listed.digest)
    if there is not None:
        return there
    asked = find_request(db, request_id)
    if asked is None or asked.act is not Act.OPENING_BOOK or not asked.approved:
        return OpeningRefusal.NOT_APPROVED
    if asked.detail.get("digest") != listed.digest.hex():
        return OpeningRefusal.OTHER_FILE
    if asked.detail.get("whom") != listed.whom:
        return OpeningRefusal.OTHER_PEOPLE
    against = doubts(db, listed)
    if against:
        return against
    at = _moment_of_its_own(db, now)
    values = {
        "request_id": request_id,
        "digest": listed.digest,
        "count": listed.count,
        "cents": listed.total.cents,
        "actor": actor,
        "at_us": at,
    }
    db.execute(insert(go_live).values(values))
    for one in listed.openings:
        if one.amount:
            _book(db, one, origin_id, actor=actor, now=at)
    _prove(db, listed, at)
    return Opened(request_id, listed.count, listed.total)


def _moment_of_its_own(db: Session, now: datetime) -> datetime:
    newest: datetime | None = db.execute(
        select(go_live.c.at_us).order_by(go_live.c.at_us.desc()).limit(1)
    ).scalar_one_or_none()
    return now if newest is None or newest < now else newest + timedelta(microseconds=1)


def _prove(db: Session, listed: OpeningList, at: datetime) -> None:
    """What is in the ledger now is the list: as many entries, and the same sum."""
    came = case((account.c.kind == "pupil", -transfer.c.cents), else_=transfer.c.cents)
    count, cents = db.execute(
        select(func.count(), func.coalesce(func.sum(came), 0))
        .select_from(entry)
        .join(transfer, transfer.c.entry_id == entry.c.id)
        .join(account, account.c.id == transfer.c.debit_id)
        .where(
            entry.c.kind == EntryKind.OPENING.value,
            entry.c.pupil_id.is_not(None),
            entry.c.recorded_us == at,
        )
    ).one()
    if (int(count), int(cents)) != (listed.count, listed.total.cents):
        raise ArithmeticError(f"{listed.count} of {listed.total} became {count} of {Money(cents)}")


def _known(db: Session) -> dict[int, Money]:
    """The opening balances of pupils that stand."""
    taken_back = select(entry.c.reverses).where(entry.c.reverses.is_not(None))
    standing = (
        select(entry.c.pupil_id, account.c.kind, transfer.c.cents)
        .join_from(entry, transfer, transfer.c.entry_id == entry.c.id)
        .join(account, account.c.id == transfer.c.debit_id)
        .where(
            entry.c.kind == EntryKind.OPENING.value,
            entry.c.pupil_id.is_not(None),
            entry.c.id.not_in(taken_back),
        )
    )
    return {
        row.pupil_id: Money(-row.cents if row.kind == "pupil" else row.cents)
        for row in db.execute(standing)
    }


def _book(db: Session, one: Opening, origin_id: int, *, actor: str, now: datetime) -> None:
    theirs = f"pupil:{one.pupil_id}"
    owed = one.amount < ZERO
    move = Move(theirs, "opening", -one.amount) if owed else Move("opening", theirs, one.amount)
    draft = Draft(
        key=next_key(db, origin_id, epoch=one.pupil_id),
        kind=EntryKind.OPENING,
        occurred_at=now,
        actor=actor,
        moves=(move,),
        pupil_id=one.pupil_id,
    )
    booked = book(db, draft, now=now)
    if not isinstance(booked, Booked):
        raise TypeError(f"an opening balance has no limit, yet: {booked}")
