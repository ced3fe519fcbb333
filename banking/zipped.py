"""A zip of statements, as EBICS clients and SFirm hand them over, opened without trusting it.

No member is written anywhere, no name in it is used as a path, no archive within it is opened,
and what comes out is counted while it comes out, not as the archive announces it.
"""

import io
import zipfile
import zlib

_MOST_MEMBERS = 2000
_BLOCK = 1 << 16


class BrokenZipError(Exception):
    """The archive cannot be opened, is encrypted, or holds an archive."""


class TooBigError(Exception):
    """More comes out than was allowed."""


def is_zip(raw: bytes) -> bool:
    """Whether the bytes begin as a zip does."""
    return raw[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def members(raw: bytes, *, limit: int) -> list[bytes]:
    """The contents of all members, by name, ``limit`` bytes together at most.

    Raises ``BrokenZipError`` or ``TooBigError``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > _MOST_MEMBERS:
                raise TooBigError
            contents = []
            for info in sorted(infos, key=lambda info: info.filename):
                contents.append(_content(archive, info, limit))
                limit -= len(contents[-1])
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        IndexError,
        NotImplementedError,
    ):
        raise BrokenZipError from None
    return contents


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    # Of all methods only these two are what banks use and what a bomb cannot hide in for long.
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BrokenZipError
    content = bytearray()
    with archive.open(info) as member:
        while block := member.read(_BLOCK):
            content += block
            if len(content) > limit:
                raise TooBigError
    if is_zip(bytes(content[:4])):
        raise BrokenZipError
    return bytes(content)
