"""``[bank]`` in the settings: how statements come in, and what of them is taken without asking.

FinTS and the watched folder are each there or not; FinTS only with all it needs. The PIN stands
in no settings: it is typed, or given by an open file or a systemd credential.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from accounts.settings_words import SettingsError, known

_WHERE = "[bank]"
_FINTS = ("url", "blz", "user", "product", "state")
_AT_HOME = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_PRODUCT = 25  # FinTS 3.0, HKVVB: Produktbezeichnung an..25
_LEAST_OVERLAP = 10
_DEFAULT_CAP = 30_000
_BOUNDS = {
    "tan_minutes": (1, 30),
    "first_days": (1, 450),
    "overlap_days": (_LEAST_OVERLAP, 90),
    "reply_seconds": (1, 300),
    "limit_minutes": (1, 120),
}
_DEFAULT_WARN_HOURS = 36
_LONGEST_SILENCE = 24 * 31


@dataclass(frozen=True, slots=True)
class FintsSettings:
    """One access at one bank. ``access`` is what it is called in the ledger and the office.

    ``product`` is the installation's own registration with Die Deutsche Kreditwirtschaft.
    ``ibans`` are those to fetch, none for all the ledger's; ``statements`` is "camt", "mt940", or
    "" for camt where the bank has it. A fetch asks for the days since ``overlap_days`` before the
    last proved one, the first fetch for ``first_days``.
    """

    url: str
    blz: str
    user: str = field(repr=False)
    product: str
    state: Path
    access: str = "bank"
    customer: str = field(default="", repr=False)
    ca_file: Path | None = None
    ibans: tuple[str, ...] = ()
    statements: str = ""
    tan_mechanism: str = ""
    tan_medium: str = ""
    tan_minutes: int = 5
    first_days: int = 90
    overlap_days: int = _LEAST_OVERLAP
    reply_seconds: int = 60
    limit_minutes: int = 20


@dataclass(frozen=True, slots=True)
class BankSettings:
    """``cap_cents``: a payment above it is asked about, as it may be a typing error.

    ``warn_hours`` is after how long without a good fetch (without FinTS: without a statement) the
    office is warned.
    """

    fints: FintsSettings | None = None
    folder: Path | None = None
    cap_cents: int = _DEFAULT_CAP
    warn_hours: int = _DEFAULT_WARN_HOURS


def read_bank(found: dict[str, Any]) -> BankSettings:
    """The table's settings. Raises SettingsError."""
    known(
        found, _WHERE, url=str, blz=str, user=str, product=str, state=str, access=str, customer=str,
        ca_file=str, ibans=list, statements=str, tan_mechanism=str, tan_medium=str,
        tan_minutes=int, first_days=int, overlap_days=int, reply_seconds=int, limit_minutes=int,
        folder=str, cap_cents=int, warn_hours=int,
    )  # fmt: skip
    folder, cap = found.pop("folder", None), found.pop("cap_cents", _DEFAULT_CAP)
    if cap < 1:
        raise SettingsError(f"{_WHERE} cap_cents is at least 1")
    hours = found.pop("warn_hours", _DEFAULT_WARN_HOURS)
    if not 1 <= hours <= _LONGEST_SILENCE:
        raise SettingsError(f"{_WHERE} warn_hours is at least 1 and at most {_LONGEST_SILENCE}")
    at = Path(folder) if folder else None
    return BankSettings(_fints(found) if found else None, at, cap, hours)


def _fints(found: dict[str, Any]) -> FintsSettings:
    _possible(found)
    found["ibans"] = tuple("".join(one.split()).upper() for one in found.get("ibans", ()))
    found["state"] = Path(found["state"])
    if "ca_file" in found:
        found["ca_file"] = Path(found["ca_file"])
    return FintsSettings(**found)


def _possible(found: dict[str, Any]) -> None:
    """Raises SettingsError for an access that cannot be one."""
    lacking = [name for name in _FINTS if not found.get(name)]
    if lacking == ["product"]:
        raise SettingsError(
            f"{_WHERE} needs product: the registration number of this installation's own. It is "
            "free, at Die Deutsche Kreditwirtschaft (www.fints.org); another product's is blocked"
        )
    if lacking:
        raise SettingsError(f"{_WHERE} has parts of an access, and needs {', '.join(lacking)} too")
    if not re.fullmatch("[0-9]{8}", found["blz"]):
        raise SettingsError(f"{_WHERE} blz is eight digits")
    if len(found["product"]) > _LONGEST_PRODUCT:
        raise SettingsError(f"{_WHERE} product has {_LONGEST_PRODUCT} characters at most")
    address = urlsplit(found["url"])
    if address.scheme != "https" and not (
        address.scheme == "http" and address.hostname in _AT_HOME  # a test bank beside us
    ):
        raise SettingsError(f"{_WHERE} url begins with https://: the PIN goes over it")
    if found.get("statements", "camt") not in {"camt", "mt940"}:
        raise SettingsError(f'{_WHERE} statements is "camt" or "mt940"')
    for name, (least, most) in _BOUNDS.items():
        if not least <= found.get(name, least) <= most:
            raise SettingsError(f"{_WHERE} {name} is at least {least} and at most {most}")
    if not all(isinstance(one, str) for one in found.get("ibans", ())):
        raise SettingsError(f'{_WHERE} ibans is a list like ["DE..."]')
