"""DESFire EV1's sessions: AuthenticateAES, and AuthenticateISO for a card from the factory.

Both sides chain one initialisation vector through everything said, in either direction: the
CMAC of each message starts from what went before, so an answer cannot be left out, swapped or
repeated. Encrypted data carries a CRC-32 instead of a MAC.

Sources: the recordings in the tests; libfreefare's ``mifare_desfire_crypto.c``.
"""

import hmac
import secrets
from typing import Final

from cards import apdu
from cards.block_cipher import BlockCipher, aes, crc32, rotated, triple_des
from cards.channel import Channel
from cards.secure_messaging import MAC_LENGTH, CommMode
from cards.status import ProtocolBroken, Status

_AUTHENTICATE_AES: Final = 0xAA
_AUTHENTICATE_ISO: Final = 0x1A
_ADDITIONAL_FRAME: Final = 0xAF
_CRC_LENGTH: Final = 4
_DONE: Final = b"\x00"


class Ev1Session:
    """A session under AuthenticateAES or AuthenticateISO. See the module."""

    def __init__(self, cipher: BlockCipher, key_no: int) -> None:
        self.key_no = key_no
        self._cipher = cipher
        self._iv = bytes(cipher.block)

    def protect(self, ins: int, header: bytes, data: bytes, mode: CommMode) -> bytes:
        """Return what is sent: only data is encrypted or carries a MAC, never a header alone."""
        told = bytes([ins]) + header + data
        if data and mode is CommMode.FULL:
            return header + self._encrypted(data + crc32(told))
        mac = self._mac(told)
        return header + data + (mac if data and mode is CommMode.MAC else b"")

    def protect_key(
        self, ins: int, header: bytes, *, new: bytes, version: int, old: bytes | None
    ) -> bytes:
        """Return the number and the encrypted new key, as ChangeKey wants them."""
        changed = new if old is None else bytes(a ^ b for a, b in zip(new, old, strict=True))
        keyed = changed + bytes([version])
        checked = keyed + crc32(bytes([ins]) + header + keyed)
        return header + self._encrypted(checked if old is None else checked + crc32(new))

    def open(self, answer: bytes, mode: CommMode, length: int | None) -> bytes:
        """Return the data of an answer, whose checksum or MAC holds. Raises ProtocolBroken."""
        if mode is CommMode.FULL and length:
            return self._decrypted(answer, length)
        data, mac = answer[:-MAC_LENGTH], answer[-MAC_LENGTH:]
        if length not in {None, len(data)} or len(mac) != MAC_LENGTH:
            raise ProtocolBroken("an answer of another length than was asked for")
        if not hmac.compare_digest(self._mac(data + _DONE), mac):
            raise ProtocolBroken("an answer with a wrong MAC")
        return data

    def _mac(self, told: bytes) -> bytes:
        self._iv = self._cipher.cmac(told, self._iv)
        return self._iv[:MAC_LENGTH]

    def _encrypted(self, plain: bytes) -> bytes:
        secret = self._cipher.encrypt(plain + bytes(-len(plain) % self._cipher.block), self._iv)
        self._iv = secret[-self._cipher.block :]
        return secret

    def _decrypted(self, secret: bytes, length: int) -> bytes:
        end = length + _CRC_LENGTH
        if len(secret) != end + -end % self._cipher.block:
            raise ProtocolBroken("an encrypted answer of another length than was asked for")
        plain = self._cipher.decrypt(secret, self._iv)
        self._iv = secret[-self._cipher.block :]
        data, crc, padding = plain[:length], plain[length:end], plain[end:]
        if any(padding) or not hmac.compare_digest(crc32(data + _DONE), crc):
            raise ProtocolBroken("an encrypted answer with a wrong checksum")
        return data


def authenticate_aes(
    channel: Channel, key_no: int, key: bytes, *, rnd_a: bytes | None = None
) -> Ev1Session:
    """Return the session after AuthenticateAES with an AES key of 16 bytes.

    ``rnd_a`` (16 bytes) is random unless a test gives it. Raises CardGone, CardRefused where
    the key is another, ProtocolBroken where the card does not prove that it knows the key.
    """
    cipher = aes(key)
    rnd_a = rnd_a or secrets.token_bytes(cipher.block)
    rnd_b = _handshake(channel, _AUTHENTICATE_AES, key_no, cipher, rnd_a)
    return Ev1Session(aes(rnd_a[:4] + rnd_b[:4] + rnd_a[12:] + rnd_b[12:]), key_no)


def authenticate_iso(
    channel: Channel, key_no: int, key: bytes, *, rnd_a: bytes | None = None
) -> Ev1Session:
    """Return the session after AuthenticateISO with a DES or two-key triple DES key.

    The key has 16 bytes; with two equal halves it is single DES, as the factory's master key
    of a card is. ``rnd_a`` has 8 bytes. It raises what ``authenticate_aes`` raises.
    """
    cipher = triple_des(key)
    rnd_a = rnd_a or secrets.token_bytes(cipher.block)
    rnd_b = _handshake(channel, _AUTHENTICATE_ISO, key_no, cipher, rnd_a)
    first, second = rnd_a[:4] + rnd_b[:4], rnd_a[4:] + rnd_b[4:]
    return Ev1Session(triple_des(first + (first if key[:8] == key[8:] else second)), key_no)


def _handshake(channel: Channel, ins: int, key_no: int, cipher: BlockCipher, rnd_a: bytes) -> bytes:
    """Return the card's random number; one CBC chain runs through all three messages."""
    if len(rnd_a) != cipher.block:
        raise ValueError("a random number is as long as a block")
    challenge = apdu.exchange(channel, ins, bytes([key_no]), Status.MORE_FRAMES)
    if len(challenge) != cipher.block:
        raise ProtocolBroken("a challenge of another length")
    rnd_b = cipher.decrypt(challenge)
    token = cipher.encrypt(rnd_a + rotated(rnd_b), challenge)
    proof = apdu.exchange(channel, _ADDITIONAL_FRAME, token, Status.DONE)
    if len(proof) != cipher.block:
        raise ProtocolBroken("a proof of another length")
    if not hmac.compare_digest(cipher.decrypt(proof, token[-cipher.block :]), rotated(rnd_a)):
        raise ProtocolBroken("the card does not prove that it knows the key")
    return rnd_b
