"""FinTS syntax: segments of data element groups, as bytes and as values.

A segment ends with ``'``; its groups are parted by ``+``, a group's elements by ``:``; ``?``
frees the next character, and ``@n@`` starts n bytes that are taken as they are. Text is Latin-1.
(FinTS 3.0, Formals, chapter B.)

A parsed segment and its bytes say the same: ``parse(encode(segment))`` is the segment, for every
segment without empty text at the end of a group or of the segment, which the syntax cannot hold.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Element: TypeAlias = str | bytes
"""Text, or the bytes of a binary element."""

Group: TypeAlias = tuple[Element, ...]

LONGEST = 4 * 1024 * 1024
"""A message of more bytes is malformed to this bank."""

_SPECIAL = re.compile(r"[?+:'@]")
_TOKEN = re.compile(rb"@(?P<size>[0-9]{1,8})@|(?P<text>(?:[^?+:'@]|\?[\s\S])+)|(?P<end>[+:'])")
_NUMBER = re.compile(r"[0-9]{1,6}")
_FREED = re.compile(rb"\?([\s\S])")


class Malformed(ValueError):  # noqa: N818 (it says what the message is)
    """Bytes that are no FinTS message. Says where, never what stood there."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its head, and its groups after the head.

    ``refers`` is the number of the request's segment that an answer's segment is about.
    """

    code: str
    number: int
    version: int
    groups: tuple[Group, ...] = ()
    refers: int | None = None

    def text(self, group: int, element: int = 0) -> str:
        """The text at a place, "" where there is none. Groups count from 1 after the head."""
        value = self._at(group, element)
        return value if isinstance(value, str) else ""

    def binary(self, group: int, element: int = 0) -> bytes:
        """The bytes of the binary element at a place, empty where there is none."""
        value = self._at(group, element)
        return value if isinstance(value, bytes) else b""

    def _at(self, group: int, element: int) -> Element:
        if not 0 < group <= len(self.groups) or element >= len(self.groups[group - 1]):
            return ""
        return self.groups[group - 1][element]


def make(
    code: str,
    version: int,
    *groups: Element | Sequence[Element],
    number: int = 0,
    refers: int | None = None,
) -> Segment:
    """A segment from groups given as single elements or sequences of them."""
    whole = [(group,) if isinstance(group, (str, bytes)) else tuple(group) for group in groups]
    trimmed = [_trim(group) for group in whole]
    while trimmed and trimmed[-1] == ("",):
        trimmed.pop()
    return Segment(code, number, version, tuple(trimmed), refers)


def encode(segment: Segment) -> bytes:
    """The bytes of one segment. Text that Latin-1 does not have becomes question marks."""
    head: list[Element] = [segment.code, str(segment.number), str(segment.version)]
    if segment.refers is not None:
        head.append(str(segment.refers))
    groups = (tuple(head), *segment.groups)
    return b"+".join(b":".join(map(_encoded, group)) for group in groups) + b"'"


def encode_all(segments: Iterable[Segment]) -> bytes:
    """The bytes of several segments, one after the other."""
    return b"".join(map(encode, segments))


def parse(data: bytes) -> tuple[Segment, ...]:
    """All segments of a message or of a decrypted part. Raises Malformed."""
    if len(data) > LONGEST:
        raise Malformed("too long")
    segments: list[Segment] = []
    groups: list[list[Element]] = [[""]]
    at, filled = 0, False
    while at < len(data):
        token = _TOKEN.match(data, at)
        if token is None:
            raise Malformed(f"no syntax at byte {at}")
        at = token.end()
        if token["end"] is None:
            if filled:
                raise Malformed(f"two values in one element before byte {at}")
            size = int(token["size"]) if token["size"] else 0
            if size > len(data) - at:
                raise Malformed(f"binary element beyond the end at byte {at}")
            binary = token["size"] is not None
            groups[-1][-1] = data[at : at + size] if binary else _freed(token["text"])
            at, filled = at + size, True
            continue
        filled = False
        if token["end"] == b":":
            groups[-1].append("")
        elif token["end"] == b"+":
            groups.append([""])
        else:
            segments.append(_segment(groups, at))
            groups = [[""]]
    if groups != [[""]]:
        raise Malformed("the last segment does not end")
    return tuple(segments)


def _segment(groups: list[list[Element]], at: int) -> Segment:
    head = [value for value in groups[0] if isinstance(value, str)]
    numbers = [int(value) for value in head[1:] if _NUMBER.fullmatch(value)]
    if len(head) not in {3, 4} or len(head) != len(groups[0]) or len(numbers) != len(head) - 1:
        raise Malformed(f"no segment head before byte {at}")
    return make(
        head[0],
        numbers[1],
        *groups[1:],
        number=numbers[0],
        refers=numbers[2] if len(numbers) > 2 else None,
    )


def _trim(group: Group) -> Group:
    while len(group) > 1 and group[-1] == "":
        group = group[:-1]
    return group or ("",)


def _encoded(element: Element) -> bytes:
    if isinstance(element, bytes):
        return b"@%d@" % len(element) + element
    return _SPECIAL.sub(r"?\g<0>", element).encode("iso-8859-1", "replace")


def _freed(text: bytes) -> str:
    return _FREED.sub(rb"\1", text).decode("iso-8859-1")
