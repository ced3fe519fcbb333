"""Who cooks, who pays, what it costs and how it is taxed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from accounts.changes import newest_change
from accounts.charge import ItemClass, PersonKind, Price
from accounts.database import Session
from accounts.meals import MealRefusal, Service, add_offer, offers_of, set_prices
from accounts.money import Money
from accounts.operators import OperatorKind, OperatorRefusal, SettledAs, add_operator
from accounts.pupils import NewPerson, enrol
from accounts.schools import add_school
from accounts.tables.journal import account
from accounts.tariffs import (
    Entitled,
    TariffRefusal,
    add_funding_body,
    add_tariff,
    end_entitlement,
    entitle,
    tariff_of,
)
from accounts.tax_rules import (
    DEFAULT_RULES,
    EXEMPTION,
    TaxRule,
    install_tax_rules,
    set_tax_rule,
    tax_of,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
PUPIL, STAFF, GUEST = PersonKind.PUPIL, PersonKind.STAFF, PersonKind.GUEST
LUNCH, SNACK, DRINK = ItemClass.LUNCH, ItemClass.SNACK, ItemClass.DRINK
FULL = Price(price=Money(420), share=Money(420))
FREE = Price(price=Money(420), share=Money(0))


@dataclass(frozen=True)
class City:
    """Two tariffs, a funded one, a child and a teacher."""

    school: int
    operator: int
    pupil_tariff: int
    staff_tariff: int
    funded: int
    body: int
    anna: int
    ute: int


def made(result: object) -> int:
    assert isinstance(result, int), result
    return result


def city(db: Session) -> City:
    install_tax_rules(db)
    school = made(add_school(db, number="164512", name="Nord"))
    body = made(add_funding_body(db, name="Jobcenter"))
    anna, ute = enrol(
        db,
        school_id=school,
        people=[NewPerson("Müller", "Anna", "5a"), NewPerson("Brandt", "Ute", kind=STAFF)],
        at=NOW,
    )
    return City(
        school=school,
        operator=made(
            add_operator(db, name="Stadt", kind=OperatorKind.PUBLIC, settled_as=SettledAs.REVENUE)
        ),
        pupil_tariff=made(
            add_tariff(db, code="S", name="Schüler", person_kind=PUPIL, base=True, at=NOW)
        ),
        staff_tariff=made(
            add_tariff(db, code="P", name="Personal", person_kind=STAFF, base=True, at=NOW)
        ),
        funded=made(
            add_tariff(db, code="B", name="BuT", person_kind=PUPIL, funding_body_id=body, at=NOW)
        ),
        body=body,
        anna=anna,
        ute=ute,
    )


def offered(
    db: Session,
    at: City,
    prices: Mapping[int, Price],
    *,
    item_class: ItemClass = LUNCH,
    code: str = "1",
    day: date = MONDAY,
) -> int | MealRefusal:
    return add_offer(
        db,
        school_id=at.school,
        day=day,
        code=code,
        title="Nudeln",
        item_class=item_class,
        operator_id=at.operator,
        prices=prices,
        at=NOW,
    )


# --- operators and bodies -------------------------------------------------------------------


def test_a_city_kitchen_earns_by_tax_key_and_a_caterer_is_owed(db: Session) -> None:
    own = made(
        add_operator(db, name="Stadt", kind=OperatorKind.PUBLIC, settled_as=SettledAs.REVENUE)
    )
    caterer = made(
        add_operator(db, name="Löffel", kind=OperatorKind.COMMERCIAL, settled_as=SettledAs.PAYABLE)
    )
    names = set(db.execute(select(account.c.name)).scalars())
    expected = {f"revenue:{own}:{key}" for key in (1, 2, 5, 6)} | {f"payable:{caterer}"}
    assert names == expected
    again = add_operator(
        db, name=" Löffel", kind=OperatorKind.NONPROFIT, settled_as=SettledAs.PAYABLE
    )
    assert again is OperatorRefusal.NAME_TAKEN


def test_a_funding_body_has_the_account_it_owes_on(db: Session) -> None:
    body = made(add_funding_body(db, name="Jobcenter"))
    assert db.execute(select(account.c.name)).scalars().all() == [f"receivable:{body}"]
    assert add_funding_body(db, name="Jobcenter") is TariffRefusal.NAME_TAKEN


# --- tariffs and entitlements ---------------------------------------------------------------


def test_a_tariff_that_contradicts_another_is_refused(db: Session) -> None:
    at = city(db)

    def refused(code: str, *, base: bool, body: int | None) -> object:
        return add_tariff(
            db,
            code=code,
            name="x",
            person_kind=PUPIL,
            base=base,
            funding_body_id=body,
            at=NOW,
        )

    assert refused("S", base=False, body=None) is TariffRefusal.CODE_TAKEN
    assert refused("X", base=True, body=None) is TariffRefusal.BASE_TAKEN
    assert refused("X", base=False, body=at.body + 1) is TariffRefusal.UNKNOWN_BODY
    guest = add_tariff(
        db, code="G", name="x", person_kind=GUEST, base=True, funding_body_id=at.body, at=NOW
    )
    assert guest is TariffRefusal.BASE_IS_FUNDED


def test_gaps_fall_back_to_the_base_tariff(db: Session) -> None:
    at = city(db)
    first, last = date(2026, 11, 10), date(2026, 11, 20)
    made(
        entitle(db, pupil_id=at.anna, tariff_id=at.funded, valid_from=first, valid_to=last, at=NOW)
    )
    base = Entitled(at.pupil_tariff, at.pupil_tariff, funded=False)
    funded = Entitled(at.funded, at.pupil_tariff, funded=True)
    days = {9: base, 10: funded, 20: funded, 21: base}
    for day, expected in days.items():
        assert tariff_of(db, pupil_id=at.anna, day=date(2026, 11, day)) == expected


def test_of_overlapping_entitlements_the_one_that_began_last_counts(db: Session) -> None:
    at = city(db)
    other = made(
        add_tariff(
            db, code="W", name="Wohngeld", person_kind=PUPIL, funding_body_id=at.body, at=NOW
        )
    )
    for tariff, first, last in (
        (other, date(2026, 11, 10), date(2026, 11, 12)),
        (at.funded, date(2026, 11, 1), None),
    ):
        made(
            entitle(db, pupil_id=at.anna, tariff_id=tariff, valid_from=first, valid_to=last, at=NOW)
        )
    valid = {9: at.funded, 10: other, 12: other, 13: at.funded}
    for day, tariff in valid.items():
        found = tariff_of(db, pupil_id=at.anna, day=date(2026, 11, day))
        assert found is not None
        assert found.tariff_id == tariff


def test_an_entitlement_ends_earlier_when_told_so(db: Session) -> None:
    at = city(db)
    given = made(
        entitle(db, pupil_id=at.anna, tariff_id=at.funded, valid_from=MONDAY, valid_to=None, at=NOW)
    )
    before = end_entitlement(db, entitlement_id=given, last_day=date(2026, 11, 1), at=NOW)
    assert before is TariffRefusal.ENDS_BEFORE_IT_BEGINS
    told = newest_change(db, school_id=at.school)
    assert end_entitlement(db, entitlement_id=given, last_day=MONDAY, at=NOW) is None
    found = tariff_of(db, pupil_id=at.anna, day=date(2026, 11, 24))
    assert found is not None
    assert not found.funded
    assert newest_change(db, school_id=at.school) > told


def test_nobody_is_entitled_to_what_is_not_theirs(db: Session) -> None:
    at = city(db)

    def refused(pupil: int, tariff: int, last: date | None = None) -> object:
        return entitle(
            db, pupil_id=pupil, tariff_id=tariff, valid_from=MONDAY, valid_to=last, at=NOW
        )

    assert refused(at.ute, at.funded) is TariffRefusal.WRONG_KIND
    assert refused(at.anna, at.pupil_tariff) is TariffRefusal.BASE_IS_FOR_ALL
    assert refused(at.anna, 999) is TariffRefusal.UNKNOWN_TARIFF
    assert refused(999, at.funded) is TariffRefusal.UNKNOWN_PUPIL
    early = refused(at.anna, at.funded, date(2026, 11, 22))
    assert early is TariffRefusal.ENDS_BEFORE_IT_BEGINS


# --- offers and prices ----------------------------------------------------------------------


def test_an_offer_carries_a_price_for_each_tariff(db: Session) -> None:
    at = city(db)
    told = newest_change(db, school_id=at.school)
    prices = {at.pupil_tariff: FULL, at.funded: FREE, at.staff_tariff: FULL}
    offer = made(offered(db, at, prices))
    (found,) = offers_of(db, school_id=at.school, day=MONDAY)
    assert (found.offer.id, found.offer.item_class, found.service) == (
        offer,
        LUNCH,
        Service.DINE_IN,
    )
    assert found.prices == prices
    assert offers_of(db, school_id=at.school, day=date(2026, 11, 24)) == ()
    assert newest_change(db, school_id=at.school) > told


def test_a_price_nobody_can_owe_is_refused(db: Session) -> None:
    at = city(db)
    cent, none, more = Money(1), Money(0), Money(421)
    cases: list[tuple[Mapping[int, Price], ItemClass, MealRefusal]] = [
        ({}, LUNCH, MealRefusal.BASE_PRICE_MISSING),
        ({at.funded: FREE}, LUNCH, MealRefusal.BASE_PRICE_MISSING),
        ({at.staff_tariff: FULL, at.funded: FREE}, LUNCH, MealRefusal.BASE_PRICE_MISSING),
        ({at.pupil_tariff: FREE}, LUNCH, MealRefusal.NOBODY_PAYS_THE_REST),
        ({at.pupil_tariff: Price(none, none)}, LUNCH, MealRefusal.NOT_POSITIVE),
        ({at.pupil_tariff: Price(cent, -cent)}, LUNCH, MealRefusal.NOT_POSITIVE),
        ({at.pupil_tariff: Price(cent, more)}, LUNCH, MealRefusal.SHARE_ABOVE_PRICE),
        ({at.pupil_tariff: FULL, at.funded: FREE}, SNACK, MealRefusal.FUNDED_IS_LUNCH_ONLY),
        ({999: FULL}, LUNCH, MealRefusal.UNKNOWN_TARIFF),
    ]
    for prices, item_class, refusal in cases:
        assert offered(db, at, prices, item_class=item_class) is refusal
    assert offers_of(db, school_id=at.school, day=MONDAY) == ()


def test_an_offer_needs_a_code_of_its_own_and_a_tax(db: Session) -> None:
    at = city(db)
    prices = {at.pupil_tariff: FULL}
    made(offered(db, at, prices))
    assert offered(db, at, prices) is MealRefusal.CODE_TAKEN
    assert offered(db, at, prices, day=date(2019, 11, 25)) is MealRefusal.NO_TAX_RULE
    elsewhere = replace(at, school=999)
    assert offered(db, elsewhere, prices) is MealRefusal.UNKNOWN_SCHOOL
    uncooked = replace(at, operator=999)
    assert offered(db, uncooked, prices, code="2") is MealRefusal.UNKNOWN_OPERATOR


def test_prices_change_as_a_whole_while_nobody_has_eaten(db: Session) -> None:
    dear = Price(price=Money(450), share=Money(450))
    at = city(db)
    offer = made(offered(db, at, {at.pupil_tariff: FULL, at.staff_tariff: FULL}))
    assert set_prices(db, offer_id=offer, prices={at.pupil_tariff: dear}, at=NOW) is None
    (found,) = offers_of(db, school_id=at.school, day=MONDAY)
    assert found.prices == {at.pupil_tariff: dear}
    unknown = set_prices(db, offer_id=999, prices={at.pupil_tariff: dear}, at=NOW)
    assert unknown is MealRefusal.UNKNOWN_OFFER


# --- tax ------------------------------------------------------------------------------------

OLD_YEAR, NEW_YEAR = date(2025, 12, 31), date(2026, 1, 1)
BEFORE_2B, SINCE_2B = date(2026, 12, 31), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("kind", "person", "item", "service", "day", "key", "permille"),
    [
        ("public", PUPIL, LUNCH, "dine_in", OLD_YEAR, 6, 0),
        ("public", PUPIL, DRINK, "dine_in", NEW_YEAR, 6, 0),
        ("public", PUPIL, LUNCH, "dine_in", BEFORE_2B, 6, 0),
        ("public", PUPIL, LUNCH, "dine_in", SINCE_2B, 6, 0),
        ("nonprofit", PUPIL, SNACK, "dine_in", NEW_YEAR, 6, 0),
        ("public", STAFF, LUNCH, "dine_in", OLD_YEAR, 1, 190),
        ("public", STAFF, LUNCH, "dine_in", NEW_YEAR, 2, 70),
        ("public", STAFF, LUNCH, "dine_in", BEFORE_2B, 2, 70),
        ("public", STAFF, LUNCH, "dine_in", SINCE_2B, 2, 70),
        ("public", GUEST, DRINK, "dine_in", SINCE_2B, 1, 190),
        ("nonprofit", GUEST, LUNCH, "dine_in", NEW_YEAR, 2, 70),
        ("commercial", PUPIL, LUNCH, "dine_in", OLD_YEAR, 1, 190),
        ("commercial", PUPIL, LUNCH, "dine_in", NEW_YEAR, 2, 70),
        ("commercial", PUPIL, DRINK, "dine_in", OLD_YEAR, 1, 190),
        ("commercial", PUPIL, DRINK, "dine_in", NEW_YEAR, 1, 190),
        ("commercial", STAFF, LUNCH, "dine_in", BEFORE_2B, 2, 70),
        ("commercial", PUPIL, LUNCH, "delivery", OLD_YEAR, 2, 70),
        ("commercial", PUPIL, DRINK, "delivery", NEW_YEAR, 1, 190),
        ("public", PUPIL, LUNCH, "delivery", NEW_YEAR, 2, 70),
        ("public", PUPIL, LUNCH, "delivery", SINCE_2B, 2, 70),
    ],
)
def test_the_tax_of_a_meal_is_that_of_its_day(
    db: Session,
    *,
    kind: str,
    person: PersonKind,
    item: ItemClass,
    service: str,
    day: date,
    key: int,
    permille: int,
) -> None:
    install_tax_rules(db)
    found = tax_of(
        db,
        operator_kind=kind,
        person_kind=person,
        item_class=item,
        service=service,
        day=day,
    )
    assert found is not None
    assert (found.tax_key, found.rate_permille) == (key, permille)
    assert found.exemption == (EXEMPTION if key == 6 else None)


def test_a_citys_own_rule_from_2027_leaves_the_days_before_alone(db: Session) -> None:
    rule = TaxRule("public", STAFF, LUNCH, "dine_in", SINCE_2B, 1, 190)
    assert install_tax_rules(db) == len(DEFAULT_RULES)
    set_tax_rule(db, rule=rule, at=NOW)
    assert install_tax_rules(db) == 0
    rates = [
        found.rate_permille
        for day in (BEFORE_2B, SINCE_2B)
        if (
            found := tax_of(
                db,
                operator_kind="public",
                person_kind=STAFF,
                item_class=LUNCH,
                service="dine_in",
                day=day,
            )
        )
    ]
    assert rates == [70, 190]


def test_a_tax_rule_that_contradicts_itself_is_a_fault(db: Session) -> None:
    rule = TaxRule("public", STAFF, LUNCH, "dine_in", SINCE_2B, 1, 190)
    with pytest.raises(ValueError, match="rate"):
        set_tax_rule(db, rule=replace(rule, tax_key=6), at=NOW)
    with pytest.raises(ValueError, match="exemption"):
        set_tax_rule(db, rule=replace(rule, exemption=EXEMPTION), at=NOW)


def test_no_case_has_two_rules_for_one_day() -> None:
    cases = [
        (r.operator_kind, r.person_kind, r.item_class, r.service, r.valid_from)
        for r in DEFAULT_RULES
    ]
    assert len(cases) == len(set(cases))
