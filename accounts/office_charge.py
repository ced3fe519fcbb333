"""What the office charges by hand: one offer of today, at the person's own price.

It is priced as a kiosk's charge is: by the offer, the base tariff of the person's kind and the
tax of the day. A lunch is never charged here, because it would be the day's first at no kiosk;
funding bodies pay for lunches alone, so the whole of it is the person's.
"""

import enum
from datetime import date, datetime

from sqlalchemy import Connection, select

from accounts.charge import ItemClass
from accounts.clock import school_day
from accounts.entries import Booked, Draft, Eaten, EntryKind, Key, Move, No
from accounts.ledger import book
from accounts.meals import offers_of
from accounts.money import Money
from accounts.schools import School
from accounts.tables.journal import account
from accounts.tables.meals import operator, tax_rule
from accounts.tables.people import pupil
from accounts.tariffs import tariff_of


class ChargeRefusal(enum.Enum):
    """Why nothing was charged."""

    NOT_OFFERED = "not_offered"  # no offer of that code today
    IS_A_LUNCH = "is_a_lunch"
    NO_PRICE = "no_price"  # not for this kind of person, or without a tax rule
    BALANCE = "balance"  # it would end below the school's floor
    NOT_MEMBER = "not_member"  # they do not belong to the school on that day


def price_of(
    db: Connection, *, school: School, pupil_id: int, code: str, day: date
) -> tuple[Eaten, str] | ChargeRefusal:
    """The line a person would be charged, and the name of the account it goes to."""
    offered = {it.offer.code: it for it in offers_of(db, school_id=school.id, day=day)}
    found = offered.get(code.strip())
    if found is None:
        return ChargeRefusal.NOT_OFFERED
    if found.offer.item_class is ItemClass.LUNCH:
        return ChargeRefusal.IS_A_LUNCH
    tariff = tariff_of(db, pupil_id=pupil_id, day=day)
    price = None if tariff is None else found.prices.get(tariff.base_tariff_id)
    seller = db.execute(select(operator).where(operator.c.id == found.operator_id)).one()
    kind = select(pupil.c.kind).where(pupil.c.id == pupil_id)
    tax = db.execute(
        select(tax_rule.c.tax_key, tax_rule.c.rate_permille)
        .where(
            tax_rule.c.operator_kind == seller.kind,
            tax_rule.c.person_kind == kind.scalar_subquery(),
            tax_rule.c.item_class == found.offer.item_class.value,
            tax_rule.c.service == found.service.value,
            tax_rule.c.valid_from <= day,
        )
        .order_by(tax_rule.c.valid_from.desc())
        .limit(1)
    ).first()
    if tariff is None or price is None or tax is None:
        return ChargeRefusal.NO_PRICE
    goes_to = select(account.c.name).where(
        account.c.operator_id == seller.id,
        account.c.kind == seller.settled_as,
        (account.c.kind == "payable") | (account.c.tax_key == tax.tax_key),
    )
    name = db.execute(goes_to).scalar_one_or_none()
    if name is None:
        return ChargeRefusal.NO_PRICE
    line = Eaten(
        offer_id=found.offer.id,
        tariff_id=tariff.base_tariff_id,
        item_class=found.offer.item_class.value,
        quantity=1,
        price=price.price,
        share=price.share,
        tax_key=tax.tax_key,
        rate_permille=tax.rate_permille,
    )
    return line, name


def charge_offer(
    db: Connection,
    *,
    school: School,
    pupil_id: int,
    code: str,
    key: Key,
    actor: str,
    reason: str,
    at: datetime,
) -> Money | ChargeRefusal:
    """Charge one of an offer of that day; the amount. Raises JournalRefused as ``book`` does."""
    priced = price_of(db, school=school, pupil_id=pupil_id, code=code, day=school_day(at))
    if isinstance(priced, ChargeRefusal):
        return priced
    line, name = priced
    draft = Draft(
        key=key,
        kind=EntryKind.CHARGE,
        occurred_at=at,
        actor=actor,
        moves=(Move(f"pupil:{pupil_id}", name, line.share),),
        pupil_id=pupil_id,
        school_id=school.id,
        reason=reason,
        lines=(line,),
        floor=school.floor,
    )
    booked = book(db, draft, now=at)
    if isinstance(booked, Booked):
        return line.share
    return ChargeRefusal.NOT_MEMBER if booked is No.NOT_MEMBER else ChargeRefusal.BALANCE
