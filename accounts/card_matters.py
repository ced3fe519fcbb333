"""What of cards the office should look into, and that somebody did.

- Whatever a kiosk noticed is a matter, but for a child that had eaten elsewhere: that is one only
  within ``TOO_CLOSE`` of the other kiosk's charge, since nobody walks so fast.
- Two charges of one child by card at two kiosks within ``TOO_CLOSE`` are one, whether or not they
  were booked. They are found in the facts themselves, so no kiosk has to tell.
- Times are the kiosks' own: two clocks that differ can hide such a pair or make one up.

A matter names the card by its printed number and never the child.
"""

import enum
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from accounts.clock import microseconds, moment
from accounts.database import Session
from accounts.tables.cards import card_alert_seen

TOO_CLOSE = timedelta(seconds=30)
_LATE = timedelta(hours=1)
"""Facts are numbered in the order in which they were heard but for transactions at once."""
_REF = re.compile(r"(?P<kind>[af])(?P<id>[1-9][0-9]{0,17})")


class MatterKind(enum.Enum):
    """What there is to look into: ``accounts.card_alerts.AlertKind``, and two more."""

    WRONG_KEY = "wrong_key"
    WRONG_CONTENT = "wrong_content"
    OLD_ISSUE = "old_issue"
    NO_APPLICATION = "no_application"
    BROKEN = "broken"
    BLOCKED_SHOWN = "blocked_shown"
    REPLACED_SHOWN = "replaced_shown"
    SEEN_ELSEWHERE = "seen_elsewhere"
    TWO_KIOSKS = "two_kiosks"  # two charges too close to each other
    OTHER = "other"  # what a later kiosk told


class MatterRefusal(enum.Enum):
    """Why nothing was noted."""

    UNKNOWN_ALERT = "unknown_alert"
    ALREADY_SEEN = "already_seen"
    NOTE_MISSING = "note_missing"


@dataclass(frozen=True, slots=True)
class SeenBy:
    """Who looked into it, when, and what came of it."""

    actor: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter; ``ref`` names it for ``note_seen``, ``other`` is the second kiosk's name."""

    ref: str
    kind: MatterKind
    at: datetime
    school_id: int
    kiosk: str
    other: str | None
    printed_no: str | None
    seen: SeenBy | None


_ALERTS = """
    SELECT * FROM (
      SELECT 'a' || a.id AS ref, a.kind, a.at_us, k.school_id, k.name AS kiosk,
             CASE WHEN a.kind = 'seen_elsewhere' THEN (
               SELECT min(o.name) FROM fact f JOIN origin o ON o.id = f.origin_id
               WHERE f.pupil_id = c.pupil_id AND f.kind = 'charge' AND f.origin_id <> a.origin_id
                 AND f.occurred_us BETWEEN a.at_us - :close AND a.at_us + :close) END AS other,
             c.printed_no, s.actor, s.at_us AS seen_us, s.note
      FROM card_alert a JOIN origin k ON k.id = a.origin_id
      LEFT JOIN card c ON c.id = a.card_id
      LEFT JOIN card_alert_seen s ON s.alert_id = a.id
      WHERE {which}) m
    WHERE kind <> 'seen_elsewhere' OR other IS NOT NULL"""
_PAIRS = """
    SELECT 'f' || f.id AS ref, 'two_kiosks' AS kind, f.occurred_us AS at_us, k.school_id,
           k.name AS kiosk, min(o.name) AS other, (
             SELECT c.printed_no FROM card c WHERE c.pupil_id = f.pupil_id
             ORDER BY c.issue_no DESC LIMIT 1) AS printed_no,
           s.actor, s.at_us AS seen_us, s.note
    FROM fact f JOIN fact g ON g.pupil_id = f.pupil_id AND g.day = f.day AND g.id < f.id
      AND g.origin_id <> f.origin_id AND g.kind = 'charge'
      AND coalesce(g.reason, '') NOT IN ('card_forgotten', 'card_not_read')
      AND g.occurred_us BETWEEN f.occurred_us - :close AND f.occurred_us + :close
    JOIN origin k ON k.id = f.origin_id JOIN origin o ON o.id = g.origin_id
    LEFT JOIN card_alert_seen s ON s.fact_id = f.id
    WHERE f.kind = 'charge' AND coalesce(f.reason, '') NOT IN ('card_forgotten', 'card_not_read')
      AND {which}
    GROUP BY f.id, f.occurred_us, f.pupil_id, k.school_id, k.name, s.actor, s.at_us, s.note"""
