"""The tax of a meal by who sells it, to whom, what, how and when; the city's own to change.

These rows are a starting point with its sources, not tax advice: the city's tax office confirms
or changes them (``set_tax_rule``) before real money moves.

- Public and non-profit bodies to pupils, eaten there, food and drinks without alcohol: exempt
  (UStG § 4 Nr. 23 Buchst. c, in this form since 2020-01-01). Mere delivery is not covered.
- Staff and guests are no pupils: taxed, whoever sells.
- Meals served: 19 % since 2024-01-01 (the reduced rate of 2020-2023 ended); since 2026-01-01
  food 7 %, drinks 19 % (UStG § 12 Abs. 2 Nr. 15, Steueränderungsgesetz 2025).
- Food delivered: 7 % (UStG § 12 Abs. 2 Nr. 1); drinks 19 %.
- Public bodies: § 2b UStG must be applied from 2027-01-01. Their rows are written again with
  that day and the same values (a canteen of this size is a business under the old law too), so
  that a city whose view differs before or after changes one of them and not the other.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from accounts.changes import note_change
from accounts.charge import ItemClass, PersonKind
from accounts.tables.meals import tax_rule

EXEMPTION = "Steuerfreie Leistung nach § 4 Nr. 23 Buchst. c UStG"

GENERAL, REDUCED, NOT_TAXABLE, EXEMPT = 1, 2, 5, 6
"""DSFinV-K's UST_SCHLUESSEL for what a meal can be."""


@dataclass(frozen=True, slots=True)
class TaxRule:
    """From ``valid_from`` on, until a later row of the same case; the rate in tenths of a percent."""

    operator_kind: str
    person_kind: PersonKind
    item_class: ItemClass
    service: str
    valid_from: date
    tax_key: int
    rate_permille: int
    exemption: str | None = None


_FOOD = (ItemClass.LUNCH, ItemClass.SNACK)
_DRINK = (ItemClass.DRINK,)
_ALL = (*_FOOD, *_DRINK)
_PUPIL = (PersonKind.PUPIL,)
_ADULTS = (PersonKind.STAFF, PersonKind.GUEST)
_ANYONE = (*_PUPIL, *_ADULTS)
_BODIES = ("public", "nonprofit")
_SELLERS = (*_BODIES, "commercial")
_SINCE_24C, _SINCE_2024 = date(2020, 1, 1), date(2024, 1, 1)
_SINCE_2026, _SINCE_2B = date(2026, 1, 1), date(2027, 1, 1)

_CASES = (
    (_BODIES, _PUPIL, _ALL, "dine_in", _SINCE_24C, EXEMPT, 0, EXEMPTION),
    (_BODIES, _ADULTS, _ALL, "dine_in", _SINCE_2024, GENERAL, 190, None),
    (_BODIES, _ADULTS, _FOOD, "dine_in", _SINCE_2026, REDUCED, 70, None),
    (("commercial",), _ANYONE, _ALL, "dine_in", _SINCE_2024, GENERAL, 190, None),
    (("commercial",), _ANYONE, _FOOD, "dine_in", _SINCE_2026, REDUCED, 70, None),
    (_SELLERS, _ANYONE, _FOOD, "delivery", _SINCE_2024, REDUCED, 70, None),
    (_SELLERS, _ANYONE, _DRINK, "delivery", _SINCE_2024, GENERAL, 190, None),
    (("public",), _PUPIL, _ALL, "dine_in", _SINCE_2B, EXEMPT, 0, EXEMPTION),
    (("public",), _ADULTS, _FOOD, "dine_in", _SINCE_2B, REDUCED, 70, None),
    (("public",), _ADULTS, _DRINK, "dine_in", _SINCE_2B, GENERAL, 190, None),
    (("public",), _ANYONE, _FOOD, "delivery", _SINCE_2B, REDUCED, 70, None),
    (("public",), _ANYONE, _DRINK, "delivery", _SINCE_2B, GENERAL, 190, None),
)

DEFAULT_RULES = tuple(
    TaxRule(seller, person, item, service, since, key, permille, exemption)
    for sellers, persons, items, service, since, key, permille, exemption in _CASES
    for seller in sellers
    for person in persons
    for item in items
)


def install_tax_rules(db: Connection) -> int:
    """Write the default rules that are not there yet; returns how many.

    A rule the city changed stays as it is.
    """
    there = {tuple(row) for row in db.execute(select(*_KEY))}
    rows = [_values(rule) for rule in DEFAULT_RULES]
    lacking = [row for row in rows if tuple(row[key.name] for key in _KEY) not in there]
    if lacking:
        db.execute(insert(tax_rule), lacking)
    return len(lacking)


def set_tax_rule(db: Connection, *, rule: TaxRule, at: datetime) -> None:
    """Write one rule, in place of one for the same case and day.

    Lines already booked keep the tax they were booked with. Raises ValueError for a tax key or
    an exemption that does not fit the rate.
    """
    if (rule.rate_permille > 0) != (rule.tax_key in {GENERAL, REDUCED}):
        raise ValueError("a taxed meal has key 1 or 2 and a rate, an untaxed one neither")
    if (rule.exemption is not None) != (rule.tax_key == EXEMPT):
        raise ValueError("an exempt meal, and no other, names its exemption")
    values = _values(rule)
    this = and_(*(key == values[key.name] for key in _KEY))
    if not db.execute(update(tax_rule).where(this).values(values)).rowcount:
        db.execute(insert(tax_rule).values(values))
    note_change(db, what="offer", at=at, school_id=None)


def tax_of(
    db: Connection,
    *,
    operator_kind: str,
    person_kind: PersonKind,
    item_class: ItemClass,
    service: str,
    day: date,
) -> TaxRule | None:
    """The rule for a meal eaten on that day: the newest that is valid; None before the first."""
    newest = (
        select(tax_rule)
        .where(
            tax_rule.c.operator_kind == operator_kind,
            tax_rule.c.person_kind == person_kind.value,
            tax_rule.c.item_class == item_class.value,
            tax_rule.c.service == service,
            tax_rule.c.valid_from <= day,
        )
        .order_by(tax_rule.c.valid_from.desc())
        .limit(1)
    )
    row = db.execute(newest).first()
    if row is None:
        return None
    return TaxRule(
        operator_kind,
        person_kind,
        item_class,
        service,
        row.valid_from,
        row.tax_key,
        row.rate_permille,
        row.exemption,
    )


_KEY = (
    tax_rule.c.operator_kind,
    tax_rule.c.person_kind,
    tax_rule.c.item_class,
    tax_rule.c.service,
    tax_rule.c.valid_from,
)


def _values(rule: TaxRule) -> dict[str, Any]:
    return {
        "operator_kind": rule.operator_kind,
        "person_kind": rule.person_kind.value,
        "item_class": rule.item_class.value,
        "service": rule.service,
        "valid_from": rule.valid_from,
        "tax_key": rule.tax_key,
        "rate_permille": rule.rate_permille,
        "exemption": rule.exemption,
    }
