"""One tap is at most one debit: the rules, pure.

``decide`` looks at what the kiosk knows of a card's holder and answers with what is charged
or why nothing is. The order is fixed: card and school, then already eaten, then money. The
day's first lunch within the school's credit floor is always charged; daily limits, blocked
item classes and everything else that costs money never stop it (feed first). What else lies
on the tray must be paid from what is there; where it cannot be, the lunch is charged alone
and the rest is named as left out, so that nobody goes hungry for a drink.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.money import ZERO, Money, total


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


class Standing(enum.Enum):
    """What a card is worth at this school today."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    REPLACED = "replaced"
    WRONG_SCHOOL = "wrong_school"


class Refusal(enum.Enum):
    """Why nothing was charged. The pupil's screen shows one neutral word for all of them."""

    UNKNOWN = "unknown"
    PROOF = "proof"
    BLOCKED = "blocked"
    REPLACED = "replaced"
    WRONG_SCHOOL = "wrong_school"
    CLOSED_DAY = "closed_day"
    NOT_OFFERED = "not_offered"
    ALREADY_EATEN = "already_eaten"
    ITEM_BLOCKED = "item_blocked"
    DAILY_LIMIT = "daily_limit"
    BALANCE = "balance"


class OverrideReason(enum.Enum):
    """Why staff served although a rule said no."""

    CARD_FORGOTTEN = "card_forgotten"
    CARD_NOT_READ = "card_not_read"
    SECOND_HELPING = "second_helping"
    NO_FUNDS = "no_funds"
    OTHER = "other"


class VoidReason(enum.Enum):
    """Why staff took a charge back."""

    WRONG_ITEM = "wrong_item"
    NOT_TAKEN = "not_taken"
    WRONG_PERSON = "wrong_person"
    MISTAKE = "mistake"


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
    """What is offered today and what it costs: prices by (offer, tariff)."""

    offers: Mapping[int, Offer]
    prices: Mapping[tuple[int, int], Price]
    closed: bool
    floor: Money


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

    ``proven`` tells that the card brought a proof this school accepts; a card no one knows is
    unknown whatever it brought.
    """
    if standing is None:
        return Refusal.UNKNOWN
    if not proven:
        return Refusal.PROOF
    return {
        Standing.ACTIVE: None,
        Standing.BLOCKED: Refusal.BLOCKED,
        Standing.REPLACED: Refusal.REPLACED,
        Standing.WRONG_SCHOOL: Refusal.WRONG_SCHOOL,
    }[standing]


def decide(
    holder: Holder, tray: Iterable[Choice], menu: Menu, *, override: OverrideReason | None = None
) -> Charge | Refusal:
    """Charge the tray to its holder, or say why not.

    With an override staff take the decision: everything that is offered and has a price is
    charged, whatever was eaten and whatever the balance.
    """
    choices = tuple(tray)
    if menu.closed:
        return Refusal.CLOSED_DAY
    lines = _priced(holder, choices, menu)
    if lines is None:
        return Refusal.NOT_OFFERED
    if override is not None:
        return Charge(lines)
    lunches = sum(line.quantity for line in lines if _is_lunch(line))
    if lunches and holder.lunches + lunches > 1:
        return Refusal.ALREADY_EATEN
    lunch = tuple(line for line in lines if _is_lunch(line))
    floor = menu.floor if holder.kind is PersonKind.PUPIL else ZERO
    left = holder.balance - total(line.amount for line in lunch)
    if lunch and left < floor:
        return Refusal.BALANCE
    extras = tuple(line for line in lines if not _is_lunch(line))
    problem = _extras_refused(holder, extras, left)
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


def _extras_refused(holder: Holder, extras: tuple[Line, ...], left: Money) -> Refusal | None:
    if not extras:
        return None
    if any(line.offer.item_class in holder.blocked_classes for line in extras):
        return Refusal.ITEM_BLOCKED
    amount = total(line.amount for line in extras)
    if holder.day_limit is not None and holder.spent + amount > holder.day_limit:
        return Refusal.DAILY_LIMIT
    # Credit is for the lunch alone: the rest is paid from what is there.
    if left - amount < ZERO and amount:
        return Refusal.BALANCE
    return None
