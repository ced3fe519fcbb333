"""What moves money in a world: the office's and the bank's entries, and the kiosks' sets.

Every answer is compared with the model's, which then follows; the newest rows are compared at
once.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from builders import Kiosk
from world_asking import Asking
from world_asks import Ask, Desk
from world_checks import Violation
from world_facts import charge_fact, otherwise, void_fact
from world_objections import objections
from world_places import Pen

from accounts.database import Session
from accounts.entries import Key, No
from accounts.facts import Fact
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.ledger import KeyReused

SAME = {
    "ck_transfer_positive": "not_positive",
    "ck_transfer_two_accounts": "two_accounts",
    "uq_entry_request_id": "needs_two",
}
"""Where a constraint speaks for a guard, on the engine that has no such guard."""


@dataclass(slots=True, kw_only=True)
class Traffic(Asking):
    """A desk and kiosks that ask."""

    now: datetime = field(init=False)
    desk: Desk = field(init=False)
    asked: list[Ask] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Acts, and what was answered."""
    things: int = 0
    """Asked of the ledger so far: facts, bookings, closings, attacks, changes of people."""

    def office_asks(self, rng: Random) -> None:
        """The office or the bank asks for one entry."""
        ask = self.desk.draw(rng, self.now)
        self.asked.append(ask)
        self.submit(ask, rng)

    def asked_again(self, rng: Random) -> None:
        """Anything of the past comes again, as it was or with other content."""
        if not self.asked:
            return
        ask = rng.choice(self.asked)
        if rng.random() < 0.3:
            ask = Ask(replace(ask.draft, actor="somebody else"))
        self.submit(ask, rng)

    def submit(self, ask: Ask, rng: Random) -> None:
        """Ask, compare the answer with the model's, and let the model follow."""
        draft = ask.draft
        expected = self.model.known(draft)
        against = set() if expected else objections(self.model, draft)
        answer = self._word(ask, rng)
        self.tell(f"{draft} -> {answer}, expected {expected or against or 'booked'}")
        if expected or against:
            if answer not in (against or (expected,)):
                raise Violation(f"answered_{answer}", f"not {expected or against}: {draft}")
        else:
            if answer != "booked" and not (answer == "repeated" and self.deaths):
                raise Violation(f"answered_{answer}", f"not booked: {draft}")
            self.model.book(draft)
            self.desk.mine.append(draft.key)
        self.counts[answer] += 1
        alarms = (1, 1 + self.deaths) if expected == "alarm" else (0, 0)
        self.watch.after_step(self.held(), rng, alarms=alarms)

    def _word(self, ask: Ask, rng: Random) -> str:
        """An answer in one word: booked, repeated, alarm, or the code of a refusal."""
        try:
            answer = self.perform(lambda db: ask(db, self.now), rng, held=rng.random() < 0.7)
        except KeyReused:
            return "alarm"
        except JournalRefused as refused:
            return SAME.get(refused.code, refused.code)
        if isinstance(answer, No):
            return answer.value
        return "repeated" if answer.repeated else "booked"

    def kiosk_drains(self, rng: Random) -> None:
        """A kiosk serves some, and brings a set: new facts in order, old ones among them."""
        pen = self.pen(rng)
        for _ in range(rng.choice((0, 1, 1, 2, 3, 5))):
            if pen.told and rng.random() < 0.25:
                void_fact(pen, rng)
            else:
                charge_fact(self.model, pen, self.desk.schools, rng, self.now)
        fresh = pen.told[pen.sent : pen.sent + rng.choice((1, 2, 3, 5, 8, 20))]
        old = rng.sample(pen.told[: pen.sent], min(pen.sent, rng.choice((0, 0, 1, 3))))
        others = [otherwise(fact, pen.kiosk.origin_id) for fact in old if rng.random() < 0.1]
        news = [*fresh, *old, *others]
        rng.shuffle(news)
        if self.bring(pen, news, rng):
            pen.sent += len(fresh)

    def kiosk_out_of_turn(self, rng: Random) -> None:
        """A set with a hole in it: nothing of it may be taken."""
        pen = self.pen(rng)
        for _ in range(3):
            charge_fact(self.model, pen, self.desk.schools, rng, self.now)
        self.bring(pen, pen.told[pen.sent + 1 :], rng)

    def bring(self, pen: Pen, news: list[Fact], rng: Random) -> bool:
        """Send facts, compare all answers; whether they were taken."""
        if not news:
            return False
        self.things += len(news) - 1
        origin = pen.kiosk.origin_id

        def send(db: Session) -> list[str]:
            told = book_facts(db, origin, news, now=self.now)
            return ["alarm" if a.alarm else a.quarantined or "book" for a in told]

        answers: list[str] | None
        try:
            answers = self.perform(send, rng, held=False)
        except JournalRefused as refused:
            if refused.code != "gap":
                raise Violation(f"facts_refused_{refused.code}") from refused
            answers = None
        seen = len(self.model.log)
        expected = self.model.take(origin, news, self.now)
        self.tell(f"{[(f.epoch % 1000, f.seq, f.kind.value) for f in news]} -> {answers}")
        if answers != expected:
            detail = [str(f) for f in news] if len(news) < 4 else ""
            raise Violation("facts_answered", f"{answers}, expected {expected} {detail}")
        self.desk.mine += self.model.log[seen:]
        alarms = (expected or []).count("alarm")
        self.counts.update(expected or ["gap"])
        self.watch.after_step(self.held(), rng, alarms=(alarms, alarms * (1 + self.deaths)))
        return expected is not None

    def image_restored(self, rng: Random) -> None:
        """The kiosk wakes with an older journal: it forgot the newest, and begins a new epoch."""
        pen = self.pen(rng)
        pen.told = pen.told[: rng.randint(0, len(pen.told))]
        whole = [fact for fact in pen.told if self._known(pen, fact)]
        pen.sent = rng.randint(0, len(whole))
        pen.kiosk = Kiosk(pen.kiosk.origin_id, epoch=rng.getrandbits(62) + 1)

    def _known(self, pen: Pen, fact: Fact) -> bool:
        return Key(pen.kiosk.origin_id, fact.epoch, fact.seq) in self.model.facts

    def pen(self, rng: Random) -> Pen:
        """Any kiosk."""
        return rng.choice(rng.choice(self.desk.schools).pens)
