"""What a kiosk keeps on its disk is sealed; the key never lies in clear beside it.

Everything is AES-256-GCM under a key for one purpose, derived from the kiosk's key; what a
seal is for (its place) is bound into it, so a sealed row cannot be moved to another row. The
kiosk's key comes from a systemd credential (which the machine's TPM can hold) or from a
passphrase that is typed at start (Argon2id, RFC 9106's second recommendation). A disk without
either tells nothing; a running kiosk holds the key in its memory, and who owns the running
machine owns it too.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CREDENTIAL = "mensa-kiosk-key"
KEY_BYTES = 32
SALT_BYTES = 16
_NONCE_BYTES = 12


class WrongKey(Exception):  # noqa: N818  # it names what is wrong
    """What is kept here was sealed under another key, or was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class Vault:
    """Seals and opens bytes for one purpose."""

    cipher: AESGCM

    def seal(self, clear: bytes, *, place: str) -> bytes:
        """Nonce and ciphertext of ``clear``, bound to its place."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, clear, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """What was sealed for that place. Raises WrongKey for anything else."""
        try:
            return self.cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise WrongKey("sealed under another key, or changed") from None


def vault(key: bytes, *, purpose: str) -> Vault:
    """The vault of one purpose under a kiosk's key of 32 bytes."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a kiosk's key has {KEY_BYTES} bytes")
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)
    return Vault(AESGCM(derived))


def key_from_passphrase(passphrase: str, *, salt: bytes) -> bytes:
    """The kiosk's key behind a passphrase; slow and 64 MiB large by intent."""
    return Argon2id(
        salt=salt, length=KEY_BYTES, iterations=3, lanes=4, memory_cost=64 * 1024
    ).derive(passphrase.encode())


def key_from_credential(folder: str | None) -> bytes | None:
    """The key systemd hands over in ``$CREDENTIALS_DIRECTORY``; None where it hands none.

    Raises ValueError for a credential that is not 32 bytes (or their 64 hexadecimal digits).
    """
    if not folder:
        return None
    path = Path(folder) / CREDENTIAL
    if not path.is_file():
        return None
    key = path.read_bytes()
    if len(key.strip()) == 2 * KEY_BYTES:
        key = bytes.fromhex(key.decode("ascii"))
    if len(key) != KEY_BYTES:
        raise ValueError(f"the credential {CREDENTIAL} has to be {KEY_BYTES} bytes")
    return key
