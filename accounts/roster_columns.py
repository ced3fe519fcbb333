"""Which column of a school's file holds what we need; all other columns are never looked at.

A layout names for each field a cell of the row. It comes from the header's own words (SchILD-NRW
text export, SchuelerBasisdaten.dat, WebUntis and alike), from the fixed order of Untis GPU010,
or from a mapping profile a person wrote. A field that could be two columns is refused.
"""

import enum
import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.charge import PersonKind
from accounts.roster_files import SEPARATORS, Problem, ProblemKind


class Field(enum.Enum):
    """What we take from a file."""

    NUMBER = "number"
    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    CLASS = "class"
    BORN = "born"
    KIND = "kind"
    STATUS = "status"
    LAST_DAY = "last_day"


# The header's words for each field, the surest first; compared without case, spaces and dots.
_WORDS: Mapping[Field, tuple[str, ...]] = {
    Field.NUMBER: (
        *("Interne ID-Nummer", "Interne ID", "Schüler-ID", "Schülernummer", "Schülernr"),
        *("Schüleridentnummer", "Identnummer", "Personalnummer", "ID-Nummer", "ID-Nr", "Nummer"),
        *(
            "SchILD-ID",
            "eindeutige Nummer (GUID)",
            "Schlüssel (extern)",
            "externKey",
            "Externe ID-Nummer",
            "Externe ID-Nr",
            "ID",
            "Number",
        ),
    ),
    Field.LAST_NAME: (
        *("Nachname", "Familienname", "Zuname", "longName", "Langname"),
        *("last name", "surname", "Name"),
    ),
    Field.FIRST_NAME: ("Vorname", "foreName", "first name", "given name", "Rufname", "Vornamen"),
    Field.CLASS: ("Klasse", "Klassenbezeichnung", "Stammklasse", "klasse.name", "class"),
    Field.BORN: (
        *("Geburtsdatum", "Geb.-Datum", "Gebdat", "Geburtstag", "geboren am", "geboren"),
        *("birthDate", "date of birth", "birthday", "born"),
    ),
    Field.KIND: ("Personenart", "Personengruppe", "Rolle"),
    Field.STATUS: ("Status", "Schülerstatus", "Schüler-Status"),
    Field.LAST_DAY: (
        "Entlassdatum",
        "Entlassungsdatum",
        "Abgangsdatum",
        "Austrittsdatum",
        "exitDate",
    ),
}
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp850")
_ANY_DAY = date(2015, 12, 31)
_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

# Untis GPU010.TXT: columns A to N, counted from 0. A ("Name") is Untis' own short key.
GPU010_COLUMNS: Mapping[Field, int] = {
    Field.LAST_NAME: 1,
    Field.FIRST_NAME: 7,
    Field.NUMBER: 8,
    Field.CLASS: 9,
    Field.BORN: 12,
}
GPU010_FEWEST = 10  # up to the class; what follows may be cut
GPU010_WIDTH = 14  # newer versions add a foreign key and more


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field stands in a row, counted from 0; ``width`` of the header, if it has one."""

    columns: Mapping[Field, int]
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """How to read a file of another kind: header words or column numbers, from 1, per field."""

    columns: Mapping[Field, str | int]
    kind: PersonKind | None = None
    separator: str | None = None
    encoding: str | None = None
    header: bool = True
    date_format: str | None = None
    left: frozenset[str] = field(default_factory=frozenset)


def folded(word: str) -> str:
    """A header's word without case, spaces and signs: "Geb.-Datum" and "gebdatum" are one."""
    plain = unicodedata.normalize("NFC", word).casefold().translate(_FOLDED)
    return "".join(c for c in plain if c.isalnum())


_KEYS = {known: tuple(folded(word) for word in words) for known, words in _WORDS.items()}
_EVERY_KEY = frozenset(key for keys in _KEYS.values() for key in keys)


def named_columns(header: Sequence[str]) -> Mapping[Field, int] | Problem:
    """The columns a header names; of several words for one field the surest counts.

    A word that stands there twice is a problem: which of the two is it?
    """
    keys = [folded(cell) for cell in header]
    columns: dict[Field, int] = {}
    for known, words in _KEYS.items():
        word = next((word for word in words if word in keys), None)
        if word is None:
            continue
        if keys.count(word) > 1:
            return Problem(0, ProblemKind.DUPLICATE_COLUMN, header[keys.index(word)])
        columns[known] = keys.index(word)
    return columns


