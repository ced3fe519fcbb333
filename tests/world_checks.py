"""What must be true of the ledger after every step, asked of its rows and compared with the model.

Every row that is new is one the model expects, whole and alike; the balances it touched are the
sums of their transfers and the model's; some row of the past is looked at again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from world_model import Model
from world_words import Entry

from accounts.clock import moment
from accounts.database import Database, Session
from accounts.entries import Key
from accounts.verify import verify


class Violation(AssertionError):  # noqa: N818  # named for what it tells
    """A promise of the ledger is broken. The first word says which."""

    def __init__(self, promise: str, detail: object = "") -> None:
        super().__init__(f"{promise}: {detail}")
        self.promise = promise


_TOPS = """
    SELECT (SELECT coalesce(max(id), 0) FROM entry), (SELECT coalesce(max(id), 0) FROM transfer),
           (SELECT coalesce(max(id), 0) FROM fact), (SELECT count(*) FROM alarm)"""
_ENTRIES = """
    SELECT e.id, e.origin_id, e.epoch, e.seq, e.kind, e.school_id, e.pupil_id, e.day, e.late_on,
           e.occurred_us, e.actor, e.reverses, e.transfers, t.no, t.debit_id, t.credit_id, t.cents
    FROM entry e LEFT JOIN transfer t ON t.entry_id = e.id
    WHERE e.id {which} ORDER BY e.id, t.no"""
_LINES = """
    SELECT entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents, share_cents,
           tax_key, rate_permille
    FROM line WHERE entry_id {which} ORDER BY entry_id, no"""
_BALANCES = """
    SELECT b.account_id, b.cents,
           (SELECT coalesce(sum(cents), 0) FROM transfer WHERE credit_id = b.account_id)
           - (SELECT coalesce(sum(cents), 0) FROM transfer WHERE debit_id = b.account_id)
    FROM balance b WHERE b.account_id IN ({which})"""
_FACTS = """
    SELECT f.origin_id, f.epoch, f.seq, f.chain, coalesce(q.reason, 'book')
    FROM fact f LEFT JOIN quarantine q ON q.fact_id = f.id WHERE f.id > {which} ORDER BY f.id"""

Tops = tuple[int, ...]


@dataclass(slots=True)
class Watch:
    """One ledger beside its model."""

    database: Database
    model: Model
    tops: Tops = (0, 0, 0, 0)
    ids: dict[Key, int] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    seen: int = 0  # of the model's entries
    compared: tuple[int, int] = (0, 0)  # rows of entry and of fact that were compared in full
    models_compared: tuple[int, int] = (0, 0)

    def learn_accounts(self, db: Session) -> None:
        """Read the numbers of accounts that are new."""
        known = max(self.names, default=0)
        for number, name in db.exec_driver_sql(
            f"SELECT id, name FROM account WHERE id > {known}"
        ).all():
            self.names[number], self.numbers[name] = name, number

    def look(self, db: Session) -> Tops:
        """The newest numbers of entries, transfers and facts, and how many alarms there are."""
        return tuple(db.exec_driver_sql(_TOPS).one())

    def after_step(self, db: Session, rng: Random, *, alarms: tuple[int, int] = (0, 0)) -> None:
        """Compare what is new. ``alarms``: at least and at most so many."""
        tops, before = self.look(db), self.tops
        new = self.model.log[self.seen :]
        if not alarms[0] <= tops[3] - before[3] <= alarms[1]:
            raise Violation("alarms", f"{tops[3] - before[3]} new, expected {alarms}")
        if new or tops[:2] != before[:2]:
            found = self._entries(db, f"> {before[0]}")
            self._compare(new, found)
            self._balances(db, new)
            self.seen = len(self.model.log)
        elif rng.random() < 0.25 and self.ids:
            self.look_back(db, rng)
        self.tops = tops

    def look_back(self, db: Session, rng: Random) -> None:
        """One entry of the past stands as it stood."""
        key = rng.choice(self.model.log)
        self._compare([key], self._entries(db, f"= {self.ids[key]}"))

    def _entries(self, db: Session, which: str) -> dict[Key, Entry]:
        found: dict[Key, tuple[list[Any], list[tuple[str, str, int]]]] = {}
        with_lines = False
        for row in db.exec_driver_sql(_ENTRIES.format(which=which)).all():
            key = Key(row[1], row[2], row[3])
            self.ids[key], self.keys[row[0]] = row[0], key
            header, moves = found.setdefault(key, (list(row[:13]), []))
            with_lines |= row[4] == "charge"
            if row[13] is not None:
                moves.append((self._name(db, row[14]), self._name(db, row[15]), row[16]))
            if row[13] != (len(moves) or None) or row[12] < len(moves):
                raise Violation("half_entry", header)
        lines: dict[Key, list[Any]] = {}
        if with_lines:
            for line in db.exec_driver_sql(_LINES.format(which=which)).all():
                lines.setdefault(self.keys[line[0]], []).append(tuple(line[2:]))
        for header, moves in found.values():
            if header[12] != len(moves):
                raise Violation("half_entry", header)
        return {
            key: Entry(
                kind=header[4], school=header[5], pupil=header[6], day=header[7],
                late_on=header[8], occurred=moment(header[9]), actor=header[10],
                transfers=tuple(sorted(moves)), lines=tuple(lines.get(key, ())),
                reverses=self.keys.get(header[11]),
            )
            for key, (header, moves) in found.items()
        }  # fmt: skip

    def _name(self, db: Session, number: int) -> str:
        if number not in self.names:
            self.learn_accounts(db)
        return self.names[number]

    def _compare(self, keys: list[Key], found: dict[Key, Entry]) -> None:
        if keys and len(set(keys)) != len(keys):
            raise Violation("booked_twice", keys)
        if found.keys() != set(keys):
            raise Violation("other_entries", f"{sorted(map(str, found))} for {keys}")
        for key, entry in found.items():
            if _plain(entry) != _plain(self.model.entries[key]):
                raise Violation("entry_differs", f"{key}: {entry} is {self.model.entries[key]}")

    def _balances(self, db: Session, keys: list[Key]) -> None:
        touched = {
            name
            for key in keys
            for debit, credit, _ in self.model.entries[key].transfers
            for name in (debit, credit)
            if name.startswith("pupil:")
        }
        if not touched:
            return
        which = ", ".join(str(self.numbers[name]) for name in touched)
        rows = db.exec_driver_sql(_BALANCES.format(which=which)).all()
        if len(rows) != len(touched):
            raise Violation("balance_missing", touched)
        for number, cents, summed in rows:
            if not cents == summed == self.model.balances[self.names[number]]:
                raise Violation(
                    "balance",
                    f"{self.names[number]}: kept {cents}, summed {summed},"
                    f" model {self.model.balances[self.names[number]]}",
                )

    def in_full(self, db: Session) -> None:
        """All that came since the last time, every balance, and all of ``verify``."""
        entries, facts = self.compared
        model_entries, model_facts = self.models_compared
        self._compare(self.model.log[model_entries:], self._entries(db, f"> {entries}"))
        told = {
            Key(*row[:3]): (bytes(row[3]), row[4])
            for row in db.exec_driver_sql(_FACTS.format(which=facts)).all()
        }
        expected = {
            key: (self.model.facts[key].chain, self.model.verdicts[key])
            for key in self.model.told[model_facts:]
        }
        if told != expected:
            raise Violation("facts", _first_difference(told.items(), expected.items()))
        self._all_sums(db)
        with self.database.read() as view:
            proof = verify(view)
        broken = [(c.name.value, c.failures[:3]) for c in proof.checks if not c.holds]
        if broken:
            raise Violation("verify", broken)
        self.compared = (self.tops[0], self.tops[2])
        self.models_compared = (len(self.model.log), len(self.model.told))

    def _all_sums(self, db: Session) -> None:
        self.learn_accounts(db)
        rows = db.exec_driver_sql(
            "SELECT a.name, (SELECT coalesce(sum(cents), 0) FROM transfer WHERE credit_id = a.id)"
            " - (SELECT coalesce(sum(cents), 0) FROM transfer WHERE debit_id = a.id) FROM account a"
        ).all()
        sums = {name: int(cents) for name, cents in rows}
        if sum(sums.values()):
            raise Violation("sum_not_zero", sum(sums.values()))
        expected = {name: self.model.balances.get(name, 0) for name in sums}
        if sums != expected:
            raise Violation("sums", _first_difference(sums.items(), expected.items()))


def _plain(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.kind, entry.school, entry.pupil, str(entry.day), str(entry.late_on),
        entry.occurred, entry.actor, sorted(entry.transfers), entry.lines, entry.reverses,
    )  # fmt: skip


def _first_difference(found: Iterable[Any], expected: Iterable[Any]) -> str:
    left, right = list(found), list(expected)
    return f"found {[x for x in left if x not in right][:2]}, expected {[x for x in right if x not in left][:2]}"
