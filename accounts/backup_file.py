"""The sealed file a backup lies in: whoever lacks the key reads its header and nothing else.

- The content is AES-256-GCM in chunks by the STREAM construction (Hoang, Reyhanitabar, Rogaway,
  Vizar: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015): a
  chunk's nonce is its number and whether it is the last, so chunks that are changed, swapped,
  left out, doubled or cut off at the end are found.
- Every file has a key of its own: HKDF-SHA-256 of the key file's key under 32 random bytes.
- The header stands in clear and is bound to every chunk. It names the key by a fingerprint, so a
  wrong key and a damaged file are told apart.
- A chunk's clear bytes leave here only when the chunk was proved; that nothing is missing is
  known at the end alone, so whoever restores reads the file to its end first.
"""

import enum
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
CHUNK = 64 * 1024
_MAGIC = b"Mensakasse backup 1\n"
_SALT_BYTES = 32
_TAG_BYTES = 16
_HEAD_LENGTH = 4
_LONGEST_HEAD = 64 * 1024


class BackupFault(enum.Enum):
    """What is wrong with a file or its key."""

    NO_BACKUP = "no_backup"  # another kind of file, or of a newer version
    WRONG_KEY = "wrong_key"
    DAMAGED = "damaged"
    CUT_SHORT = "cut_short"
    BAD_KEY_FILE = "bad_key_file"


class BackupBroken(Exception):  # noqa: N818
    """A backup that cannot be read; ``fault`` says why."""

    def __init__(self, fault: BackupFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself before it is opened; proved with the first chunk."""

    engine: str  # sqlite or postgresql
    revision: str  # of the schema
    at_us: int
    entries: int
    seal_no: int | None
    seal: str | None  # the newest seal's hash, hex
    incarnation: int
    software: str


def make_key(path: Path) -> str:
    """Write a new key for its owner alone; returns its fingerprint. Raises FileExistsError."""
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key.hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return fingerprint(key)


def read_key(path: Path) -> bytes:
    """The key of a key file: 64 hexadecimal digits. Raises BackupBroken and OSError."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BackupBroken(BackupFault.BAD_KEY_FILE)
    return key


def fingerprint(key: bytes) -> str:
    """Eight bytes that name a key and give nothing of it away; hex."""
    return HKDF(SHA256(), 8, salt=None, info=b"mensakasse backup fingerprint").derive(key).hex()


def seal_into(file: BinaryIO, header: Header, content: Iterable[bytes], *, key: bytes) -> int:
    """Write a backup; returns how many clear bytes it holds."""
    salt = secrets.token_bytes(_SALT_BYTES)
    told = json.dumps({**asdict(header), "key": fingerprint(key), "salt": salt.hex()})
    head = _MAGIC + len(told.encode()).to_bytes(_HEAD_LENGTH) + told.encode()
    file.write(head)
    cipher, bound = _cipher(key, salt), _digest(head)
    held, size, number = bytearray(), 0, 0
    for part in content:
        held += part
        size += len(part)
        while len(held) > CHUNK:  # the last one is never empty unless all is
            clear = bytes(held[:CHUNK])
            del held[:CHUNK]
            file.write(cipher.encrypt(_nonce(number, last=False), clear, bound))
            number += 1
    file.write(cipher.encrypt(_nonce(number, last=True), bytes(held), bound))
    return size


def read_header(file: BinaryIO, *, key: bytes) -> tuple[Header, Iterator[bytes]]:
    """A backup's header and its clear content, chunk by chunk as it is proved.

    The header is proved with the first chunk. Raises BackupBroken, at once or while the content
    is read; only a content read to its end is whole.
    """
    head, told = _read_head(file)
    try:
        if told.pop("key") != fingerprint(key):
            raise BackupBroken(BackupFault.WRONG_KEY)
        salt = bytes.fromhex(told.pop("salt"))
        header = Header(**told)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupBroken(BackupFault.DAMAGED) from error
    chunks = _chunks(file, _cipher(key, salt), _digest(head))
    first = next(chunks)

    def content() -> Iterator[bytes]:
        yield first
        yield from chunks

    return header, content()


def _read_head(file: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    magic = file.read(len(_MAGIC))
    if magic != _MAGIC:
        raise BackupBroken(BackupFault.NO_BACKUP)
    length = file.read(_HEAD_LENGTH)
    size = int.from_bytes(length)
    if size > _LONGEST_HEAD:
        raise BackupBroken(BackupFault.DAMAGED)
    told = file.read(size)
    if len(length) < _HEAD_LENGTH or len(told) < size:
        raise BackupBroken(BackupFault.CUT_SHORT)
    try:
        read = json.loads(told)
    except ValueError as error:
        raise BackupBroken(BackupFault.DAMAGED) from error
    if not isinstance(read, dict):
        raise BackupBroken(BackupFault.DAMAGED)
    return magic + length + told, read


def _chunks(file: BinaryIO, cipher: AESGCM, bound: bytes) -> Iterator[bytes]:
    number, sealed = 0, file.read(CHUNK + _TAG_BYTES)
    while True:
        after = file.read(CHUNK + _TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, last=not after), sealed, bound)
        except (InvalidTag, ValueError) as error:  # ValueError: shorter than a tag
            raise BackupBroken(_fault(cipher, number, sealed, after, bound)) from error
        if not after:
            return
        number, sealed = number + 1, after


def _fault(cipher: AESGCM, number: int, sealed: bytes, after: bytes, bound: bytes) -> BackupFault:
    """Whether the chunk is itself damaged, or whole and not meant to be the last."""
    if after:
        return BackupFault.DAMAGED
    if len(sealed) < CHUNK + _TAG_BYTES:
        # A last chunk may be short; one that was cut cannot be told from one that was changed.
        return BackupFault.CUT_SHORT
    try:
        cipher.decrypt(_nonce(number, last=False), sealed, bound)
    except InvalidTag:
        return BackupFault.DAMAGED
    return BackupFault.CUT_SHORT


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"mensakasse backup 1").derive(key))


def _digest(head: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(head)
    return digest.finalize()
