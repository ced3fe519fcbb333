"""The words of the model: who there is, what is sold, and what an entry must be."""

from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.entries import Draft, EntryKind, Key

Transfer = tuple[str, str, int]
"""Debit, credit, cents."""
Line = tuple[int, int, str, int, int, int, int, int]
"""Offer, tariff, class, quantity, price, share, tax key, rate in permille."""
Span = tuple[date, date | None]

Decided = tuple[EntryKind, int | None, int | None, Transfer]
"""What two people agreed on: kind, pupil, school and the one transfer."""

TWO_PEOPLE = frozenset({EntryKind.CORRECTION, EntryKind.REFUND, EntryKind.TOPUP})


@dataclass(slots=True)
class Person:
    """Somebody with an account: (school, days) and (tariff, days), each in the order written."""

    kind: str
    memberships: list[tuple[int, Span]]
    entitlements: list[tuple[int, Span]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dish:
    """An offer: where and when, what, who sells it, and (price, share) by tariff."""

    school: int
    day: date
    item_class: str
    operator: int
    prices: dict[int, tuple[int, int]]


@dataclass(slots=True)
class Writer:
    """An origin; ``school`` is a kiosk's."""

    kind: str
    school: int | None = None
    enrolled: datetime | None = None
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal must hold under one key."""

    kind: str
    school: int | None
    pupil: int | None
    day: date
    late_on: date | None
    occurred: datetime
    actor: str
    transfers: tuple[Transfer, ...]
    lines: tuple[Line, ...] = ()
    reverses: Key | None = None


def transfers_of(draft: Draft) -> tuple[Transfer, ...]:
    """What a draft moves."""
    return tuple((move.debit, move.credit, move.amount.cents) for move in draft.moves)


def lines_of(draft: Draft) -> tuple[Line, ...]:
    """What was eaten by a draft."""
    return tuple(
        (n.offer_id, n.tariff_id, n.item_class, n.quantity, n.price.cents, n.share.cents,
         n.tax_key, n.rate_permille)
        for n in draft.lines
    )  # fmt: skip


def mirror(transfers: tuple[Transfer, ...]) -> tuple[Transfer, ...]:
    """The same the other way round."""
    return tuple((credit, debit, cents) for debit, credit, cents in transfers)


def moved(account: str, transfers: tuple[Transfer, ...]) -> int:
    """What the transfers add to an account."""
    return sum(
        cents * ((credit == account) - (debit == account)) for debit, credit, cents in transfers
    )


def worth(lines: "list[Line] | tuple[Line, ...]") -> int:
    """Full prices, whoever pays them."""
    return sum(line[3] * line[4] for line in lines)


def within(span: Span, day: date) -> bool:
    """Whether the day lies in the span, both ends included."""
    return span[0] <= day and (span[1] is None or day <= span[1])
