"""What is offered on a day, and what it costs by whose tariff.

A price stands for one offer and one tariff: the whole price goes to the caterer, the share is
the pupil's, the rest is the funding body's. Whoever has no price for an offer cannot buy it;
whoever has one by an entitlement has one by the base tariff too, since that is what a second
lunch costs. Once something of an offer was eaten its prices stand. Every offer has a tax for
everybody who has a price.
"""

import enum
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, insert, select

from accounts.changes import note_change
from accounts.charge import ItemClass, Offer, Price
from accounts.money import Money
from accounts.tables.journal import line
from accounts.tables.meals import offer, operator, price
from accounts.tables.people import school
from accounts.tariffs import Tariff, tariffs
from accounts.tax_rules import tax_of


class Service(enum.Enum):
    """Whether it is served and eaten there or merely delivered."""

    DINE_IN = "dine_in"
    DELIVERY = "delivery"


class MealRefusal(enum.Enum):
    """Why an offer or its prices were not written."""

    NAME_MISSING = "name_missing"
    CODE_TAKEN = "code_taken"  # the school has this code on that day
    UNKNOWN_SCHOOL = "unknown_school"
    UNKNOWN_OPERATOR = "unknown_operator"
    UNKNOWN_OFFER = "unknown_offer"
    UNKNOWN_TARIFF = "unknown_tariff"
    NOT_POSITIVE = "not_positive"  # a price of nothing, or a share below it
    SHARE_ABOVE_PRICE = "share_above_price"
    NOBODY_PAYS_THE_REST = "nobody_pays_the_rest"  # no funding body, yet the share is less
    FUNDED_IS_LUNCH_ONLY = "funded_is_lunch_only"
    BASE_PRICE_MISSING = "base_price_missing"
    NO_TAX_RULE = "no_tax_rule"
    ALREADY_EATEN = "already_eaten"


@dataclass(frozen=True, slots=True)
class DayOffer:
    """One offer of a day with its prices by tariff."""

    offer: Offer
    operator_id: int
    service: Service
    prices: Mapping[int, Price]


def add_offer(
    db: Connection,
    *,
    school_id: int,
    day: date,
    code: str,
    title: str,
    item_class: ItemClass,
    operator_id: int,
    prices: Mapping[int, Price],
    at: datetime,
    service: Service = Service.DINE_IN,
) -> int | MealRefusal:
    """Offer something on a day at these prices by tariff; returns the offer's id."""
    code, title = code.strip(), title.strip()
    if not code or not title:
        return MealRefusal.NAME_MISSING
    if db.execute(select(school.c.id).where(school.c.id == school_id)).first() is None:
        return MealRefusal.UNKNOWN_SCHOOL
    same = (offer.c.school_id == school_id) & (offer.c.day == day) & (offer.c.code == code)
    if db.execute(select(offer.c.id).where(same)).first() is not None:
        return MealRefusal.CODE_TAKEN
    refusal = _refused_prices(
        db, prices, day=day, item_class=item_class, operator_id=operator_id, service=service
    )
    if refusal is not None:
        return refusal
    values = {
        "school_id": school_id,
        "day": day,
        "code": code,
        "title": title,
        "item_class": item_class.value,
        "operator_id": operator_id,
        "service": service.value,
    }
    added = int(db.execute(insert(offer).values(values).returning(offer.c.id)).scalar_one())
    _write_prices(db, offer_id=added, prices=prices)
    note_change(db, what="offer", at=at, school_id=school_id)
    return added


def set_prices(
    db: Connection, *, offer_id: int, prices: Mapping[int, Price], at: datetime
) -> MealRefusal | None:
    """Replace all prices of an offer nobody has eaten of yet."""
    found = db.execute(select(offer).where(offer.c.id == offer_id)).first()
    if found is None:
        return MealRefusal.UNKNOWN_OFFER
    if db.execute(select(line.c.entry_id).where(line.c.offer_id == offer_id).limit(1)).first():
        return MealRefusal.ALREADY_EATEN
    refusal = _refused_prices(
        db,
        prices,
        day=found.day,
        item_class=ItemClass(found.item_class),
        operator_id=found.operator_id,
        service=Service(found.service),
    )
    if refusal is not None:
        return refusal
    db.execute(delete(price).where(price.c.offer_id == offer_id))
    _write_prices(db, offer_id=offer_id, prices=prices)
    note_change(db, what="offer", at=at, school_id=found.school_id)
    return None


def offers_of(db: Connection, *, school_id: int, day: date) -> tuple[DayOffer, ...]:
    """What a school offers on a day, in the order of the codes."""
    today = (offer.c.school_id == school_id) & (offer.c.day == day)
    prices: dict[int, dict[int, Price]] = defaultdict(dict)
    for row in db.execute(select(price).join(offer, offer.c.id == price.c.offer_id).where(today)):
        cents = Price(price=Money(row.price_cents), share=Money(row.share_cents))
        prices[row.offer_id][row.tariff_id] = cents
    return tuple(
        DayOffer(
            offer=Offer(row.id, row.code, row.title, ItemClass(row.item_class)),
            operator_id=row.operator_id,
            service=Service(row.service),
            prices=prices[row.id],
        )
        for row in db.execute(select(offer).where(today).order_by(offer.c.code))
    )


def _refused_prices(
    db: Connection,
    prices: Mapping[int, Price],
    *,
    day: date,
    item_class: ItemClass,
    operator_id: int,
    service: Service,
) -> MealRefusal | None:
    sells = select(operator.c.kind).where(operator.c.id == operator_id)
    kind = db.execute(sells).scalar_one_or_none()
    if kind is None:
        return MealRefusal.UNKNOWN_OPERATOR
    known = {it.id: it for it in tariffs(db)}
    if not known.keys() >= prices.keys():
        return MealRefusal.UNKNOWN_TARIFF
    for tariff_id, cost in prices.items():
        refusal = _refused_price(known[tariff_id], cost, item_class)
        if refusal is not None:
            return refusal
    kinds = {known[tariff_id].person_kind for tariff_id in prices}
    with_base = {known[tariff_id].person_kind for tariff_id in prices if known[tariff_id].base}
    if not prices or kinds != with_base:
        return MealRefusal.BASE_PRICE_MISSING
    for person in kinds:
        tax = tax_of(
            db,
            operator_kind=kind,
            person_kind=person,
            item_class=item_class,
            service=service.value,
            day=day,
        )
        if tax is None:
            return MealRefusal.NO_TAX_RULE
    return None


def _refused_price(by: Tariff, cost: Price, item_class: ItemClass) -> MealRefusal | None:
    if cost.price <= Money(0) or cost.share < Money(0):
        return MealRefusal.NOT_POSITIVE
    if cost.share > cost.price:
        return MealRefusal.SHARE_ABOVE_PRICE
    if by.funding_body_id is None and cost.share != cost.price:
        return MealRefusal.NOBODY_PAYS_THE_REST
    if by.funding_body_id is not None and item_class is not ItemClass.LUNCH:
        return MealRefusal.FUNDED_IS_LUNCH_ONLY
    return None


def _write_prices(db: Connection, *, offer_id: int, prices: Mapping[int, Price]) -> None:
    rows = [
        {
            "offer_id": offer_id,
            "tariff_id": tariff_id,
            "price_cents": cost.price.cents,
            "share_cents": cost.share.cents,
        }
        for tariff_id, cost in prices.items()
    ]
    db.execute(insert(price), rows)
