"""The arithmetic inside a card: block ciphers, chaining, CMAC, checksum and padding.

Nothing here is shared with the host's side (`cards.desfire` and its kin); from the outside it
uses the raw block operation of AES and DES and no more, so that an error of the host is not
the chip's error too.
"""

from collections.abc import Iterator

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

_REDUCTION = {8: 0x1B, 16: 0x87}
"""NIST SP 800-38B section 5.3: the constant of each block length."""


class BlockCipher:
    """A key in a block cipher: whole blocks in, whole blocks out, nothing chained."""

    def __init__(self, algorithm: AES | TripleDES) -> None:
        self.size = algorithm.block_size // 8
        cipher = Cipher(algorithm, ECB())  # noqa: S305  the modes are built on this, below
        self._forward, self._backward = cipher.encryptor(), cipher.decryptor()

    def encrypt(self, block: bytes) -> bytes:
        """Return one block enciphered."""
        return self._forward.update(block)

    def decrypt(self, block: bytes) -> bytes:
        """Return one block deciphered."""
        return self._backward.update(block)


def aes(key: bytes) -> BlockCipher:
    """AES with a key of 16 bytes."""
    return BlockCipher(AES(key))


def des(key: bytes) -> BlockCipher:
    """DES with a key of 8 bytes, or two-key triple DES with one of 16."""
    first, second = key[:8], key[-8:]
    return BlockCipher(TripleDES(first + second + first))


def xor(left: bytes, right: bytes) -> bytes:
    """Add two strings of one length without carry."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    """Cut a text of whole blocks into them."""
    return (text[at : at + size] for at in range(0, len(text), size))


def chain(cipher: BlockCipher, text: bytes, start: bytes) -> bytes:
    """Encipher whole blocks, each added to the one enciphered before it (CBC)."""
    done = []
    for block in blocks(text, cipher.size):
        start = cipher.encrypt(xor(block, start))
        done.append(start)
    return b"".join(done)


def unchain(cipher: BlockCipher, text: bytes, start: bytes) -> bytes:
    """Undo `chain`."""
    done = []
    for block in blocks(text, cipher.size):
        done.append(xor(cipher.decrypt(block), start))
        start = block
    return b"".join(done)


def cmac(cipher: BlockCipher, text: bytes, start: bytes | None = None) -> bytes:
    """The CMAC of a text (NIST SP 800-38B), a whole block long.

    ``start`` is what the chain begins with: zeros in the standard, the block the last message
    ended in with DESFire EV1.
    """
    size = cipher.size
    whole = bool(text) and len(text) % size == 0
    mask = _doubled(cipher.encrypt(bytes(size)))
    if not whole:
        mask, text = _doubled(mask), ended(text, size)
    text = text[:-size] + xor(text[-size:], mask)
    return chain(cipher, text, start or bytes(size))[-size:]


def _doubled(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    top = number >> (8 * len(block))
    reduced = number ^ (_REDUCTION[len(block)] if top else 0)
    return (reduced & ((1 << (8 * len(block))) - 1)).to_bytes(len(block), "big")


def crc32(text: bytes) -> bytes:
    """The checksum of IEEE 802.3 without its last inversion, least significant byte first."""
    state = 0xFFFFFFFF
    for byte in text:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0xEDB88320 if state & 1 else 0)
    return state.to_bytes(4, "little")


def ended(text: bytes, size: int) -> bytes:
    """Append the bit that ends a text and fill its last block (ISO/IEC 9797-1, method 2)."""
    text += b"\x80"
    return text + bytes(-len(text) % size)


def filled(text: bytes, size: int) -> bytes:
    """Fill the last block with zeros, if it is not full (ISO/IEC 9797-1, method 1)."""
    return text + bytes(-len(text) % size)
