"""A table the office wrote into a text file: a header of known words, then lines with numbers.

Encoding and separator are found as for the schools' files. Nothing is guessed: without its
header a file is refused, and a line that has more or fewer cells is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.roster_columns import folded
from accounts.roster_files import (
    SEPARATORS,
    Problem,
    ProblemKind,
    decode,
    lines_of,
    records,
    told_separator,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``cells`` by the names of the known columns, ``others`` by the header's words."""

    no: int
    cells: Mapping[str, str]
    others: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The lines that can be read, and the problems of those that cannot."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


def read_table(
    raw: bytes,
    *,
    columns: Mapping[str, Sequence[str]],
    optional: frozenset[str] = frozenset(),
) -> Table | Problem:
    """Read a file whose header has for each column one of its words; a Problem refuses it whole."""
    text = decode(raw)
    if isinstance(text, Problem):
        return text
    lines = lines_of(text)
    told = told_separator(lines[0])
    first = 1 if told else 0
    separators = (told,) if told else SEPARATORS
    heads = [
        (len(record.cells), -rank, separator, record)
        for rank, separator in enumerate(separators)
        for record in list(records(lines, separator, first=first + 1))[:1]
    ]
    if not heads:
        return Problem(0, ProblemKind.EMPTY)
    width, _rank, separator, head = max(heads, key=lambda it: it[:2])
    places = _places(head.cells, columns)
    if isinstance(places, Problem):
        return Problem(head.line, places.kind, places.detail)
    lacking = next((name for name in columns if name not in {*places, *optional}), None)
    if lacking is not None:
        return Problem(head.line, ProblemKind.MISSING_COLUMN, columns[lacking][0])
    others = {cell: at for at, cell in enumerate(head.cells) if cell and at not in places.values()}
    read: list[Line] = []
    problems: list[Problem] = []
    for record in records(lines, separator, first=head.line + 1, width=width):
        count = len(record.cells)
        if record.torn:
            problems.append(Problem(record.line, ProblemKind.OPEN_QUOTE))
        elif count < width or any(record.cells[width:]):
            kind = ProblemKind.TOO_SHORT if count < width else ProblemKind.TOO_LONG
            problems.append(Problem(record.line, kind, f"{count}/{width}"))
        else:
            cells = {name: record.cells[at] for name, at in places.items()}
            rest = {word: record.cells[at] for word, at in others.items()}
            read.append(Line(record.line, cells, rest))
    if not read and not problems:
        return Problem(0, ProblemKind.EMPTY)
    return Table(tuple(read), tuple(problems))


def _places(head: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int] | Problem:
    names = {folded(word): name for name, words in columns.items() for word in words}
    places: dict[str, int] = {}
    for at, cell in enumerate(head):
        name = names.get(folded(cell))
        if name is None:
            continue
        if name in places:
            return Problem(0, ProblemKind.DUPLICATE_COLUMN, cell)
        places[name] = at
    return places
