"""Any history gives the same outcomes, balances and lines on both engines and in plain Python.

The plain model below knows the rules of pricing and quarantine and nothing of SQL. Histories
are drawn at random: tariffs, entitlements and memberships with dates, quantities, second
lunches, overrides, voids of anything, wrong clocks, sets that arrive shuffled and twice. Rushes
are many facts of few children in large sets, wherever they are cut, with caps near and far: what
is booked as a set has to end like what is booked one by one.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from builders import MONDAY, NOON, Kiosk, School, add_child, open_school, pay_in, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import fresh
from sqlalchemy import text

from accounts.charge import Charge, Choice, Holder, ItemClass, Menu, Offer, PersonKind, decide
from accounts.charge import Price as Sold
from accounts.clock import school_day
from accounts.database import Session
from accounts.facts import Fact, FactKind
from accounts.intake import book_facts
from accounts.money import Money
from accounts.tables import kiosks, meals, people
from accounts.verify import verify

HEARD = NOON + timedelta(days=1, hours=1)
ENROLLED = NOON - timedelta(hours=1)
REVOKED = NOON + timedelta(hours=24)
PUPIL_CAP, KIOSK_CAP = 3000, 5000
STRANGER = 99
"""A child nobody knows."""


@dataclass(frozen=True, slots=True)
class Dish:
    """An offer of the histories: day, class, and (price, share) by tariff."""

    day: int
    item_class: str
    prices: dict[str, tuple[int, int]]


DISHES = (
    Dish(0, "lunch", {"V": (420, 420), "B": (420, 0), "H": (420, 150)}),
    Dish(0, "lunch", {"V": (400, 400), "B": (400, 0)}),
    Dish(0, "drink", {"V": (100, 100)}),
    Dish(0, "snack", {"V": (150, 150), "B": (150, 0)}),  # funding never covers a snack
    Dish(1, "lunch", {"V": (430, 430), "B": (430, 0), "H": (430, 100)}),
    Dish(1, "drink", {"V": (110, 110)}),
    Dish(0, "snack", {"V": (90, 50)}),  # a base tariff has no body for the rest
    Dish(0, "lunch", {}),  # nobody priced it
)


@dataclass(frozen=True, slots=True)
class Child:
    """Who eats: (tariff, first day, last day), and the days at the school."""

    kind: str
    entitlements: tuple[tuple[str, int, int | None], ...]
    member: tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a kiosk says: a charge of a child, or a void of its n-th fact before."""

    kiosk: int
    minute: int
    child: int | None
    items: tuple[tuple[int, int], ...]
    override: bool
    voids: int | None


days = st.integers(-3, 3)
spans = st.tuples(days, st.none() | st.integers(0, 4)).map(
    lambda span: (span[0], None if span[1] is None else span[0] + span[1])
)
entitlements = st.lists(
    st.tuples(st.sampled_from(["B", "H"]), spans).map(lambda e: (e[0], *e[1])), max_size=2
).map(tuple)


