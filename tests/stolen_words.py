"""False words that a stolen kiosk brings to the ledger's door; see test_attacks.py."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from builders import NOON, Kiosk
from sqlalchemy import text
from stolen_kiosk import Prey

from accounts import chain
from accounts.charge import Choice, OverrideReason
from accounts.clock import microseconds
from accounts.facts import Fact, to_json

LATER = NOON + timedelta(minutes=10)
Make = Callable[[Prey], dict[str, Any]]


def facts(prey: Prey, *told: Fact, **changed: Any) -> dict[str, Any]:
    origin = prey.school.kiosk.origin_id
    rows = [{**to_json(fact, origin), **changed} for fact in told]
    return {"version": 1, "facts": rows}


def lunch(prey: Prey, **named: Any) -> Fact:
    return prey.pen.charge(prey.ledger.third, prey.school.lunch, **named)


def relinked(prey: Prey, fact: Fact, **changed: Any) -> Fact:
    pen = prey.pen
    return replace(fact, **changed).linked(origin_id=pen.origin_id, before=pen.last)


def amount(prey: Prey) -> dict[str, Any]:
    """The chain even fits the smuggled text."""
    pen = prey.pen
    told = to_json(lunch(prey), pen.origin_id)
    told["items"] = f"[[{prey.school.lunch},1,-500]]"
    told["chain"] = chain.link(
        pen.last, {key: value for key, value in told.items() if key != "chain"}
    ).hex()
    return {"version": 1, "facts": [told]}


def poison(prey: Prey) -> dict[str, Any]:
    """A lunch of nobody's whose items no reader understands would stop every later snapshot."""
    nobody = prey.pen.charge(None, prey.school.lunch)
    return facts(prey, nobody, items="[[1,1]] -- and more")


def other_staff(prey: Prey) -> dict[str, Any]:
    return facts(prey, relinked(prey, lunch(prey), staff_id=prey.other_staff))


def look(prey: Prey, **changed: Any) -> dict[str, Any]:
    own = {
        "epoch": 4711,
        "seq": 1,
        "at": microseconds(NOON),
        "actor": f"staff:{prey.staff}",
        "pupil": None,
        "purpose": "search",
    }
    return {"version": 1, "looks": [{**own, **changed}]}


def alert(**changed: Any) -> dict[str, Any]:
    own = {
        "epoch": 4711,
        "seq": 1,
        "at": microseconds(NOON),
        "kind": "wrong_key",
        "card": "ab" * 32,
    }
    return {**own, **changed}


def alerts(*told: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "alerts": list(told)}


DOOR: dict[str, tuple[str, Make, str]] = {
    "other-origin": (
        "bring facts in another kiosk's name",
        lambda prey: facts(prey, lunch(prey), origin=prey.school.other_kiosk.origin_id),
        "not_yours",
    ),
    "credit": (
        "bring a top-up as a fact",
        lambda prey: facts(prey, lunch(prey), kind="topup"),
        "broken",
    ),
    "own-amount": ("smuggle an amount into the items", amount, "broken"),
    "poison": ("leave a text that breaks every later reader", poison, "broken"),
    "wrong-link": (
        "bring facts that break its chain, so that the proof fails",
        lambda prey: facts(prey, lunch(prey), chain="00" * 32),
        "not_linked",
    ),
    "gap": (
        "leave numbers out",
        lambda prey: facts(prey, relinked(prey, lunch(prey), seq=7)),
        "gap",
    ),
    "too-many": (
        "bring more facts in one call than allowed",
        lambda prey: facts(prey, *[lunch(prey)] * 201),
        "too_many",
    ),
    "too-large": (
        "bring a document that fills the memory",
        lambda _: {"version": 1, "facts": [], "more": ["x" * 100] * 20_000},
        "broken",
    ),
    "void-without-reason": (
        "take back without a reason",
        lambda prey: facts(
            prey,
            relinked(prey, prey.pen.void(prey.school.kiosk.charge(1, 1)), reason=None),
        ),
        "broken",
    ),
    "other-staff": ("act as another school's staff", other_staff, "not_yours"),
    "other-actor": (
        "note a look in the office's name",
        lambda prey: look(prey, actor="office:leitung"),
        "not_yours",
    ),
    "other-look": (
        "note a look at another school's child",
        lambda prey: look(prey, pupil=prey.elsewhere),
        "not_yours",
    ),
    "wrong-day": (
        "name another day than that of the moment",
        lambda prey: facts(prey, lunch(prey), day="2026-11-20"),
        "not_linked",
    ),
    "strange-alert": (
        "tell of a card in words no later reader understands",
        lambda _: alerts(alert(), alert(seq=2, kind="wrong_key'; --")),
        "broken",
    ),
    "too-many-alerts": (
        "tell of more cards in one call than allowed",
        lambda _: alerts(*(alert(seq=number) for number in range(1, 202))),
        "too_many",
    ),
    "absurd-time": (
        "name a moment no calendar has",
        lambda prey: facts(prey, lunch(prey), occurred=10**18),
        "broken",
    ),
}