def words_known(header: Sequence[str]) -> int:
    """How many cells are words a header of ours could have."""
    return sum(folded(cell) in _EVERY_KEY for cell in header)


def profiled_columns(profile: Profile, header: Sequence[str]) -> Mapping[Field, int] | Problem:
    """The columns a profile names, found in this header (or counted, where there is none)."""
    keys = [folded(cell) for cell in header]
    columns: dict[Field, int] = {}
    for known, named in profile.columns.items():
        if isinstance(named, int):
            columns[known] = named - 1
        elif keys.count(folded(named)) != 1:
            missing = folded(named) not in keys
            kind = ProblemKind.MISSING_COLUMN if missing else ProblemKind.DUPLICATE_COLUMN
            return Problem(0, kind, named)
        else:
            columns[known] = keys.index(folded(named))
    return columns


def read_profile(text: str) -> Profile | Problem:
    """The mapping profile written in TOML; a fault is BAD_PROFILE with the key as its detail.

    ::

        kind = "staff"              # pupil (default), staff or guest: who these people are
        separator = ";"             # found by itself where left out, as is the encoding
        encoding = "cp1252"
        header = true               # false: the file begins with people, columns are numbers
        date_format = "TT.MM.JJJJ"  # where left out: 31.12.2015, 2015-12-31 and 20151231
        left = ["abgemeldet"]       # words in the status column that say the person has gone

        [columns]                   # the header's word or the column's number, counted from 1
        number = "Pers.-Nr."
        last_name = "Name"
        first_name = "Vorname"
        class = 4
        born = "Geburtstag"
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        return Problem(0, ProblemKind.BAD_PROFILE, str(fault))
    allowed = {"kind", "separator", "encoding", "header", "date_format", "left", "columns"}
    unknown = next((key for key in given if key not in allowed), None)
    if unknown is not None:
        return Problem(0, ProblemKind.BAD_PROFILE, unknown)
    header = given.get("header", True)
    columns = _profile_columns(given.get("columns"), header=header is True)
    if isinstance(columns, Problem):
        return columns
    left = given.get("left", [])
    checks = {
        "kind": given.get("kind") in (None, *(kind.value for kind in PersonKind)),
        "separator": given.get("separator") in (None, *SEPARATORS),
        "encoding": given.get("encoding") in (None, *_ENCODINGS),
        "header": isinstance(header, bool),
        "date_format": _strptime_format(given.get("date_format")) is not None,
        "left": isinstance(left, list) and all(isinstance(word, str) for word in left),
    }
    wrong = next((key for key, right in checks.items() if not right), None)
    if wrong is not None:
        return Problem(0, ProblemKind.BAD_PROFILE, wrong)
    return Profile(
        columns=columns,
        kind=PersonKind(given["kind"]) if "kind" in given else None,
        separator=given.get("separator"),
        encoding=given.get("encoding"),
        header=header,
        date_format=_strptime_format(given.get("date_format")) or None,
        left=frozenset(folded(word) for word in left),
    )


def _profile_columns(given: object, *, header: bool) -> dict[Field, str | int] | Problem:
    if not isinstance(given, dict):
        return Problem(0, ProblemKind.BAD_PROFILE, "columns")
    columns: dict[Field, str | int] = {}
    fields = {known.value: known for known in Field}
    for key, named in given.items():
        number = type(named) is int and named >= 1
        if key not in fields or not (number or (header and isinstance(named, str) and named)):
            return Problem(0, ProblemKind.BAD_PROFILE, f"columns.{key}")
        columns[fields[key]] = named
    for needed in (Field.LAST_NAME, Field.FIRST_NAME):
        if needed not in columns:
            return Problem(0, ProblemKind.BAD_PROFILE, f"columns.{needed.value}")
    return columns


def _strptime_format(given: object) -> str | None:
    """The format for strptime; empty where none is given, None where it reads no whole day."""
    if given is None:
        return ""
    if not isinstance(given, str):
        return None
    german = given.replace("TT", "%d").replace("MM", "%m").replace("JJJJ", "%Y").replace("JJ", "%y")
    try:
        back = datetime.strptime(_ANY_DAY.strftime(german), german)  # noqa: DTZ007  a day has no zone
    except (ValueError, re.error):  # re.error: the same part twice
        return None
    return german if back.date() == _ANY_DAY else None
