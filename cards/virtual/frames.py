"""The envelope of a DESFire's commands: native ones inside ISO/IEC 7816-4.

``90 code 00 00 [length data] 00``; the code comes first in the native form too. The chip sees
no other form here: a bare native command of one byte could not be told from the virtual
reader's own control bytes.
"""

MOST_DATA = 59
"""Bytes of an answer's frame: 64 of the field's, less its envelope and the status."""


def unwrapped(apdu: bytes) -> tuple[int, bytes] | None:
    """Return code and data of a wrapped command, or None where the envelope is wrong."""
    if len(apdu) < 5 or apdu[0] != 0x90 or apdu[2:4] != b"\0\0" or apdu[-1] != 0:
        return None
    if len(apdu) == 5:
        return apdu[1], b""
    data = apdu[5:-1]
    return (apdu[1], data) if data and len(data) == apdu[4] else None


def named(apdu: bytes) -> bytes:
    """Return the name a SELECT carries, with or without the length it expects; else nothing."""
    length = apdu[4] if len(apdu) > 4 else 0
    name = apdu[5 : 5 + length]
    return name if len(name) == length and apdu[5 + length :] in {b"", b"\0"} else b""