def of_elsewhere(prey: Prey, pen: Kiosk) -> list[Fact]:
    return [pen.charge(prey.elsewhere, prey.school.lunch)]


def foreign_void(prey: Prey, pen: Kiosk) -> list[Fact]:
    theirs = replace(pen.charge(None, prey.school.drink), epoch=1, seq=1)
    pen.seq, pen.last = 0, Kiosk(pen.origin_id, epoch=pen.epoch).last
    void = pen.void(theirs)
    with prey.database.read() as db:
        known = db.execute(
            text("SELECT count(*) FROM fact WHERE origin_id = :o AND epoch = 1 AND seq = 77"),
            {"o": pen.origin_id},
        ).scalar_one()
    assert known == 0
    return [replace(void, voids=(1, 77)).linked(origin_id=pen.origin_id, before=_first(pen))]


def _first(pen: Kiosk) -> bytes:
    return Kiosk(pen.origin_id, epoch=pen.epoch).last


def late_void(prey: Prey, pen: Kiosk) -> list[Fact]:
    del prey
    target = Kiosk(pen.origin_id, epoch=1).charge(1, 1)
    void = pen.void(replace(target, epoch=1, seq=1), at=NOON + timedelta(minutes=6))
    return [void]


def negative(prey: Prey, pen: Kiosk) -> list[Fact]:
    return _quantity(prey, pen, -5)


def huge(prey: Prey, pen: Kiosk) -> list[Fact]:
    return _quantity(prey, pen, 10**17)


def _quantity(prey: Prey, pen: Kiosk, quantity: int) -> list[Fact]:
    fact = pen.charge(prey.ledger.third, prey.school.drink)
    items = (Choice(prey.school.drink, quantity),)
    return [replace(fact, items=items).linked(origin_id=pen.origin_id, before=_first(pen))]


def ahead(prey: Prey, pen: Kiosk) -> list[Fact]:
    return [pen.charge(prey.ledger.third, prey.school.drink, at=LATER + timedelta(seconds=61))]


def before_enrolment(prey: Prey, pen: Kiosk) -> list[Fact]:
    long_ago = NOON - timedelta(days=101)
    return [pen.charge(prey.ledger.third, prey.school.drink, at=long_ago)]


def second_lunch(prey: Prey, pen: Kiosk) -> list[Fact]:
    return [pen.charge(prey.school.payer, prey.school.lunch)]


def beyond_the_cap(prey: Prey, pen: Kiosk) -> list[Fact]:
    fact = pen.charge(prey.ledger.third, prey.school.drink, override=OverrideReason.OTHER)
    items = (Choice(prey.school.drink, 100_000),)
    return [replace(fact, items=items).linked(origin_id=pen.origin_id, before=_first(pen))]


def other_offer(prey: Prey, pen: Kiosk) -> list[Fact]:
    with prey.database.read() as db:
        theirs = db.execute(
            text("SELECT id FROM offer WHERE school_id = :s"), {"s": prey.other_school}
        ).scalar_one()
    return [pen.charge(prey.ledger.third, int(theirs))]


NOT_BELIEVED: dict[str, tuple[str, Callable[[Prey, Kiosk], list[Fact]], str]] = {
    "other-child": ("charge another school's child", of_elsewhere, "not_member"),
    "foreign-void": ("take back what it did not charge", foreign_void, "no_target"),
    "late-void": ("take back after more than five minutes", late_void, "too_late"),
    "negative-quantity": ("sell less than nothing", negative, "unpriced"),
    "huge-quantity": ("sell so much that numbers overflow", huge, "unpriced"),
    "dated-ahead": ("charge lunches of days to come", ahead, "ahead"),
    "before-enrolment": (
        "charge lunches of before it was enrolled",
        before_enrolment,
        "before_enrolment",
    ),
    "second-lunch": ("charge a child's lunch twice", second_lunch, "second_lunch"),
    "beyond-the-cap": ("charge more than the day's cap", beyond_the_cap, "pupil_cap"),
    "other-offer": ("charge by another school's price", other_offer, "unpriced"),
}
