"""The ledger's rules once more, in plain Python: what must become of all that is asked of it.

Written from what the ledger promises (docs/ledger.md), not from its SQL, which it never sees.
``world_objections`` says what stands against a draft; here is what there is, and what becomes of
facts. The model changes only by ``book`` and ``take``.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from world_prices import Prices
from world_words import (
    Decided,
    Entry,
    Line,
    Person,
    Writer,
    lines_of,
    mirror,
    transfers_of,
    within,
    worth,
)

from accounts.clock import school_day
from accounts.entries import Draft, Key
from accounts.facts import Fact, FactKind


@dataclass(slots=True)
class Model(Prices):
    """A ledger in dicts."""

    caps: dict[int, tuple[int, int]] = field(default_factory=dict)  # school: pupil's, kiosk's
    people: dict[int, Person] = field(default_factory=dict)
    writers: dict[int, Writer] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    open_from: date | None = None

    entries: dict[Key, Entry] = field(default_factory=dict)
    asked: dict[Key, Draft] = field(default_factory=dict)
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    reversed: dict[Key, Key] = field(default_factory=dict)
    facts: dict[Key, Fact] = field(default_factory=dict)
    verdicts: dict[Key, str] = field(default_factory=dict)
    ends: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    eaten: defaultdict[tuple[int, date], list[Key]] = field(
        default_factory=lambda: defaultdict(list)
    )
    kiosk_days: defaultdict[tuple[int, date], int] = field(default_factory=lambda: defaultdict(int))
    decided: dict[int, Decided] = field(default_factory=dict)  # requests that were approved
    used: set[int] = field(default_factory=set)
    log: list[Key] = field(default_factory=list)  # entries in the order they came
    told: list[Key] = field(default_factory=list)  # facts likewise
    lines: dict[int, Key] = field(default_factory=dict)  # of the bank, by number
    parts: defaultdict[int, list[Key]] = field(default_factory=lambda: defaultdict(list))
    """What became of a line: its allocations, the reversed ones too."""
    proved: date = date.min  # the last day of the bank that is

    # The guarded way in.

    def known(self, draft: Draft) -> str | None:
        """'repeated' or 'alarm' where the key stands already."""
        if draft.key not in self.entries:
            return None
        before = self.asked.get(draft.key)
        return "repeated" if before == replace(draft, floor=None) else "alarm"

    def book(self, draft: Draft) -> None:
        """The draft is booked."""
        day = school_day(draft.occurred_at)
        self.asked[draft.key] = replace(draft, floor=None)
        self._write(
            draft.key,
            Entry(
                kind=draft.kind.value,
                school=draft.school_id,
                pupil=draft.pupil_id,
                day=day,
                late_on=self.late(day),
                occurred=draft.occurred_at,
                actor=draft.actor,
                transfers=transfers_of(draft),
                lines=lines_of(draft),
                reverses=draft.reverses,
            ),
        )
        self.ends[draft.key.origin_id, draft.key.epoch] = draft.key.seq
        if draft.request_id is not None:
            self.used.add(draft.request_id)

    def _write(self, key: Key, entry: Entry) -> None:
        self.entries[key] = entry
        self.log.append(key)
        for debit, credit, cents in entry.transfers:
            self.balances[debit] -= cents
            self.balances[credit] += cents
        if entry.reverses:
            self.reversed[entry.reverses] = key
        if entry.kind == "charge" and entry.pupil is not None:
            self.eaten[entry.pupil, entry.day].append(key)

    def late(self, day: date) -> date | None:
        """The first open day where this day's month is closed."""
        return self.open_from if self.open_from and day < self.open_from else None

    def member(self, pupil: int | None, school: int | None, day: date) -> bool:
        """Whether the pupil belongs to the school on that day."""
        of = self.people[pupil].memberships if pupil in self.people else []
        return any(at == school and within(span, day) for at, span in of)

    # What the bank says.

    def is_line(self, key: Key) -> bool:
        """Whether this entry is a bank line's own."""
        return self.writers[key.origin_id].kind == "bank" and key.epoch == 1

    def line_cents(self, line: int) -> int:
        """What a line brought; below zero what it took."""
        ((debit, _, cents),) = self.entries[self.lines[line]].transfers
        return cents if debit == "bank" else -cents

    def standing(self, line: int) -> list[Key]:
        """The allocations of a line that were not taken back."""
        return [key for key in self.parts[line] if key not in self.reversed]

    def rest(self, line: int) -> int:
        """What of a line still lies in suspense, with the line's sign."""
        cents = self.line_cents(line)
        gone = sum(self.entries[key].transfers[0][2] for key in self.standing(line))
        return cents - gone if cents > 0 else cents + gone

    # What was eaten.

    def take(self, origin: int, news: list[Fact], heard: datetime) -> list[str] | None:
        """What a set of facts is answered, in the order of its answers; None: a gap, none taken."""
        first: dict[tuple[int, int], Fact] = {}
        for fact in news:
            first.setdefault((fact.epoch, fact.seq), fact)
        others = [fact for fact in news if first[fact.epoch, fact.seq].chain != fact.chain]
        inside = sorted(first)
        ends = dict(self.ends)
        for epoch, seq in inside:
            end = ends.get((origin, epoch), 0)
            if seq > end + 1:
                return None
            ends[origin, epoch] = max(seq, end)
        answers = []
        for epoch, seq in inside:
            key, fact = Key(origin, epoch, seq), first[epoch, seq]
            if key not in self.facts:
                self._take(key, fact, heard)
            same = self.facts[key].chain == fact.chain
            answers.append(self.verdicts[key] if same else "alarm")
        if others:  # known by now, so no gap can be among them
            answers += self.take(origin, others, heard) or []
        return answers

    def _take(self, key: Key, fact: Fact, heard: datetime) -> None:
        writer = self.writers[key.origin_id]
        verdict, lines = self._judge(key, fact, writer, heard)
        self.facts[key], self.verdicts[key] = fact, verdict
        self.told.append(key)
        self.ends[key.origin_id, key.epoch] = key.seq
        if verdict != "book":
            return
        pupil, transfers, target = fact.pupil_id, self.moves(fact.pupil_id, lines), None
        if fact.voids:
            target = Key(key.origin_id, *fact.voids)
            pupil = self.entries[target].pupil
            transfers = mirror(self.entries[target].transfers)
        else:
            self.kiosk_days[key.origin_id, fact.day] += worth(lines)
        self._write(
            key,
            Entry(
                kind="reversal" if target else "charge",
                school=writer.school,
                pupil=pupil,
                day=fact.day,
                late_on=self.late(fact.day),
                occurred=fact.occurred_at,
                actor=f"staff:{fact.staff_id}" if fact.staff_id else f"kiosk:{key.origin_id}",
                transfers=transfers,
                lines=tuple(lines),
                reverses=target,
            ),
        )

    def _judge(
        self, key: Key, fact: Fact, writer: Writer, heard: datetime
    ) -> tuple[str, list[Line]]:
        if fact.occurred_at > heard + timedelta(minutes=1):
            return "ahead", []
        if writer.enrolled and fact.occurred_at < writer.enrolled:
            return "before_enrolment", []
        if writer.revoked and fact.occurred_at > writer.revoked:
            return "revoked", []
        if fact.voids:
            return self._judge_void(Key(key.origin_id, *fact.voids), fact), []
        if fact.pupil_id is None:
            return "unassigned", []
        if not self.member(fact.pupil_id, writer.school, fact.day):
            return "not_member", []
        lines = self._price(fact, writer)
        if lines is None:
            return "unpriced", []
        return self._judge_charge(key, fact, writer, lines), lines

    def _judge_void(self, target: Key, fact: Fact) -> str:
        eaten = self.facts.get(target)
        if eaten is None or eaten.kind is not FactKind.CHARGE:
            return "no_target"
        if self.verdicts[target] != "book":
            return "target_quarantined"
        if target in self.reversed:
            return "already_reversed"
        passed = fact.occurred_at - eaten.occurred_at
        return "book" if timedelta(0) <= passed <= timedelta(minutes=5) else "too_late"

    def _judge_charge(self, key: Key, fact: Fact, writer: Writer, lines: list[Line]) -> str:
        caps = self.caps[writer.school or 0]
        lunches = sum(line[3] for line in lines if line[2] == "lunch")
        if not fact.reason and lunches and lunches + self._lunches(fact) > 1:
            return "second_lunch"
        if worth(lines) + sum(worth(lines_) for lines_ in self._standing(fact)) > caps[0]:
            return "pupil_cap"
        if worth(lines) + self.kiosk_days[key.origin_id, fact.day] > caps[1]:
            return "kiosk_cap"
        return "book"

    def _standing(self, fact: Fact) -> Iterator[tuple[Line, ...]]:
        for key in self.eaten.get((fact.pupil_id or 0, fact.day), ()):
            if key not in self.reversed:
                yield self.entries[key].lines

    def _lunches(self, fact: Fact) -> int:
        return sum(n[3] for lines in self._standing(fact) for n in lines if n[2] == "lunch")

    def _price(self, fact: Fact, writer: Writer) -> list[Line] | None:
        person = self.people[fact.pupil_id or 0]
        own = self.base[person.kind]
        for tariff, span in sorted(person.entitlements, key=lambda e: e[1][0]):
            if within(span, fact.day):
                own = tariff
        return self.price(
            fact.items,
            at=(writer.school, fact.day),
            kind=person.kind,
            own=own,
            lunches_before=self._lunches(fact),
        )
