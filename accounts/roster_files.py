"""The cells of a table a school's office wrote into a text file, with their line numbers.

A file has one encoding (UTF-8 with or without byte order mark, UTF-16 with one, CP1252) and one
separator (``;`` ``,`` ``|`` or tab). Text is NFC, without stray or invisible characters. A line
that cannot be taken apart is named and never takes the next one with it; a file that is no text,
or text of two encodings, is refused whole.
"""

import codecs
import enum
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEPARATORS = (";", ",", "|", "\t")
# A quoted field may hold line breaks (an address); more than these are a forgotten quote.
_LINES_IN_A_FIELD = 10
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods are zip files; xls is OLE
_MARKUP = ("<?xml", "<!doctype", "<html")
# What German letters become when UTF-8 is read as CP1252. No name is spelled like that.
_MISREAD = ("Ã¤", "Ã¶", "Ã¼", "ÃŸ", "Ã„", "Ã\u2013", "Ãœ", "Ã©", "Ã¨", "\ufffd")
# Zero-width characters, and those that make what follows read backwards.
_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
# No program of a school writes such a line; taking it apart would take minutes.
_LONGEST_LINE = 50_000


class ProblemKind(enum.Enum):
    """What is wrong with a line, or with the whole file. ``detail`` says which, where it can."""

    # of the whole file
    SPREADSHEET = "spreadsheet"  # an Excel file: to be saved as CSV
    NOT_A_TABLE = "not_a_table"  # XML, HTML, no text at all, or one without lines
    ENCODING = "encoding"  # neither UTF-8 nor CP1252; the line of the first foreign byte
    EMPTY = "empty"  # no line with a person
    NO_HEADER = "no_header"  # no line that names columns we know; detail: the first line's cells
    MISSING_COLUMN = "missing_column"  # detail: the column
    DUPLICATE_COLUMN = "duplicate_column"  # detail: the column
    BAD_PROFILE = "bad_profile"  # detail: the key
    # of one line
    OPEN_QUOTE = "open_quote"
    TOO_SHORT = "too_short"  # detail: found/expected fields
    TOO_LONG = "too_long"  # detail: found/expected fields
    MISSING_NAME = "missing_name"  # detail: the column
    OVERLONG = "overlong"  # more than a name, number or class can be; detail: which column, from 1
    GARBLED = "garbled"  # letters lost in an earlier conversion; detail: the cell
    BAD_DATE = "bad_date"  # detail: what stands there
    BAD_STATUS = "bad_status"  # detail: what stands there
    BAD_KIND = "bad_kind"  # detail: what stands there
    REPEATED = "repeated"  # the same person again; detail: the first line. Read once.
    CONTRADICTION = "contradiction"  # the same person with other data; detail: the first line
    NOT_YET = "not_yet"  # on a waiting list or admitted for later: to be imported then


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person has to look at. ``line`` counts from 1; 0 means the whole file."""

    line: int
    kind: ProblemKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row; ``line`` is where it begins in the file.

    ``torn`` says that a quote was never closed: the cells are what the line alone would give.
    """

    line: int
    cells: tuple[str, ...]
    torn: bool = False


def decode(raw: bytes, *, encoding: str | None = None) -> str | Problem:
    """The text of a file in the given encoding, else in the one it shows by itself."""
    if raw.startswith(_SPREADSHEETS):
        return Problem(0, ProblemKind.SPREADSHEET)
    try:
        text = _decoded(raw, encoding)
    except UnicodeDecodeError as fault:
        return Problem(raw.count(b"\n", 0, fault.start) + 1, ProblemKind.ENCODING)
    if isinstance(text, Problem):
        return text
    markup = text.lstrip()[:9].lower().startswith(_MARKUP)
    if markup or "\0" in text or max(map(len, lines_of(text))) > _LONGEST_LINE:
        return Problem(0, ProblemKind.NOT_A_TABLE)
    return text.removeprefix("\ufeff")


