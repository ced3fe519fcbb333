"""How this bank is: what it offers, when it wants a TAN, how it cuts and dresses its statements.

Real banks differ in all of this and change it between two fetches; so it is one value that can be
changed while the bank runs. None of it is a fault.
"""

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from banking.testbank.camt_writer import VERSIONS, Manner


class Sca(enum.Enum):
    """Where strong customer authentication is asked (PSD2; RTS Art. 10: older than 90 days)."""

    NEVER = "never"
    LOGIN = "login"
    STATEMENT = "statement"
    OLD = "old"
    """On statements that reach back more than 90 days."""


class Stranger(enum.Enum):
    """What happens to a system id that the bank does not know."""

    LET_IN = "let_in"
    TAN = "tan"
    """A TAN at login, unless the id is that of a device that has passed one before."""
    RENEW = "renew"
    """9391: the client shall fetch a new one."""


TWO_STEP = "930"
DECOUPLED = "946"


@dataclass(frozen=True, slots=True)
class Manners:
    """See the module. JSON's values, so that a process can be told."""

    formats: tuple[str, ...] = ("camt", "mt940")
    camt_versions: tuple[str, ...] = VERSIONS[:1]
    """What is offered and written; the first that the client takes is chosen."""
    strict_formats: bool = False
    """Refuse an order that names a camt version which is not offered, as some banks do."""
    sca: Sca = Sca.NEVER
    mechanisms: tuple[str, ...] = (TWO_STEP,)
    media: tuple[str, ...] = ()
    """Names of TAN media; where there are some, the client must name one."""
    polls: int | None = 2
    """Decoupled: after so many questions it is approved; None waits for a person."""
    with_0030: bool = False
    """Decoupled: 0030 beside 3955, as one bank answers."""
    wait: int = 1
    """Decoupled: seconds the client shall wait before each question."""
    stranger: Stranger = Stranger.LET_IN
    page: int = 0
    """Lines in an answer; 0 is all of them."""
    per_day: bool = True
    """A statement for each day, otherwise one for the answer."""
    cut_statements: bool = False
    """MT940's pages are pieces of one text, cut between two lines of text."""
    balances: bool = True
    """Whether camt carries balances."""
    opening_code: str = "OPBD"
    id_place: str = "AcctSvcrRef"
    pending_inside: bool = False
    """Pending lines stand among the booked ones in camt, as PDNG."""
    empty_day: str = "3010"
    """Or "document": an answer with an empty document."""
    storage_mt940: int = 90
    storage_camt: int = 450
    """Days that can be fetched (the banks' usual Speicherzeitraum)."""

    def camt(self, version: str) -> Manner:
        """How a document of this version is filled."""
        return Manner(version, self.balances, self.opening_code, self.id_place)


def manners_values(manners: Manners) -> dict[str, Any]:
    """What change_manners takes."""
    values = asdict(manners)
    return {**values, "sca": manners.sca.value, "stranger": manners.stranger.value}


def change_manners(manners: Manners, values: Mapping[str, Any]) -> Manners:
    """The same bank with other manners. Raises ValueError or TypeError for what is none."""
    unknown = set(values) - {f.name for f in fields(Manners)}
    if unknown:
        raise ValueError(f"no such manner: {', '.join(sorted(unknown))}")
    read: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    if "sca" in read:
        read["sca"] = Sca(read["sca"])
    if "stranger" in read:
        read["stranger"] = Stranger(read["stranger"])
    return replace(manners, **read)
