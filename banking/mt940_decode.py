"""MT940's bytes as lines of text, whichever character set each line is in.

A line that is UTF-8 is read so, any other as cp1252, of which Latin-1 is the printable part.
Nothing is stripped: a blank at the end of a line is a blank of the text.
"""

import re

# A bank that wraps by bytes may put the two bytes of one letter on two lines.
_TORN = re.compile(rb"([\xc2-\xdf])(\r\n|\n|\r)([\x80-\xbf])")
_ENDS = re.compile(rb"\r\n|\n|\r")


def lines_of(raw: bytes) -> list[str]:
    """The lines, without their ends. ``@@`` ends a line where nothing else does (HBCI 2)."""
    body = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"")
    if not _ENDS.search(body.strip()) and b"@@:" in body:
        body = body.replace(b"@@", b"\n")
    return [_text(line) for line in _ENDS.split(_TORN.sub(rb"\1\3\2", body))]


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")
