"""Codes that somebody meant and mistyped: one slip away from one that was issued.

A slip is one symbol struck or read for another, two neighbours swapped, one left out, one too
many. The check symbols keep issued codes apart by three, so a slip of one symbol leads back to
one code; where one was left out there may be several. A code found here is only ever suggested.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from accounts.bank_text import LineText
from accounts.reference import ALPHABET, LENGTH, LOOKALIKES, changes
from banking.ordinary import ABBREVIATED, BARE, of_something_else, without_technical
from banking.wrapping import joined

_FIELDS = ("purpose", "name", "structured")
"""Where a person writes; an end-to-end id is often made by a machine, of anything."""
_ROWS = ("1234567890", "QWERTZUIOPÜ", "ASDFGHJKLÖÄ", "YXCVBNM")
_HEALED = str.maketrans(dict(LOOKALIKES))
_RUN = re.compile(r"(?<![^\W_])[A-Za-z0-9]{5,7}(?![^\W_])")
HALF = LENGTH // 2
_HYPHENS = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"
_PAIR = re.compile(
    rf"(?<![^\W_])(?=([A-Za-z0-9]{{2,4}})(?:[{re.escape(_HYPHENS)}] ?|[ \u00a0\n./_])([A-Za-z0-9]{{2,4}})(?![^\W_]))"
)
_CHAIN = re.compile(rf"[A-Za-z0-9]+(?:[{re.escape(_HYPHENS)}][A-Za-z0-9]+)*")
_CLUSTER = "B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z0-9"
_SIGN = rf"(?:[{_CLUSTER}]|(?<=[0-9])[OIUoiu]|[OIUoiu](?=[0-9]))"
_HALVES = re.compile(
    rf"(?:{_SIGN}[ ]?){{3}}[{re.escape(_HYPHENS)}](?:[ ]?{_SIGN}){{2}}"
    rf"|(?:{_SIGN}[ ]?){{2}}[{re.escape(_HYPHENS)}](?:[ ]?{_SIGN}){{3}}"
)
"""A code's two halves, or nearly, glued to anything or cut by a blank: no vowels beside a hyphen."""
_CONSONANTS = _CLUSTER.removesuffix("0-9")
_FRAGMENT = re.compile(
    rf"(?<![^\W_])(?:([{_CONSONANTS}]{{1,4}})[0-9](?![0-9]{{3}})"
    rf"|(?![0-9]{{1,2}}x[A-Z])[0-9]{{1,2}}[{_CONSONANTS}]{{2,4}}(?:[0-9]|(?![^\W_])))"
)
"""A piece of a code that a blank cut apart: consonants before a digit, or several behind it.

Before four digits they are a number's, and "2xM" is two of something.
"""
_ENDS = re.compile(r"[0-9]*(?![^\W_])")
_COUNTS = re.compile(
    f"[0-9{re.escape(_HYPHENS)}]|(?<![^\\W_])(?:[^\\W_]{{6}}|[{_CONSONANTS}]{{5,7}}"
    f"|[{_CONSONANTS}]{{2,4}}[ ./_][{_CONSONANTS}]{{2,4}})(?![^\\W_])"
)
"""Without a digit, a hyphen, a run of six or consonants alone there is nothing to be looked at."""
_WORD_RUN = re.compile(r"[^\W_]+")
_HYPHEN = re.compile(f"[{re.escape(_HYPHENS)}]")
_VOWELS = frozenset("AEIOUYaeiouy")
_CLASS = re.compile(r"1?[0-9][A-Za-z]")
_PARTS = re.compile(r"[A-Za-z0-9]+")
_WORD_AND_CLASS = re.compile(r"[A-Za-z]{2,}-?[0-9]{1,2}[A-Za-z]|[0-9]{1,2}[A-Za-z](?:-[A-Za-z]+)?")
_ALIKE = (frozenset("B38"), frozenset("MN"), frozenset("VWY"), frozenset("FT7"), frozenset("CG"),
          frozenset("PR"), frozenset("KX"), frozenset("JL"))  # fmt: skip


class Slip(enum.Enum):
    """How what stands there differs from the code."""

    KEY = "key"  # the key beside it
    LOOKALIKE = "lookalike"
    SWAPPED = "swapped"
    LEFT_OUT = "left_out"
    DOUBLED = "doubled"
    TOO_MANY = "too_many"
    OTHER = "other"  # any other symbol