def mostly(common: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The common one, and one time in six the rare one."""
    return st.integers(0, 5).flatmap(lambda n: rare if n == 5 else common)


children = st.builds(
    Child,
    mostly(st.just("pupil"), st.just("staff")),
    entitlements,
    mostly(st.just((-9, None)), spans),
)
minutes = mostly(st.integers(0, 12), st.sampled_from([-90, 60, 1438, 1442, 1500, 1560, 690, 700]))
quantities = mostly(st.integers(1, 5), st.sampled_from([0, 1, 10**7, 10**17]))
items = st.lists(
    st.tuples(
        mostly(st.integers(0, 3), st.sampled_from([4, 5, 6, 7, 99])),
        st.one_of(st.just(1), quantities),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
charges = st.builds(
    Step,
    kiosk=st.integers(0, 1),
    minute=minutes,
    child=mostly(st.integers(0, 2), st.none()),
    items=items,
    override=st.booleans(),
    voids=st.none(),
)
voids = st.builds(
    Step,
    kiosk=st.integers(0, 1),
    minute=minutes,
    child=st.none(),
    items=st.just(()),
    override=st.just(value=True),
    voids=st.integers(0, 6),
)
steps = st.integers(0, 3).flatmap(lambda n: voids if n == 3 else charges)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Child], list[Step], list[int], int]:
    """Children, what is said, the sizes of the sets, and a seed for their order."""
    return (
        draw(st.lists(children, min_size=3, max_size=3)),
        draw(st.lists(steps, min_size=4, max_size=14)),
        draw(st.lists(st.integers(1, 4), min_size=10, max_size=10)),
        draw(st.integers(0, 2**16)),
    )


def _cut(size: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(1, size), min_size=10, max_size=10)


@st.composite
def rushes(draw: st.DrawFn) -> tuple[list[Child], list[Step], tuple[list[int], list[int]], int]:
    """Children, up to sixty facts, two ways to cut them into sets, and a kiosk's daily cap."""
    at_home = st.builds(
        Child,
        st.just("pupil"),
        st.sampled_from([(), (("B", -1, None),), (("H", -1, None),)]),
        st.just((-9, None)),
    )
    children_ = draw(st.lists(mostly(at_home, children), min_size=6, max_size=6))
    of_one_day = st.builds(
        Step,
        kiosk=mostly(st.just(0), st.just(1)),
        minute=mostly(st.integers(0, 6), minutes),
        child=mostly(st.integers(0, 5), st.none() | st.just(STRANGER)),
        items=mostly(st.tuples(st.tuples(st.integers(0, 3), st.just(1))), items),
        override=mostly(st.just(value=True), st.just(value=False)),
        voids=st.none(),
    )  # fmt: skip
    back = st.builds(replace, voids, voids=st.integers(0, 40))
    size = draw(st.sampled_from([10, 30, 60]))
    told = draw(st.lists(mostly(of_one_day, back), min_size=size, max_size=size))
    cuts = draw(_cut(60)), draw(_cut(8))
    return children_, told, cuts, draw(st.sampled_from([1500, KIOSK_CAP, 15_000, 10**6]))


def day_of(number: int) -> date:
    return MONDAY + timedelta(days=number)


@dataclass
class Model:
    """What must become of each fact, said without SQL. Facts are told in the order they book."""

    people: list[Child]
    kiosk_cap: int = KIOSK_CAP
    verdicts: dict[tuple[int, int], str] = field(default_factory=dict)
    facts: dict[tuple[int, int], Step] = field(default_factory=dict)
    lines: dict[tuple[int, int], list[tuple[str, int, int, int]]] = field(default_factory=dict)
    voided: set[tuple[int, int]] = field(default_factory=set)

    def tell(self, seq: int, step: Step, target: tuple[int, int] | None) -> None:
        key = (step.kiosk, seq)
        self.facts[key] = step
        verdict = self.judge(key, step, target)
        self.verdicts[key] = verdict
        if verdict == "book" and target:
            self.voided.add(target)

    def judge(self, key: tuple[int, int], step: Step, target: tuple[int, int] | None) -> str:
        at = NOON + timedelta(minutes=step.minute)
        if at > HEARD + timedelta(minutes=1):
            return "ahead"
        if at < ENROLLED:
            return "before_enrolment"
        if step.kiosk == 1 and at > REVOKED:
            return "revoked"
        if target is not None:
            return self.judge_void(step, target)
        if step.child is None:
            return "unassigned"
        return self.judge_charge(key, step, (school_day(at) - MONDAY).days)

    def judge_charge(self, key: tuple[int, int], step: Step, day: int) -> str:
        if step.child == STRANGER:
            return "not_member"
        child = self.people[step.child or 0]
        if not _within(child.member, day):
            return "not_member"
        lines = self.price(step, child, day)
        if lines is None:
            return "unpriced"
        lunches = sum(line[1] for line in lines if line[0] == "lunch")
        if not step.override and lunches and lunches + self.lunches(step.child or 0, day) > 1:
            return "second_lunch"
        worth = sum(line[1] * line[2] for line in lines)
        by_child = self.worth(lambda k, s: s.child == step.child and k not in self.voided, day)
        if worth + by_child > PUPIL_CAP:
            return "pupil_cap"
        if worth + self.worth(lambda _, s: s.kiosk == step.kiosk, day) > self.kiosk_cap:
            return "kiosk_cap"
        self.lines[key] = lines
        return "book"

    def judge_void(self, step: Step, target: tuple[int, int]) -> str:
        aim = self.facts.get(target)
        if aim is None or self.verdicts.get(target) is None or aim.voids is not None:
            return "no_target"
        if self.verdicts[target] != "book":
            return "target_quarantined"
        if target in self.voided:
            return "already_reversed"
        return "book" if 0 <= step.minute - aim.minute <= 5 else "too_late"

    def booked(self, day: int) -> Iterator[tuple[tuple[int, int], Step]]:
        for key in self.lines:
            at = NOON + timedelta(minutes=self.facts[key].minute)
            if (school_day(at) - MONDAY).days == day:
                yield key, self.facts[key]

    def worth(self, counts: Any, day: int) -> int:
        return sum(
            line[1] * line[2]
            for key, step in self.booked(day)
            if counts(key, step)
            for line in self.lines[key]
        )

    def lunches(self, child: int, day: int) -> int:
        return sum(
            line[1]
            for key, step in self.booked(day)
            if step.child == child and key not in self.voided
            for line in self.lines[key]
            if line[0] == "lunch"
        )

    def price(self, step: Step, child: Child, day: int) -> list[tuple[str, int, int, int]] | None:
        """(class, quantity, price, share) of each item; None where one cannot be sold."""
        if child.kind != "pupil":
            return None  # the school has no tax rule for its staff
        own = base = "V"
        for tariff, first, last in sorted(child.entitlements, key=lambda e: e[1]):
            if _within((first, last), day):
                own = tariff
        before = self.lunches(step.child or 0, day)
        lines = []
        for number, quantity in step.items:
            dish = DISHES[number] if number < len(DISHES) else None
            if dish is None or dish.day != day or not 1 <= quantity <= 10**6:
                return None
            is_lunch = dish.item_class == "lunch"
            covered = own == base or (is_lunch and quantity == 1 and before == 0)
            # A lunch counts as the tray's first whatever its number.
            before += 1 if is_lunch else 0
            tariff = own if covered and own in dish.prices else base
            price = dish.prices.get(tariff)
            if price is None or (tariff == base and price[0] != price[1]):
                return None
            lines.append((dish.item_class, quantity, *price))
        return lines


def _within(span: tuple[int, int | None], day: int) -> bool:
    return span[0] <= day and (span[1] is None or day <= span[1])


@dataclass(frozen=True, slots=True)
class Place:
    """One engine's school of one history."""

    school: School
    offers: list[int]
    pupils: list[int]


_numbers = count(200_000)


def settle(
    db: Session, base: School, half: int, people_: list[Child], *, kiosk_cap: int = KIOSK_CAP
) -> Place:
    """A new school with the dishes and the children."""
    number = next(_numbers)
    school_id = row(db, people.school, number=str(number), name="Probe",
                    pupil_day_cap_cents=PUPIL_CAP, kiosk_day_cap_cents=kiosk_cap)  # fmt: skip
    origins = [
        row(db, kiosks.origin, kind="kiosk", name=f"kiosk {number} {n}", school_id=school_id,
            enrolled_us=ENROLLED, revoked_us=REVOKED if n else None)
        for n in range(2)
    ]  # fmt: skip
    school = replace(base, id=school_id, kiosk=Kiosk(origins[0]), other_kiosk=Kiosk(origins[1]))
    tariffs = {"V": base.full, "B": base.funded, "H": half}
    offers = []
    for code, dish in enumerate(DISHES):
        offer = row(db, meals.offer, school_id=school_id, day=day_of(dish.day), code=str(code),
                    title="Probe", item_class=dish.item_class,
                    operator_id=base.operator)  # fmt: skip
        offers.append(offer)
        for tariff, (price, share) in dish.prices.items():
            row(db, meals.price, offer_id=offer, tariff_id=tariffs[tariff], price_cents=price,
                share_cents=share)  # fmt: skip
    pupils = []
    for child in people_:
        pupil = add_child(db, school_id, kind=child.kind)
        first, last = child.member
        db.execute(
            people.membership.update()
            .where(people.membership.c.pupil_id == pupil)
            .values(valid_from=day_of(first), valid_to=None if last is None else day_of(last))
        )
        for tariff, first, last in child.entitlements:
            row(db, meals.entitlement, pupil_id=pupil, tariff_id=tariffs[tariff],
                valid_from=day_of(first),
                valid_to=None if last is None else day_of(last))  # fmt: skip
        pupils.append(pupil)
    return Place(school, offers, pupils)


def write(place: Place, told: list[Step]) -> list[list[Fact]]:
    """The facts of both kiosks as they are sent."""
    pens = (place.school.kiosk, place.school.other_kiosk)
    facts: list[list[Fact]] = [[], []]
    for step in told:
        pen = pens[step.kiosk]
        at = NOON + timedelta(minutes=step.minute)
        if step.voids is not None:
            fact = pen._next(FactKind.VOID, at, voids=(1, step.voids + 1), reason="mistake")
        else:
            fact = pen._next(
                FactKind.CHARGE,
                at,
                pupil_id=None
                if step.child is None
                else 10**9
                if step.child == STRANGER
                else place.pupils[step.child],
                items=tuple(
                    Choice(place.offers[n] if n < len(DISHES) else 10**9, q) for n, q in step.items
                ),
                reason="other" if step.override else None,
            )
        facts[step.kiosk].append(fact)
    return facts


Outcome = tuple[dict[tuple[int, int], str], list[int], dict[tuple[int, int], list[Any]]]


def told_by(place: Place, told: list[Step], sizes: list[int], seed: int) -> Outcome:
    """What an engine makes of the history: verdicts, balances, lines."""
    shuffle = random.Random(seed)
    verdicts: dict[tuple[int, int], str] = {}
    pens = (place.school.kiosk, place.school.other_kiosk)
    for kiosk, facts in enumerate(write(place, told)):
        rest, turn = facts, 0
        while rest:
            now, rest = rest[: sizes[turn % 10]], rest[sizes[turn % 10] :]
            turn += 1
            again = [fact for fact in facts if fact.seq <= now[-1].seq and shuffle.random() < 0.5]
            sent = now + again
            shuffle.shuffle(sent)
            with place.school.database.write() as db:
                for answer in book_facts(db, pens[kiosk].origin_id, sent, now=HEARD):
                    verdict = answer.quarantined or "book"
                    assert not answer.alarm
                    assert verdicts.setdefault((kiosk, answer.seq), verdict) == verdict
    with place.school.database.read() as db:
        held = db.execute(
            text("SELECT a.pupil_id, b.cents FROM balance b JOIN account a ON a.id = b.account_id")
        )
        cents: dict[int, int] = {pupil: amount for pupil, amount in held}  # noqa: C416  # rows
        lines: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for kiosk, pen in enumerate(pens):
            eaten = db.execute(
                text(
                    "SELECT e.seq, l.item_class, l.quantity, l.price_cents, l.share_cents"
                    " FROM line l JOIN entry e ON e.id = l.entry_id WHERE e.origin_id = :origin"
                    " ORDER BY e.seq, l.no"
                ),
                {"origin": pen.origin_id},
            )
            for seq, *line in eaten:
                lines[kiosk, seq].append(tuple(line))
    return verdicts, [cents[pupil] for pupil in place.pupils], dict(lines)


@pytest.fixture(scope="module")
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[tuple[School, int]]]:
    """One ledger on each engine, for all histories, and its half-funded tariff."""
    with ExitStack() as stack:
        ready = []
        for engine in ("sqlite", "postgresql"):
            database = fresh(request, engine, tmp_path_factory.mktemp(engine))
            stack.callback(database.close)
            school = open_school(database)
            with database.write() as db:
                half = row(db, meals.tariff, code="H", name="Ermäßigt", person_kind="pupil",
                           base=0, funding_body_id=school.body)  # fmt: skip
            ready.append((school, half))
        yield ready
        for school, _ in ready:
            with school.database.read() as db:
                assert [check for check in verify(db).checks if not check.holds] == []


