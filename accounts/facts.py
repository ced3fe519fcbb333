"""A kiosk's facts: what happened at the counter, in the kiosk's own words.

A fact names the pupil, the offers and quantities, and the time; never an amount. The ledger
prices it as of its day. There are two kinds: a charge, and the void of a charge of the same
kiosk. Its key is (origin, epoch, seq); the epoch is new whenever a journal is opened, seq
counts from 1 without a gap. Its link (see ``accounts.chain``) covers every field.
"""

import enum
import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from accounts import chain
from accounts.charge import Choice
from accounts.clock import microseconds, moment, school_day


class FactKind(enum.Enum):
    """What a kiosk may report."""

    CHARGE = "charge"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. ``pupil_id`` is none for a lunch that the office assigns later."""

    epoch: int
    seq: int
    kind: FactKind
    occurred_at: datetime
    pupil_id: int | None = None
    items: tuple[Choice, ...] = ()
    voids: tuple[int, int] | None = None
    staff_id: int | None = None
    reason: str | None = None
    chain: bytes = b""

    @property
    def day(self) -> date:
        """The school day it belongs to."""
        return school_day(self.occurred_at)

    @property
    def items_text(self) -> str:
        """The items as the ledger keeps them: [[offer, quantity], ...] in shortest form."""
        return f"[{','.join(f'[{i.offer_id},{i.quantity}]' for i in self.items)}]"

    def row(self, origin_id: int) -> dict[str, Any]:
        """Every field that carries meaning, as it is hashed."""
        return {
            "origin": origin_id,
            "epoch": self.epoch,
            "seq": self.seq,
            "kind": self.kind.value,
            "pupil": self.pupil_id,
            "day": self.day.isoformat(),
            "occurred": microseconds(self.occurred_at),
            "items": self.items_text,
            "voids_epoch": self.voids[0] if self.voids else None,
            "voids_seq": self.voids[1] if self.voids else None,
            "staff": self.staff_id,
            "reason": self.reason,
        }

    def linked(self, *, origin_id: int, before: bytes) -> "Fact":
        """The same fact with its link to the one before it."""
        return replace(self, chain=chain.link(before, self.row(origin_id)))


def follow(
    fact: Fact, *, origin_id: int, epoch: int, seq: int, before: bytes
) -> tuple[Fact, dict[str, Any]]:
    """The fact with its key and its link to the one before it, and its ``to_json``."""
    numbered = replace(fact, epoch=epoch, seq=seq)
    row = numbered.row(origin_id)
    linked = replace(numbered, chain=chain.link(before, row))
    return linked, {**row, "chain": linked.chain.hex()}


def to_json(fact: Fact, origin_id: int) -> dict[str, Any]:
    """The fact as it is sent to the ledger and kept in a kiosk's journal."""
    return {**fact.row(origin_id), "chain": fact.chain.hex()}


def from_json(row: dict[str, Any]) -> Fact:
    """The fact that ``to_json`` wrote. Raises KeyError or ValueError for anything else."""
    voids = (row["voids_epoch"], row["voids_seq"]) if row["voids_seq"] is not None else None
    return Fact(
        epoch=row["epoch"],
        seq=row["seq"],
        kind=FactKind(row["kind"]),
        occurred_at=moment(row["occurred"]),
        pupil_id=row["pupil"],
        items=tuple(Choice(offer, count) for offer, count in json.loads(row["items"])),
        voids=voids,
        staff_id=row["staff"],
        reason=row["reason"],
        chain=bytes.fromhex(row["chain"]),
    )
