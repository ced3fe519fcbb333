"""The rules of one tap, as properties: feed first, then already eaten, then money."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.charge import (
    Charge,
    Choice,
    Holder,
    ItemClass,
    Menu,
    Offer,
    OverrideReason,
    PersonKind,
    Price,
    Refusal,
    Standing,
    decide,
    refused_card,
)
from accounts.money import ZERO, Money, total

FULL, FUNDED = 1, 2
OFFERS = {
    1: Offer(1, "1", "Linsen", ItemClass.LUNCH),
    2: Offer(2, "2", "Nudeln", ItemClass.LUNCH),
    3: Offer(3, "W", "Wasser", ItemClass.DRINK),
    4: Offer(4, "S", "Apfel", ItemClass.SNACK),
}
LUNCH, PASTA, WATER, APPLE = 1, 2, 3, 4
NO_CARD = {OverrideReason.CARD_FORGOTTEN, OverrideReason.CARD_NOT_READ}
cents = st.integers(0, 2000).map(Money)
signed = st.integers(-3000, 5000).map(Money)


@st.composite
def menus(draw: st.DrawFn) -> Menu:
    prices = {}
    for offer in OFFERS.values():
        price = draw(st.integers(1, 900))
        prices[offer.id, FULL] = Price(Money(price), Money(price))
        if offer.item_class is ItemClass.LUNCH or draw(st.booleans()):
            prices[offer.id, FUNDED] = Price(Money(price), Money(draw(st.integers(0, price))))
    return Menu(OFFERS, prices, closed=False, floor=Money(-draw(st.integers(0, 3000))))


@st.composite
def holders(draw: st.DrawFn) -> Holder:
    funded = draw(st.booleans())
    return Holder(
        pupil_id=1,
        kind=draw(st.sampled_from(PersonKind)),
        tariff_id=FUNDED if funded else FULL,
        base_tariff_id=FULL,
        funded=funded,
        balance=draw(signed),
        lunches=draw(st.integers(0, 2)),
        spent=draw(cents),
        day_limit=draw(st.none() | cents),
        blocked_classes=draw(st.frozensets(st.sampled_from(ItemClass))),
    )


choices = st.builds(Choice, st.sampled_from([1, 2, 3, 4]), st.integers(1, 3))
trays = st.lists(choices, min_size=1, max_size=4).map(tuple)
extras = st.lists(
    st.builds(Choice, st.sampled_from([WATER, APPLE]), st.integers(1, 3)), max_size=3
).map(tuple)


def share(holder: Holder, menu: Menu, offer: int) -> Money:
    """The first lunch's share, in the words of the funding rule."""
    own = menu.prices.get((offer, holder.tariff_id))
    return (own or menu.prices[offer, FULL]).share


@given(holders(), menus(), extras)
def test_the_first_lunch_within_the_floor_is_served_whatever_else_speaks_against_it(
    holder: Holder, menu: Menu, more: tuple[Choice, ...]
) -> None:
    holder = replace(holder, lunches=0)
    floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
    price = share(holder, menu, LUNCH)
    assume(holder.balance - price >= floor)
    answer = decide(holder, (Choice(LUNCH), *more), menu)
    assert isinstance(answer, Charge)
    assert answer.lines[0].offer.id == LUNCH
    assert answer.lines[0].amount == price


@given(holders(), menus(), extras)
def test_a_lunch_below_the_floor_is_refused_for_money_alone(
    holder: Holder, menu: Menu, more: tuple[Choice, ...]
) -> None:
    holder = replace(holder, lunches=0)
    floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
    assume(holder.balance - share(holder, menu, LUNCH) < floor)
    assert decide(holder, (Choice(LUNCH), *more), menu) is Refusal.BALANCE


