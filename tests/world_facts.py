"""What kiosks report: mostly what is right, now and then what is not."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from world_model import Model
from world_places import Pen, School, noon

from accounts.charge import Choice
from accounts.facts import Fact, FactKind


def charge_fact(model: Model, pen: Pen, schools: list[School], rng: Random, now: datetime) -> Fact:
    """A tap: mostly a child of the school, today, one lunch and perhaps a drink."""
    school = next(school for school in schools if school.id == pen.school)
    day = rng.choice(list(school.menus)) if rng.random() < 0.15 else max(school.menus)
    at = min(now, noon(day) + timedelta(minutes=rng.randint(0, 90)))
    if rng.random() < 0.05:
        at = now + rng.choice((timedelta(minutes=5), timedelta(days=3), timedelta(days=-400)))
    menu = school.menus[day]
    items = [Choice(menu[rng.choice((0, 0, 0, 1))], rng.choice((1, 1, 1, 1, 2)))]
    if rng.random() < 0.4:
        items.append(Choice(menu[rng.choice((2, 2, 3, 3, 0))], rng.choice((1, 1, 2, 3))))
    if rng.random() < 0.06:
        items.append(rng.choice((Choice(menu[4]), Choice(menu[2], 0), Choice(999_999_999),
                                 Choice(menu[2], 10**7))))  # fmt: skip
    everybody = [pupil for each in schools for pupil in each.pupils]
    pupil = rng.choices(
        (rng.choice(school.pupils), rng.choice(everybody), None, 10**9), (30, 3, 1, 1)
    )[0]
    staff = rng.random() < 0.3
    return _next(
        pen, FactKind.CHARGE, at, rng, pupil_id=pupil, items=tuple(items),
        reason="other" if staff else None,
    )  # fmt: skip


def void_fact(pen: Pen, rng: Random) -> Fact:
    """Staff take something back: mostly the newest, in time."""
    of = rng.choice(pen.told[-6:] if rng.random() < 0.85 else pen.told)
    after = timedelta(seconds=rng.choice((0, 30, 60, 200, 300, 301, 400, -10)))
    epoch = of.epoch if rng.random() < 0.95 else of.epoch + 1
    return _next(
        pen, FactKind.VOID, of.occurred_at + after, rng, voids=(epoch, of.seq), reason="mistake"
    )


def _next(pen: Pen, kind: FactKind, at: datetime, rng: Random, **fields: object) -> Fact:
    staff = rng.randint(1, 9) if rng.random() < 0.2 else None
    fact = pen.kiosk._next(kind, at, staff_id=staff, **fields)
    pen.told.append(fact)
    return fact


def otherwise(fact: Fact, origin: int) -> Fact:
    """The same key with other words, well linked."""
    return replace(fact, occurred_at=fact.occurred_at - timedelta(seconds=1)).linked(
        origin_id=origin, before=b"\x01" * 32
    )
