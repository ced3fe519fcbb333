"""The parents' payment reference: six symbols that mean one pupil for a whole school life.

Four symbols are random, two are check symbols: with cᵢ the values of the six in GF(23),
Σcᵢ = 0 and Σ5ⁱcᵢ = 0, so no two wrong symbols and no two swapped ones go unnoticed. It is
printed in two groups of three, "K7M-NWJ". There are no vowels in it and no two symbols that look
alike; ``canon`` reads what is often typed instead (0 for D, 1 for L and so on).

What is issued is never issued again, and never looks like anything else that people write into
a transfer (``looks_like_nothing_else``): no word, no number, no number behind or before letters.

>>> check_symbols("K7MN")
'WJ'
>>> validate("k7m nwj")
'K7MNWJ'
>>> format("K7MNWJ")
'K7M-NWJ'
>>> of_rf(to_rf("K7MNWJ"))
'K7MNWJ'
"""

import enum
import itertools
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, text
from stdnum import iso11649

from accounts.tables.bank import reference
from accounts.tables.people import pupil

ALPHABET = "BCDFGHJKLMNPRSTVWXYZ379"
"""In the order of their values: B is 0, 9 is 22."""
LENGTH = 6
LOOKALIKES: Mapping[str, str] = {
    "0": "D", "O": "D", "1": "L", "I": "L", "2": "Z", "5": "S", "6": "G", "8": "B",
    "U": "V", "4": "H", "Q": "9",
}  # fmt: skip
"""What is often typed or read instead of a symbol, and the symbol it means."""
DIGIT_IMAGES = frozenset("DLZ3HSG7B9")
"""The symbols that a digit is read as: made of these alone, a code would be some number."""

_PRIME = 23
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(5, place, _PRIME) for place in range(LENGTH))
_DIGITS = frozenset("379")
_HEALED = str.maketrans({**LOOKALIKES})
_FOREIGN = re.compile(r"[\W_]+")
_DATE = re.compile(r"[DLZ3HSG7B9](?:MRZ|JVN|JVL|DKT|NDV)[DLZ3HSG7B9]{2}")
"""Read as symbols, "9NOV79": the months without A and E, a day of one digit, a year of two."""
_AT_ONCE = 400
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(4210021)")
"""Two school offices that enrol at once would draw the same codes, and wait for each other."""

Choose = Callable[[int], int]
"""Draws a number below the given one; unforeseeable outside of tests."""


class CodeFault(enum.Enum):
    """Why this is no reference."""

    FOREIGN_CHARACTER = "foreign_character"
    WRONG_LENGTH = "wrong_length"
    WRONG_CHECK_SYMBOLS = "wrong_check_symbols"
    NUMBER = "number"  # all its symbols are images of digits; such a one is never issued


class NoCodeLeft(Exception):  # noqa: N818  # what it is about, not that it is an error
    """Nearly every code that may be issued has been: the city needs a longer one."""


def canon(written: str) -> str:
    """The symbols that were meant: capitals, nothing between them, lookalikes healed.

    What no symbol looks like stays as it is.
    """
    return compact(written).translate(_HEALED)


def compact(written: str) -> str:
    """The text in capitals without blanks, hyphens and other punctuation; nothing healed."""
    return _FOREIGN.sub("", written.upper())


def healed(written: str) -> int:
    """How many characters of the text ``canon`` reads as another symbol."""
    return sum(character in LOOKALIKES for character in compact(written))


def check_symbols(payload: str) -> str:
    """The two symbols to put behind these four. Raises KeyError for a foreign symbol."""
    first = second = 0
    for weight, symbol in zip(_WEIGHTS, payload, strict=False):
        first += _VALUES[symbol]
        second += weight * _VALUES[symbol]
    one, other = _WEIGHTS[-2:]
    last = (one * first - second) * pow(other - one, -1, _PRIME) % _PRIME
    return ALPHABET[(-first - last) % _PRIME] + ALPHABET[last]


def validate(written: str) -> str | CodeFault:
    """The six symbols, or what is wrong with them."""
    code = canon(written)
    if not _VALUES.keys() >= set(code):
        return CodeFault.FOREIGN_CHARACTER
    if len(code) != LENGTH:
        return CodeFault.WRONG_LENGTH
    if check_symbols(code[:-2]) != code[-2:]:
        return CodeFault.WRONG_CHECK_SYMBOLS
    if DIGIT_IMAGES.issuperset(code):
        return CodeFault.NUMBER
    return code


def is_valid(written: str) -> bool:
    """Whether this can be a reference; whether it was issued only the ledger knows."""
    return not isinstance(validate(written), CodeFault)


def format(written: str) -> str:  # noqa: A001  the four names of python-stdnum's modules
    """The reference in two groups, as it is printed."""
    code = canon(written)
    return f"{code[:3]}-{code[3:]}"


