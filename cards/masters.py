"""The city's master keys in memory, and every key that is derived from them.

- A card's keys come from its UID and its generation alone (``cards.keys``): none is stored.
- Each generation (1 to 254, the key version on the card) has masters of its own. A new one is
  added, none is taken away: a card of an old generation can always be opened and renewed.
- Three roles have masters of their own: the whole card, the application and its rights, reading.
- The escrow is how the station finds a card's secret again in the ledger; only these keys open it.
- A school's key depends on the school's number and on how often it was renewed.
"""

import base64
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cards.keys import card_key
from cards.layout import GENERATIONS, MASTER_KEY, PICC
from cards.school_key import ID_BYTES, KEY_BYTES, SchoolKey
from cards.secret import CardSecret

FIRST, LAST = GENERATIONS[0], GENERATIONS[-1]
_NONCE_BYTES = 12
_ESCROW = b"mensakasse escrow|"


@dataclass(frozen=True, slots=True)
class Holder:
    """One holder: a name, a salt, and what the passphrase was made into with it."""

    name: str
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Generation:
    """The three masters of one generation, 16 bytes each."""

    picc: bytes = field(repr=False)
    application: bytes = field(repr=False)
    read: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Masters:
    """All master keys. Nothing of them is ever printed."""

    by_generation: Mapping[int, Generation] = field(repr=False)
    escrow_key: bytes = field(repr=False)
    school_root: bytes = field(repr=False)
    renewed: Mapping[str, int] = field(repr=False, default_factory=dict)
    """How often a school's key was renewed, by the school's number."""
    holders: tuple[Holder, ...] = field(repr=False, default=())

    @property
    def generations(self) -> tuple[int, ...]:
        """All generations, oldest first."""
        return tuple(sorted(self.by_generation))

    @property
    def newest(self) -> int:
        """The generation new cards get."""
        return max(self.by_generation)

    @property
    def names(self) -> tuple[str, ...]:
        """The holders' names."""
        return tuple(one.name for one in self.holders)

    def picc_key(self, *, uid: bytes, generation: int) -> bytes:
        """The key of the whole card (DESFire's PICC master key), 16 bytes.

        Raises KeyError for a generation these masters do not have, as the others here do.
        """
        master = self.by_generation[generation].picc
        return card_key(master, uid=uid, aid=PICC, key_no=MASTER_KEY, generation=generation)

    def application_key(
        self, *, uid: bytes, aid: bytes, generation: int, key_no: int = MASTER_KEY
    ) -> bytes:
        """A key that changes the application: its master key, or another of its numbers."""
        master = self.by_generation[generation].application
        return card_key(master, uid=uid, aid=aid, key_no=key_no, generation=generation)

    def read_key(self, *, uid: bytes, aid: bytes, key_no: int, generation: int) -> bytes:
        """The key by which the card proves itself at a kiosk."""
        master = self.by_generation[generation].read
        return card_key(master, uid=uid, aid=aid, key_no=key_no, generation=generation)

    def rotate(self) -> "Masters":
        """The same with a new generation. Raises OverflowError where there is none left."""
        if self.newest >= LAST:
            raise OverflowError("a key version is one byte: no generation is left")
        grown = {**self.by_generation, self.newest + 1: _fresh_generation()}
        return replace(self, by_generation=MappingProxyType(grown))

    def held_by(self, *holders: Holder) -> "Masters":
        """The same keys for these holders."""
        return replace(self, holders=holders)

    def school_key(self, number: str) -> SchoolKey:
        """The key of the school with that official number."""
        turn = self.renewed.get(number, 0)
        info = f"mensakasse school key|{number}|{turn}".encode()
        derived = HKDF(SHA256(), KEY_BYTES + ID_BYTES, salt=None, info=info).derive(
            self.school_root
        )
        return SchoolKey(id=derived[KEY_BYTES:], key=derived[:KEY_BYTES])

    def renew_school(self, number: str) -> "Masters":
        """The same with another key for that school; a kiosk of it needs the new one."""
        renewed = {**self.renewed, number: self.renewed.get(number, 0) + 1}
        return replace(self, renewed=MappingProxyType(renewed))

    def escrow(self, uid: bytes, secret: CardSecret, card: bytes) -> bytes:
        """A card's UID and secret for the ledger, bound to the card's hash there."""
        nonce = os.urandom(_NONCE_BYTES)
        clear = struct.pack("B", len(uid)) + uid + secret.to_bytes()
        return nonce + AESGCM(self.escrow_key).encrypt(nonce, clear, _ESCROW + card)

    def from_escrow(self, blob: bytes, card: bytes) -> tuple[bytes, CardSecret] | None:
        """UID and secret of that card; None for what is not its escrow, or of other masters."""
        try:
            clear = AESGCM(self.escrow_key).decrypt(
                blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _ESCROW + card
            )
            end = 1 + clear[0]
            return clear[1:end], CardSecret.from_bytes(clear[end:])
        except (InvalidTag, ValueError):
            return None


def fresh_masters() -> Masters:
    """Random master keys of one generation, and nobody's yet."""
    return Masters(
        by_generation=MappingProxyType({FIRST: _fresh_generation()}),
        escrow_key=os.urandom(KEY_BYTES),
        school_root=os.urandom(KEY_BYTES),
    )


def masters_told(masters: Masters) -> dict[str, Any]:
    """All of it as JSON's values: what the file seals."""
    return {
        "generations": {
            str(number): [_text(one.picc), _text(one.application), _text(one.read)]
            for number, one in masters.by_generation.items()
        },
        "escrow": _text(masters.escrow_key),
        "schools": _text(masters.school_root),
        "renewed": dict(masters.renewed),
        "holders": [[one.name, _text(one.salt), _text(one.key)] for one in masters.holders],
    }


def masters_from(told: Mapping[str, Any]) -> Masters:
    """Masters out of JSON's values. Raises ValueError, TypeError or KeyError for anything else."""
    generations = {
        int(number): Generation(*(_raw(key, 16) for key in keys))
        for number, keys in told["generations"].items()
    }
    if not generations or not FIRST <= min(generations) <= max(generations) <= LAST:
        raise ValueError("no generations of keys")
    return Masters(
        by_generation=MappingProxyType(generations),
        escrow_key=_raw(told["escrow"], KEY_BYTES),
        school_root=_raw(told["schools"], KEY_BYTES),
        renewed=MappingProxyType({str(k): int(v) for k, v in told["renewed"].items()}),
        holders=tuple(
            Holder(str(name), _raw(salt, 16), _raw(key, KEY_BYTES))
            for name, salt, key in told["holders"]
        ),
    )


def _fresh_generation() -> Generation:
    return Generation(os.urandom(16), os.urandom(16), os.urandom(16))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(text: str, length: int) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != length:
        raise ValueError("a key of another length")
    return raw