_HERE = " AND k.school_id = :school"
_CLOSE = {"close": TOO_CLOSE // timedelta(microseconds=1)}


def card_matters(
    db: Session, *, since: datetime | None, school_id: int | None = None
) -> tuple[Matter, ...]:
    """What the ledger heard after that moment or ever, at one school or all, the newest first."""
    words: dict[str, Any] = {**_CLOSE, "since": 0 if since is None else microseconds(since)}
    here = ""
    if school_id is not None:
        here, words["school"] = _HERE, school_id
    alerts = _found(db, _ALERTS.format(which=f"a.heard_us > :since{here}"), words)
    words["first"] = _first_fact_after(db, words["since"])
    pairs = _found(
        db, _PAIRS.format(which=f"f.id >= :first AND f.recorded_us > :since{here}"), words
    )
    return tuple(sorted((*alerts, *pairs), key=lambda it: (it.at, it.ref), reverse=True))


def card_matter(db: Session, ref: str) -> Matter | None:
    """The matter of that name."""
    named = _REF.fullmatch(ref.strip().lower())
    if named is None:
        return None
    words = {**_CLOSE, "id": int(named["id"])}
    query = (
        _ALERTS.format(which="a.id = :id")
        if named["kind"] == "a"
        else _PAIRS.format(which="f.id = :id")
    )
    return next(iter(_found(db, query, words)), None)


def note_seen(
    db: Session, ref: str, *, note: str, actor: str, at: datetime
) -> MatterRefusal | None:
    """Write down that somebody looked into it and what came of it; once, and for ever."""
    matter = card_matter(db, ref)
    if matter is None:
        return MatterRefusal.UNKNOWN_ALERT
    if matter.seen is not None:
        return MatterRefusal.ALREADY_SEEN
    note = note.strip()[:500]
    if not note:
        return MatterRefusal.NOTE_MISSING
    column = "alert_id" if matter.ref.startswith("a") else "fact_id"
    values = {column: int(matter.ref[1:]), "at_us": at, "actor": actor, "note": note}
    db.execute(insert(card_alert_seen).values(values))
    return None


def _found(db: Session, query: str, words: dict[str, Any]) -> list[Matter]:
    return [
        Matter(
            ref=row.ref,
            kind=_kind(row.kind),
            at=moment(row.at_us),
            school_id=row.school_id,
            kiosk=row.kiosk,
            other=row.other,
            printed_no=row.printed_no,
            seen=None if row.actor is None else SeenBy(row.actor, moment(row.seen_us), row.note),
        )
        for row in db.execute(text(query), words)
    ]


def _kind(told: str) -> MatterKind:
    try:
        return MatterKind(told)
    except ValueError:
        return MatterKind.OTHER


def _first_fact_after(db: Session, since_us: int) -> int:
    """A fact's id below which all were heard before that moment; found by halving."""
    at = text("SELECT recorded_us FROM fact WHERE id >= :id ORDER BY id LIMIT 1")
    low, high = 1, int(db.execute(text("SELECT coalesce(max(id), 0) + 1 FROM fact")).scalar_one())
    before = since_us - _LATE // timedelta(microseconds=1)
    while low < high:
        middle = (low + high) // 2
        heard = db.execute(at, {"id": middle}).scalar()
        if heard is not None and heard < before:
            low = middle + 1
        else:
            high = middle
    return low
