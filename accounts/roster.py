"""Who a school's file says is there: rows of what matching needs, and nothing else.

Read are SchILD-NRW's text export and SchuelerBasisdaten.dat, Untis' GPU010 and, by a mapping
profile, tables of any other program. Of every line only number, names, class, day of birth and
kind are kept, and whether the person has gone. A line with a fault is named and set aside, so
that whoever it may mean is not taken for missing; the lines around it are read. A file that is
not understood is refused whole. Nothing here knows the database.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from accounts.charge import PersonKind
from accounts.roster_columns import Field, Layout, Profile, folded
from accounts.roster_files import (
    Problem,
    ProblemKind,
    Record,
    decode,
    is_garbled,
    lines_of,
    records,
)
from accounts.roster_layout import Format, understand

# SVWS core type SchuelerStatus: the number, or the word where the clerk exports words.
_HERE = frozenset({"", "2", "3", "6", "aktiv", "beurlaubt", "extern", "externer"})
_GONE = frozenset(
    {"8", "9", "10", "abschluss", "abgang", "abgaenger", "ehemalige", "ehemaliger", "abgegangen"}
)
_NOT_YET = frozenset({"0", "1", "neuaufnahme", "warteliste"})
_KINDS = {
    **dict.fromkeys(("schueler", "schuelerin", "pupil", "student"), PersonKind.PUPIL),
    **dict.fromkeys(("lehrer", "lehrerin", "lehrkraft", "personal", "staff"), PersonKind.STAFF),
    **dict.fromkeys(("gast", "guest"), PersonKind.GUEST),
}
_TIME = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?)?"
_DATES = (
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})" + _TIME, re.ASCII),
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})" + _TIME, re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
)
_NO_DATE = frozenset({"", "0", "00000000", "00.00.0000", "-"})
# A line cut before one of these is not read. A number or a day of birth may be cut: programs
# that drop empty cells leave them out at a line's end.
_NEEDED = (Field.LAST_NAME, Field.FIRST_NAME, Field.CLASS, Field.STATUS)
_LONGEST_CELL = 100
_NO_NAME = frozenset("„”™?;|")  # letters of another code page, or a slipped separator


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the file names them; ``line`` is where.

    ``gone`` says that the school counts the person as left, ``last_day`` when, where it says so.
    ``mark`` is what SchILD adds to a name ("#5b") to tell namesakes born on one day apart.
    """

    line: int
    last_name: str
    first_name: str
    class_name: str = ""
    born: date | None = None
    number: str | None = None
    kind: PersonKind = PersonKind.PUPIL
    gone: bool = False
    last_day: date | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A file that was understood. ``aside`` is what could be read of the lines with a problem."""

    format: Format
    separator: str
    rows: tuple[Row, ...]
    aside: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read_roster(
    raw: bytes, *, kind: PersonKind = PersonKind.PUPIL, profile: Profile | None = None
) -> Roster | Problem:
    """Read a school's file; a Problem (its line, or 0) refuses it whole.

    ``kind`` is who the people are where neither the file nor the profile says so.
    """
    text = decode(raw, encoding=profile.encoding if profile else None)
    if isinstance(text, Problem):
        return text
    lines = lines_of(text)
    kind = profile.kind if profile and profile.kind else kind
    file = understand(lines, needs_class=kind is PersonKind.PUPIL, profile=profile)
    if isinstance(file, Problem):
        return file
    rows: list[Row] = []
    aside: list[Row] = []
    problems: list[Problem] = []
    for record in records(lines, file.separator, first=file.first, width=file.layout.width):
        row, problem = _row(
            record, layout=file.layout, kind=kind, profile=profile or Profile(columns={})
        )
        if problem is None:
            rows.append(row)
        else:
            problems.append(problem)
            aside.append(row)
    if not rows and not problems:
        return Problem(0, ProblemKind.EMPTY)
    single, doubtful, doubles = _without_doubles(rows)
    return Roster(
        format=file.format,
        separator=file.separator,
        rows=tuple(single),
        aside=(*aside, *doubtful),
        problems=tuple(sorted((*problems, *doubles), key=lambda problem: problem.line)),
    )


def read_date(text: str, *, date_format: str | None = None) -> date | None:
    """The day written as 31.12.2015, 2015-12-31 or 20151231 (or by the format), else None.

    Two-digit years and slashes can mean two days, so only a format makes them readable.
    """
    try:
        if date_format is not None:
            day = datetime.strptime(text, date_format).date()  # noqa: DTZ007  a day has no zone
        else:
            found = next((match for form in _DATES if (match := form.fullmatch(text))), None)
            if found is None:
                return None
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2100 else None


def _row(
    record: Record, *, layout: Layout, kind: PersonKind, profile: Profile
) -> tuple[Row, Problem | None]:
    """The person of one line, and what is wrong with it; then the row is only a hint of whom."""
    values = {
        known: record.cells[at] if at < len(record.cells) else ""
        for known, at in layout.columns.items()
    }
    last_name, mark = _unmarked(values.get(Field.LAST_NAME, ""))
    first_name, other_mark = _unmarked(values.get(Field.FIRST_NAME, ""))
    mark = mark or other_mark
    status = folded(values.get(Field.STATUS, ""))
    gone = status in _GONE or status in profile.left
    # With status "active" it is the day planned for, years ahead, and means nothing yet.
    left_on = values.get(Field.LAST_DAY, "") if gone or not status else ""
    told = values.get(Field.KIND, "")
    row = Row(
        line=record.line,
        last_name=last_name,
        first_name=first_name,
        class_name=values.get(Field.CLASS, "") or mark,
        born=read_date(values.get(Field.BORN, ""), date_format=profile.date_format),
        number=values.get(Field.NUMBER, "") or None,
        kind=_KINDS.get(folded(told), kind),
        gone=gone,
        last_day=read_date(left_on, date_format=profile.date_format),
        mark=mark,
    )
    if record.torn:
        return row, Problem(record.line, ProblemKind.OPEN_QUOTE)
    return row, (
        _length_fault(record, layout)
        or _name_fault(row)
        or _date_fault(row.line, values.get(Field.BORN, ""), row.born)
        or _date_fault(row.line, left_on, row.last_day)
        or _standing_fault(row, told=told, status=status, profile=profile)
    )


def _unmarked(name: str) -> tuple[str, str]:
    """The name and SchILD's mark for namesakes: "Weber#5b" is Weber of 5b."""
    plain, _, mark = name.partition("#")
    return plain.strip(), mark.strip()


