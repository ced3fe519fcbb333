"""The one byte form of a row, and the hash that ties a writer's rows together.

A row is written as JSON with sorted keys, no blanks and ASCII only, so the same content gives
the same bytes on any machine and engine. Each row's link is SHA-256 over the link before it
and the row; a writer's first link in an epoch starts from its own name, so that rows cannot be
moved between writers. A single writer makes a chain, so it costs no lock.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Made once: json.dumps would make an encoder for every row.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


def canonical(row: Mapping[str, Any]) -> bytes:
    """The bytes a row is hashed as. Raises TypeError or ValueError for what JSON cannot say."""
    return _ENCODER.encode(row).encode("ascii")


def digest(row: Mapping[str, Any]) -> bytes:
    """SHA-256 of one row by itself; 32 bytes."""
    return hashlib.sha256(canonical(row)).digest()


def genesis(*, origin_id: int, epoch: int) -> bytes:
    """What a writer's first row of an epoch is linked to; 32 bytes."""
    return digest({"chain": "mensakasse", "origin": origin_id, "epoch": epoch})


def link(before: bytes, row: Mapping[str, Any]) -> bytes:
    """The link of a row that follows the row whose link is ``before``; 32 bytes."""
    return follow(before, canonical(row))


def follow(before: bytes, canonical_row: bytes) -> bytes:
    """The link of a row whose canonical bytes are known; 32 bytes."""
    return hashlib.sha256(before + canonical_row).digest()
