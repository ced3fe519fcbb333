"""Statements out of bytes from outside, whatever they are: camt, MT940, a zip of them, or neither.

Every call answers; nothing raises for what is in the bytes. What is not taken has a reason, and
what is taken closes on its own balances or says that it has none.
"""

import re
from dataclasses import replace

from banking.camt import read_camt
from banking.lines import BankStatement, Trouble, Unreadable
from banking.mt940 import read_mt940
from banking.zipped import BrokenZipError, TooBigError, is_zip, members

MOST_BYTES = 1 << 30
"""One file, and all that comes out of one zip: a million camt lines are 900 MB."""

_TAGS = re.compile(rb"(?:^|[\r\n}@-])[ \t\f\v]*:(?:20|25|28C?|60[FM]|61):")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_HTML = re.compile(rb"<(!doctype\s+html|html)[\s>]", re.IGNORECASE)


def read(raw: bytes, *, limit: int = MOST_BYTES) -> tuple[BankStatement | Unreadable, ...]:
    """The statements of a file in its order, numbered from 1; never an empty answer.

    An ``Unreadable`` with ``no`` 0 speaks of the file as a whole. ``limit`` is in bytes.
    """
    if len(raw) > limit:
        return (Unreadable(Trouble.TOO_BIG),)
    if not is_zip(raw):
        return _one(raw)
    try:
        contents = members(raw, limit=limit)
    except TooBigError:
        return (Unreadable(Trouble.TOO_BIG, "zip"),)
    except BrokenZipError:
        return (Unreadable(Trouble.BROKEN_ZIP),)
    found: list[BankStatement | Unreadable] = []
    for content in contents:
        # A member that falls as a whole must not take the statements of its neighbours with it.
        found += [replace(one, no=len(found) + place) for place, one in enumerate(_one(content), 1)]
    return tuple(found) or (Unreadable(Trouble.EMPTY, "zip"),)


def _one(raw: bytes) -> tuple[BankStatement | Unreadable, ...]:
    body = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body.strip(b"\x00"):
        return (Unreadable(Trouble.EMPTY),)
    if body.startswith((b"<", *_UTF16)):
        if _HTML.search(body[:4096]):
            return (Unreadable(Trouble.NOT_A_STATEMENT, "HTML"),)
        # The declaration of an XML document must be its first byte, a mark of its encoding too.
        return read_camt(raw if raw.startswith(_UTF16) else body)
    if _TAGS.search(body):
        return read_mt940(raw)
    kind = "PDF" if body.startswith(b"%PDF") else ""
    return (Unreadable(Trouble.NOT_A_STATEMENT, kind),)
