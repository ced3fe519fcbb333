"""The ledger as the book in which issues are written down; each act is a transaction of its own.

A fee is charged in the very transaction that makes the card active: no card, no fee, and nothing
to take back where an issue is given up. Where the balance does not bear it the card is active all
the same and the office is told, because the child has to eat.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accounts import card_issuing
from accounts.acting import act_as
from accounts.card_issues import has_keys
from accounts.card_issuing import Issue, IssueEnd
from accounts.card_keys import schools_of_holder
from accounts.card_register import Card, holder_of
from accounts.clock import Clock, school_day
from accounts.database import Database, Session
from accounts.holdings import CardRefusal
from accounts.ledger import next_key
from accounts.money import Money
from accounts.office import Seen, note_looks, office_origin
from accounts.office_charge import ChargeRefusal, charge_offer
from accounts.schools import School, schools
from cards.layout import Medium
from cards.personalise import Fault, Step
from cards.reader import CardFault
from kiosk.issuing_terms import Done, Seal, Wanted
from kiosk.office.signing_in import Acting


@dataclass(frozen=True, slots=True)
class LedgerBook:
    """See the module and ``kiosk.issuing_terms.Book``. ``fee`` is the code of today's offer."""

    database: Database
    clock: Clock
    acting: Acting
    school: School
    fee: str | None = None

    def known(self, card: bytes) -> Card | Issue | None:
        """Whose this card is, or the issue it is in the middle of."""
        with self.database.read() as db:
            return holder_of(db, uid_hmac=card) or card_issuing.open_issue(db, uid_hmac=card)

    def is_issued(self, card: Card) -> bool:
        """Whether this card of somebody's was issued with keys."""
        with self.database.read() as db:
            return has_keys(db, card_id=card.id)

    def is_here(self, issue: Issue, wanted: Wanted) -> bool:
        """Whether the holder of an issue is of the school where this is wanted."""
        with self.database.read() as db:
            return wanted.school_id in _schools_of(db, issue, self.clock)

    def begin(
        self,
        card: bytes,
        wanted: Wanted,
        *,
        medium: Medium,
        generation: int,
        escrow: Callable[[int], bytes],
    ) -> Issue | CardRefusal:
        """Begin to issue. Whose card it becomes is written down as a look at their data."""
        at = self.clock.now()
        with self._writing() as db:
            number = card_issuing.next_number(
                db, pupil_id=wanted.pupil_id, staff_id=wanted.staff_id, replaces=wanted.replaces
            )
            if isinstance(number, CardRefusal):
                return number
            begun = card_issuing.begin(
                db,
                uid_hmac=card,
                pupil_id=wanted.pupil_id,
                staff_id=wanted.staff_id,
                replaces=wanted.replaces,
                reason=wanted.reason,
                medium=medium.value,
                generation=generation,
                escrow=escrow(number),
                actor=self.acting.actor,
                at=at,
            )
            if isinstance(begun, Issue) and wanted.pupil_id is not None:
                origin_id = office_origin(db, name=self.acting.origin, at=at)
                seen = (Seen("card issue", wanted.pupil_id),)
                note_looks(db, origin_id=origin_id, seen=seen, actor=self.acting.actor, at=at)
            return begun

    def note(self, issue: Issue, step: Step) -> None:
        """The step is sent next."""
        with self._writing() as db:
            actor = None if self.acting.actor == issue.actor else self.acting.actor
            card_issuing.note_step(db, issue.id, step.value, self.clock.now(), actor=actor)

    def finish(self, issue: Issue, seal: Seal) -> Done | CardRefusal:
        """The card has proved itself and is active from now on, and paid for where it costs."""
        at = self.clock.now()
        with self._writing() as db:
            numbers = {one.id: one.number for one in schools(db)}
            theirs = _schools_of(db, issue, self.clock)
            made = card_issuing.finish(
                db,
                issue.id,
                sealed={school_id: seal(numbers[school_id]) for school_id in theirs},
                actor=self.acting.actor,
                at=at,
            )
            if isinstance(made, CardRefusal):
                db.rollback()
                return made
            return Done(made, fee=self._charged(db, issue))

    def lose(self, issue: Issue, why: Fault | CardFault) -> None:
        """The card is no good any more."""
        self._end(issue, IssueEnd.LOST, why.value)

    def give_up(self, issue: Issue, reason: str) -> None:
        """The issue is not wanted any more; the chip may be begun again for anybody."""
        self._end(issue, IssueEnd.ABANDONED, reason)

    def _end(self, issue: Issue, end: IssueEnd, reason: str) -> None:
        with self._writing() as db:
            card_issuing.give_up(
                db,
                issue.id,
                reason=reason,
                end=end,
                actor=self.acting.actor,
                at=self.clock.now(),
            )

    def _charged(self, db: Session, issue: Issue) -> Money | ChargeRefusal | None:
        if self.fee is None or issue.pupil_id is None:
            return None
        at = self.clock.now()
        origin_id = office_origin(db, name=self.acting.origin, at=at)
        return charge_offer(
            db,
            school=self.school,
            pupil_id=issue.pupil_id,
            code=self.fee,
            key=next_key(db, origin_id),
            actor=self.acting.actor,
            reason="card",
            at=at,
        )

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self.database.write() as db:
            act_as(db, self.acting.actor)
            yield db


def _schools_of(db: Session, issue: Issue, clock: Clock) -> tuple[int, ...]:
    day = school_day(clock.now())
    return schools_of_holder(db, pupil_id=issue.pupil_id, staff_id=issue.staff_id, day=day)
