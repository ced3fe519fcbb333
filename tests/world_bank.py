"""What the bank brings to a world: lines that are kept once, and where their money belongs.

A line is of a day that is over and that no statement has closed yet. Everything may be asked
again; a line kept twice or more than is left of one is refused, and nothing changes.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import func, select
from world_checks import Violation
from world_places import City, reading
from world_traffic import Traffic
from world_words import mirror

from accounts.allocations import (
    AllocationRefusal,
    NewAllocation,
    NotAllocated,
    Rule,
    allocate,
    undo,
)
from accounts.bank_book import Nature, NewLine, keep_lines
from accounts.clock import BERLIN, school_day
from accounts.database import Session
from accounts.entries import Draft, EntryKind, Key, Move
from accounts.guards import JournalRefused
from accounts.money import Money
from accounts.tables import bank

TWICE = {"known_line", "uq_bank_line_identity_bank_account_id"}
TARGETS = ("fees", "interest", "refunds", "cash", "write_off", "suspense", "opening", "bank")
NOBODYS = frozenset({"suspense", "opening", "bank"})
"""Accounts to which no line belongs."""


@dataclass(slots=True, kw_only=True)
class Bank(Traffic):
    """A bank account of a city."""

    city: City = field(init=False)
    told_lines: list[NewLine] = field(default_factory=list)
    """All that the bank ever said."""

    def bank_says(self, rng: Random) -> None:
        """A few new lines, and perhaps one that was there before."""
        today = school_day(self.now)
        days = [today - timedelta(days=n) for n in range(1, 30)]
        days = [day for day in days if day > self.model.proved]
        if not days:
            return
        lines = [self._line(rng, rng.choice(days)) for _ in range(rng.randint(1, 4))]
        again = bool(self.told_lines) and rng.random() < 0.2
        if again:
            lines.insert(rng.randint(0, len(lines)), rng.choice(self.told_lines))
        newest = lines[-1].identity
        kept = select(bank.bank_line.c.id).where(bank.bank_line.c.identity == newest)

        def keep(db: Session) -> tuple[int, ...]:
            if not again and db.execute(kept).first() is not None:  # it died after its commit
                first = self.model.ends[self.city.bank.origin_id, 1]
                ids = select(bank.bank_line.c.id).where(bank.bank_line.c.seq > first)
                return tuple(db.execute(ids.order_by(bank.bank_line.c.seq)).scalars())
            return keep_lines(
                db, self.city.bank, lines, reading_id=reading(db, self.now), actor="import",
                now=self.now,
            )  # fmt: skip

        try:
            ids = self.perform(keep, rng, held=False)
        except JournalRefused as refused:
            if not again or refused.code not in TWICE:
                raise Violation(f"lines_refused_{refused.code}") from refused
            self.counts["line kept twice"] += 1
            self.watch.after_step(self.held(), rng)
            return
        if again:
            raise Violation("line_kept_twice", ids)
        for number, line in zip(ids, lines, strict=True):
            self._booked(number, line)
        self.counts["line"] += len(lines)
        self.watch.after_step(self.held(), rng)

    def money_assigned(self, rng: Random) -> None:
        """Parts of one line go where they belong, or too much, or where nothing belongs."""
        if not self.model.lines:
            return
        recent = list(self.model.lines)[-40:]
        still_open = [line for line in recent if self.model.rest(line)]
        line = rng.choice(still_open if still_open and rng.random() < 0.8 else recent)
        rest = self.model.rest(line)
        sign = 1 if self.model.line_cents(line) > 0 else -1
        parts = [self._part(rng, line, sign, abs(rest)) for _ in range(rng.choice((1, 1, 2)))]
        expected = self._against(parts, rest)
        before = len(self.model.parts[line])
        count = select(func.count()).where(bank.allocation.c.line_id == line)

        def assign(db: Session) -> str:
            if db.execute(count).scalar_one() > before:  # it died after its commit
                return "assigned"
            made = allocate(db, parts, actor="office", now=self.now)
            return made.why.value if isinstance(made, AllocationRefusal) else "assigned"

        answer = self.perform(assign, rng, held=False)
        self.tell(f"{[(it.target, it.amount.cents) for it in parts]} of {rest} -> {answer}")
        if answer != expected:
            raise Violation(f"assigning_{answer}", f"not {expected}: {parts}")
        if answer == "assigned":
            for part in parts:
                self._assigned(line, part)
        self.counts[f"allocation: {answer}"] += 1
        self.watch.after_step(self.held(), rng)

    def money_taken_back(self, rng: Random) -> None:
        """A decision about a line is undone; the money lies in suspense again."""
        assigned = [line for line in self.model.parts if self.model.parts[line]]
        if not assigned:
            return
        line = rng.choice(assigned[-20:])
        standing = self.model.standing(line)
        expected = len(standing) or NotAllocated.NOTHING_STANDS

        def take_back(db: Session) -> int | NotAllocated:
            done = undo(db, line_id=line, reason="mistake", actor="office",
                        origin_id=self.desk.office, now=self.now)  # fmt: skip
            return done.why if isinstance(done, AllocationRefusal) else done

        answer = self.perform(take_back, rng, held=False)
        died_after = self.deaths and answer is NotAllocated.NOTHING_STANDS
        if answer != expected and not died_after:
            raise Violation(f"undone_{answer}", expected)
        for key in sorted(standing, key=self._target):
            entry = self.model.entries[key]
            draft = Draft(
                key=Key(self.desk.office, 1, self.model.ends[self.desk.office, 1] + 1),
                kind=EntryKind.REVERSAL,
                occurred_at=self.now,
                actor="office",
                moves=tuple(Move(d, c, Money(n)) for d, c, n in mirror(entry.transfers)),
                pupil_id=entry.pupil,
                school_id=entry.school,
                reason="mistake",
                reverses=key,
            )
            self.model.book(draft)
        self.counts["undone" if standing else "nothing to undo"] += 1
        self.watch.after_step(self.held(), rng)

    def _target(self, key: Key) -> str:
        debit, credit, _ = self.model.entries[key].transfers[0]
        return credit if debit == "suspense" else debit

    def _line(self, rng: Random, day: date) -> NewLine:
        number = rng.getrandbits(64)
        identity = hashlib.sha256(str(number).encode()).digest()
        cents = rng.choice((1, 1, 1, -1)) * rng.randint(1, 9000)
        nature = Nature.PAYMENT if cents > 0 else Nature.RETURN
        return NewLine(day, day, Money(cents), nature, identity, None, None, None, identity)

    def _booked(self, number: int, line: NewLine) -> None:
        self.told_lines.append(line)
        origin, cents = self.city.bank.origin_id, line.amount.cents
        pair = ("bank", "suspense") if cents > 0 else ("suspense", "bank")
        draft = Draft(
            key=Key(origin, 1, self.model.ends[origin, 1] + 1),
            kind=EntryKind.TOPUP if cents > 0 else EntryKind.CORRECTION,
            occurred_at=datetime.combine(line.day, time(12), BERLIN).astimezone(UTC),
            actor="import",
            moves=(Move(*pair, Money(abs(cents))),),
        )
        self.model.book(draft)
        self.model.lines[number] = draft.key
        if len(self.desk.mine) % 5 == 0:
            self.desk.mine.append(draft.key)  # somebody will try to take it back

    def _part(self, rng: Random, line: int, sign: int, rest: int) -> NewAllocation:
        target = f"pupil:{self.desk.pupil(rng)}" if rng.random() < 0.75 else rng.choice(TARGETS)
        if rng.random() < 0.03:
            target = "pupil:0"
        cents = rng.choice((rest, rest, max(rest // 2, 1), rest + 1, -1))
        return NewAllocation(line, target, Money(sign * cents), Rule.BY_HAND, {"n": cents})

    def _against(self, parts: list[NewAllocation], rest: int) -> str:
        for part in parts:
            if part.target not in self.model.accounts:
                return NotAllocated.UNKNOWN_ACCOUNT.value
            if part.target in NOBODYS:
                return NotAllocated.WRONG_ACCOUNT.value
            cents = part.amount.cents
            if cents == 0 or cents * rest <= 0 or abs(cents) > abs(rest):
                return NotAllocated.OVER_LINE.value
            rest -= cents
        return "assigned"

    def _assigned(self, line: int, part: NewAllocation) -> None:
        origin, cents = self.city.bank.origin_id, part.amount.cents
        pupil = int(part.target[6:]) if part.target.startswith("pupil:") else None
        kind = EntryKind.TOPUP if pupil is not None and cents > 0 else EntryKind.CORRECTION
        if part.target == "refunds":
            kind = EntryKind.REFUND
        pair = ("suspense", part.target) if cents > 0 else (part.target, "suspense")
        draft = Draft(
            key=Key(origin, 2, self.model.ends[origin, 2] + 1),
            kind=kind,
            occurred_at=self.now,
            actor="office",
            moves=(Move(*pair, Money(abs(cents))),),
            pupil_id=pupil,
            school_id=None if pupil is None else self._school(pupil),
        )
        self.model.book(draft)
        self.model.parts[line].append(draft.key)
        self.desk.mine.append(draft.key)

    def _school(self, pupil: int) -> int | None:
        """Where the child is now, or was last."""
        day = school_day(self.now)
        begun = [
            (last is None or last >= day, first, place, school)
            for place, (school, (first, last)) in enumerate(self.model.people[pupil].memberships)
            if first <= day
        ]
        return max(begun)[3] if begun else None
