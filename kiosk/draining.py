"""Bringing what waits in the journal to the ledger, set by set.

- A fact is marked as drained only after the ledger has answered for it, so a lost answer means
  that it is sent again, which changes nothing.
- Facts behind a gap the ledger does not take (it was restored from too long ago, or a row here
  is damaged) are set aside by epoch until ``try_again``; the other epochs go on meanwhile.
"""

import logging

from accounts.access import Look
from accounts.card_alerts import Alert
from accounts.clock import moment
from accounts.door import Door
from accounts.guards import JournalRefused
from accounts.intake import FactBooked
from kiosk.journal import Journal, Note, Row, Sighting

log = logging.getLogger(__name__)


class Draining:
    """One journal and the door it drains through. One thread at a time calls it."""

    def __init__(self, door: Door, journal: Journal) -> None:
        self._door, self._journal = door, journal
        self._aside: set[int] = set()
        self._notes_aside = self._alerts_aside = False

    def drain(self) -> None:
        """Bring all that waits and is not set aside. Raises what the door raises."""
        while self._some():
            pass

    def try_again(self) -> None:
        """What was set aside is tried once more."""
        self._aside.clear()
        self._notes_aside = self._alerts_aside = False

    def _some(self) -> bool:
        rows = self._journal.waiting(but_not=self._aside)
        notes = [] if self._notes_aside else self._journal.waiting_notes()
        alerts = [] if self._alerts_aside else self._journal.waiting_alerts()
        if rows:
            self._book(rows)
        if notes:
            self._bring(notes)
        if alerts:
            self._report(alerts)
        return bool(rows or notes or alerts)

    def _book(self, rows: list[Row]) -> None:
        try:
            answers = self._door.drain([row.fact for row in rows], ())
        except JournalRefused as refusal:
            epoch = rows[0].fact.epoch
            self._aside.add(epoch)
            log.critical("the ledger does not take the facts of epoch %d: %s", epoch, refusal.code)
            return
        self._mark(answers)

    def _bring(self, notes: list[Note]) -> None:
        looks = [
            Look(n.epoch, n.seq, moment(n.at_us), n.actor, n.pupil_id, n.purpose) for n in notes
        ]
        try:
            self._door.drain((), looks)
        except JournalRefused as refusal:
            self._notes_aside = True
            log.critical("the ledger does not take the notes of who looked: %s", refusal.code)
            return
        self._journal.notes_drained(notes)

    def _report(self, alerts: list[Sighting]) -> None:
        told = [Alert(a.epoch, a.seq, moment(a.at_us), a.kind, a.card) for a in alerts]
        try:
            self._door.drain((), (), told)
        except JournalRefused as refusal:
            self._alerts_aside = True
            log.critical("the ledger does not take the alerts about cards: %s", refusal.code)
            return
        self._journal.alerts_drained(alerts)

    def _mark(self, answers: tuple[FactBooked, ...]) -> None:
        self._journal.drained([(a.epoch, a.seq) for a in answers if not a.alarm])
        for answer in answers:
            if answer.alarm:
                self._journal.drained([(answer.epoch, answer.seq)], alarm=True)
                log.critical("the ledger holds another fact as %d:%d", answer.epoch, answer.seq)
            elif answer.quarantined:
                log.warning(
                    "fact %d:%d is in quarantine: %s",
                    answer.epoch,
                    answer.seq,
                    answer.quarantined,
                )
