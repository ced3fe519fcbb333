"""What a card and a host share after they proved a key to each other: the card's side.

A session takes commands apart and puts answers together. Of a command it is told the code,
the header (what is never enciphered), the rest as it came, how the data travels and how many
bytes of data to expect; it returns the data. Anything that does not check out raises `Abort`
with the status the card then answers, and the session is over.

Sources: EV1 as libfreefare and public traces of real cards show it; EV2 as NXP's AN12196 and
NT4H2421Gx section 9.1 publish it.
"""

from typing import Protocol

from cards.virtual.blocks import (
    BlockCipher,
    aes,
    chain,
    cmac,
    crc32,
    des,
    ended,
    filled,
    unchain,
    xor,
)
from cards.virtual.image import Guard, Suite

OK, INTEGRITY, LENGTH = 0x00, 0x1E, 0x7E

MAC_BYTES = 8
KEY_DATA_BYTES = 17
"""A new AES key and its version byte."""


class Abort(Exception):  # noqa: N818  it is no error of ours, it is the card's answer
    """The command is given up; the card answers this status and forgets the session."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:02X}")
        self.status = status


class Session(Protocol):
    """One authentication's worth of secure messaging."""

    key_no: int

    def expected(self, length: int, guard: Guard) -> int:
        """How many bytes follow the header for so much data."""

    def opened(self, code: int, header: bytes, rest: bytes, guard: Guard, length: int) -> bytes:
        """Return the data of a command; raises `Abort`."""

    def new_key(self, code: int, header: bytes, rest: bytes, old: bytes | None) -> bytes:
        """Return the new key and its version; ``old`` where it is not the session's own."""

    def answer(self, data: bytes, guard: Guard, *, open_ended: bool = False) -> bytes:
        """Return the body of a successful answer."""


