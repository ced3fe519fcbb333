"""A bank's wrapping: a line feed in a purpose is a blank, or nothing at all.

Banks cut at fixed columns, inside of words too, and some lose the blank that stood there. So where a
line is just so wide, what stands on both sides of its end may be one run.
"""

import itertools

WIDTHS = frozenset({27, 35, 65, 70, 140})
"""Columns at which banks wrap, inside of words too (fields of MT940, DTAUS, SWIFT, camt)."""

_VOWELS = frozenset("aeiouyäöüAEIOUYÄÖÜ")


def joined(said: str) -> tuple[str, list[int]]:
    """The text with its full lines joined without a blank, and where they were joined."""
    lines = said.split("\n")
    text, joints = lines[0], []
    for before, line in itertools.pairwise(lines):
        if len(before) in WIDTHS:
            joints.append(len(text))
            text += line
        else:
            text += "\n" + line
    return text, joints


def real_break(said: str, place: int, beside: tuple[str, str]) -> bool:
    """Whether what stands at the place parts words; a bank's joint may stand within one."""
    gap, run = beside
    if gap != "\n" or not run:
        return True
    line = said.rfind("\n", 0, place) + 1
    return place - line not in WIDTHS or _is_word(run)


def _is_word(run: str) -> bool:
    """Whether nobody would go on with a code behind it: letters only, and one of them a vowel."""
    return len(run) >= 3 and run.isalpha() and not _VOWELS.isdisjoint(run)
