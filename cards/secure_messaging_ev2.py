"""The sessions of DESFire EV2, EV3 and NTAG 424 DNA: AuthenticateEV2First.

A session has two keys, a number the card drew (TI) and a counter of commands. Counter and TI
enter every MAC and every initialisation vector, so an answer of another command or of another
session never fits. A command counts whether it was protected or not.

Source: NXP NT4H2421Gx, 9.1; examples in NXP AN12196 and AN12343.
"""

import hmac
import secrets
from typing import Final

from cards import apdu
from cards.block_cipher import aes, crc32, rotated
from cards.channel import Channel
from cards.secure_messaging import MAC_LENGTH, CommMode
from cards.status import ProtocolBroken, Status

_AUTHENTICATE_FIRST: Final = 0x71
_ADDITIONAL_FRAME: Final = 0xAF
_BLOCK: Final = 16
_TO_CARD: Final = b"\xa5\x5a"
_FROM_CARD: Final = b"\x5a\xa5"
_DONE: Final = b"\x00"
_NO_CAPABILITIES: Final = b"\x00"
_LAST_COMMAND: Final = 0xFFFF


class Ev2Session:
    """A session under AuthenticateEV2First. See the module. ``ti`` has four bytes."""

    def __init__(
        self, *, enc_key: bytes, mac_key: bytes, ti: bytes, key_no: int, commands: int = 0
    ) -> None:
        self.key_no = key_no
        self._enc = aes(enc_key)
        self._mac = aes(mac_key)
        self._ti = ti
        self._commands = commands

    def protect(self, ins: int, header: bytes, data: bytes, mode: CommMode) -> bytes:
        """Return what is sent. Raises ProtocolBroken at the end of the counter."""
        if self._commands >= _LAST_COMMAND:
            raise ProtocolBroken("a session with too many commands")
        if data and mode is CommMode.FULL:
            data = self._enc.encrypt(_padded(data), self._iv(_TO_CARD))
        if mode is CommMode.PLAIN:
            return header + data
        return header + data + self._short_mac(bytes([ins]), header + data)

    def protect_key(
        self, ins: int, header: bytes, *, new: bytes, version: int, old: bytes | None
    ) -> bytes:
        """Return the number and the encrypted new key, as ChangeKey wants them."""
        if old is None:
            keyed = new + bytes([version])
        else:
            changed = bytes(a ^ b for a, b in zip(new, old, strict=True))
            keyed = changed + bytes([version]) + crc32(new)
        return self.protect(ins, header, keyed, CommMode.FULL)

    def open(self, answer: bytes, mode: CommMode, length: int | None) -> bytes:
        """Return the data of an answer, whose MAC holds. Raises ProtocolBroken."""
        self._commands += 1
        data = answer
        if mode is not CommMode.PLAIN:
            data, mac = answer[:-MAC_LENGTH], answer[-MAC_LENGTH:]
            if not hmac.compare_digest(self._short_mac(_DONE, data), mac):
                raise ProtocolBroken("an answer with a wrong MAC")
        if data and mode is CommMode.FULL:
            if len(data) % _BLOCK:
                raise ProtocolBroken("an encrypted answer that is not of whole blocks")
            data = _unpadded(self._enc.decrypt(data, self._iv(_FROM_CARD)))
        if length not in {None, len(data)}:
            raise ProtocolBroken("an answer of another length than was asked for")
        return data

    def _counter(self) -> bytes:
        return self._commands.to_bytes(2, "little")

    def _iv(self, direction: bytes) -> bytes:
        return self._enc.encrypt(direction + self._ti + self._counter() + bytes(8))

    def _short_mac(self, first: bytes, rest: bytes) -> bytes:
        """Return every second byte of the CMAC (NT4H2421Gx, 9.1.3)."""
        return self._mac.cmac(first + self._counter() + self._ti + rest)[1::2]


def session_keys(key: bytes, rnd_a: bytes, rnd_b: bytes) -> tuple[bytes, bytes]:
    """Return the session's keys for encryption and for MACs (NT4H2421Gx, 9.1.7)."""
    mixed = bytes(a ^ b for a, b in zip(rnd_a[2:8], rnd_b[:6], strict=True))
    context = b"\x00\x01\x00\x80" + rnd_a[:2] + mixed + rnd_b[6:] + rnd_a[8:]
    cipher = aes(key)
    return cipher.cmac(_TO_CARD + context), cipher.cmac(_FROM_CARD + context)


def authenticate_first(
    channel: Channel, key_no: int, key: bytes, *, rnd_a: bytes | None = None
) -> Ev2Session:
    """Return the session after AuthenticateEV2First with an AES key of 16 bytes.

    ``rnd_a`` (16 bytes) is random unless a test gives it. Raises CardGone, CardRefused where
    the key is another, ProtocolBroken where the card does not prove that it knows the key.
    """
    cipher = aes(key)
    rnd_a = rnd_a or secrets.token_bytes(_BLOCK)
    if len(rnd_a) != _BLOCK:
        raise ValueError("a random number has 16 bytes")
    asked = bytes([key_no]) + _NO_CAPABILITIES
    challenge = apdu.exchange(channel, _AUTHENTICATE_FIRST, asked, Status.MORE_FRAMES)
    if len(challenge) != _BLOCK:
        raise ProtocolBroken("a challenge of another length")
    rnd_b = cipher.decrypt(challenge)
    token = cipher.encrypt(rnd_a + rotated(rnd_b))
    proof = apdu.exchange(channel, _ADDITIONAL_FRAME, token, Status.DONE)
    if len(proof) != 2 * _BLOCK:
        raise ProtocolBroken("a proof of another length")
    told = cipher.decrypt(proof)
    if not hmac.compare_digest(told[4:20], rotated(rnd_a)):
        raise ProtocolBroken("the card does not prove that it knows the key")
    enc_key, mac_key = session_keys(key, rnd_a, rnd_b)
    return Ev2Session(enc_key=enc_key, mac_key=mac_key, ti=told[:4], key_no=key_no)


def _padded(data: bytes) -> bytes:
    """Return the data padded by ISO/IEC 9797-1, method 2; whole blocks get one more."""
    return (data + b"\x80").ljust((len(data) // _BLOCK + 1) * _BLOCK, b"\0")


def _unpadded(padded: bytes) -> bytes:
    data = padded.rstrip(b"\0")
    if data[-1:] != b"\x80" or len(padded) - len(data) >= _BLOCK:
        raise ProtocolBroken("an encrypted answer with a wrong padding")
    return data[:-1]