class Ev1Session:
    """AES or DES with one session key and one chain that runs through all messages."""

    def __init__(self, key_no: int, cipher: BlockCipher) -> None:
        self.key_no = key_no
        self._cipher = cipher
        self._link = bytes(cipher.size)

    def expected(self, length: int, guard: Guard) -> int:
        """See `Session`; a command without data carries nothing after its header."""
        if guard is Guard.FULL and length:
            return -(-(length + 4) // self._cipher.size) * self._cipher.size
        return length + (MAC_BYTES if guard is Guard.MACED and length else 0)

    def opened(self, code: int, header: bytes, rest: bytes, guard: Guard, length: int) -> bytes:
        """See `Session`; a plain command moves the chain on, though its MAC is not sent."""
        if len(rest) != self.expected(length, guard):
            raise Abort(LENGTH)
        head = bytes((code,)) + header
        if guard is Guard.FULL and length:
            return self._deciphered(head, rest, length)
        data = rest[:length]
        self._link = cmac(self._cipher, head + data, self._link)
        if rest[length:] not in {b"", self._link[:MAC_BYTES]}:
            raise Abort(INTEGRITY)
        return data

    def new_key(self, code: int, header: bytes, rest: bytes, old: bytes | None) -> bytes:
        """See `Session`; the checksum of the new key itself follows the command's."""
        length = KEY_DATA_BYTES + (0 if old is None else 4)
        if len(rest) != self.expected(length, Guard.FULL):
            raise Abort(LENGTH)
        text = self._unlinked(rest)
        told, sums = text[:KEY_DATA_BYTES], text[KEY_DATA_BYTES:]
        key = told[:16] if old is None else xor(told[:16], old)
        wanted = crc32(bytes((code,)) + header + told) + (b"" if old is None else crc32(key))
        if sums != wanted.ljust(len(sums), b"\0"):
            raise Abort(INTEGRITY)
        return key + told[16:]

    def answer(self, data: bytes, guard: Guard, *, open_ended: bool = False) -> bytes:
        """See `Session`; data read to an unnamed end is closed by a bit, else by zeros."""
        if guard is Guard.FULL and data:
            text = data + crc32(data + bytes((OK,)))
            size = self._cipher.size
            text = ended(text, size) if open_ended else filled(text, size)
            sealed = chain(self._cipher, text, self._link)
            self._link = sealed[-size:]
            return sealed
        self._link = cmac(self._cipher, data + bytes((OK,)), self._link)
        return data + self._link[:MAC_BYTES]

    def _deciphered(self, head: bytes, rest: bytes, length: int) -> bytes:
        text = self._unlinked(rest)
        data = text[:length]
        if text != (data + crc32(head + data)).ljust(len(text), b"\0"):
            raise Abort(INTEGRITY)
        return data

    def _unlinked(self, rest: bytes) -> bytes:
        text = unchain(self._cipher, rest, self._link)
        self._link = rest[-self._cipher.size :]
        return text


class Ev2Session:
    """Two AES session keys, a transaction identifier and a counter of commands."""

    def __init__(self, key_no: int, ciphering: bytes, macing: bytes, identifier: bytes) -> None:
        self.key_no = key_no
        self._ciphering, self._macing = aes(ciphering), aes(macing)
        self._identifier = identifier
        self._count = 0

    def expected(self, length: int, guard: Guard) -> int:
        """See `Session`; whatever is not plain carries a MAC, and enciphered data an end."""
        if guard is Guard.PLAIN:
            return length
        if guard is Guard.FULL and length:
            length = (length // 16 + 1) * 16
        return length + MAC_BYTES

    def opened(self, code: int, header: bytes, rest: bytes, guard: Guard, length: int) -> bytes:
        """See `Session`."""
        if len(rest) != self.expected(length, guard):
            raise Abort(LENGTH)
        if guard is Guard.PLAIN:
            return rest
        data, mac = rest[:-MAC_BYTES], rest[-MAC_BYTES:]
        if mac != self._mac(code, header + data):
            raise Abort(INTEGRITY)
        if guard is Guard.FULL and length:
            text = unchain(self._ciphering, data, self._start(0xA55A))
            data = text[:length]
            if text != ended(data, 16):
                raise Abort(INTEGRITY)
        return data

    def new_key(self, code: int, header: bytes, rest: bytes, old: bytes | None) -> bytes:
        """See `Session`; only the new key has a checksum, the command has its MAC."""
        length = KEY_DATA_BYTES + (0 if old is None else 4)
        told = self.opened(code, header, rest, Guard.FULL, length)
        if old is None:
            return told
        key = xor(told[:16], old)
        if told[KEY_DATA_BYTES:] != crc32(key):
            raise Abort(INTEGRITY)
        return key + told[16:KEY_DATA_BYTES]

    def answer(self, data: bytes, guard: Guard, *, open_ended: bool = False) -> bytes:  # noqa: ARG002  a text is closed alike in either case
        """See `Session`; the counter counts every command, the plain ones too."""
        self._count += 1
        if guard is Guard.PLAIN:
            return data
        if guard is Guard.FULL and data:
            data = chain(self._ciphering, ended(data, 16), self._start(0x5AA5))
        return data + self._mac(OK, data)

    def _mac(self, first: int, text: bytes) -> bytes:
        told = bytes((first,)) + self._count.to_bytes(2, "little") + self._identifier + text
        return cmac(self._macing, told)[1::2]

    def _start(self, direction: int) -> bytes:
        told = direction.to_bytes(2, "big") + self._identifier + self._count.to_bytes(2, "little")
        return self._ciphering.encrypt(told.ljust(16, b"\0"))


def cipher_of(suite: Suite, key: bytes) -> BlockCipher:
    """Return the block cipher a key of this suite is for."""
    return aes(key) if suite is Suite.AES else des(key)


def ev1_session(key_no: int, suite: Suite, key: bytes, a: bytes, b: bytes) -> Ev1Session:
    """Return the session of the randoms of host (``a``) and card (``b``).

    A DES key of two equal halves is a single DES key, and so is the session's.
    """
    if suite is Suite.AES:
        shared = a[:4] + b[:4] + a[12:] + b[12:]
    elif key[:8] == key[8:]:
        shared = a[:4] + b[:4]
    else:
        shared = a[:4] + b[:4] + a[4:] + b[4:]
    return Ev1Session(key_no, cipher_of(suite, shared))


def ev2_session(key_no: int, key: bytes, a: bytes, b: bytes, identifier: bytes) -> Ev2Session:
    """Return the session of the randoms of host (``a``) and card (``b``)."""
    mixed = a[:2] + xor(a[2:8], b[:6]) + b[6:] + a[8:]
    cipher = aes(key)
    ciphering, macing = (
        cmac(cipher, label + bytes.fromhex("00010080") + mixed)
        for label in (b"\xa5\x5a", b"\x5a\xa5")
    )
    return Ev2Session(key_no, ciphering, macing, identifier)
