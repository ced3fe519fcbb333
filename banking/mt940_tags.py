"""MT940's lines split into its fields, so that no payer's text becomes one.

A field begins with ``:61:`` and the like at the start of a line; a text of ``:86:`` may do so
too, where the bank wraps it. Inside the text of a booking only another booking, a closing balance
or a new message can begin, and only as those are written; whether one that is written so is
really one, the balances decide (``banking.mt940``), and ``Field.doubtful`` tells where to ask.

Source: SWIFT MT940; Deutsche Kreditwirtschaft, DFÜ-Abkommen, Anlage 3, chapter 8.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from banking.lines import Trouble
from banking.mt940_booking import read_booking

_TAG = re.compile(r":(\d\d[A-Z]?|NS):(.*)", re.DOTALL)
_SUBFIELD = re.compile(r"\?[0-6]\d")
_BALANCE = re.compile(r"[CD]\d{6}[A-Z]{3}[\d,]{1,16}\s*")
_ENVELOPE = re.compile(r"\{[1-5]:")
_CLOSINGS = frozenset({"62", "62F", "62M"})
_NEARLY_FULL = 55
"""A line of 65 columns that lost blanks at its end is not shorter than this."""


@dataclass(slots=True)
class Field:
    """One field: its tag, its lines, the number of its first line.

    ``doubtful``: it stands where the text before it may have been wrapped.
    """

    tag: str
    lines: list[str]
    number: int
    doubtful: bool = field(default=False)

    @property
    def text(self) -> str:
        """All lines, without blanks at the ends."""
        return "\n".join(self.lines).strip()


def split(
    lines: Sequence[str], *, first: int, as_text: AbstractSet[int] = frozenset()
) -> list[Field]:
    """The fields of these lines, of which the first has the number ``first``.

    ``as_text`` names lines that are text whatever they look like. An empty field with the tag
    "-" stands where a message ends.
    """
    fields: list[Field] = []
    inside = False  # a booking's :86:
    for index, line in enumerate(lines):
        number = first + index
        if inside and number in as_text:
            fields[-1].lines.append(line)
            continue
        content = line
        if _ends_message(lines, index):
            fields.append(Field("-", [], number))
            inside = False
            content = line.lstrip("-}")
        if not inside and _ENVELOPE.match(content):
            content = _ENVELOPE.split(content)[-1]
        found = _TAG.fullmatch(content)
        if found is None or (inside and not _may_begin(found[1], found[2], lines, index)):
            if fields and fields[-1].tag != "-":
                fields[-1].lines.append(content)
            continue
        doubtful = (inside or (bool(fields) and fields[-1].doubtful)) and _may_run_on(
            lines[index - 1]
        )
        inside = found[1] == "86" and bool(fields) and fields[-1].tag == "61"
        fields.append(Field(found[1], [found[2]], number, doubtful))
    return fields


def _may_begin(tag: str, content: str, lines: Sequence[str], index: int) -> bool:
    """Whether this can be a field after a booking's text."""
    following = lines[index + 1] if index + 1 < len(lines) else ""
    if tag == "20":
        return len(content) <= 16 and following.startswith((":25:", ":21:"))
    if tag not in _CLOSINGS | {"61"}:
        return False
    if not _may_run_on(lines[index - 1]):
        return True
    if tag == "61":
        return not _SUBFIELD.search(content) and not isinstance(read_booking(content), Trouble)
    return _BALANCE.fullmatch(content) is not None


def _may_run_on(before: str) -> bool:
    return len(before) >= _NEARLY_FULL


def _ends_message(lines: Sequence[str], index: int) -> bool:
    """Whether a message ends here: ``-`` or ``-}`` with nothing of it behind."""
    line = lines[index]
    if not line.startswith("-"):
        return False
    rest = line[1:].removeprefix("}").strip()
    if rest.startswith((":20:", "{")):
        return True
    if rest:
        return False
    rest_of = (lines[at] for at in range(index + 1, len(lines)))
    behind = next((later for later in rest_of if later.strip()), "")
    return not behind or behind.startswith((":20:", "{"))
