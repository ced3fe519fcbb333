"""The named parts of a purpose (``EREF+``, ``SVWZ+`` and so on), as banks write them into ``?2x``.

The bank's names come before the payer's words, each once: after ``SVWZ+`` only a deviating party
(``ABWA+``, ``ABWE+``) can begin, and the first name begins a subfield. What a payer types is text,
whatever it looks like. Where there is no ``SVWZ+`` the purpose is the whole text.

Source: Deutsche Kreditwirtschaft, DFÜ-Abkommen, Anlage 3, chapter 8.2 (use of field 86, SEPA).
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_NAMES = (
    "EREF",
    "KREF",
    "MREF",
    "CRED",
    "DEBT",
    "COAM",
    "OAMT",
    "SVWZ",
    "ABWA",
    "ABWE",
    "IBAN",
    "BIC",
)
_NAMED = re.compile(
    "(?<![A-Za-z0-9])(" + "|".join("\n?".join(name) for name in _NAMES) + ")\n?([+:])"
)
_PARTIES = frozenset({"ABWA", "ABWE"})
_ACCOUNTS = frozenset({"IBAN", "BIC"})


@dataclass(frozen=True, slots=True)
class Purpose:
    """A payer's words with their joints, and the bank's named parts without."""

    words: str
    named: Mapping[str, str]


def joined(segments: Sequence[str]) -> tuple[str, AbstractSet[int]]:
    """Segments as one text, a line feed at each joint that may be a blank or nothing.

    Also the places in the text at which segments begin.
    """
    text = ""
    begins = set()
    for segment in segments:
        if not segment.strip():
            continue
        if not text:
            text = segment.lstrip()
            begins.add(0)
            continue
        blank = text.endswith(" ") or segment.startswith(" ")
        text = text.rstrip() + " " if blank else text + "\n"
        begins.add(len(text))
        text += segment.lstrip()
    return text.rstrip(), begins


def read_purpose(segments: Sequence[str]) -> Purpose:
    """What stands in the segments of a purpose."""
    text, begins = joined(segments)
    kept: list[re.Match[str]] = []
    seen: set[str] = set()
    for found in _NAMED.finditer(text):
        name = found[1].replace("\n", "")
        if _counts(name, found, seen, begins=found.start() in begins):
            seen.add(name)
            kept.append(found)
    if not kept:
        return Purpose(text, {})
    ends = [one.start() for one in kept[1:]] + [len(text)]
    values = {
        one[1].replace("\n", ""): text[one.end() : end].strip(" \n")
        for one, end in zip(kept, ends, strict=True)
    }
    named = {name: _closed(value) for name, value in values.items()}
    if "SVWZ" not in values:
        return Purpose(
            text, {name: value for name, value in named.items() if name not in _ACCOUNTS}
        )
    before = text[: kept[0].start()].strip(" \n")
    return Purpose("\n".join(filter(None, (before, values["SVWZ"]))), named)


def _counts(name: str, found: re.Match[str], seen: set[str], *, begins: bool) -> bool:
    if name in seen:
        return False
    if name in _PARTIES or "SVWZ" in seen:
        return name in _PARTIES and begins
    if name in _ACCOUNTS:
        return begins and found[2] == "+"
    return begins or bool(seen)


def _closed(value: str) -> str:
    return " ".join(value.replace("\n", "").split())
