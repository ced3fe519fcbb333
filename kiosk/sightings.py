"""What a kiosk notices of cards that the office should hear of.

The pupil sees the same refusal as ever. Of one card and kind one alert a minute is written at
most; it is durable in the journal, and drained as notes are. That an alert cannot be written
never changes what becomes of a card.
"""

import logging
import sqlite3
from datetime import date, datetime, timedelta

from accounts.card_alerts import AlertKind
from accounts.charge import ItemClass, Refusal
from accounts.clock import microseconds
from accounts.facts import FactKind
from cards.reader import CardFault
from kiosk.journal import Journal, Row

log = logging.getLogger(__name__)

ONCE_IN = timedelta(minutes=1)
_REFUSED = {
    Refusal.BLOCKED: AlertKind.BLOCKED_SHOWN,
    Refusal.REPLACED: AlertKind.REPLACED_SHOWN,
}


class Sightings:
    """The alerts of one kiosk. Belongs to the counter's thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told: dict[tuple[str, AlertKind], datetime] = {}
        self._fed: dict[int, date] = {}
        for row in journal.recent.values():
            self.add(row)

    def add(self, row: Row) -> None:
        """Remember that this kiosk gave somebody a lunch; the snapshot will not say where."""
        fact = row.fact
        is_lunch = any(item.item_class == ItemClass.LUNCH.value for item in row.items)
        if fact.kind is FactKind.CHARGE and fact.pupil_id is not None and is_lunch:
            self._fed[fact.pupil_id] = fact.day

    def fault(self, card: str, fault: CardFault, now: datetime) -> None:
        """A card of ours, by its hash, did not prove itself."""
        self._tell(AlertKind(fault.value), card, now)

    def refused(self, card: str, reason: Refusal, now: datetime) -> None:
        """A card of ours was refused for what is known of it."""
        if reason in _REFUSED:
            self._tell(_REFUSED[reason], card, now)

    def eaten(self, card: str, pupil_id: int, day: date, now: datetime) -> None:
        """A card was refused because its child has eaten that day."""
        if self._fed.get(pupil_id) != day:
            self._tell(AlertKind.SEEN_ELSEWHERE, card, now)

    def _tell(self, kind: AlertKind, card: str, now: datetime) -> None:
        last = self._told.get((card, kind))
        if last is not None and timedelta(0) <= now - last < ONCE_IN:
            return
        self._told[card, kind] = now
        try:
            self._journal.write_alert(
                at_us=microseconds(now), kind=kind.value, card=bytes.fromhex(card)
            )
        except sqlite3.Error:
            log.exception("an alert about a card could not be written down: %s", kind.value)