@pytest.mark.postgresql
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_any_history_ends_alike_on_both_engines_and_in_the_model(
    engines: list[tuple[School, int]], history: tuple[list[Child], list[Step], list[int], int]
) -> None:
    people_, told, sizes, seed = history
    outcomes = []
    for base, half in engines:
        with base.database.write() as db:
            place = settle(db, base, half, people_)
        outcomes.append(told_by(place, told, sizes, seed))
    assert outcomes[0] == outcomes[1]

    model = Model(people_)
    for kiosk in (0, 1):
        for seq, step in enumerate((s for s in told if s.kiosk == kiosk), start=1):
            model.tell(seq, step, None if step.voids is None else (kiosk, step.voids + 1))
    verdicts, balances, lines = outcomes[0]
    assert verdicts == model.verdicts
    assert lines == model.lines
    owed = [0, 0, 0]
    for key, eaten in model.lines.items():
        child = model.facts[key].child
        if key not in model.voided and child is not None:
            owed[child] -= sum(quantity * share for _, quantity, _, share in eaten)
    assert balances == owed


@pytest.mark.postgresql
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rush=rushes())
def test_a_rush_ends_alike_wherever_its_sets_are_cut(
    engines: list[tuple[School, int]],
    rush: tuple[list[Child], list[Step], tuple[list[int], list[int]], int],
) -> None:
    people_, told, cuts, cap = rush
    outcomes = []
    for base, half in engines:
        for sizes in cuts:
            with base.database.write() as db:
                place = settle(db, base, half, people_, kiosk_cap=cap)
            outcomes.append(told_by(place, told, sizes, seed=1))
    assert all(outcome == outcomes[0] for outcome in outcomes)

    model = Model(people_, cap)
    for kiosk in (0, 1):
        for seq, step in enumerate((s for s in told if s.kiosk == kiosk), start=1):
            model.tell(seq, step, None if step.voids is None else (kiosk, step.voids + 1))
    verdicts, _, lines = outcomes[0]
    assert verdicts == model.verdicts
    assert lines == model.lines


