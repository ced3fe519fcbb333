"""Who opens the master keys: two to five people, each with a name and a passphrase.

Any two may add, replace or remove another who is not there. No two have the same passphrase: they
would be one. Nothing here reads or writes the file; see ``cards.key_file``.
"""

import enum
import os
import unicodedata

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from cards.masters import Holder, Masters

FEWEST, MOST = 2, 5
SHORTEST, LONGEST = 12, 256
"""Characters of a passphrase (NIST SP 800-63B-4, 3.1.1.2: length alone is asked for)."""
NAME_LONGEST = 60
MEMORY_KIB, PASSES, LANES = 65536, 3, 1
KEY_BYTES = 32
SALT_BYTES = 16


class KeyFault(enum.Enum):
    """Why a file of master keys was not opened, made or changed."""

    NONE_OF_OURS = "none_of_ours"
    NEWER = "newer"  # of a later version of this software
    DAMAGED = "damaged"
    NOT_TWO = "not_two"  # it takes two holders of the file
    UNKNOWN_HOLDER = "unknown_holder"
    WRONG_PASSPHRASE = "wrong_passphrase"  # noqa: S105  # one of the two; which, the file does not tell
    TOO_SHORT = "passphrase_too_short"
    TOO_LONG = "passphrase_too_long"
    SAME_PASSPHRASE = "same_passphrase"  # noqa: S105  # two holders with one passphrase are one
    WRONG_NAME = "wrong_name"
    TAKEN_NAME = "taken_name"
    TOO_FEW = "too_few_holders"
    TOO_MANY = "too_many_holders"


def with_holder(masters: Masters, name: str, passphrase: str) -> Masters | KeyFault:
    """The same keys with one holder more."""
    name = plain(name)
    if not 0 < len(name) <= NAME_LONGEST or not name.isprintable():
        return KeyFault.WRONG_NAME
    if name in masters.names:
        return KeyFault.TAKEN_NAME
    if len(masters.holders) >= MOST:
        return KeyFault.TOO_MANY
    length = len(unicodedata.normalize("NFKC", passphrase))
    if not SHORTEST <= length <= LONGEST:
        return KeyFault.TOO_SHORT if length < SHORTEST else KeyFault.TOO_LONG
    if any(stretched(passphrase, one.salt) == one.key for one in masters.holders):
        return KeyFault.SAME_PASSPHRASE
    salt = os.urandom(SALT_BYTES)
    return masters.held_by(*masters.holders, Holder(name, salt, stretched(passphrase, salt)))


def without_holder(masters: Masters, name: str) -> Masters | KeyFault:
    """The same keys with one holder less; two have to stay."""
    name = plain(name)
    if name not in masters.names:
        return KeyFault.UNKNOWN_HOLDER
    if len(masters.holders) <= FEWEST:
        return KeyFault.TOO_FEW
    return masters.held_by(*(one for one in masters.holders if one.name != name))


def with_passphrase(masters: Masters, name: str, passphrase: str) -> Masters | KeyFault:
    """The same keys, one of whose holders has a new passphrase."""
    name = plain(name)
    others = tuple(one for one in masters.holders if one.name != name)
    if len(others) == len(masters.holders):
        return KeyFault.UNKNOWN_HOLDER
    return with_holder(masters.held_by(*others), name, passphrase)


def plain(name: str) -> str:
    """A holder's name as the file has it."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def stretched(passphrase: str, salt: bytes) -> bytes:
    """What a passphrase is made into, 32 bytes; slow and 64 MiB large by intent.

    RFC 9106, section 4, the second choice, with one lane.
    """
    argon = Argon2id(
        salt=salt, length=KEY_BYTES, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    )
    return argon.derive(unicodedata.normalize("NFKC", passphrase).encode())
