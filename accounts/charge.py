"""One tap is at most one debit: the rules, pure.

``decide`` looks at what the kiosk knows of a card's holder and answers with what is charged
or why nothing is. The order is fixed: card and school, then already eaten, then money. The
day's first lunch within the school's credit floor is always charged; daily limits, blocked
item classes and everything else that costs money never stop it (feed first). A card that
brought nothing but its number, which can be copied, has a daily limit of its own. What else lies
on the tray must be paid from what is there; where it cannot be, the lunch is charged alone
and the rest is named as left out, so that nobody goes hungry for a drink.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.money import ZERO, Money, total
from accounts.reasons import OverrideReason, Refusal, Standing, VoidReason

__all__ = [
    "Charge",
    "Choice",
    "Holder",
    "ItemClass",
    "Line",
    "Menu",
    "Offer",
    "OverrideReason",
    "PersonKind",
    "Price",
    "Refusal",
    "Standing",
    "VoidReason",
    "decide",
    "refused_card",
]

NUMBER_LIMIT = Money(500)
"""Where a school names no other limit for cards that prove nothing."""

_NO_CARD = frozenset({OverrideReason.CARD_FORGOTTEN, OverrideReason.CARD_NOT_READ})


class ItemClass(enum.Enum):
    """What kind of thing is sold: Mittagessen, Snack, Getränk."""

    LUNCH = "lunch"
    SNACK = "snack"
    DRINK = "drink"


class PersonKind(enum.Enum):
    """Who eats: Schüler, Personal, Gast. Only pupils have a credit floor."""

    PUPIL = "pupil"
    STAFF = "staff"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing sold today (Angebot)."""

    id: int
    code: str
    title: str
    item_class: ItemClass


@dataclass(frozen=True, slots=True)
class Choice:
    """So many of one offer on the tray."""

    offer_id: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Price:
    """``price`` is what the caterer gets, ``share`` the pupil's part of it; both for one."""

    price: Money
    share: Money


@dataclass(frozen=True, slots=True)
class Holder:
    """A card's or a found child's holder as the kiosk knows it now.

    ``balance`` has the kiosk's own charges taken off that the ledger does not show yet;
    ``lunches`` and ``spent`` count them in. ``spent`` is what went on all but first lunches.
    ``funded`` says that the tariff covers one lunch a day and nothing else.
    """

    pupil_id: int
    kind: PersonKind
    tariff_id: int
    base_tariff_id: int
    funded: bool
    balance: Money
    lunches: int
    spent: Money
    day_limit: Money | None
    blocked_classes: frozenset[ItemClass]


@dataclass(frozen=True, slots=True)
class Menu:
    """What is offered today and what it costs: prices by (offer, tariff).

    ``number_limit`` is what a card that proves nothing may spend a day, first lunches apart.
    """

    offers: Mapping[int, Offer]
    prices: Mapping[tuple[int, int], Price]
    closed: bool
    floor: Money
    number_limit: Money = NUMBER_LIMIT


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge: so many of an offer at the pupil's share for one."""

    offer: Offer
    quantity: int
    share: Money

    @property
    def amount(self) -> Money:
        """The pupil's part of the whole line."""
        return self.share * self.quantity


@dataclass(frozen=True, slots=True)
class Charge:
    """What a tap is charged: at least one line. ``left_out`` is what the money did not reach."""

    lines: tuple[Line, ...]
    left_out: tuple[Choice, ...] = ()

    @property
    def amount(self) -> Money:
        """The pupil's part of all lines."""
        return total(line.amount for line in self.lines)


def refused_card(standing: Standing | None, *, proven: bool) -> Refusal | None:
    """What the card itself says against it, before anybody looks at money.

    ``proven`` tells that the card brought a proof this school accepts. What is known of the card
    comes first: the key of a blocked one is gone, so that it could not prove itself if it would.
    """
    if standing is None:
        return Refusal.UNKNOWN
    problem = {
        Standing.ACTIVE: None,
        Standing.BLOCKED: Refusal.BLOCKED,
        Standing.REPLACED: Refusal.REPLACED,
        Standing.WRONG_SCHOOL: Refusal.WRONG_SCHOOL,
    }[standing]
    return problem or (None if proven else Refusal.PROOF)


def decide(
    holder: Holder,
    tray: Iterable[Choice],
    menu: Menu,
    *,
    override: OverrideReason | None = None,
    number_only: bool = False,
) -> Charge | Refusal:
    """Charge the tray to its holder, or say why not.

    ``number_only`` tells that a card was there which proved nothing but its number.

    With an override staff take the decision: everything that is offered and has a price is
    charged, whatever was eaten and whatever the balance. A card that was forgotten or is not
    read is no reason for a second lunch: staff see a name, not whether its child has eaten.
    """
    choices = tuple(tray)
    if menu.closed:
        return Refusal.CLOSED_DAY
    lines = _priced(holder, choices, menu)
    if lines is None:
        return Refusal.NOT_OFFERED
    if override is not None and override not in _NO_CARD:
        return Charge(lines)
    lunch = tuple(line for line in lines if _is_lunch(line))
    extras = tuple(line for line in lines if not _is_lunch(line))
    if lunch and holder.lunches + sum(line.quantity for line in lunch) > 1:
        return Refusal.ALREADY_EATEN
    if override is not None:
        return Charge(lines)
    floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
    left = holder.balance - total(line.amount for line in lunch)
    if lunch and left < floor:
        return Refusal.BALANCE
    problem = _extras_refused(holder, extras, left, menu.number_limit if number_only else None)
    if problem is None:
        return Charge(lines)
    if not lunch:
        return problem
    return Charge(lunch, tuple(Choice(x.offer.id, x.quantity) for x in extras))


def _is_lunch(line: Line) -> bool:
    return line.offer.item_class is ItemClass.LUNCH


def _priced(holder: Holder, choices: tuple[Choice, ...], menu: Menu) -> tuple[Line, ...] | None:
    """The tray's lines at the holder's own prices; None where one of them is not for sale.

    The ledger prices the same way (view ``fact_line``): a funded tariff counts for a single
    lunch, and only for the day's first.
    """
    if not choices:
        return None
    lines: list[Line] = []
    lunches = holder.lunches
    for choice in choices:
        offer = menu.offers.get(choice.offer_id)
        if offer is None or choice.quantity < 1:
            return None
        is_lunch = offer.item_class is ItemClass.LUNCH
        covered = not holder.funded or (is_lunch and lunches == 0 and choice.quantity == 1)
        price = menu.prices.get((offer.id, holder.tariff_id)) if covered else None
        price = price or menu.prices.get((offer.id, holder.base_tariff_id))
        if price is None:
            return None
        lunches += choice.quantity if is_lunch else 0
        lines.append(Line(offer, choice.quantity, price.share))
    return tuple(lines)


def _extras_refused(
    holder: Holder, extras: tuple[Line, ...], left: Money, number_limit: Money | None
) -> Refusal | None:
    if not extras:
        return None
    if any(line.offer.item_class in holder.blocked_classes for line in extras):
        return Refusal.ITEM_BLOCKED
    amount = total(line.amount for line in extras)
    if holder.day_limit is not None and holder.spent + amount > holder.day_limit:
        return Refusal.DAILY_LIMIT
    if number_limit is not None and holder.spent + amount > number_limit:
        return Refusal.NUMBER_LIMIT
    # Credit is for the lunch alone: the rest is paid from what is there.
    if left - amount < ZERO and amount:
        return Refusal.BALANCE
    return None