@dataclass(frozen=True, slots=True)
class Near:
    """An issued code one slip away; ``code_like``: what stands there can hardly be a word."""

    code: str
    slip: Slip
    field: str
    code_like: bool


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What words without printed codes still hold.

    ``near``: every issued code one slip away, each once. ``broken``: something looks like a
    code, or holds one, and is none that was issued.
    """

    near: tuple[Near, ...]
    broken: bool


def left_over(text: LineText, codes: Mapping[str, int]) -> LeftOver:
    """Look at all that may have been meant for a code."""
    if not any(_COUNTS.search(getattr(text, field)) for field in _FIELDS):
        return LeftOver((), broken=False)
    text = replace(text, **{field: without_technical(getattr(text, field)) for field in _FIELDS})
    found: dict[str, Near] = {}
    broken = False
    for field, written, like in _all_written(text):
        if like:
            broken = broken or (len(written) == LENGTH and written.translate(_HEALED) not in codes)
        elif len(written) != LENGTH or _vowels(written):
            continue
        for code, slip in _slips(written, codes):
            found.setdefault(code, Near(code, slip, field, like))
    said = {text.purpose, text.name, joined(text.purpose)[0]}
    lines = {one.replace("\n", " ") for one in said}  # a bank may have taken a line's blanks
    broken = broken or any(_technical(run) for one in said for run in _CHAIN.findall(one))
    broken = broken or any(_halves(one, it) for one in lines for it in _HALVES.finditer(one))
    broken = broken or any(_fragment(it) for one in said for it in _FRAGMENT.finditer(one))
    return LeftOver(tuple(found.values()), broken)


def _all_written(text: LineText) -> Iterator[tuple[str, str, bool]]:
    for field in _FIELDS:
        said: str = getattr(text, field)
        for written, like in _written(said):
            yield field, written, like
        if "\n" in said:
            for written, like in _written(joined(said)[0]):
                yield field, written, like


def _halves(said: str, found: re.Match[str]) -> bool:
    """Whether it can be of a code: no two numbers, no class with a number behind it."""
    left, right = (part.strip() for part in _HYPHEN.split(found[0], 1))
    before, after = _HYPHEN.split(said[: found.end()])[:-1], said[found.end() :]
    lefts = _WORD_RUN.findall(before[-1])
    rights = _WORD_RUN.findall(right + after)
    if rights[0].isdigit() and (lefts[-1].isdigit() or _CLASS.fullmatch(lefts[-1])):
        return False
    return not of_something_else(lefts, rights, left.split(" "), right.split(" "))


def _fragment(found: re.Match[str]) -> bool:
    """Whether it is no abbreviation with its number ("Kl5", "Q1")."""
    if found[1] is None or found[1].lower() not in ABBREVIATED:
        return True
    return found[1].lower() in BARE and not _ENDS.match(found.string, found.end())


def _technical(run: str) -> bool:
    """Whether letters and digits take turns in it as in no word, class or month with its year."""
    if len(run) < LENGTH - 1 or run.isalpha():
        return False
    plain = "".join(_PARTS.findall(run))
    return len(plain) >= LENGTH - 1 and changes(plain) > 1 and not _WORD_AND_CLASS.fullmatch(run)


def _vowels(written: str) -> bool:
    return any(letter in "AE" for letter in written) or sum(it in "IOU" for it in written) > 1


def _written(said: str) -> Iterator[tuple[str, bool]]:
    """What may have been meant for a code, in capitals, and whether it can hardly be a word.

    Runs of five to seven, and pairs of runs that make as many and are three and three, or nearly.
    """
    for match in _RUN.finditer(said):
        run = match.group().upper()
        yield run, _like(run, turns=2, foreign=1 if len(run) == LENGTH else 0)
    for match in _PAIR.finditer(said):
        first, second = match.groups()
        pair = (first + second).upper()
        if not LENGTH - 1 <= len(pair) <= LENGTH + 1 or HALF not in {len(first), len(second)}:
            continue
        hyphened = said[match.end(1)] in _HYPHENS
        if not hyphened and _word_and_class(first, second):
            continue
        turns = 0 if hyphened and not _vowels(pair) else 1 if hyphened else 2
        if len(first) == len(second):
            yield pair, _like(pair, turns=turns, foreign=1)
        elif hyphened:
            yield pair, _like(pair, turns=turns, foreign=0)


def _word_and_class(first: str, second: str) -> bool:
    """Whether it is a name and a class: "Tim 13d"."""
    return first.isalpha() and not _VOWELS.isdisjoint(first) and bool(_CLASS.fullmatch(second))


def _like(written: str, *, turns: int, foreign: int) -> bool:
    """Whether letters and digits take turns in it as in a code, and so many are no symbol's.

    Letters without a vowel are no word either.
    """
    unsayable = written.isalpha() and not any(letter in "AEIOU" for letter in written)
    if written.isdigit() or (changes(written) < turns and not unsayable):
        return False
    return sum(symbol not in ALPHABET for symbol in written.translate(_HEALED)) <= foreign


def _slips(written: str, codes: Mapping[str, int]) -> Iterator[tuple[str, Slip]]:
    read = written.translate(_HEALED)
    if len(read) == LENGTH:
        if read in codes and read != written:
            yield read, Slip.LOOKALIKE
        yield from _one_symbol(written, read, codes)
        yield from _swapped(read, codes)
    elif len(read) < LENGTH:
        for place in range(LENGTH):
            candidates = (read[:place] + symbol + read[place:] for symbol in ALPHABET)
            yield from ((code, Slip.LEFT_OUT) for code in candidates if code in codes)
    else:
        yield from _one_less(read, codes)


def _swapped(read: str, codes: Mapping[str, int]) -> Iterator[tuple[str, Slip]]:
    for place in range(LENGTH - 1):
        code = read[:place] + read[place + 1] + read[place] + read[place + 2 :]
        if code != read and code in codes:
            yield code, Slip.SWAPPED


def _one_less(read: str, codes: Mapping[str, int]) -> Iterator[tuple[str, Slip]]:
    for place, symbol in enumerate(read):
        code = read[:place] + read[place + 1 :]
        if code in codes:
            beside = read[max(place - 1, 0) : place] + read[place + 1 : place + 2]
            yield code, Slip.DOUBLED if symbol in beside else Slip.TOO_MANY


def _one_symbol(written: str, read: str, codes: Mapping[str, int]) -> Iterator[tuple[str, Slip]]:
    foreign = [place for place, symbol in enumerate(read) if symbol not in ALPHABET]
    for place in foreign or range(LENGTH):
        for symbol in ALPHABET:
            code = read[:place] + symbol + read[place + 1 :]
            if code != read and code in codes:
                yield code, _kind(written[place], symbol)


def _kind(typed: str, meant: str) -> Slip:
    if any(abs(row.find(typed) - row.find(meant)) == 1 and typed in row and meant in row
           for row in _ROWS):  # fmt: skip
        return Slip.KEY
    pair = {typed.translate(_HEALED), meant}
    return Slip.LOOKALIKE if any(pair <= group for group in _ALIKE) else Slip.OTHER
