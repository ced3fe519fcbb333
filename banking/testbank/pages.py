"""Pages of a long answer: which lines a request gets, and the point it goes on from.

The point to go on from (Aufsetzpunkt, 3040) is the place of the next line. One after the other
the pages hold every line once, unless the page meets a fault.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from banking.testbank.books import Booking
from banking.testbank.faults import Fault, Rule

_PLACE = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True, slots=True)
class Page:
    """The lines from start to end (excluded) of every line there is.

    ``slip`` moves what is shown, not what is asked for: a bank that sends a page twice.
    """

    every: list[Booking]
    start: int
    end: int
    more: bool
    slip: int = 0
    mark: str = ""
    """Where the next page begins, as the client is told."""

    @property
    def first(self) -> bool:
        """Whether it begins the answer."""
        return self.start == 0

    @property
    def shown_from(self) -> int:
        """Where the shown lines begin."""
        return self.start + self.slip

    @property
    def shown_to(self) -> int:
        """Where they end, excluded."""
        return min(self.end + self.slip, len(self.every))

    @property
    def lines(self) -> Sequence[Booking]:
        """The shown lines."""
        return self.every[self.shown_from : self.shown_to]


def turn(every: list[Booking], place: str, *, size: int, rule: Rule | None) -> Page | str:
    """The page at the place, or 9210 where no page can begin there."""
    if place and not _PLACE.fullmatch(place):
        return "9210"
    start = int(place or 0)
    if start > len(every) or (start == len(every) and start):
        return "9210"
    end = min(len(every), start + size) if size else len(every)
    fault = rule.fault if rule else None
    if fault is Fault.MORE_WITHOUT_DATA:
        return Page(every, start, start, more=True, mark=str(start))
    if fault is Fault.REPEATED_PAGE and start:
        # The same place under another name: a client that watches for circles must not see one.
        return Page(every, start, end, more=True, slip=-min(size, start), mark=f"0{start}")
    if fault is Fault.LOST_PAGE and end < len(every):
        after = min(len(every), end + size)
        return Page(every, start, end, more=after < len(every), mark=str(after))
    return Page(every, start, end, more=end < len(every), mark=str(end))


def cut(text: bytes, page: Page) -> bytes:
    """The part of a whole text that falls to the page, cut after a line of text."""
    lines = text.splitlines(keepends=True)
    total = max(1, len(page.every))
    first, last = (len(lines) * place // total for place in (page.start, page.end))
    return b"".join(lines[first:last])
