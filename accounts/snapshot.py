"""What a kiosk must know to serve by itself: its own school's, and nothing else's.

A snapshot is one consistent view of the ledger at ``taken_at``. Its ``marks`` say up to which
of the asking kiosk's own facts the ledger has heard (epoch -> seq): balances contain those and
no later ones, so a kiosk takes off what it wrote after them and counts nothing twice, whatever
answers were lost. Offers and closed days reach some days ahead; balances, lunches and spending
are of ``day``. Amounts are cents. ``seal`` is the ledger's newest seal then, number and hash in
hex: a kiosk is a witness of what the ledger had sealed.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from accounts.charge import Standing
from accounts.clock import microseconds, moment


@dataclass(frozen=True, slots=True)
class SchoolRules:
    """The school's settings that a kiosk decides by."""

    id: int
    number: str
    name: str
    floor_cents: int
    accepts: tuple[str, ...]
    shows_first_name: bool
    language: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One thing sold on one day."""

    id: int
    day: str
    code: str
    title: str
    item_class: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One account holder of the school. ``spent_cents`` is all but the first lunch's share."""

    id: int
    kind: str
    first_name: str
    last_name: str
    class_name: str
    tariff_id: int
    base_tariff_id: int
    funded: bool
    balance_cents: int
    lunches: int
    spent_cents: int
    day_limit_cents: int | None
    blocked_classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CardRow:
    """One card: the HMAC of its number, in hex, and whose it is."""

    hash: str
    standing: str
    pupil_id: int | None
    staff_id: int | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An active card that must prove its key: ``medium`` is "ev1", "ev2" or "ntag424".

    ``sealed``, in hex, is opened by the school's key only; None where it was not sealed for this
    school yet.
    """

    hash: str
    medium: str
    sealed: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One member of the canteen's staff; the PIN as its Argon2id text."""

    id: int
    label: str
    pin_hash: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """See the module. ``prices`` are (offer, tariff, price cents, share cents).

    ``uid_day_limit_cents`` is the daily limit of cards that only show a number, as far as the
    school has set one.
    """

    taken_at: datetime
    day: date
    school: SchoolRules
    offers: tuple[OfferRow, ...]
    prices: tuple[tuple[int, int, int, int], ...]
    closed: tuple[str, ...]
    people: tuple[PersonRow, ...]
    cards: tuple[CardRow, ...]
    staff: tuple[StaffRow, ...]
    counts: tuple[tuple[int, int], ...]
    marks: tuple[tuple[int, int], ...]
    seal: tuple[int, str] | None = None
    keys: tuple[KeyRow, ...] = ()
    uid_day_limit_cents: int | None = None


def to_bytes(snapshot: Snapshot) -> bytes:
    """The snapshot as it is sealed on a kiosk's disk."""
    return json.dumps(
        {
            "taken_at": microseconds(snapshot.taken_at),
            "day": snapshot.day.isoformat(),
            "school": _fields(snapshot.school),
            "offers": [_fields(row) for row in snapshot.offers],
            "prices": snapshot.prices,
            "closed": snapshot.closed,
            "people": [_fields(row) for row in snapshot.people],
            "cards": [_fields(row) for row in snapshot.cards],
            "staff": [_fields(row) for row in snapshot.staff],
            "counts": snapshot.counts,
            "marks": snapshot.marks,
            "seal": snapshot.seal,
            "keys": [_fields(row) for row in snapshot.keys],
            "uid_day_limit_cents": snapshot.uid_day_limit_cents,
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def from_bytes(kept: bytes) -> Snapshot:
    """The snapshot that ``to_bytes`` wrote. Raises ValueError, KeyError or TypeError else."""
    return from_told(json.loads(kept))


def from_told(read: Any) -> Snapshot:
    """The snapshot as the ledger's door or a kiosk's disk tells it. Raises as ``from_bytes``."""
    seal = read["seal"] if "seal" in read else None  # noqa: SIM401  # None has no get
    return Snapshot(
        taken_at=moment(read["taken_at"]),
        day=date.fromisoformat(read["day"]),
        school=_row(SchoolRules, read["school"]),
        offers=tuple(_row(OfferRow, row) for row in read["offers"]),
        prices=tuple(tuple(row) for row in read["prices"]),
        closed=tuple(read["closed"]),
        people=tuple(_row(PersonRow, row) for row in read["people"]),
        cards=tuple(_row(CardRow, row) for row in read["cards"]),
        staff=tuple(_row(StaffRow, row) for row in read["staff"]),
        counts=tuple(tuple(row) for row in read["counts"]),
        marks=tuple(tuple(row) for row in read["marks"]),
        seal=(seal[0], seal[1]) if seal else None,
        # Ledgers and kiosks before version 2 know neither.
        keys=tuple(_row(KeyRow, row) for row in read.get("keys", ())),
        uid_day_limit_cents=read.get("uid_day_limit_cents"),
    )


def standing_of(card: CardRow) -> Standing:
    """The card's standing as the rules name it."""
    return Standing(card.standing)


def _fields(row: Any) -> list[Any]:
    return [getattr(row, name) for name in row.__slots__]


def _row(kind: Any, values: list[Any]) -> Any:
    return kind(*(tuple(value) if isinstance(value, list) else value for value in values))
