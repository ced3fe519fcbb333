"""One statement and the ledger: what is known there, and a plan written into it.

- A plan is worked out in one view of the ledger and written only if nobody kept anything since.
- A short one, and one that makes a proved day grow, is one transaction. A long one is many short
  ones: each day's balance is noted with the last of its lines, so what is noted is whole whenever
  the power goes, and until all of it is there the statement waits and is read again.
- Where the ledger does not show the bank's balance, before or after, nothing is written.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounts import bank_book
from accounts.bank_accounts import BankAccount
from accounts.bank_book import (
    NewLine,
    bank_days,
    book_opening,
    hold_lines,
    keep_lines,
    ledger_balance,
    note_days,
    stored_lines,
)
from accounts.bank_files import NewReading, Outcome, keep_texts, key_of, note_reading
from accounts.bank_keeping import Stamp, amended_lines, note_amended, stamp
from accounts.bank_vault import BankVault, FileKey
from accounts.clock import Clock
from accounts.database import Database, Session
from accounts.guards import JournalRefused
from accounts.ledger import KeyReused
from accounts.money import Money
from accounts.polite import in_chunks
from banking.claims import DAY, differ
from banking.days import meaning
from banking.identity import identity
from banking.known_days import (
    Contradicts,
    Evidence,
    Known,
    Meaning,
    New,
    Plan,
    Proved,
    Stored,
    Told,
)
from banking.lines import Family
from banking.standing import Unkept

AT_ONCE = 100
"""Lines that are kept at a time where there are many: a few milliseconds on either engine."""
_SHORT = 200
"""Lines in one transaction."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who keeps, where, and by which clock; ``rest`` is how to leave the ledger alone a while."""

    database: Database
    vault: BankVault
    actor: str
    clock: Clock
    rest: Callable[[float], None] = time.sleep


class Moved(Exception):  # noqa: N818  # it names a state of the world, not an error
    """Somebody kept something since the plan was made: make it anew."""


class Differs(Exception):  # noqa: N818  # as above
    """What was about to be written does not show the bank's balance; nothing of it was."""

    def __init__(self, found: Contradicts) -> None:
        super().__init__(found.detail)
        self.found = found


def look(
    desk: Desk, account: BankAccount, told: Told, *, over: date, evidence: Evidence
) -> tuple[Meaning, Stamp]:
    """What a statement means now, and how far the ledger was then."""
    with desk.database.read() as db:
        seen = stamp(db, account)
        known = _known(db, account, told)
        marked = amended_lines(db, account, first=told.first, last=told.last)

    def name(alike: bytes, count: int) -> bytes:
        return identity(desk.vault, alike, count)

    meant = meaning(told, known, over=over, evidence=evidence, name=name)
    if isinstance(meant, Plan):
        meant = replace(meant, amended=tuple(it for it in meant.amended if it not in marked))
    return meant, seen


def take(
    desk: Desk, account: BankAccount, plan: Plan, *, base: NewReading, family: Family, seen: Stamp
) -> Contradicts | None:
    """Write a plan; none where it is written, else why nothing is taken.

    ``base`` is what is noted of the statement in the end. Raises Moved where somebody kept
    something since; what was written before that stays, and is known when the plan is made anew.
    """
    hand = _Hand(desk, account, base.file_id, family, seen)
    try:
        if plan.regrown or len(plan.new) <= _SHORT:
            with desk.database.write() as db:
                hand.begin(db, base, plan)
                hand.keep(db, _Step(plan.new, plan.closings))
                hand.end(db, plan)
        else:
            _in_steps(hand, base, plan)
    except JournalRefused as refusal:
        return Contradicts(Unkept.NOT_BOOKABLE, refusal.code)
    except KeyReused:
        # What the account stood at was booked before, and not as this statement says.
        return _opened_otherwise(desk, account, plan)
    except Differs as differs:
        return differs.found
    return None


def _opened_otherwise(desk: Desk, account: BankAccount, plan: Plan) -> Contradicts:
    if plan.begins is None:
        raise AssertionError("a plan that begins nothing books no opening")
    day, amount = plan.begins
    with desk.database.read() as db:
        ledger = ledger_balance(db, account, day=day)
    return differ(Unkept.LEDGER_DIFFERS, day, ledger, amount)