kept_menu = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@pytest.mark.postgresql
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tariff=st.sampled_from(["V", "B", "H"]),
    trays=kept_menu,
    euro=st.integers(0, 20),
)
def test_what_the_kiosk_decides_is_what_the_ledger_books_to_the_cent(
    engines: list[tuple[School, int]],
    tariff: str,
    trays: list[list[tuple[int, int]]],
    euro: int,
) -> None:
    child = Child("pupil", () if tariff == "V" else ((tariff, -1, None),), (-9, None))
    for base, half in engines:
        with base.database.write() as db:
            place = settle(db, base, half, [child])
            if euro:
                pay_in(db, base.office, place.pupils[0], Money(100 * euro))
        _lunches_of(place, {"V": base.full, "B": base.funded, "H": half}, tariff, trays, euro)


def _lunches_of(
    place: Place,
    tariffs: dict[str, int],
    tariff: str,
    trays: list[list[tuple[int, int]]],
    euro: int,
) -> None:
    base = place.school
    menu = Menu(
        offers={
            offer: Offer(offer, str(n), "", ItemClass(DISHES[n].item_class))
            for n, offer in enumerate(place.offers[:4])
        },
        prices={
            (offer, tariffs[name]): Sold(Money(price), Money(share))
            for offer, dish in zip(place.offers[:4], DISHES[:4], strict=True)
            for name, (price, share) in dish.prices.items()
        },
        closed=False,
        floor=Money(-1500),
    )
    holder = Holder(
        pupil_id=place.pupils[0],
        kind=PersonKind.PUPIL,
        tariff_id=tariffs[tariff],
        base_tariff_id=tariffs["V"],
        funded=tariff != "V",
        balance=Money(100 * euro),
        lunches=0,
        spent=Money(0),
        day_limit=None,
        blocked_classes=frozenset(),
    )
    for tray in trays:
        choices = [Choice(place.offers[n], q) for n, q in tray]
        answer = decide(holder, choices, menu)
        if not isinstance(answer, Charge):
            continue
        kept = tuple(Choice(line.offer.id, line.quantity) for line in answer.lines)
        fact = base.kiosk._next(FactKind.CHARGE, NOON, pupil_id=place.pupils[0], items=kept)
        with base.database.write() as db:
            (told,) = book_facts(db, base.kiosk.origin_id, [fact], now=HEARD)
            assert told.quarantined is None
            cents = db.execute(
                text(
                    "SELECT b.cents FROM balance b JOIN account a ON a.id = b.account_id"
                    " WHERE a.pupil_id = :pupil"
                ),
                {"pupil": place.pupils[0]},
            ).scalar_one()
        holder = replace(
            holder,
            balance=holder.balance - answer.amount,
            lunches=holder.lunches
            + sum(x.quantity for x in answer.lines if x.offer.item_class is ItemClass.LUNCH),
        )
        assert Money(cents) == holder.balance