@given(holders(), menus(), extras, cents)
def test_a_card_that_proves_nothing_gets_its_first_lunch_like_any_other(
    holder: Holder, menu: Menu, more: tuple[Choice, ...], limit: Money
) -> None:
    holder, menu = replace(holder, lunches=0), replace(menu, number_limit=limit)
    floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
    assume(holder.balance - share(holder, menu, LUNCH) >= floor)
    answer = decide(holder, (Choice(LUNCH), *more), menu, number_only=True)
    assert isinstance(answer, Charge)
    assert answer.lines[0].offer.id == LUNCH


@given(holders(), menus(), trays, cents)
def test_a_card_that_proves_nothing_never_spends_beyond_its_own_limit(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...], limit: Money
) -> None:
    menu = replace(menu, number_limit=limit)
    proven = decide(holder, tray, menu)
    answer = decide(holder, tray, menu, number_only=True)
    if isinstance(answer, Charge):
        extra = [line for line in answer.lines if line.offer.id in (WATER, APPLE)]
        assert not extra or holder.spent + total(line.amount for line in extra) <= limit
    elif answer is not Refusal.NUMBER_LIMIT:
        assert answer is proven


@given(holders(), menus(), trays)
def test_already_eaten_is_said_before_money_is_looked_at(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    lunches = sum(c.quantity for c in tray if c.offer_id in (LUNCH, PASTA))
    assume(lunches)
    assume(lunches + holder.lunches > 1)
    assert decide(holder, tray, menu) is Refusal.ALREADY_EATEN


@given(holders(), menus(), trays)
def test_nothing_but_a_first_lunch_is_taken_on_credit(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    answer = decide(holder, tray, menu)
    if isinstance(answer, Charge):
        bought = total(
            line.amount for line in answer.lines if line.offer.item_class is not ItemClass.LUNCH
        )
        after = holder.balance - answer.amount
        assert not bought or after >= ZERO
        floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
        eats = any(line.offer.item_class is ItemClass.LUNCH for line in answer.lines)
        assert after >= floor or not (bought or eats)


@given(holders(), menus(), trays)
def test_what_is_charged_and_what_is_left_out_are_the_tray(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    answer = decide(holder, tray, menu)
    if isinstance(answer, Charge):
        charged = [(line.offer.id, line.quantity) for line in answer.lines]
        left = [(choice.offer_id, choice.quantity) for choice in answer.left_out]
        assert sorted(charged + left) == sorted((c.offer_id, c.quantity) for c in tray)
        assert charged
        assert all(offer in (WATER, APPLE) for offer, _ in left)
        if left:  # all extras or none, and never without a lunch
            assert all(offer in (LUNCH, PASTA) for offer, _ in charged)


@given(holders(), menus(), extras)
def test_limits_and_blocked_things_stop_extras_alone(
    holder: Holder, menu: Menu, more: tuple[Choice, ...]
) -> None:
    assume(more)
    rich = replace(holder, balance=Money(10_000_000), lunches=0)
    blocked = replace(rich, blocked_classes=frozenset(ItemClass), day_limit=None)
    assert decide(blocked, more, menu) is Refusal.ITEM_BLOCKED
    answer = decide(blocked, (Choice(LUNCH), *more), menu)
    assert isinstance(answer, Charge)
    assert answer.left_out == more
    amount = total(
        menu.prices[c.offer_id, FULL].share * c.quantity for c in more
    )  # extras always cost the base tariff
    tight = replace(rich, blocked_classes=frozenset(), day_limit=rich.spent + amount)
    assert isinstance(decide(tight, more, menu), Charge)
    assert tight.day_limit is not None
    tighter = replace(tight, day_limit=tight.day_limit - Money(1))
    if tighter.day_limit is not None and tighter.day_limit >= ZERO:
        assert decide(tighter, more, menu) is Refusal.DAILY_LIMIT


@given(holders(), menus(), trays, st.sampled_from(OverrideReason))
def test_staff_may_always_serve_what_is_offered(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...], why: OverrideReason
) -> None:
    answer = decide(holder, tray, menu, override=why)
    if answer is Refusal.ALREADY_EATEN:
        assert why in NO_CARD
        assert decide(holder, tray, menu, override=OverrideReason.SECOND_HELPING) is not answer
        return
    assert isinstance(answer, Charge)
    assert answer.left_out == ()
    assert [line.offer.id for line in answer.lines] == [choice.offer_id for choice in tray]


@given(holders(), menus(), st.sampled_from(OverrideReason))
def test_a_missing_card_is_no_reason_for_a_second_lunch_and_never_stops_the_first(
    holder: Holder, menu: Menu, why: OverrideReason
) -> None:
    had = decide(replace(holder, lunches=1), (Choice(LUNCH),), menu, override=why)
    assert (had is Refusal.ALREADY_EATEN) == (why in NO_CARD)
    hungry = decide(replace(holder, lunches=0), (Choice(LUNCH),), menu, override=why)
    assert isinstance(hungry, Charge)
    assert isinstance(
        decide(replace(holder, lunches=1), (Choice(WATER),), menu, override=why), Charge
    )


@given(holders(), menus(), trays)
def test_funding_covers_one_single_lunch_the_days_first(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    holder = replace(holder, funded=True, tariff_id=FUNDED)
    answer = decide(holder, tray, menu, override=OverrideReason.OTHER)
    assert isinstance(answer, Charge)
    full = [menu.prices[line.offer.id, FULL].share for line in answer.lines]
    covered = [i for i, line in enumerate(answer.lines) if line.share != full[i]]
    lunches = [i for i, line in enumerate(answer.lines) if line.offer.item_class is ItemClass.LUNCH]
    assert covered in ([], lunches[:1])
    if covered:
        assert holder.lunches == 0
        assert answer.lines[covered[0]].quantity == 1


@given(holders(), menus(), trays)
def test_two_children_who_differ_in_tariff_alone_are_served_alike_while_money_is_there(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    rich = replace(holder, balance=Money(10_000_000), day_limit=None)
    paying = replace(rich, funded=False, tariff_id=FULL)
    funded = replace(rich, funded=True, tariff_id=FUNDED)
    one, other = decide(paying, tray, menu), decide(funded, tray, menu)
    if isinstance(one, Charge):
        assert isinstance(other, Charge)
        assert one.left_out == other.left_out
    else:
        assert one is other


@given(holders(), menus(), trays)
def test_a_closed_day_is_said_before_anything_else(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    assert decide(holder, tray, replace(menu, closed=True)) is Refusal.CLOSED_DAY


@given(holders(), menus(), trays)
def test_what_is_not_for_sale_is_never_charged_even_by_staff(
    holder: Holder, menu: Menu, tray: tuple[Choice, ...]
) -> None:
    for bad in (Choice(99), Choice(LUNCH, 0), Choice(LUNCH, -1)):
        for why in (None, OverrideReason.OTHER):
            assert decide(holder, (*tray, bad), menu, override=why) is Refusal.NOT_OFFERED
    assert decide(holder, (), menu) is Refusal.NOT_OFFERED


@pytest.mark.parametrize(
    ("standing", "proven", "said"),
    [
        (None, True, Refusal.UNKNOWN),
        (None, False, Refusal.UNKNOWN),
        (Standing.ACTIVE, True, None),
        (Standing.ACTIVE, False, Refusal.PROOF),
        (Standing.BLOCKED, False, Refusal.BLOCKED),
        (Standing.BLOCKED, True, Refusal.BLOCKED),
        (Standing.REPLACED, False, Refusal.REPLACED),
        (Standing.REPLACED, True, Refusal.REPLACED),
        (Standing.WRONG_SCHOOL, False, Refusal.WRONG_SCHOOL),
        (Standing.WRONG_SCHOOL, True, Refusal.WRONG_SCHOOL),
    ],
)
def test_a_card_speaks_for_itself_before_money_does(
    standing: Standing | None, *, proven: bool, said: Refusal | None
) -> None:
    assert refused_card(standing, proven=proven) is said
