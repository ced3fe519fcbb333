"""The people of a world: who asks, who decides, and how a month comes to be closed.

One asks for anything, one decides on anything, and one may only look. What they were refused is
checked here at once; what they agreed on is told to the model.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from builders import row
from sqlalchemy import text
from world_checks import Violation
from world_model import Model
from world_places import LONG_AGO, first_of_next_month, noon, reading
from world_words import transfers_of

from accounts import approvals
from accounts.approvals import ApprovalRefusal
from accounts.bank_accounts import BankAccount
from accounts.bank_book import ledger_balance, note_days
from accounts.clock import microseconds, school_day
from accounts.database import Database, Session
from accounts.entries import Draft, EntryKind
from accounts.rights import Act
from accounts.tables import rights

_HEARD = text("""
    INSERT INTO kiosk_seen (origin_id, at_us, waiting, software)
    SELECT id, :at, 0, '0' FROM origin WHERE kind = 'kiosk'
    ON CONFLICT (origin_id) DO UPDATE SET at_us = excluded.at_us, waiting = 0""")
_BEHIND = text("UPDATE kiosk_seen SET waiting = 3 WHERE origin_id = :origin")


@dataclass(frozen=True, slots=True)
class Attempt:
    """To close a month; ``expected`` is 'closed' or why not."""

    month: str
    request_id: int | None
    expected: str


@dataclass(slots=True)
class Council:
    """Three people of one ledger's office."""

    database: Database
    model: Model
    bank: BankAccount
    asker: int = field(init=False)
    decider: int = field(init=False)
    watcher: int = field(init=False)
    at: datetime = field(init=False)
    undecided: int | None = None
    """A request nobody decided."""

    def __post_init__(self) -> None:
        since = noon(LONG_AGO)
        with self.database.write() as db:
            self.asker, self.decider, self.watcher = (
                self._person(db, name, role, since)
                for name, role in (("a", "treasury"), ("d", "treasury"), ("w", "auditor"))
            )
        self.at = since + timedelta(days=1)

    def decide(self, draft: Draft, rng: Random) -> int | None:
        """Ask for this draft and decide about it; the request's number, approved or not."""
        if not draft.moves[0].amount:
            return None
        act = {EntryKind.REFUND: Act.REFUND, EntryKind.TOPUP: Act.TOPUP_CASH}.get(
            draft.kind
        ) or rng.choice((Act.CREDIT_MANUAL, Act.WRITE_OFF))
        asked = approvals.Ask(
            act, self.asker, "because", draft.school_id, draft.pupil_id, draft.moves[0]
        )
        with self.database.write() as db:
            number = approvals.ask(db, asked, at=self.at)
            if not isinstance(number, int):
                raise Violation("request_refused", number)
            if self._decided(db, number, rng):
                self.model.decided[number] = (
                    draft.kind, draft.pupil_id, draft.school_id, transfers_of(draft)[0],
                )  # fmt: skip
        return number

    def draw(self, rng: Random, now: datetime) -> Attempt:
        """An attempt to close a month: the next, or one that cannot be."""
        this = school_day(now).replace(day=1)
        last = (this - timedelta(days=1)).replace(day=1)
        begins = self.model.open_from
        wrong = rng.random()
        if wrong < 0.1:
            return Attempt("2026-13", None, "bad_month")
        if wrong < 0.3 or begins == this:
            return Attempt(f"{this:%Y-%m}", None, "not_over")
        if begins is not None and wrong < 0.5:
            closed = begins - timedelta(days=1)
            return Attempt(f"{closed:%Y-%m}", None, "already_closed")
        if begins is not None and begins != last and wrong < 0.7:
            return Attempt(f"{last:%Y-%m}", None, "not_next")
        return self._next(rng, now, f"{begins or last:%Y-%m}")

    def _next(self, rng: Random, now: datetime, month: str) -> Attempt:
        kiosk = self._somebody_behind(rng, month)
        last = first_of_next_month(date.fromisoformat(f"{month}-01")) - timedelta(days=1)
        with self.database.write() as db:
            db.execute(_HEARD, {"at": microseconds(now)})
            if rng.random() < 0.8 and self.model.proved < last:
                self._prove(db, last, now)
            if kiosk is None and self.model.proved >= last:
                return Attempt(month, None, "closed")
            if kiosk is not None:
                db.execute(_BEHIND, {"origin": kiosk})
            if rng.random() < 0.3:
                return Attempt(month, None, "still_open")
            other = rng.random() < 0.3
            asked = approvals.Ask(
                Act.MONTH_CLOSE, self.asker, "because",
                detail={"month": "1999-01" if other else month},
            )  # fmt: skip
            number = approvals.ask(db, asked, at=self.at)
            if not isinstance(number, int):
                raise Violation("request_refused", number)
            good = self._decided(db, number, rng) and not other
        return Attempt(month, number, "closed" if good else "request_unusable")

    def _prove(self, db: Session, day: date, now: datetime) -> None:
        """The bank's statement of that day is there, and says what the ledger says."""
        closing = ledger_balance(db, self.bank, day=day)
        said = reading(db, now, of=self.bank, day=day)
        note_days(db, self.bank, {day: closing}, family="camt", reading_id=said)
        self.model.proved = day

    def _somebody_behind(self, rng: Random, month: str) -> int | None:
        """A kiosk that served in the month and shall have something left to bring."""
        served = [
            origin
            for origin, writer in self.model.writers.items()
            if writer.kind == "kiosk"
            and writer.revoked is None
            and writer.enrolled is not None
            and f"{writer.enrolled:%Y-%m}" <= month
        ]
        return rng.choice(served) if served and rng.random() < 0.5 else None

    def _decided(self, db: Session, number: int, rng: Random) -> bool:
        """Whether it was approved; who may not decide is refused."""
        for person, why in (
            (self.asker, ApprovalRefusal.OWN_REQUEST), (self.watcher, ApprovalRefusal.NO_RIGHT),
        ):  # fmt: skip
            if rng.random() < 0.1:
                told = approvals.decide(
                    db, request_id=number, approver_id=person, approved=True, at=self.at
                )
                if told is not why:
                    raise Violation("decided", f"{told}, not {why}")
        how = rng.random()
        if how < 0.05:
            self.undecided = number
            return False
        told = approvals.decide(
            db, request_id=number, approver_id=self.decider, approved=how > 0.12, at=self.at,
            reason="because",
        )  # fmt: skip
        if told is not None:
            raise Violation("decision_refused", told)
        return how > 0.12

    def _person(self, db: Session, name: str, role: str, since: datetime) -> int:
        person = row(db, rights.office_user, name=name, password_hash="$argon2id$", since_us=since)
        row(db, rights.office_role, user_id=person, role=role, since_us=since)
        return person
