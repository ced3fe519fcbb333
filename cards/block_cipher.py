"""AES-128 and two-key triple DES as the cards use them: CBC without padding, CMAC, CRC-32.

Whatever goes in is made of whole blocks, except for a CMAC, which takes any length. Nothing
here is of a card or a session; a cipher is a key and forgets what it was used for.

Sources: NIST SP 800-38B (CMAC); NXP AN10922, 2.2 (a CMAC over at least two blocks);
NXP AN12196, the example of ChangeKey (CRC-32).
"""

import zlib

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

KEY_LENGTH = 16

_SHIFTED_OUT = {8: 0x1B, 16: 0x87}  # the constants R64 and R128 (SP 800-38B, 5.3)


class BlockCipher:
    """One key, in CBC and CMAC. ``block`` is the block's length in bytes, 16 or 8."""

    __slots__ = ("_algorithm", "_subkeys", "block")

    def __init__(self, algorithm: BlockCipherAlgorithm, block: int) -> None:
        self._algorithm = algorithm
        self.block = block
        self._subkeys: tuple[int, int] | None = None

    def encrypt(self, plain: bytes, iv: bytes | None = None) -> bytes:
        """Return the CBC encryption; the initialisation vector is zero where none is given."""
        encryptor = Cipher(self._algorithm, modes.CBC(iv or bytes(self.block))).encryptor()
        return encryptor.update(plain)

    def decrypt(self, secret: bytes, iv: bytes | None = None) -> bytes:
        """Return the CBC decryption; the initialisation vector is zero where none is given."""
        decryptor = Cipher(self._algorithm, modes.CBC(iv or bytes(self.block))).decryptor()
        return decryptor.update(secret)

    def cmac(self, data: bytes, iv: bytes | None = None, *, least: int = 0) -> bytes:
        """Return the whole CMAC of the data, one block.

        Data shorter than ``least`` bytes is padded up to it, as AN10922 wants it. EV1's
        messaging starts from the last block of what was said before: ``iv``.
        """
        whole, over = divmod(len(data), self.block)
        full = over == 0 and len(data) >= max(least, self.block)
        if not full:
            length = max(least, (whole + 1) * self.block)
            data = (data + b"\x80").ljust(length, b"\0")
        last = int.from_bytes(data[-self.block :], "big") ^ self._subkey(full=full)
        data = data[: -self.block] + last.to_bytes(self.block, "big")
        return self.encrypt(data, iv)[-self.block :]

    def _subkey(self, *, full: bool) -> int:
        """Return K1 for data of whole blocks, K2 for padded data (SP 800-38B, 6.1)."""
        if self._subkeys is None:
            zero = int.from_bytes(self.encrypt(bytes(self.block)), "big")
            first = self._doubled(zero)
            self._subkeys = first, self._doubled(first)
        return self._subkeys[0 if full else 1]

    def _doubled(self, value: int) -> int:
        bits = 8 * self.block
        doubled = value << 1
        return doubled ^ (1 << bits | _SHIFTED_OUT[self.block]) if doubled >> bits else doubled


def aes(key: bytes) -> BlockCipher:
    """Return AES-128 under this key. Raises ValueError unless it has 16 bytes."""
    if len(key) != KEY_LENGTH:
        raise ValueError("an AES-128 key has 16 bytes")
    return BlockCipher(AES(key), 16)


def triple_des(key: bytes) -> BlockCipher:
    """Return triple DES under this key of 16 bytes; two equal halves make it single DES.

    Only for the one session in which a card from the factory takes its first AES key.
    """
    from cryptography.hazmat.decrepit.ciphers.algorithms import (  # noqa: PLC0415  no kiosk needs it
        TripleDES,
    )

    if len(key) != KEY_LENGTH:
        raise ValueError("a two-key triple DES key has 16 bytes")
    return BlockCipher(TripleDES(key + key[:8]), 8)


def rotated(random: bytes) -> bytes:
    """Return the bytes rotated by one to the left, as either side shows that it read them."""
    return random[1:] + random[:1]


def crc32(data: bytes) -> bytes:
    """Return the cards' CRC-32, four bytes, least first: the usual one without its inversion."""
    return (zlib.crc32(data) ^ 0xFFFFFFFF).to_bytes(4, "little")
