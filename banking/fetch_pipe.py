"""What the fetching process and who started it say to each other: one JSON object a line.

The first line to the process is its order, with the PIN in it; PIN and TANs go over this pipe and
no other way. ``repr`` of an order shows neither PIN nor user.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """The booked lines of one account, from the first to the last of these days, both included."""

    iban: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Order:
    """All that the process is told; ``statements`` is "camt", "mt940", or "" for either."""

    url: str
    blz: str
    user: str = field(repr=False)
    pin: str = field(repr=False)
    product: str
    wanted: tuple[Wanted, ...]
    customer: str = field(default="", repr=False)
    ca_file: str = ""
    mechanism: str = ""
    medium: str = ""
    statements: str = ""
    connect_seconds: float = 10
    reply_seconds: float = 60
    state: bytes | None = field(default=None, repr=False)

    def to_line(self) -> bytes:
        """The order as the process reads it."""
        return to_line(
            {
                name: getattr(self, name)
                for name in self.__slots__
                if name not in {"wanted", "state"}
            }
            | {
                "wanted": [
                    [it.iban, it.first.isoformat(), it.last.isoformat()] for it in self.wanted
                ],
                "state": None if self.state is None else packed(self.state),
            }
        )

    @classmethod
    def from_line(cls, line: bytes) -> "Order":
        """What ``to_line`` gave. Raises ValueError, KeyError or TypeError for anything else."""
        told: dict[str, Any] = json.loads(line)
        wanted = tuple(
            Wanted(iban, date.fromisoformat(first), date.fromisoformat(last))
            for iban, first, last in told.pop("wanted")
        )
        state = told.pop("state")
        return cls(**told, wanted=wanted, state=None if state is None else unpacked(state))


def to_line(told: Mapping[str, object]) -> bytes:
    """One message."""
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"


def packed(raw: bytes) -> str:
    """Bytes inside a message."""
    return base64.b64encode(raw).decode("ascii")


def unpacked(text: str) -> bytes:
    """What ``packed`` was given. Raises ValueError."""
    return base64.b64decode(text, validate=True)
