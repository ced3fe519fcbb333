"""What the ledger may keep of a bank's words: sealed, or as a keyed hash, never in clear.

- Every key comes from the city's one secret (the pepper file) by HKDF-SHA-256, one for each use,
  so equal things are known again in every file, and nobody without the secret can try IBANs out.
- Each file has a key of its own, random and kept wrapped. It opens the file's bytes and the texts
  of the lines that came from it. Whoever deletes the wrapped key has erased all of them; the
  ledger's figures, identities and digests stay and still prove themselves.
- What is sealed is bound to its place: a file's bytes to their fingerprint, a text to its line.
"""

import hashlib
import hmac
import json
import os
import zlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.bank_text import LineText

_FEWEST_PEPPER_BYTES = 16  # an IBAN has few unknown digits: without a real secret it can be tried
_KEY_BYTES = 32
_SALT_BYTES = 32
_NONCE_BYTES = 12
_USES = ("fingerprint", "iban", "end to end", "identity", "text", "wrap", "state")
_QUICKLY = 1  # zlib's level: statements shrink to a tenth and less by the first one already


class Unopenable(Exception):  # noqa: N818  # it names a state of the world, not an error
    """Sealed bytes that this secret does not open, or that are damaged or in another's place."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """A file's own key in memory; opens its bytes and its lines' texts."""

    _aead: AESGCM = field(repr=False)

    def seal_bytes(self, clear: bytes, *, bound: bytes) -> bytes:
        """The bytes, made small and sealed, bound to what they belong to."""
        return _seal(self._aead, zlib.compress(clear, _QUICKLY), bound)

    def open_bytes(self, sealed: bytes, *, bound: bytes) -> bytes:
        """What ``seal_bytes`` was given. Raises Unopenable."""
        return zlib.decompress(_open(self._aead, sealed, bound))

    def seal_text(self, told: LineText, *, bound: bytes) -> bytes:
        """A line's text, sealed, bound to the line's identity."""
        clear = json.dumps(told.fields(), ensure_ascii=False, separators=(",", ":"))
        return _seal(self._aead, clear.encode("utf-8", "surrogatepass"), bound)

    def open_text(self, sealed: bytes, *, bound: bytes) -> LineText:
        """What ``seal_text`` was given. Raises Unopenable."""
        return LineText(*json.loads(_open(self._aead, sealed, bound)))


class BankVault:
    """The keys for a bank's words, made from the city's secret; it never shows them.

    Raises ValueError for a secret of less than 16 bytes.
    """

    __slots__ = ("_keys",)

    def __init__(self, pepper: bytes) -> None:
        if len(pepper) < _FEWEST_PEPPER_BYTES:
            raise ValueError("the secret for a bank's words needs at least 16 bytes")
        self._keys = {
            use: HKDF(
                SHA256(), _KEY_BYTES, salt=None, info=f"mensakasse bank {use}".encode()
            ).derive(pepper)
            for use in _USES
        }

    def __repr__(self) -> str:
        """Nothing of the keys."""
        return "<BankVault>"

    def fingerprint(self, raw: bytes) -> bytes:
        """What a file is known again by: HMAC-SHA-256 of its bytes, 32 bytes."""
        return hmac.digest(self._keys["fingerprint"], raw, "sha256")

    def blind_iban(self, iban: str) -> bytes:
        """What is kept of an IBAN, 32 bytes; blanks and small letters make no difference."""
        return self._hashed("iban", ("".join(iban.split()).upper(),))

    def blind_end_to_end(self, reference: str) -> bytes:
        """What is kept of an end-to-end reference, 32 bytes; blanks around it do not count."""
        return self._hashed("end to end", (reference.strip(),))

    def identity(self, *parts: str | int) -> bytes:
        """What a bank line is known again by, 32 bytes, over all parts in their order."""
        return self._hashed("identity", parts)

    def text_digest(self, told: LineText) -> bytes:
        """What tells whether a line's words changed, 32 bytes."""
        return self._hashed("text", told.fields())

    def new_file_key(self, *, bound: bytes) -> tuple[FileKey, bytes]:
        """A key for a new file and its wrapped form, bound to the file's fingerprint."""
        key = os.urandom(_KEY_BYTES)
        return FileKey(AESGCM(key)), _seal(AESGCM(self._keys["wrap"]), key, bound)

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> FileKey:
        """The key of a file by its wrapped form. Raises Unopenable."""
        return FileKey(AESGCM(_open(AESGCM(self._keys["wrap"]), wrapped, bound)))

    def seal_state(self, clear: bytes, *, bound: bytes) -> bytes:
        """What a fetch has to find again at the next one, sealed, bound to its access."""
        return _seal(AESGCM(self._keys["state"]), clear, bound)

    def open_state(self, sealed: bytes, *, bound: bytes) -> bytes:
        """What ``seal_state`` was given. Raises Unopenable."""
        return _open(AESGCM(self._keys["state"]), sealed, bound)

    def _hashed(self, use: str, parts: tuple[str | int, ...]) -> bytes:
        # Each with its length before it: no two lists of parts have one form.
        told = "".join(f"i{it};" if isinstance(it, int) else f"s{len(it)}:{it}" for it in parts)
        return hmac.digest(self._keys[use], told.encode("utf-8", "surrogatepass"), "sha256")


def new_salt() -> bytes:
    """A salt for one file's digest, 32 random bytes; it is erased with the file."""
    return os.urandom(_SALT_BYTES)


def salted_digest(raw: bytes, *, salt: bytes) -> bytes:
    """SHA-256 over salt and bytes, 32 bytes: proves a file that is kept, tells nothing of one erased."""
    digested = hashlib.sha256(salt)
    digested.update(raw)
    return digested.digest()


def _seal(aead: AESGCM, clear: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + aead.encrypt(nonce, clear, bound)


def _open(aead: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:  # ValueError: shorter than a nonce
        raise Unopenable from error
