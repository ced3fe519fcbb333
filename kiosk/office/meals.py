"""Offers and their prices at the office's desk."""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.charge import ItemClass, Price
from accounts.meals import DayOffer, MealRefusal, add_offer, offers_of
from accounts.registers import operators
from accounts.schools import School, closed_days
from accounts.tariffs import tariffs
from accounts.texts import Texts, mark
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused

DAYS_SHOWN = 14
CLASSES = {
    ItemClass.LUNCH: mark("Lunch"),
    ItemClass.SNACK: mark("Snack"),
    ItemClass.DRINK: mark("Drink"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An offer somebody asks for, with operator and tariffs by their names."""

    day: date
    code: str
    title: str
    item_class: ItemClass
    operator: str
    prices: Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class Names:
    """Operators by name and tariffs by code, as the city has them."""

    operators: Mapping[str, int]
    tariffs: Mapping[str, int]


def names_of(desk: Desk) -> Names:
    """Read once for all offers of one deed."""
    return Names(
        {it.name: it.id for it in operators(desk.db)},
        {it.code: it.id for it in tariffs(desk.db)},
    )


def write_offer(desk: Desk, school: School, names: Names, wanted: Wanted) -> bool | Refused:
    """Write one offer. False where the very same one is there already."""
    values = {
        "school": school.number,
        "day": desk.texts.day(wanted.day),
        "code": wanted.code,
        "operator": wanted.operator,
    }
    if wanted.operator not in names.operators:
        return refused(desk.texts, MealRefusal.UNKNOWN_OPERATOR, **values)
    strange = [code for code in wanted.prices if code not in names.tariffs]
    if strange:
        return refused(desk.texts, MealRefusal.UNKNOWN_TARIFF, **{**values, "code": strange[0]})
    prices = {names.tariffs[code]: price for code, price in wanted.prices.items()}
    operator_id = names.operators[wanted.operator]
    made = add_offer(
        desk.db,
        school_id=school.id,
        day=wanted.day,
        code=wanted.code,
        title=wanted.title,
        item_class=wanted.item_class,
        operator_id=operator_id,
        prices=prices,
        at=desk.at,
    )
    if isinstance(made, int):
        return True
    if made is MealRefusal.CODE_TAKEN:
        there = offers_of(desk.db, school_id=school.id, day=wanted.day)
        if any(_same(it, wanted, operator_id, prices) for it in there):
            return False
    return refused(desk.texts, made, **values)


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa offer add``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    wanted = Wanted(
        day=asked.day,
        code=asked.code,
        title=asked.title,
        item_class=ItemClass(asked.item_class),
        operator=asked.operator,
        prices=dict(asked.price),
    )
    written = write_offer(desk, school, names_of(desk), wanted)
    if isinstance(written, Refused):
        return written
    values = {"day": desk.texts.weekday(wanted.day), "code": wanted.code, "title": wanted.title}
    told = (
        desk.say("{day}: offer {code}, {title}", **values)
        if written
        else desk.say("{day}: offer {code}, {title} was there already", **values)
    )
    closed = closed_days(desk.db, school_id=school.id, first=wanted.day, last=wanted.day)
    hints = [
        desk.say("The school is closed on this day: {why}", why=why) for why in closed.values()
    ]
    return Said((told, *hints), {"added": int(written), "repeated": int(not written)})


def show(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa offer list``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    first = asked.day or desk.day
    last = asked.day or first + timedelta(days=DAYS_SHOWN - 1)
    closed = closed_days(desk.db, school_id=school.id, first=first, last=last)
    codes = {it.id: it.code for it in tariffs(desk.db)}
    sellers = {it.id: it.name for it in operators(desk.db)}
    lines: list[str] = []
    fields: list[dict[str, object]] = []
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        offers = offers_of(desk.db, school_id=school.id, day=day)
        if not offers and day not in closed:
            continue
        why = f" ({closed[day]})" if day in closed else ""
        lines += (
            ["", f"{desk.texts.weekday(day)}{why}"] if lines else [desk.texts.weekday(day) + why]
        )
        lines += _day_lines(desk.texts, offers, codes, sellers)
        fields += [_fields(day, it, codes, sellers) for it in offers]
    days = {str(day): why for day, why in closed.items()}
    if not lines:
        lines = [desk.say("Nothing is offered there. Add something: mensa offer add --help")]
    return Said(tuple(lines), {"school": school.number, "offers": fields, "closed": days})


def _day_lines(
    speech: Texts, offers: Iterable[DayOffer], codes: Mapping[int, str], sellers: Mapping[int, str]
) -> tuple[str, ...]:
    rows = [
        (
            f"  {it.offer.code}",
            it.offer.title,
            speech.say(CLASSES[it.offer.item_class]),
            sellers[it.operator_id],
            "  ".join(f"{codes[by]} {_cost(speech, cost)}" for by, cost in it.prices.items()),
        )
        for it in offers
    ]
    return in_columns(("", "", "", "", ""), rows)[1:] if rows else ()


def _cost(speech: Texts, cost: Price) -> str:
    whole = speech.money(cost.price)
    return whole if cost.share == cost.price else f"{whole}/{speech.money(cost.share)}"


def _same(there: DayOffer, wanted: Wanted, operator_id: int, prices: Mapping[int, Price]) -> bool:
    return (
        there.offer.code == wanted.code
        and there.offer.title == wanted.title
        and there.offer.item_class is wanted.item_class
        and there.operator_id == operator_id
        and dict(there.prices) == dict(prices)
    )


def _fields(
    day: date, it: DayOffer, codes: Mapping[int, str], sellers: Mapping[int, str]
) -> dict[str, object]:
    return {
        "day": str(day),
        "code": it.offer.code,
        "title": it.offer.title,
        "class": it.offer.item_class.value,
        "operator": sellers[it.operator_id],
        "prices": {
            codes[by]: {"price": str(cost.price), "share": str(cost.share)}
            for by, cost in it.prices.items()
        },
    }
