"""Passwords of the office's users: Argon2id texts, and what a password has to be.

- NIST SP 800-63B-4, 3.1.1.2: length alone is asked for, no mixture of kinds of characters, and
  no change without a cause. The letters are compared in Unicode's form NFKC.
- The text of a password has its own salt and costs; verifying one that nobody has costs the same.
"""

import enum
import os
import unicodedata
from functools import lru_cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SHORTEST, LONGEST = 12, 256
"""Characters. The upper end only keeps a mistaken file from being hashed."""
# RFC 9106, section 4, second choice, with one lane: 64 MiB, three passes. OWASP's Password Storage
# Cheat Sheet asks for 19 MiB and two passes at least; a server has more to give than a kiosk.
MEMORY_KIB, PASSES, LANES = 65536, 3, 1


class PasswordFault(enum.Enum):
    """Why a password was not taken."""

    TOO_SHORT = "password_too_short"
    TOO_LONG = "password_too_long"


def fault_of(password: str) -> PasswordFault | None:
    """What is wrong with a new password; None if it may be used."""
    length = len(unicodedata.normalize("NFKC", password))
    if length < SHORTEST:
        return PasswordFault.TOO_SHORT
    return PasswordFault.TOO_LONG if length > LONGEST else None


def password_hash(password: str) -> str:
    """The Argon2id text of a password in PHC form, with a new salt each time."""
    salted = Argon2id(
        salt=os.urandom(16), length=32, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    )
    return salted.derive_phc_encoded(_bytes(password))


def is_password(kept: str | None, password: str) -> bool:
    """Whether this is the password of that text; without a text False, at the same cost.

    Raises ValueError where the text is no Argon2id text.
    """
    if kept is not None and not kept.startswith("$argon2id$"):
        raise ValueError("not an Argon2id text")
    try:
        Argon2id.verify_phc_encoded(_bytes(password[:LONGEST]), kept or nobodys())
    except InvalidKey:
        return False
    return kept is not None


@lru_cache
def nobodys() -> str:
    """The text of a password that nobody knows."""
    return password_hash(os.urandom(32).hex())


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode()
