"""A school's key: what its kiosks open card secrets with, and no other school's.

- A sealed card secret opens with the key of its school and for its own card alone: the card's
  hash is bound into it, so that no row of the ledger can be moved to another card.
- The ledger keeps sealed secrets only. A copy of it tells no card key; a stolen kiosk tells those
  of its own school.
- The key is derived from the station's master file (``cards.key_file``) and never made anew
  elsewhere: the station can always write the same file again.
"""

import base64
import binascii
import enum
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cards.secret import CardSecret

KEY_BYTES = 32
ID_BYTES = 8
FORMAT = 1
_NONCE_BYTES = 12
_PURPOSE = b"mensakasse card secret|"
_NAME = "mensakasse school key"


@dataclass(frozen=True, slots=True)
class SchoolKey:
    """A key of 32 bytes and the 8 that name it, in front of all it has sealed."""

    id: bytes
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.id) != ID_BYTES or len(self.key) != KEY_BYTES:
            raise ValueError(f"a school's key has {ID_BYTES} and {KEY_BYTES} bytes")


def seal(key: SchoolKey, secret: CardSecret, *, card: bytes) -> bytes:
    """A card's secret for the kiosks of one school. ``card`` is the card's hash in the ledger."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.key).encrypt(nonce, secret.to_bytes(), _bound(key.id, card))
    return key.id + nonce + sealed


def open_sealed(keys: Iterable[SchoolKey], blob: bytes, *, card: bytes) -> CardSecret | None:
    """What was sealed for that card; None where no key here opens it."""
    named, nonce = blob[:ID_BYTES], blob[ID_BYTES : ID_BYTES + _NONCE_BYTES]
    for key in keys:
        if key.id != named:
            continue
        try:
            clear = AESGCM(key.key).decrypt(
                nonce, blob[ID_BYTES + _NONCE_BYTES :], _bound(named, card)
            )
            return CardSecret.from_bytes(clear)
        except (InvalidTag, ValueError):  # ValueError: cut short, or of another version's form
            continue
    return None


def id_of(blob: bytes) -> bytes:
    """The name of the key that sealed this."""
    return blob[:ID_BYTES]


class SchoolKeyFault(enum.Enum):
    """Why a file brings no school's key."""

    NONE_OF_OURS = "none_of_ours"
    NEWER = "newer"  # of a later version of this software
    DAMAGED = "damaged"
    EMPTIED = "emptied"  # a kiosk has taken it already


@dataclass(frozen=True, slots=True)
class SchoolKeyFile:
    """What a file says: whose key it brings. It is as secret as the key."""

    school: str
    """The school's official number."""
    key: SchoolKey

    def to_bytes(self) -> bytes:
        """The file; a digest over its fields tells a damaged one."""
        told = {
            "school": self.school,
            "id": self.key.id.hex(),
            "key": base64.b64encode(self.key.key).decode("ascii"),
        }
        whole = {"file": _NAME, "format": FORMAT, "digest": _digest(told), **told}
        return json.dumps(whole, indent=1).encode() + b"\n"


def read_school_key(content: bytes) -> SchoolKeyFile | SchoolKeyFault:
    """What a file says, or why it brings no key."""
    if not content.strip(b"\0 \n"):
        return SchoolKeyFault.EMPTIED
    try:
        told = json.loads(content)
    except ValueError:
        named = _NAME.encode() in content
        return SchoolKeyFault.DAMAGED if named else SchoolKeyFault.NONE_OF_OURS
    if not isinstance(told, dict) or told.pop("file", None) != _NAME:
        return SchoolKeyFault.NONE_OF_OURS
    version, digest = told.pop("format", None), told.pop("digest", None)
    if isinstance(version, int) and version > FORMAT:
        return SchoolKeyFault.NEWER
    if _digest(told) != digest:
        return SchoolKeyFault.DAMAGED
    try:
        key = SchoolKey(
            id=bytes.fromhex(told["id"]), key=base64.b64decode(told["key"], validate=True)
        )
        return SchoolKeyFile(school=str(told["school"]), key=key)
    except (ValueError, TypeError, KeyError, binascii.Error):
        return SchoolKeyFault.DAMAGED


def _bound(key_id: bytes, card: bytes) -> bytes:
    return _PURPOSE + key_id + card


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
