"""One import: what is open, in which order it is tried, and what became of it.

Statements of an account are tried by their days, the earliest first, and again as long as one of
them was kept: then another may fit. What still does not waits, and says for what.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from accounts.bank_accounts import BankAccount, bank_accounts
from accounts.bank_files import NewReading, Outcome, bank_file, note_reading
from accounts.clock import school_day
from accounts.money import Money
from banking.claimants import Claimant, Place, account_of, claimant_of, evidence_of, in_order
from banking.kept import Kept
from banking.known_days import Contradicts, Evidence, Nothing, Plan, Told, Waits
from banking.lines import Trouble, Unreadable
from banking.shelf import Opened, Shelf
from banking.standing import Unkept, reason_of
from banking.taking import Desk, Moved, look, take


@dataclass(slots=True)
class Sitting:
    """One import. ``again`` are files that had waited; the others are brought now."""

    desk: Desk
    shelf: Shelf
    standing: dict[Place, NewReading]
    again: frozenset[int]
    names: dict[int, str] = field(default_factory=dict)
    balances: dict[int, Mapping[date, Money]] = field(default_factory=dict)
    _claimants: list[Claimant] = field(default_factory=list)
    _results: dict[Place, Kept] = field(default_factory=dict)

    def open(self, file_id: int) -> None:
        """Read a file; what cannot be kept whatever else comes is settled at once."""
        with self.desk.database.read() as db:
            file = bank_file(db, file_id)
        opened = self.shelf.open(file_id)
        if file is None or opened is None:
            for place in [it for it in self.standing if it[0] == file_id]:
                self._note(NewReading(*place, Outcome.NOTHING, Unkept.ERASED.value))
            return
        if not opened:
            self._note(NewReading(file_id, 0, Outcome.NOTHING, Unkept.NO_STATEMENT.value))
        for no, one in enumerate(opened, start=1):
            if isinstance(one, Unreadable):
                place = (file_id, 0 if len(opened) == 1 and not one.no else no)
                empty = one.trouble is Trouble.NOTHING_IN_IT
                outcome = Outcome.NOTHING if empty else Outcome.QUARANTINED
                self._note(NewReading(*place, outcome, one.trouble.value, one.detail))
            elif isinstance(one.told, Nothing):
                self._note(NewReading(file_id, no, Outcome.NOTHING, one.told.reason.value))
            else:
                self._claimants.append(claimant_of((file_id, no), file, one, one.told))

    def settle(self) -> None:
        """Keep whatever fits, until nothing more does."""
        with self.desk.database.read() as db:
            accounts = bank_accounts(db)
        by_iban: dict[str, list[Claimant]] = defaultdict(list)
        for claimant in self._claimants:
            by_iban[claimant.iban].append(claimant)
        for iban, some in by_iban.items():
            account = account_of(accounts, iban)
            if account is None:
                for claimant in some:
                    self._waits(claimant, None, Waits(Unkept.UNKNOWN_ACCOUNT, iban[-4:]))
            else:
                self._settle_one(account, in_order(some))

    def close(self, file_id: int) -> None:
        """Note that the file was read to its end."""
        whole = self.standing.get((file_id, 0))
        if whole is not None and whole.outcome is not Outcome.WAITING:
            return
        of_file = [it for place, it in self._results.items() if place[0] == file_id and place[1]]
        best = next(
            (it for it in (Outcome.KEPT, Outcome.KNOWN) if it in {one.outcome for one in of_file}),
            Outcome.NOTHING,
        )
        lines, new = sum(it.lines for it in of_file), sum(it.new_lines for it in of_file)
        with self.desk.database.write() as db:
            reading = NewReading(file_id, 0, best, lines=lines, new_lines=new)
            note_reading(db, reading, now=self.desk.clock.now())

    def tell(self, kept: Kept) -> None:
        """Hold on to what became of a statement."""
        file_id = kept.file_id
        named = replace(kept, again=file_id in self.again, name=self.names.get(file_id, ""))
        self._results[kept.file_id, kept.no] = named

    def told(self) -> tuple[Kept, ...]:
        """What became of everything, by file and place."""
        return tuple(self._results[place] for place in sorted(self._results))

    def _settle_one(self, account: BankAccount, some: list[Claimant]) -> None:
        evidence = evidence_of(some, today=school_day(self.desk.clock.now()))
        waiting: list[tuple[Claimant, Waits]] = []
        progress = True
        while some and progress:
            progress, waiting = False, []
            for claimant in some:
                rest, wrote = self._try(account, claimant, evidence)
                progress = progress or wrote
                if rest is not None:
                    waiting.append((claimant, rest))
            some = [claimant for claimant, _ in waiting]
        for claimant, rest in waiting:
            self._waits(claimant, account, rest)

    def _try(
        self, account: BankAccount, claimant: Claimant, evidence: Evidence
    ) -> tuple[Waits | None, bool]:
        """What of a statement waits, none where it is settled; and whether anything was kept."""
        opened = self.shelf.open(claimant.place[0])
        one = opened[claimant.place[1] - 1] if opened else None
        if not isinstance(one, Opened) or not isinstance(one.told, Told):
            return None, False  # erased meanwhile
        evidence = replace(evidence, balances=self.balances.get(claimant.place[0], {}))
        told, over = one.told, claimant.over
        while True:
            meant, seen = look(self.desk, account, told, over=over, evidence=evidence)
            if not isinstance(meant, Plan):
                return self._judged(account, claimant, meant), False
            if meant.changes_nothing:
                if meant.rest is None:
                    self._known(claimant, account)
                return meant.rest, False
            base = self._planned(claimant, account, meant)
            try:
                against = take(self.desk, account, meant, base=base, family=told.family, seen=seen)
            except Moved:
                continue
            if against is not None:
                return self._judged(account, claimant, against), False
            self._remember(base, account, amended=len(meant.amended))
            return meant.rest, bool(meant.new or meant.closings)

    def _planned(self, claimant: Claimant, account: BankAccount, plan: Plan) -> NewReading:
        """What is noted once a plan is written; what is left of a statement goes on waiting."""
        new = self._new_lines(claimant) + len(plan.new)
        if plan.rest is None:
            outcome = Outcome.KEPT if new or plan.closings else Outcome.KNOWN
            return self._base(claimant, account, outcome, new=new)
        base = self._base(claimant, account, Outcome.WAITING, new=new)
        return replace(base, reason=plan.rest.reason.value, detail=plan.rest.detail)

    def _known(self, claimant: Claimant, account: BankAccount) -> None:
        """All of it is here; perhaps it came in parts just now."""
        new = self._new_lines(claimant)
        outcome = Outcome.KEPT if new else Outcome.KNOWN
        self._note(self._base(claimant, account, outcome, new=new), account)

    def _new_lines(self, claimant: Claimant) -> int:
        before = self._results.get(claimant.place)
        return 0 if before is None else before.new_lines

    def _judged(
        self, account: BankAccount, claimant: Claimant, meant: Waits | Contradicts | Nothing
    ) -> Waits | None:
        if isinstance(meant, Waits):
            return meant
        if isinstance(meant, Contradicts):
            reason, outcome, detail = meant.reason, Outcome.QUARANTINED, meant.detail
        else:
            reason, outcome, detail = meant.reason, Outcome.NOTHING, ""
        base = self._base(claimant, account, outcome)
        self._note(replace(base, reason=reason.value, detail=detail), account)
        return None

    def _waits(self, claimant: Claimant, account: BankAccount | None, rest: Waits) -> None:
        base = self._base(claimant, account, Outcome.WAITING, new=self._new_lines(claimant))
        self._note(replace(base, reason=rest.reason.value, detail=rest.detail), account)

    def _base(
        self, claimant: Claimant, account: BankAccount | None, outcome: Outcome, *, new: int = 0
    ) -> NewReading:
        told = claimant.outline
        return NewReading(
            *claimant.place,
            outcome,
            bank_account_id=None if account is None else account.id,
            first_day=told.first,
            last_day=told.last,
            opening=told.opening,
            closing=told.closing,
            lines=claimant.lines,
            new_lines=new,
        )

    def _note(self, new: NewReading, account: BankAccount | None = None) -> None:
        """Write down how a statement stands where that is news."""
        stands = self.standing.get((new.file_id, new.no))
        if stands is None or not _says(stands, new):
            with self.desk.database.write() as db:
                note_reading(db, new, now=self.desk.clock.now())
        self._remember(new, account)

    def _remember(
        self, new: NewReading, account: BankAccount | None = None, *, amended: int = 0
    ) -> None:
        self.standing[new.file_id, new.no] = new
        kept = Kept(
            new.file_id,
            new.no,
            new.outcome,
            reason_of(new.reason),
            new.detail,
            None if account is None else account.account,
            new.first_day,
            new.last_day,
            new.opening,
            new.closing,
            new.lines,
            new.new_lines,
            amended,
        )
        self.tell(kept)


def _says(stands: NewReading, new: NewReading) -> bool:
    """Whether that is how it stands already; what was kept stays said of it."""
    if stands.outcome is Outcome.KEPT and new.outcome is Outcome.KNOWN:
        return True
    one = (stands.outcome, stands.reason, stands.detail)
    return one == (new.outcome, new.reason, new.detail)