def _in_steps(hand: "_Hand", base: NewReading, plan: Plan) -> None:
    database = hand.desk.database
    with database.write() as db:
        begun = replace(base, outcome=Outcome.WAITING, reason=Unkept.INTERRUPTED.value, new_lines=0)
        hand.begin(db, begun, plan)
    for _ in in_chunks(database, _steps(plan), hand.keep, rest=hand.desk.rest):
        pass
    with database.write() as db:
        hand.hold(db)
        note_reading(db, base, now=hand.desk.clock.now())
        hand.end(db, plan)


@dataclass(frozen=True, slots=True)
class _Step:
    """Lines that are kept together, and the balances of the days that are whole with them."""

    lines: Sequence[New]
    closings: Mapping[date, Money]


def _steps(plan: Plan) -> Iterator[_Step]:
    by_day: dict[date, list[New]] = defaultdict(list)
    for new in plan.new:
        by_day[new.seen.line.day].append(new)
    for day, closing in plan.closings.items():
        lines = by_day[day]
        for at in range(0, max(1, len(lines)), AT_ONCE):
            whole = at + AT_ONCE >= len(lines)
            yield _Step(lines[at : at + AT_ONCE], {day: closing} if whole else {})


@dataclass(slots=True)
class _Hand:
    """Writes one plan; ``seen`` is how far the ledger was when it last looked."""

    desk: Desk
    account: BankAccount
    file_id: int
    family: Family
    seen: Stamp
    _reading: int = 0
    _key: FileKey | None = None

    def hold(self, db: Session) -> None:
        """Keep everybody else out until the transaction ends. Raises Moved."""
        hold_lines(db)
        if stamp(db, self.account) != self.seen:
            raise Moved

    def begin(self, db: Session, base: NewReading, plan: Plan) -> None:
        """Note the reading that the lines are of, and where the account begins."""
        self.hold(db)
        now = self.desk.clock.now()
        self._reading = note_reading(db, base, now=now)
        self._key = key_of(db, self.desk.vault, self.file_id)
        if plan.begins is not None:
            day, amount = plan.begins
            book_opening(db, self.account, amount, day=day, actor=self.desk.actor, now=now)
            self._note(db, {day: amount})
        self.seen = stamp(db, self.account)

    def keep(self, db: Session, step: _Step) -> None:
        """Keep some lines with their texts, and note the days that are whole with them."""
        self.hold(db)
        told = [_line(new) for new in step.lines]
        now = self.desk.clock.now()
        ids = keep_lines(
            db, self.account, told, reading_id=self._reading, actor=self.desk.actor, now=now
        )
        if self._key is not None:
            lines = zip(ids, step.lines, strict=True)
            texts = ((it, new.identity, new.seen.line.text) for it, new in lines)
            keep_texts(db, self._key, texts)
        self._note(db, step.closings)
        self.seen = stamp(db, self.account)

    def end(self, db: Session, plan: Plan) -> None:
        """Mark what was amended, and look whether the ledger shows the bank's balance."""
        if plan.closings:
            day = max(plan.closings)
            ledger = ledger_balance(db, self.account, day=day)
            if ledger != plan.closings[day]:
                raise Differs(differ(Unkept.LEDGER_DIFFERS, day, ledger, plan.closings[day]))
        now = self.desk.clock.now()
        why = f"file {self.file_id}"
        note_amended(db, plan.amended, reason=why, actor=self.desk.actor, now=now)

    def _note(self, db: Session, days: Mapping[date, Money]) -> None:
        note_days(db, self.account, days, family=self.family.value, reading_id=self._reading)


def _line(new: New) -> NewLine:
    line = new.seen.line
    return NewLine(
        day=line.day,
        value_day=line.value_day,
        amount=line.amount,
        nature=bank_book.Nature(line.nature.value),
        identity=new.identity,
        payer=new.seen.payer,
        end_to_end=new.seen.end_to_end,
        gvc=line.gvc or None,
        text_digest=new.seen.text_digest,
    )


def _known(db: Session, account: BankAccount, told: Told) -> Known | None:
    """What is known of the days of a statement; None before the account's first one."""
    before = told.first - DAY
    days = bank_days(db, account, since=before)
    if before not in days:
        days = bank_days(db, account)
    if not days:
        return None
    lines: dict[date, list[Stored]] = defaultdict(list)
    for it in stored_lines(db, account, first=told.first, last=told.last):
        lines[it.day].append(Stored(it.id, it.identity, it.amount, it.payer, it.text_digest))
    proved = {day: Proved(it.closing, Family(it.family)) for day, it in days.items()}
    return Known(proved, lines)
