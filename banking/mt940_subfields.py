"""The ``?xx`` subfields of a booking's ``:86:``, and what a payer wrote that looks like one.

The bank's subfields ascend (00, 10, 20 to 29, 30 to 34, 60 to 63); of everything that looks like
one the longest ascending row is taken, the later where two are equally long, and the rest is
text. Where ``?31`` stands twice, a payer has written one of them, and neither is believed.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_CODES = frozenset(
    {"00", "10", "11", *(str(n) for n in range(20, 39)), *(str(n) for n in range(60, 64))}
)
_HEADS = frozenset({"00", "10", "11"})  # each once, at the beginning
_HEAD = re.compile(r"(\d{3})?([^\w\s])(?=\d\d)", re.ASCII)
_WIDTH, _TAG_WIDTH = 65, 4


@dataclass(frozen=True, slots=True)
class Subfields:
    """The code of business, the subfields in order, and whether ``?31`` can be believed."""

    gvc: str
    parts: tuple[tuple[str, str], ...]
    account_sure: bool


def unwrapped(lines: Sequence[str]) -> str:
    """The text of a wrapped field: lines that were full run on, at others a line feed stays."""
    text = lines[0]
    for index, line in enumerate(lines[1:]):
        before = lines[index]
        # Some banks count the tag itself among the 65 columns.
        full = len(before) >= _WIDTH or (index == 0 and len(before) == _WIDTH - _TAG_WIDTH)
        sure = full or before.endswith(" ") or line.startswith((" ", "?"))
        text += line if sure else "\n" + line
    return text.strip("\n ")


def subfields(text: str) -> Subfields | None:
    """The subfields, or None where the text has none."""
    head = _HEAD.match(text)
    if head is None or head[2] in "/.-+:,":
        return None
    mark = head[2]
    found: list[re.Match[str]] = []
    heads: set[str] = set()
    for one in re.finditer(re.escape(mark) + r"(\d\d)", text, re.ASCII):
        if one[1] in _CODES and one[1] not in heads:
            found.append(one)
            heads |= {one[1]} & _HEADS
    if not found:
        return None
    kept = [found[index] for index in _ascending([int(one[1]) for one in found])]
    ends = [one.start() for one in kept[1:]] + [len(text)]
    parts = [(one[1], text[one.end() : end]) for one, end in zip(kept, ends, strict=True)]
    before = text[len(head[1] or "") : kept[0].start()]
    if before:
        parts.insert(0, ("20", before))
    return Subfields(
        gvc=head[1] or "",
        parts=tuple(parts),
        account_sure=sum(1 for one in found if one[1] == "31") < 2,
    )


def _ascending(codes: list[int]) -> list[int]:
    """The places of the longest row that never descends; of equal ones the one that ends lower."""
    tails: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, code in enumerate(codes):
        length = bisect_right(tails, code)
        before.append(places[length - 1] if length else -1)
        if length == len(tails):
            tails.append(code)
            places.append(place)
        else:
            tails[length], places[length] = code, place
    row = []
    place = places[-1]
    while place >= 0:
        row.append(place)
        place = before[place]
    return row[::-1]
