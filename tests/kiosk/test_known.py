"""What the kiosk knows: snapshot and own rows make what the ledger will say after the drain."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import MONDAY, NOON, add_child, eur, open_school
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from till import PIN, Till, add_staff, give_card, set_school

from accounts.charge import Choice, OverrideReason, VoidReason
from accounts.clock import school_day
from accounts.database import Session, open_database
from accounts.facts import Fact, FactKind
from accounts.intake import book_facts
from accounts.snapshot import OfferRow, PersonRow, SchoolRules, Snapshot
from accounts.snapshot_query import take_snapshot
from kiosk import messages as say
from kiosk.journal import Item, Row
from kiosk.known import Known, known

CARDS = ("04AAAAAAAAAAAA", "04BBBBBBBBBBBB", "04CCCCCCCCCCCC")


def _eaten(view: Known, day: date) -> dict[int, int]:
    return {offer: count for offer, count in view.counts(day).items() if count}


class _Undone(Exception):  # noqa: N818  # it is no error
    pass


class Kiosks(RuleBasedStateMachine):
    """One kiosk's day beside another's, with answers lost and drains repeated at will."""

    template: Path

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mensa-known-"))
        shutil.copy(self.template, self.folder / "ledger.db")
        self.database = open_database(f"sqlite:///{self.folder / 'ledger.db'}")
        self.school = open_school(self.database)
        with self.database.write() as db:
            third = add_child(db, self.school.id, "Dritte Person")
        self.pupils = (self.school.payer, self.school.guest_of_the_state, third)
        for pupil, uid in zip(self.pupils, CARDS, strict=True):
            give_card(self.school, pupil, uid)
        self.school.pay_in(self.pupils[0], eur("20"))
        self.school.pay_in(self.pupils[1], eur("3"))
        set_school(self.school, accepts="uid", pupil_day_cap_cents=10**9)
        add_staff(self.school)
        self.till = Till(self.school, self.school.kiosk.origin_id, self.folder / "a.db")
        self.other = Till(
            self.school, self.school.other_kiosk.origin_id, self.folder / "b.db", self.till.clock
        )
        self.till.sync.once()
        self.foreign = False
        self.mixed: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "till"):
            self.till.switch_off()
            self.other.switch_off()
            self.database.close()
            shutil.rmtree(self.folder)

    # --- at the counter -----------------------------------------------------------------

    @rule(child=st.integers(0, 2))
    def tap(self, child: int) -> None:
        self.till.later(seconds=3)
        self.till.tap(CARDS[child])

    @rule(what=st.sets(st.sampled_from(["lunch", "veggie", "drink", "snack"])), two=st.booleans())
    def choose(self, what: set[str], two: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
        offers = sorted(getattr(self.school, name) for name in what)
        self.till.counter.sign_in(PIN)
        self.till.counter.choose(tuple(Choice(o, 1 + two * (n == 0)) for n, o in enumerate(offers)))

    @rule(child=st.integers(0, 2))
    def serve_anyway(self, child: int) -> None:
        self.till.counter.sign_in(PIN)
        self.till.counter.serve_found(self.pupils[child], OverrideReason.OTHER)

    @rule()
    def serve_a_stranger(self) -> None:
        self.till.counter.sign_in(PIN)
        self.till.counter.serve_unassigned(OverrideReason.OTHER)

    @rule()
    def void(self) -> None:
        self.till.counter.sign_in(PIN)
        self.till.counter.void_last(VoidReason.MISTAKE)

    @rule(minutes=st.integers(1, 6))
    def time_passes(self, minutes: int) -> None:
        self.till.later(minutes=minutes)

    # --- behind it ----------------------------------------------------------------------

    @rule()
    def drain(self) -> None:
        # Money paid in shows with the next snapshot, at the latest after half a minute.
        seen = len(self.till.learned)
        self.till.sync.once()
        self.foreign = self.foreign and len(self.till.learned) == seen

    @rule(at_most=st.integers(1, 4), times=st.integers(1, 2))
    def drain_and_lose_the_answer(self, at_most: int, times: int) -> None:
        for _ in range(times):
            with self.database.write() as db:
                self.book_waiting(db, at_most)

    @rule()
    def fetch_alone(self) -> None:
        with self.database.read() as db:
            self.till.counter.learn(self.fetch(db))
        self.foreign = False

    @rule()
    def switch_off_and_on(self) -> None:
        self.till.switch_off()
        self.till.switch_on()
        with self.database.read() as db:
            self.till.counter.learn(self.fetch(db))
        self.foreign = False

    @rule(child=st.integers(0, 2), cents=st.integers(1, 900))
    def office_pays_in(self, child: int, cents: int) -> None:
        self.school.pay_in(self.pupils[child], eur("0,01") * cents)
        self.foreign = True

    @precondition(lambda self: self.till.journal.count_waiting() == 0)
    @rule(child=st.integers(0, 2))
    def the_other_kiosk_serves(self, child: int) -> None:
        self.other.sync.once()
        self.other.counter.sign_in(PIN)
        self.other.counter.serve_found(self.pupils[child], OverrideReason.OTHER)
        self.other.sync.once()
        self.drain()
        self.mixed.add(self.pupils[child])

    # --- always -------------------------------------------------------------------------

    @invariant()
    def a_fresh_snapshot_and_own_rows_are_the_ledger_after_the_drain(self) -> None:
        if not hasattr(self, "till"):
            return
        day = school_day(self.till.clock.now())
        with self.drained_and_undone() as (before, after):
            fresh = known(before, self.till.journal.recent.values())
            ledger = known(after, ())
        views = [fresh]
        live = self.till.counter._known
        if live is not None and not self.foreign:
            views.append(live)
        for view in views:
            assert _eaten(view, day) == _eaten(ledger, day)
            for pupil in self.pupils:
                told, true = view.holder(pupil, day), ledger.holder(pupil, day)
                assert told is not None
                assert true is not None
                if pupil in self.mixed:
                    # Whose lunch came first when one of two is taken back only the ledger knows.
                    told = replace(told, spent=true.spent)
                assert told == true

    @contextmanager
    def drained_and_undone(self) -> Iterator[tuple[Snapshot, Snapshot]]:
        """The ledger before and after a whole drain, which is then undone."""
        try:
            with self.database.write() as db:
                before = self.fetch(db)
                self.book_waiting(db, 200)
                yield before, self.fetch(db)
                raise _Undone  # noqa: TRY301  # an exception is what undoes a transaction
        except _Undone:
            pass

    def fetch(self, db: Session) -> Snapshot:
        journal = self.till.journal
        snapshot = take_snapshot(
            db, origin_id=journal.origin_id, epochs=journal.epochs(), at=self.till.clock.now()
        )
        assert snapshot is not None
        return snapshot

    def book_waiting(self, db: Session, at_most: int) -> int:
        """Book what waits, epoch by epoch as a drain would; how many there were."""
        rows = [row for row in self.till.journal.recent.values() if row.key in self.undrained()]
        facts = [row.fact for row in rows][:at_most]
        for epoch in dict.fromkeys(fact.epoch for fact in facts):
            book_facts(
                db,
                self.till.origin_id,
                [fact for fact in facts if fact.epoch == epoch],
                now=self.till.clock.now(),
            )
        return len(facts)

    def undrained(self) -> set[tuple[int, int]]:
        found = self.till.journal._db.execute("SELECT epoch, seq FROM fact WHERE drained = 0")
        return {(epoch, seq) for epoch, seq in found}


def test_snapshot_and_own_rows_are_the_ledger_after_the_drain(empty_sqlite: Path) -> None:
    Kiosks.template = empty_sqlite
    run_state_machine_as_test(
        Kiosks,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


# --- single stories ----------------------------------------------------------------------


def person(pupil: int, first: str, last: str, class_name: str) -> PersonRow:
    return PersonRow(
        id=pupil, kind="pupil", first_name=first, last_name=last, class_name=class_name,
        tariff_id=1, base_tariff_id=1, funded=False, balance_cents=1000, lunches=0,
        spent_cents=0, day_limit_cents=None, blocked_classes=(),
    )  # fmt: skip


def snapshot(*people: PersonRow, marks: tuple[tuple[int, int], ...] = ()) -> Snapshot:
    return Snapshot(
        taken_at=NOON,
        day=MONDAY,
        school=SchoolRules(1, "165000", "Probe", -1500, ("uid",), False, "de"),
        offers=(OfferRow(1, MONDAY.isoformat(), "1", "Nudeln", "lunch"),),
        prices=((1, 1, 420, 420),),
        closed=(),
        people=people,
        cards=(),
        staff=(),
        counts=(),
        marks=marks,
    )


def charge(epoch: int, seq: int, *, pupil: int = 1, quantity: int = 1) -> Row:
    fact = Fact(
        epoch=epoch, seq=seq, kind=FactKind.CHARGE, occurred_at=NOON, pupil_id=pupil,
        items=(Choice(1, quantity),),
    )  # fmt: skip
    return Row(fact, (Item(1, "lunch", quantity, 420),))


def void(epoch: int, seq: int, of: Row) -> Row:
    fact = Fact(
        epoch=epoch, seq=seq, kind=FactKind.VOID, occurred_at=NOON + timedelta(minutes=1),
        pupil_id=of.fact.pupil_id, voids=of.key, reason=VoidReason.MISTAKE.value,
    )  # fmt: skip
    return Row(fact, of.items)


def test_a_row_counts_until_the_marks_reach_it() -> None:
    rows = [charge(7, 1), charge(7, 2), charge(8, 1)]
    told = known(snapshot(person(1, "A", "B", "5a"), marks=((7, 1),)), rows).holder(1, MONDAY)
    assert told is not None
    assert (told.balance, told.lunches) == (eur("1,60"), 2)


def test_a_void_of_what_the_snapshot_contains_gives_lunch_and_money_back() -> None:
    taken = charge(7, 1, quantity=2)
    eaten = replace(person(1, "A", "B", "5a"), balance_cents=160, lunches=2, spent_cents=420)
    told = known(snapshot(eaten, marks=((7, 1),)), [taken, void(7, 2, taken)]).holder(1, MONDAY)
    assert told is not None
    assert (told.balance, told.lunches, told.spent) == (eur("10"), 0, eur("0"))


def test_a_void_of_two_kinds_of_lunch_undoes_the_spending_of_the_second() -> None:
    both = replace(charge(7, 1), items=(Item(1, "lunch", 1, 420), Item(2, "lunch", 1, 400)))
    eaten = replace(person(1, "A", "B", "5a"), balance_cents=180, lunches=2, spent_cents=400)
    told = known(snapshot(eaten, marks=((7, 1),)), [both, void(7, 2, both)]).holder(1, MONDAY)
    assert told is not None
    assert (told.balance, told.lunches, told.spent) == (eur("10"), 0, eur("0"))


def test_of_another_day_only_the_balance_counts() -> None:
    eaten = replace(person(1, "A", "B", "5a"), lunches=1, spent_cents=300)
    told = known(snapshot(eaten), [charge(7, 1)]).holder(1, MONDAY + timedelta(days=1))
    assert told is not None
    assert (told.balance, told.lunches, told.spent) == (eur("5,80"), 0, eur("0"))


def test_nobody_knows_a_pupil_of_elsewhere() -> None:
    assert known(snapshot(person(1, "A", "B", "5a")), []).holder(2, MONDAY) is None


@pytest.mark.parametrize(
    ("typed", "hits"),
    [
        ("mül", [2, 1]),
        ("an mül", [2]),
        ("MÜLLER 6b", [1]),
        ("lena", [3]),
        ("lüd", [3]),
        ("celik lukasz", [4]),
        ("Çel", [4]),
        ("", []),
        ("   ", []),
        ("mül xy", []),
    ],
)
def test_a_search_takes_the_beginnings_of_names_and_class(typed: str, hits: list[int]) -> None:
    told = known(
        snapshot(
            person(1, "Zoë", "Müller", "6b"),
            person(2, "Änne", "Müller", "5a"),
            person(3, "Anna-Lena", "Schulte-Lüdenscheid", "7c"),
            person(4, "Łukasz", "Çelik", "8d"),
        ),
        [],
    )
    found, more = told.search(typed)
    assert ([one.id for one in found], more) == (hits, False)


def test_a_search_shows_twenty_and_says_that_there_are_more() -> None:
    crowd = [person(n, f"Kind{n}", "Schmidt", "5a") for n in range(1, 30)]
    found, more = known(snapshot(*crowd), []).search("schmidt")
    assert (len(found), more) == (20, True)


def test_say_knows_no_amount_of_a_served_child() -> None:
    assert not {name for name in say.Served.__slots__ if "cents" in name or "balance" in name}
