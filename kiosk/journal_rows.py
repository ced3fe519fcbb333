"""What stands in a kiosk's journal: facts with the kiosk's own prices, notes of looks, sightings.

A row's bytes are JSON in shortest form; they are sealed before they touch the disk.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from accounts import facts
from accounts.facts import Fact

_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Item:
    """One line as the kiosk priced it for its own limits: cents for one."""

    offer_id: int
    item_class: str
    quantity: int
    share_cents: int


@dataclass(frozen=True, slots=True)
class Row:
    """A fact and how the kiosk priced it."""

    fact: Fact
    items: tuple[Item, ...]

    @property
    def key(self) -> tuple[int, int]:
        """(epoch, seq)."""
        return (self.fact.epoch, self.fact.seq)


@dataclass(frozen=True, slots=True)
class Note:
    """Somebody looked at a child's data: who, whom, when (microseconds UTC), what for."""

    epoch: int
    seq: int
    at_us: int
    actor: str
    pupil_id: int | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A card the office should hear of: what was noticed, when (microseconds UTC), which card.

    ``kind`` is a value of ``accounts.card_alerts.AlertKind``, ``card`` the HMAC of its number.
    """

    epoch: int
    seq: int
    at_us: int
    kind: str
    card: bytes = field(repr=False)


def row_bytes(told: dict[str, Any], items: tuple[Item, ...]) -> bytes:
    """A row in clear: the fact as ``facts.to_json`` tells it, and its priced items."""
    priced = [[i.offer_id, i.item_class, i.quantity, i.share_cents] for i in items]
    return _ENCODER.encode({"fact": told, "items": priced}).encode()


def read_row(clear: bytes) -> Row:
    """The row that ``row_bytes`` wrote."""
    read = json.loads(clear)
    return Row(facts.from_json(read["fact"]), tuple(Item(*item) for item in read["items"]))


def note_bytes(note: Note) -> bytes:
    """A note in clear, without its key."""
    return json.dumps([note.at_us, note.actor, note.pupil_id, note.purpose]).encode()


def read_note(key: tuple[int, int], clear: bytes) -> Note:
    """The note that ``note_bytes`` wrote under that key."""
    return Note(*key, *json.loads(clear))


def sighting_bytes(sighting: Sighting) -> bytes:
    """A sighting in clear, without its key."""
    return json.dumps([sighting.at_us, sighting.kind, sighting.card.hex()]).encode()


def read_sighting(key: tuple[int, int], clear: bytes) -> Sighting:
    """The sighting that ``sighting_bytes`` wrote under that key."""
    at_us, kind, card = json.loads(clear)
    return Sighting(*key, at_us, kind, bytes.fromhex(card))