def _length_fault(record: Record, layout: Layout) -> Problem | None:
    found = len(record.cells)
    fewest = 1 + max(layout.columns[known] for known in _NEEDED if known in layout.columns)
    if found < fewest:
        return Problem(record.line, ProblemKind.TOO_SHORT, f"{found}/{layout.width or fewest}")
    # Separators at the end are harmless; content there means that a cell was torn in two.
    if layout.width is not None and any(record.cells[layout.width :]):
        return Problem(record.line, ProblemKind.TOO_LONG, f"{found}/{layout.width}")
    for at in layout.columns.values():
        if at < found and len(record.cells[at]) > _LONGEST_CELL:
            return Problem(record.line, ProblemKind.OVERLONG, str(at + 1))
    return None


def _name_fault(row: Row) -> Problem | None:
    for name, column in ((row.last_name, "Nachname"), (row.first_name, "Vorname")):
        if not name:
            return Problem(row.line, ProblemKind.MISSING_NAME, column)
        if is_garbled(name) or not _NO_NAME.isdisjoint(name):
            return Problem(row.line, ProblemKind.GARBLED, name)
    return None


def _date_fault(line: int, written: str, day: date | None) -> Problem | None:
    fault = day is None and written not in _NO_DATE
    return Problem(line, ProblemKind.BAD_DATE, written) if fault else None


def _standing_fault(row: Row, *, told: str, status: str, profile: Profile) -> Problem | None:
    if told and folded(told) not in _KINDS:
        return Problem(row.line, ProblemKind.BAD_KIND, told)
    if status in _NOT_YET:
        return Problem(row.line, ProblemKind.NOT_YET, status)
    # A profile that names the words for "gone" says with it that all others are here.
    if not row.gone and status not in _HERE and not profile.left:
        return Problem(row.line, ProblemKind.BAD_STATUS, status)
    return None


def _without_doubles(rows: Sequence[Row]) -> tuple[list[Row], list[Row], list[Problem]]:
    """Each person once; those of whom two lines say different things; the problems of both."""
    same: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        same[_person(row)].append(row)
    single: list[Row] = []
    doubtful: list[Row] = []
    problems: list[Problem] = []
    for group in same.values():
        first = group[0]
        agree = all(replace(row, line=first.line) == first for row in group)
        (single if agree else doubtful).extend(group[:1] if agree else group)
        kind = ProblemKind.REPEATED if agree else ProblemKind.CONTRADICTION
        problems += [Problem(row.line, kind, str(first.line)) for row in group[1:]]
    single.sort(key=lambda row: row.line)
    return single, doubtful, problems


def _person(row: Row) -> object:
    """What makes two lines of a file one person: the number, else name, birth and mark."""
    if row.number is not None:
        return row.kind, row.number
    names = (row.last_name.casefold(), row.first_name.casefold())
    # Without a day of birth two namesakes in two classes are two, until somebody says else.
    return row.kind, names, row.born, row.mark or (row.class_name if row.born is None else "")