def to_rf(code: str) -> str:
    """The same as a creditor reference of ISO 11649: RF, two check digits, the six symbols."""
    compacted = canon(code)
    return f"RF{_rf_digits(compacted)}{compacted}"


def of_rf(written: str) -> str | None:
    """The code in a creditor reference made by ``to_rf``; None for any other text.

    Nothing is healed here: what computes a creditor reference's digits also copies its symbols.
    """
    plain = compact(written)
    if len(plain) != LENGTH + 4 or not plain.startswith("RF") or not iso11649.is_valid(plain):
        return None
    code = validate(plain[4:])
    return code if code == plain[4:] else None


def _rf_digits(code: str) -> str:
    number = int("".join(str(int(symbol, 36)) for symbol in f"{code}RF00"))
    return f"{98 - number % 97:02d}"


def changes(written: str) -> int:
    """How often letters and digits take turns in it: none in a word, one in "RG3797"."""
    kinds = [character.isdigit() for character in written]
    return sum(one is not other for one, other in itertools.pairwise(kinds))


def looks_like_nothing_else(code: str) -> bool:
    """Whether a valid code may be issued: neither word, number, abbreviation and number, nor date.

    Of 279,841 valid codes 114,796 are left (``docs/decisions/0012``).
    """
    return changes(code) >= 2 and not DIGIT_IMAGES.issuperset(code) and not _DATE.fullmatch(code)


def draw(choose: Choose = secrets.randbelow) -> str:
    """A code that may be issued, drawn evenly from all of them."""
    while True:
        payload = "".join(ALPHABET[choose(_PRIME)] for _ in range(LENGTH - 2))
        code = payload + check_symbols(payload)
        if looks_like_nothing_else(code):
            return code


def issue(
    db: Connection,
    pupil_ids: Iterable[int],
    *,
    at: datetime,
    choose: Choose = secrets.randbelow,
) -> Mapping[int, str]:
    """Give each of these pupils a reference; who has one keeps it. Returns all of theirs.

    Raises NoCodeLeft where a thousand draws in a row found none that is free.
    """
    asked = tuple(dict.fromkeys(pupil_ids))
    if asked and db.dialect.name == "postgresql":
        db.execute(_ONE_AT_A_TIME)
    theirs = _known(db, asked)
    fruitless = 0
    while missing := [it for it in asked if it not in theirs]:
        if fruitless > 1000:
            raise NoCodeLeft
        some = missing[:_AT_ONCE]
        drawn = list(dict.fromkeys(draw(choose) for _ in some))
        taken = set(
            db.execute(select(reference.c.code).where(reference.c.code.in_(drawn))).scalars()
        )
        free = [code for code in drawn if code not in taken]
        fruitless = 0 if free else fruitless + len(drawn)
        given = dict(zip(some, free, strict=False))
        if given:
            rows = [{"pupil_id": it, "code": code, "at_us": at} for it, code in given.items()]
            db.execute(reference.insert(), rows)
            theirs.update(given)
    return theirs


def issue_missing(db: Connection, *, at: datetime, choose: Choose = secrets.randbelow) -> int:
    """Give a reference to everybody who has none; how many that were."""
    has_one = select(reference.c.pupil_id)
    missing = db.execute(
        select(pupil.c.id).where(pupil.c.id.not_in(has_one)).order_by(pupil.c.id)
    ).scalars()
    return len(issue(db, missing, at=at, choose=choose))


def references(db: Connection) -> Mapping[str, int]:
    """Whose each code is, of all that were ever issued."""
    found = db.execute(select(reference.c.code, reference.c.pupil_id))
    return {code: pupil_id for code, pupil_id in found}  # noqa: C416  # rows are no pairs to mypy


def reference_of(db: Connection, pupil_id: int) -> str | None:
    """The pupil's code, not yet in groups."""
    found = select(reference.c.code).where(reference.c.pupil_id == pupil_id)
    return db.execute(found).scalar_one_or_none()


def references_of(db: Connection, pupil_ids: Sequence[int]) -> Mapping[int, str]:
    """The codes of these pupils, not yet in groups; who has none is not among them."""
    return _known(db, pupil_ids)


def _known(db: Connection, pupil_ids: Sequence[int]) -> dict[int, str]:
    theirs: dict[int, str] = {}
    for start in range(0, len(pupil_ids), _AT_ONCE):
        some = pupil_ids[start : start + _AT_ONCE]
        found = select(reference.c.pupil_id, reference.c.code)
        theirs.update(
            {
                row.pupil_id: row.code
                for row in db.execute(found.where(reference.c.pupil_id.in_(some)))
            }
        )
    return theirs
