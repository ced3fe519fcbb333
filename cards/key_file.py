"""The file of master keys: any two of its holders open it together, and nobody alone.

- The body is AES-256-GCM under a key that is new at every writing. That key is wrapped once for
  each pair of holders, under a key made of both passphrases (Argon2id, RFC 9106, section 4, the
  second choice, then HKDF). Nothing in the file tells whether one passphrase alone is right.
- Names of holders and the head are bound into the body: what was changed does not open. A digest
  over everything tells a damaged copy from a wrong passphrase.
- The body keeps what the holders' passphrases were made into, so that any two may add, remove or
  change a holder while the others are away. Who was removed still opens older copies of the file
  together with somebody of that time.
- This module knows bytes and no paths. Python cannot wipe memory: the machine that opens the file
  is the issuing station, and nobody else's.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cards.holders import FEWEST, KEY_BYTES, MOST, KeyFault, plain, stretched, with_holder
from cards.masters import Holder, Masters, fresh_masters, masters_from, masters_told

FORMAT = 1
_NAME = "mensakasse master keys"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Head:
    """What the file tells without being opened; proven only by opening it."""

    holders: tuple[str, ...]
    newest: int
    """The newest generation of card keys."""


def create(holders: Mapping[str, str]) -> bytes | KeyFault:
    """A new file with random master keys for two to five holders: name and passphrase."""
    masters = fresh_masters()
    for name, passphrase in holders.items():
        grown = with_holder(masters, name, passphrase)
        if isinstance(grown, KeyFault):
            return grown
        masters = grown
    return sealed(masters)


def open_key_file(content: bytes, passphrases: Mapping[str, str]) -> Masters | KeyFault:
    """The master keys, by two holders' names and passphrases. Takes about a second."""
    told = _told(content)
    if isinstance(told, KeyFault):
        return told
    head, bound, pairs, body = told
    given = {plain(name): passphrase for name, passphrase in passphrases.items()}
    if not len(passphrases) == len(given) == FEWEST:
        return KeyFault.NOT_TWO
    salts: dict[str, bytes] = head["holders"]
    if not given.keys() <= salts.keys():
        return KeyFault.UNKNOWN_HOLDER
    two = [Holder(name, salts[name], stretched(it, salts[name])) for name, it in given.items()]
    wrapped = pairs.get(_pair(*given))
    if wrapped is None:
        return KeyFault.DAMAGED
    try:
        key = _opened(_pair_key(*two), wrapped, bound)
    except (InvalidTag, ValueError):
        return KeyFault.WRONG_PASSPHRASE
    try:
        return masters_from(json.loads(_opened(key, body, bound)))
    except (InvalidTag, ValueError, TypeError, KeyError, binascii.Error):
        return KeyFault.DAMAGED


def sealed(masters: Masters) -> bytes | KeyFault:
    """The file of these keys for their holders, under a new key of its own."""
    if not FEWEST <= len(masters.holders) <= MOST:
        return KeyFault.TOO_FEW if len(masters.holders) < FEWEST else KeyFault.TOO_MANY
    salts = {one.name: one.salt for one in masters.holders}
    head = {"newest": masters.newest, "holders": salts}
    bound = _bound(head)
    key = os.urandom(KEY_BYTES)
    pairs = {
        _pair(one.name, other.name): _text(_closed(_pair_key(one, other), key, bound))
        for one, other in combinations(masters.holders, 2)
    }
    body = json.dumps(masters_told(masters)).encode()
    told = json.loads(bound)
    told["pairs"] = [[*pair, wrapped] for pair, wrapped in sorted(pairs.items())]
    told["body"] = _text(_closed(key, body, bound))
    told["digest"] = _digest(told)
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


def look_into(content: bytes) -> Head | KeyFault:
    """What the file tells anybody: its holders, and its newest generation."""
    told = _told(content)
    if isinstance(told, KeyFault):
        return told
    head, *_ = told
    return Head(holders=tuple(sorted(head["holders"])), newest=head["newest"])


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _pair_key(one: Holder, other: Holder) -> bytes:
    pair = sorted((one, other), key=lambda holder: holder.name)
    salt = b"".join(holder.salt for holder in pair)
    hkdf = HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"mensakasse pair")
    return hkdf.derive(b"".join(holder.key for holder in pair))


def _closed(key: bytes, clear: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, bound)


def _opened(key: bytes, closed: bytes, bound: bytes) -> bytes:
    return AESGCM(key).decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], bound)


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _bound(head: Mapping[str, Any]) -> bytes:
    """The head as the file has it, in one form; it goes into every seal of the file."""
    told = {
        "file": _NAME,
        "format": FORMAT,
        "newest": head["newest"],
        "holders": [[name, _text(salt)] for name, salt in sorted(head["holders"].items())],
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _told(
    content: bytes,
) -> tuple[dict[str, Any], bytes, dict[tuple[str, str], bytes], bytes] | KeyFault:
    """Head, the same as it is bound, wrapped keys by pair, and sealed body."""
    try:
        told = json.loads(content)
    except ValueError:
        return KeyFault.DAMAGED if _NAME.encode() in content else KeyFault.NONE_OF_OURS
    if not isinstance(told, dict) or told.get("file") != _NAME:
        return KeyFault.NONE_OF_OURS
    version = told.get("format")
    if isinstance(version, int) and version > FORMAT:
        return KeyFault.NEWER
    if told.pop("digest", None) != _digest(told):
        return KeyFault.DAMAGED
    try:
        head = {
            "newest": int(told["newest"]),
            "holders": {str(name): _raw(salt) for name, salt in told["holders"]},
        }
        pairs = {_pair(one, other): _raw(wrapped) for one, other, wrapped in told["pairs"]}
        return head, _bound(head), pairs, _raw(told["body"])
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return KeyFault.DAMAGED