def _decoded(raw: bytes, encoding: str | None) -> str | Problem:
    if encoding is not None:
        return raw.decode(encoding)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
    if b"\0" in raw:
        return Problem(0, ProblemKind.NOT_A_TABLE)
    text = raw.decode("cp1252")
    # Mostly UTF-8 with a foreign byte: read as CP1252 it would spoil every umlaut.
    if raw.startswith(codecs.BOM_UTF8) or is_garbled(text):
        return Problem(line, ProblemKind.ENCODING)
    return text


def is_garbled(text: str) -> bool:
    """Whether letters were lost or doubled in an earlier conversion ("MÃ¼ller", "M�ller")."""
    return any(trace in text for trace in _MISREAD)


def clean(cell: str) -> str:
    """The cell in NFC, its spaces single and none around it, without invisible characters."""
    plain = unicodedata.normalize("NFC", _UNSEEN.sub("", cell))
    return " ".join("".join(" " if _is_control(c) else c for c in plain).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def lines_of(text: str) -> list[str]:
    """The file's lines, whichever way they end. Only line ends count: NEL and VT are text."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def told_separator(line: str) -> str | None:
    """The separator an Excel file names in a first line of its own ("sep=;")."""
    told = line.strip().strip('"').lower()
    return told[4:] if told.startswith("sep=") and told[4:] in SEPARATORS else None


def records(
    lines: Sequence[str], separator: str, *, first: int = 1, width: int | None = None
) -> Iterator[Record]:
    """The rows from line ``first`` on, cleaned; rows without any content are left out.

    A row goes on over line ends inside quotes only where the whole then has ``width`` cells
    (any number of cells where none is given).
    """
    at = first - 1
    while at < len(lines):
        record, used = _taken_apart(lines, at, separator, width)
        at += used
        if any(record.cells):
            yield record


def _taken_apart(
    lines: Sequence[str], at: int, separator: str, width: int | None
) -> tuple[Record, int]:
    for used in range(1, min(_LINES_IN_A_FIELD, len(lines) - at) + 1):
        cells = _split("\n".join(lines[at : at + used]), separator)
        if cells is not None and (used == 1 or width is None or len(cells) == width):
            return Record(at + 1, cells), used
    # SchILD's own interface files (separator "|") know no quotes: there one is a letter.
    if separator == "|":
        return Record(at + 1, _cleaned(lines[at].split(separator))), 1
    alone = _cleaned(lines[at].replace('"', "").split(separator))
    return Record(at + 1, alone, torn=True), 1


def _split(row: str, separator: str) -> tuple[str, ...] | None:
    """The row's cells; None where a quote is still open at its end."""
    if '"' not in row:
        return _cleaned(row.split(separator))
    cells: list[str] = []
    at = 0
    while at <= len(row):
        end = row.find(separator, at)
        end = len(row) if end < 0 else end
        start = len(row) - len(row[at:].lstrip(" "))
        if row[start : start + 1] == '"':
            quoted = _quoted(row, start + 1, separator)
            if quoted is None:
                return None
            cell, quote_end = quoted
            if quote_end >= 0:
                cells.append(cell)
                at = quote_end + 1
                continue
        # A quote that does not hold the whole cell is a letter of it: "Mimi" Weber.
        if "\n" in row[at:end]:
            return None
        cells.append(row[at:end])
        at = end + 1
    return _cleaned(cells)


def _quoted(row: str, at: int, separator: str) -> tuple[str, int] | None:
    """What stands in quotes from ``at`` and where its cell ends; -1 if more follows the quote."""
    parts: list[str] = []
    while True:
        end = row.find('"', at)
        if end < 0:
            return None
        parts.append(row[at:end])
        if row[end + 1 : end + 2] == '"':
            parts.append('"')
            at = end + 2
            continue
        after = end + 1 + len(row[end + 1 :]) - len(row[end + 1 :].lstrip(" "))
        if after == len(row) or row[after] == separator:
            return "".join(parts), after
        return "", -1


def _cleaned(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(clean(cell) for cell in cells)
