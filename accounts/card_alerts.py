"""What kiosks noticed of cards: brought by them like their facts, kept as it came, never denied.

The key of an alert is (origin, epoch, seq), so bringing it twice writes it once. It is a kiosk's
word: of which card it speaks is kept only where that card is or was of the kiosk's own school,
and nobody is told whether it was. A kiosk that floods is heard up to ``DAILY`` in 24 hours; what
is more is dropped, and an alarm says so.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, insert, or_, select

from accounts.database import Session
from accounts.tables import kiosks
from accounts.tables.cards import card_alert
from accounts.tables.people import card, membership, staff

DAILY = 1000
"""An honest kiosk tells of one card and kind at most once a minute."""
_DAY = timedelta(days=1)


class AlertKind(enum.Enum):
    """What a kiosk notices. ``Alert.kind`` may be another word, of a later kiosk."""

    WRONG_KEY = "wrong_key"  # the number of a card of ours without its key: a copy
    WRONG_CONTENT = "wrong_content"  # the key, but another token
    OLD_ISSUE = "old_issue"
    NO_APPLICATION = "no_application"
    BROKEN = "broken"  # answers that no card of this kind gives
    BLOCKED_SHOWN = "blocked_shown"
    REPLACED_SHOWN = "replaced_shown"
    SEEN_ELSEWHERE = "seen_elsewhere"  # had eaten, and not at this kiosk


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: ``kind`` is a value of ``AlertKind``, ``card`` the HMAC of the card's number.

    ``at`` is by the kiosk's clock; where that runs ahead of the ledger's, the moment of hearing
    is kept instead.
    """

    epoch: int
    seq: int
    at: datetime
    kind: str
    card: bytes = field(repr=False)


def keep_alerts(db: Session, origin_id: int, alerts: Sequence[Alert], *, now: datetime) -> None:
    """Write down a kiosk's alerts that are not written down yet, as far as it is heard."""
    mine = card_alert.c.origin_id == origin_id
    new = [
        alert
        for alert in alerts
        if db.execute(
            select(card_alert.c.id).where(
                mine, card_alert.c.epoch == alert.epoch, card_alert.c.seq == alert.seq
            )
        ).first()
        is None
    ]
    if not new:
        return
    heard = select(func.count()).select_from(card_alert)
    had = db.execute(heard.where(mine, card_alert.c.heard_us > now - _DAY)).scalar_one()
    room = max(0, DAILY - had)
    for alert in new[:room]:
        values = {
            "origin_id": origin_id,
            "epoch": alert.epoch,
            "seq": alert.seq,
            "at_us": min(alert.at, now),
            "heard_us": now,
            "kind": alert.kind,
            "card_id": _own_card(db, origin_id, alert.card),
        }
        db.execute(insert(card_alert).values(values))
    if len(new) > room:
        _say_dropped(db, origin_id, now)


def _own_card(db: Session, origin_id: int, uid_hmac: bytes) -> int | None:
    at_school = (
        select(kiosks.origin.c.school_id).where(kiosks.origin.c.id == origin_id).scalar_subquery()
    )
    members = select(membership.c.pupil_id).where(membership.c.school_id == at_school)
    at_work = select(staff.c.id).where(staff.c.school_id == at_school)
    own = or_(card.c.pupil_id.in_(members), card.c.staff_id.in_(at_work))
    found = db.execute(select(card.c.id).where(card.c.uid_hmac == uid_hmac, own)).scalar()
    return None if found is None else int(found)


def _say_dropped(db: Session, origin_id: int, now: datetime) -> None:
    alarm = kiosks.alarm
    said = select(alarm.c.id).where(
        alarm.c.kind == "alerts_dropped",
        alarm.c.origin_id == origin_id,
        alarm.c.at_us > now - _DAY,
    )
    if db.execute(said.limit(1)).first() is None:
        values = {"at_us": now, "kind": "alerts_dropped", "origin_id": origin_id, "detail": "card"}
        db.execute(insert(alarm).values(values))
