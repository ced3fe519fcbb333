"""The one file that makes a machine a kiosk: where its ledger is, and what lets it in once.

It holds everything the office knows and the machine does not: origin, database, a password that
the kiosk changes at once, the certificate of the ledger's own authority, the secret for card
numbers and, where it was given, the school's card key. It is good until its deadline; a digest
over its fields tells a damaged one. A field that this version does not know is passed over.
"""

import base64
import binascii
import enum
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

from accounts import chain
from accounts.clock import microseconds, moment

FORMAT = 1
GOOD_FOR = timedelta(days=7)
_NAME = "mensakasse enrolment"
_OFFICES_OWN = ("sslcert", "sslkey", "sslcrl", "sslpassword", "passfile", "application_name")
"""Words of the office's URL that mean files or names of its own machine."""


class FileFault(enum.Enum):
    """Why a file enrols no kiosk."""

    NONE_OF_OURS = "none_of_ours"
    NEWER = "newer"  # of a later version of this software
    DAMAGED = "damaged"
    OLD = "old"  # its deadline has passed
    EMPTIED = "emptied"  # it has enrolled a kiosk already


@dataclass(frozen=True, slots=True, repr=False)
class Enrolment:
    """What the file says. ``database`` has the login in it and no password."""

    origin: int
    name: str
    school: str
    language: str
    database: str
    password: str | None
    authority: str | None
    """The certificate (PEM) by which the ledger's server is known."""
    pepper: bytes
    until: datetime
    card_key: bytes | None = None
    """The file of the school's card key as the issuing station wrote it; here nobody reads it."""

    def to_bytes(self) -> bytes:
        """The file; without a card key it is one that older versions read."""
        told = {
            **asdict(self),
            "pepper": _text(self.pepper),
            "until": microseconds(self.until),
            "card_key": _text(self.card_key) if self.card_key is not None else None,
        }
        if told["card_key"] is None:
            del told["card_key"]
        whole = {"file": _NAME, "format": FORMAT, "digest": chain.digest(told).hex(), **told}
        return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n"


def read_enrolment(content: bytes, *, now: datetime) -> Enrolment | FileFault:
    """What a file says, or why it enrols no kiosk (any more)."""
    if not content.strip(b"\0 \n"):
        return FileFault.EMPTIED
    try:
        told = json.loads(content)
    except ValueError:
        return FileFault.DAMAGED if _NAME.encode() in content else FileFault.NONE_OF_OURS
    if not isinstance(told, dict) or told.pop("file", None) != _NAME:
        return FileFault.NONE_OF_OURS
    version, digest = told.pop("format", None), told.pop("digest", None)
    if isinstance(version, int) and version > FORMAT:
        return FileFault.NEWER
    try:
        if chain.digest(told).hex() != digest:
            return FileFault.DAMAGED
        made = _made(told)
    except (ValueError, TypeError, KeyError, binascii.Error):
        return FileFault.DAMAGED
    return FileFault.OLD if now > made.until else made


def fingerprint(content: bytes) -> bytes:
    """What tells one enrolment file from another."""
    return hashlib.sha256(content).digest()


def kiosks_url(url: URL, *, login: str | None) -> tuple[str, Path | None]:
    """The ledger's URL for a kiosk, and the office's file with the server's authority, if any.

    Hosts, ports and how they are chosen are the office's; its own login, password and
    certificates are left out.
    """
    if url.get_backend_name() == "sqlite":
        return url.render_as_string(hide_password=False), None
    root = url.query.get("sslrootcert")
    known = None if root is None or root == "system" else Path(str(root))
    dropped = _OFFICES_OWN if known is None else (*_OFFICES_OWN, "sslrootcert")
    plain = URL.create(
        "postgresql",
        username=login,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name not in dropped},
    )
    return plain.render_as_string(hide_password=False), known


def with_authority(database: str, authority: Path | None) -> str:
    """The URL with the place where the kiosk keeps the authority's certificate."""
    if authority is None:
        return database
    url = make_url(database)
    whole = url.update_query_dict({"sslrootcert": str(authority)})
    return whole.render_as_string(hide_password=False)


def with_password(database: str, password: str) -> str:
    """The URL a connection is opened by; kept in memory only."""
    return make_url(database).set(password=password).render_as_string(hide_password=False)


def _made(told: dict[str, Any]) -> Enrolment:
    card_key = told.get("card_key")
    known = {field.name for field in fields(Enrolment)}
    return Enrolment(
        **{
            **{name: value for name, value in told.items() if name in known},
            "pepper": base64.b64decode(told["pepper"], validate=True),
            "until": moment(told["until"]),
            "card_key": None if card_key is None else base64.b64decode(card_key, validate=True),
        }
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
