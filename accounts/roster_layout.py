"""How a school's file is to be read: its separator, where it begins and what stands where.

It is found, never guessed: by a header that names at least last and first name, by the shape of
Untis GPU010 (which has no header), or as a mapping profile says. Else the file is refused whole.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.roster_columns import (
    GPU010_COLUMNS,
    GPU010_FEWEST,
    GPU010_WIDTH,
    Field,
    Layout,
    Profile,
    named_columns,
    profiled_columns,
    words_known,
)
from accounts.roster_files import (
    SEPARATORS,
    Problem,
    ProblemKind,
    clean,
    records,
    told_separator,
)

# Titles above the header ("Klassenliste, Stand ...") are passed over, within these lines.
_HEADER_WITHIN = 5
_GPU010_SAMPLE = 50
_GPU010_BORN = re.compile(r"0?|\d{8}|\d{1,2}\.\d{1,2}\.\d{4}", re.ASCII)


class Format(enum.Enum):
    """How a file was understood."""

    HEADER = "header"
    GPU010 = "gpu010"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Understood:
    """Everything needed to read the rows, which begin at line ``first``."""

    format: Format
    separator: str
    first: int
    layout: Layout


def understand(
    lines: Sequence[str], *, needs_class: bool, profile: Profile | None
) -> Understood | Problem:
    """Find out how these lines are to be read, or why they cannot be."""
    told = told_separator(lines[0])
    filled = [at for at in range(1 if told else 0, len(lines)) if clean(lines[at]).strip(';,| "')]
    if not filled:
        return Problem(0, ProblemKind.EMPTY)
    separators = (told,) if told else SEPARATORS
    if profile is not None:
        given = (profile.separator,) if profile.separator else separators
        return _by_profile(lines, filled, profile, given)
    heads = [
        (words_known(header), -at, -rank, header, separator)
        for at in filled[:_HEADER_WITHIN]
        for rank, separator in enumerate(separators)
        if (header := _cells(lines, at, separator))
    ]
    words, at, _rank, header, separator = max(heads, default=(0, 0, 0, (), ""))
    if words >= 2:
        return _by_header(header, -at, separator, needs_class=needs_class)
    for separator in separators:
        if _is_gpu010(lines[filled[0] :], separator):
            layout = Layout(GPU010_COLUMNS)
            return Understood(Format.GPU010, separator, filled[0] + 1, layout)
    return Problem(filled[0] + 1, ProblemKind.NO_HEADER, clean(lines[filled[0]])[:80])


def _by_header(
    header: Sequence[str], at: int, separator: str, *, needs_class: bool
) -> Understood | Problem:
    columns = named_columns(header)
    if isinstance(columns, Problem):
        return replace(columns, line=at + 1)
    needed = [(Field.LAST_NAME, "Nachname"), (Field.FIRST_NAME, "Vorname")]
    if needs_class and Field.KIND not in columns:
        needed.append((Field.CLASS, "Klasse"))
    for known, word in needed:
        if known not in columns:
            return Problem(at + 1, ProblemKind.MISSING_COLUMN, word)
    return Understood(Format.HEADER, separator, at + 2, Layout(columns, len(header)))


def _by_profile(
    lines: Sequence[str], filled: Sequence[int], profile: Profile, separators: Sequence[str]
) -> Understood | Problem:
    problem = Problem(filled[0] + 1, ProblemKind.NO_HEADER, clean(lines[filled[0]])[:80])
    found: list[tuple[int, Understood]] = []
    headers = [(_cells(lines, filled[0], separator), separator) for separator in separators]
    # The likeliest separator comes last, so that a refusal speaks of its columns.
    for header, separator in sorted(headers, key=lambda pair: len(pair[0])):
        columns = profiled_columns(profile, header)
        if isinstance(columns, Problem):
            problem = replace(columns, line=filled[0] + 1)
        elif max(columns.values()) < len(header):
            first = filled[0] + (2 if profile.header else 1)
            layout = Layout(columns, len(header) if profile.header else None)
            found.append((len(header), Understood(Format.PROFILE, separator, first, layout)))
        else:
            problem = replace(problem, kind=ProblemKind.MISSING_COLUMN)
            problem = replace(problem, detail=str(max(columns.values()) + 1))
    return max(found, key=lambda pair: pair[0])[1] if found else problem


def _cells(lines: Sequence[str], at: int, separator: str) -> tuple[str, ...]:
    return next((record.cells for record in records(lines[at : at + 1], separator)), ())


def _is_gpu010(lines: Sequence[str], separator: str) -> bool:
    """Whether nearly all lines have GPU010's shape: names, class, and a date where it belongs."""
    shaped = wide = 0
    sample = [line for line in lines if clean(line)][:_GPU010_SAMPLE]
    for record in records(sample, separator, width=GPU010_WIDTH):
        cells = record.cells
        born = cells[GPU010_COLUMNS[Field.BORN]] if len(cells) >= GPU010_WIDTH - 1 else ""
        wide += len(cells) >= GPU010_WIDTH - 1
        shaped += len(cells) >= GPU010_FEWEST and bool(_GPU010_BORN.fullmatch(born))
    return wide > 0 and 2 * shaped > len(sample)
