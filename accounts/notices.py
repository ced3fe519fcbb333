"""What the office should know in the morning. Counts, names of kiosks, never of children.

"Since the last night" is since the last seal a night has made: after a night that could not seal,
what it told is told again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from accounts.approvals import undecided
from accounts.bank_state import SILENCE as BANK_SILENCE
from accounts.bank_state import BankState, bank_state
from accounts.card_matters import card_matters
from accounts.closings import months_to_close
from accounts.database import Session
from accounts.stuck_kiosks import Stuck, stuck_kiosks
from accounts.tables import kiosks, proofs

NIGHT = "nightly"
"""The actor of the seals a night makes."""
SILENCE = timedelta(days=1)
"""After which a kiosk counts as not heard of."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A kiosk that is in service and was not heard of for a day, or never."""

    name: str
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Notices:
    """The morning's news: by kind and by reason, then what waits for somebody."""

    alarms: Mapping[str, int]
    quarantined: Mapping[str, int]
    in_quarantine: int
    silent: tuple[Silent, ...]
    requests: tuple[int, ...]
    months: tuple[str, ...]
    cards: Mapping[str, int] = field(default_factory=dict)
    stuck: tuple[Stuck, ...] = ()
    bank: BankState | None = None


def last_night(db: Session) -> datetime | None:
    """When a night sealed last; none before the first."""
    at = select(func.max(proofs.seal.c.at_us)).where(proofs.seal.c.actor == NIGHT)
    found: datetime | None = db.execute(at).scalar_one()
    return found


def notices(
    db: Session,
    *,
    since: datetime | None,
    at: datetime,
    bank_silence: timedelta = BANK_SILENCE,
) -> Notices:
    """What is due at that moment; ``since`` is what ``last_night`` told before this night's seal.

    ``bank_silence`` is after how long the bank counts as not heard of.
    """
    alarm, fact, held = kiosks.alarm.c, kiosks.fact.c, kiosks.quarantine.c
    alarms = select(alarm.kind, func.count()).group_by(alarm.kind).order_by(alarm.kind)
    put_aside = (
        select(held.reason, func.count())
        .join(kiosks.fact, fact.id == held.fact_id)
        .group_by(held.reason)
        .order_by(held.reason)
    )
    if since is not None:
        alarms = alarms.where(alarm.at_us > since)
        put_aside = put_aside.where(fact.recorded_us > since)
    return Notices(
        alarms={kind: count for kind, count in db.execute(alarms)},  # noqa: C416  # rows are no pairs to dict()
        quarantined={reason: count for reason, count in db.execute(put_aside)},  # noqa: C416  # as above
        in_quarantine=db.execute(select(func.count()).select_from(kiosks.quarantine)).scalar_one(),
        silent=_silent(db, at),
        requests=tuple(request.id for request in undecided(db, at=at)),
        months=months_to_close(db, at=at),
        cards=_cards(db, since),
        stuck=stuck_kiosks(db),
        bank=bank_state(db, at=at, silence=bank_silence, since=since),
    )


def _cards(db: Session, since: datetime | None) -> Mapping[str, int]:
    matters = card_matters(db, since=since)
    kinds = [matter.kind.value for matter in matters if matter.seen is None]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _silent(db: Session, at: datetime) -> tuple[Silent, ...]:
    kiosk, seen = kiosks.origin.c, kiosks.kiosk_seen.c
    rows = db.execute(
        select(kiosk.name, seen.at_us)
        .outerjoin(kiosks.kiosk_seen, seen.origin_id == kiosk.id)
        .where(kiosk.kind == "kiosk", kiosk.revoked_us.is_(None))
        .where(kiosk.enrolled_us < at - SILENCE)
        .where(seen.at_us.is_(None) | (seen.at_us < at - SILENCE))
        .order_by(kiosk.name)
    )
    return tuple(Silent(name, last_seen) for name, last_seen in rows)
