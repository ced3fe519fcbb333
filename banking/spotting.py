"""Payment references in what a payer wrote: where one stands as printed, and where one may.

A code stands as printed (``Manner.PRINTED``) where all of this is so:

- its six symbols are one group, or three and three with one blank or hyphen between;
- beside it is a blank, punctuation, a line's break or the text's end, and what follows the
  punctuation at once is no number, for "12-K7M-NWJ-99" is some number of somebody's; another
  issued code, a class ("K7M-NWJ/5b") and an amount of euros are none;
- at most one of its characters had to be read as the symbol it looks like, and then it still has
  a digit with letters on both sides or the other way round;
- no break of the bank's own could have cut it out of something longer, nor glued it together.

Everything else that is an issued code when read generously is ``Manner.LOOSE``: inside a longer
run of letters and digits, in other groups, at a cut. Small letters count as printed.
"""

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from accounts import reference
from accounts.bank_text import LineText
from accounts.reference import LENGTH, LOOKALIKES
from banking.ordinary import is_iban
from banking.wrapping import joined, real_break

CUT_AT = {
    "purpose": frozenset({140}),
    "name": frozenset({27, 35, 54, 70}),
    "end_to_end": frozenset({35}),
    "structured": frozenset({35}),
    "additional": frozenset[int](),
}
"""Where a field ends because no more goes in; a run that ends just there may have been longer.

Purpose, name and end-to-end id: EPC rulebook of the credit transfer, AT-05, AT-02 and AT-41; the
name's other widths are those of one and two fields of MT940, and of camt's predecessors.
"""
_COUNTS = re.compile("[0-9Qq]")
"""What every issued code has something of, or the one letter that is read as a digit of it."""
OUT = "\0"
"""Stands for what was put out."""
_HYPHENS = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"
_TOKEN = re.compile(
    rf"(?<![^\W_])(?=([A-Za-z0-9]{{3}})([ \u00a0\n{re.escape(_HYPHENS)}]?)([A-Za-z0-9]{{3}})(?![^\W_]))"
)
_RUN = re.compile(r"[A-Za-z0-9]+")
_LAST_RUN = re.compile(r"[^\W_]+\Z")
_FIRST_RUN = re.compile(r"[^\W_]+")
_CLASS = re.compile(r"1?[0-9][A-Za-z]|[A-Za-z][0-9]1?")
"""A class between five and thirteen, or the same read backwards from a place."""
_BLANKS = frozenset(" \u00a0")
_BINDS = frozenset(f"{_HYPHENS}/._+*#")
"""Punctuation that holds the parts of one number together."""
_GROUPS = rf"([A-Za-z0-9]{{3}})[ \u00a0{re.escape(_HYPHENS)}]?([A-Za-z0-9]{{3}})"
_CODE_BEFORE = re.compile(rf"(?<![^\W_]){_GROUPS}[^\w\n]\Z")
_CODE_AFTER = re.compile(rf"\A[^\w\n]{_GROUPS}(?![^\W_])")
_BOUND = f"[{re.escape(''.join(sorted(_BINDS)))}]"
_SCHOOL_CLASS = "(?:[1-9]|1[0-3])[A-Ha-h]"
_OWN_BEFORE = re.compile(rf"(?:^|(?<=\s)){_SCHOOL_CLASS}{_BOUND}\Z")
_OWN_AFTER = re.compile(
    rf"{_BOUND}{_SCHOOL_CLASS}(?![^\W_])(?!{_BOUND}[^\W_])"
    r"|[ \u00a0][0-9]{3}(?:[.,][0-9]{1,2})?[ \u00a0]?(?:EUR|€)",
    re.IGNORECASE,
)
"""What stands beside a code for itself: a class, an amount of euros."""
_HEALED = str.maketrans({**LOOKALIKES, **{k.lower(): v for k, v in LOOKALIKES.items()}})


class Manner(enum.Enum):
    """How sure it is that the payer wrote this code."""

    PRINTED = "printed"
    LOOSE = "loose"


@dataclass(frozen=True, slots=True)
class Hit:
    """An issued code in a text: in which field, in what manner, how many symbols were healed.

    ``written`` is what stands there, without a joint of the bank's.
    """

    code: str
    field: str
    manner: Manner
    healed: int = 0
    written: str = ""


@dataclass(frozen=True, slots=True)
class Spotted:
    """The issued codes in a line's words, each once, and the words without what is printed of them."""

    hits: tuple[Hit, ...]
    rest: LineText


def spot(text: LineText, codes: Mapping[str, int]) -> Spotted:
    """Look for printed codes first, then for any in what is left of the words."""
    printed = [
        hit
        for field in CUT_AT
        if (said := getattr(text, field))
        for hit in _in_field(field, said, codes)
        if hit.manner is Manner.PRINTED
    ]
    found: dict[str, Hit] = {}
    for hit in printed:
        found.setdefault(hit.code, hit)
    rest = _without(text, printed) if printed else text
    for field in CUT_AT:
        for hit in _left_over(field, getattr(rest, field), codes):
            found.setdefault(hit.code, hit)
    return Spotted(tuple(found.values()), rest)


def _without(text: LineText, hits: Iterable[Hit]) -> LineText:
    """The words with what is printed of these codes put out, wherever it stands."""
    said = {name: getattr(text, name) for name in CUT_AT}
    for hit in hits:
        said = {name: _put_out(words, hit.written) for name, words in said.items()}
    return replace(text, **said)


def _put_out(said: str, written: str) -> str:
    """As long as it was: the width of a line says where the bank wrapped."""
    said = said.replace(written, OUT * len(written))
    if "\n" in said and written in said.replace("\n", ""):
        cut = "\n?".join(map(re.escape, written))
        return re.sub(cut, lambda found: re.sub("[^\n]", OUT, found.group()), said)
    return said


def _in_field(field: str, said: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    if field == "structured":
        code = reference.of_rf(said)
        if code is not None and code in codes:
            yield Hit(code, field, Manner.PRINTED, written=said)
    yield from _tokens(field, said, codes)
    if "\n" in said:
        yield from _across(field, said, codes)


def _tokens(field: str, said: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    for match in _TOKEN.finditer(said):
        first, between, second = match.groups()
        written = (first + second).upper()
        code = written.translate(_HEALED)
        if code not in codes:
            continue
        healed = sum(one != other for one, other in zip(written, code, strict=True))
        start, end = match.start(), match.end(3)
        sure = (
            healed == 0
            if between == "\n"
            else healed == 0 or (healed == 1 and reference.changes(written) >= 2)
        )
        if sure and _by_itself(field, said, start, end, codes, grouped=between in _BLANKS):
            yield Hit(code, field, Manner.PRINTED, healed, said[start:end])
        elif healed <= 1:
            yield Hit(code, field, Manner.LOOSE, healed)


def _by_itself(
    field: str, said: str, start: int, end: int, codes: Mapping[str, int], *, grouped: bool
) -> bool:
    """Whether nothing beside the place makes it look like a part of something longer."""
    if end == len(said) and len(said.replace("\n", "")) in CUT_AT[field]:
        return False
    before = _beside(said[:start][::-1])
    after = _beside(said[end:])
    if "\n" in said and not (real_break(said, start - 1, before) and real_break(said, end, after)):
        return False
    for (gap, run), of_its_own in (
        (before, _OWN_BEFORE.search(said[:start]) or _is_code(_CODE_BEFORE, said[:start], codes)),
        (after, _OWN_AFTER.match(said, end) or _is_code(_CODE_AFTER, said[end:], codes)),
    ):
        if of_its_own:
            continue
        if gap in _BINDS and _has_digit(run):
            return False
        if grouped and gap in _BLANKS and _is_triple(run):
            return False
    hit, left, right = said[start:end], before[1][::-1], after[1]
    return not any(is_iban(whole) for whole in (left + hit, hit + right, left + hit + right))


def _is_code(where: re.Pattern[str], said: str, codes: Mapping[str, int]) -> bool:
    found = where.search(said)
    return found is not None and (found[1] + found[2]).upper() in codes


def _beside(text: str) -> tuple[str, str]:
    """The one character next to a place and the run of letters and digits behind it."""
    if not text:
        return "", ""
    run = _FIRST_RUN.match(text, 1)
    return text[0], run.group() if run else ""


def _is_triple(run: str) -> bool:
    """Whether it may be a third group of three; a class ("12b") is none."""
    return len(run) == LENGTH // 2 and _has_digit(run) and not _CLASS.fullmatch(run)


def _has_digit(run: str) -> bool:
    return any(character.isdigit() for character in run)


def _across(field: str, said: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    """Codes that the bank's wrapping cut in two: symbol by symbol as printed, none healed."""
    text, joints = joined(said)
    for match in _TOKEN.finditer(text):
        first, between, second = match.groups()
        code = (first + second).upper()
        start, end = match.start(), match.end(3)
        if code not in codes or not any(start < joint < end for joint in joints):
            continue
        sure = between != "\n" and _by_itself(
            field, text, start, end, codes, grouped=between in _BLANKS
        )
        manner = Manner.PRINTED if sure else Manner.LOOSE
        yield Hit(code, field, manner, written=text[start:end])


def _left_over(field: str, said: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    if _COUNTS.search(said) is None:
        return
    for hit in _in_field(field, said, codes):
        yield replace(hit, manner=Manner.LOOSE)
    yield from _windows(field, said, codes)


def _windows(field: str, said: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    """Codes in the words without anything but their letters and digits."""
    for part in said.split(OUT):
        yield from _in_windows(field, "".join(_RUN.findall(part)).upper(), codes)


def _in_windows(field: str, written: str, codes: Mapping[str, int]) -> Iterator[Hit]:
    read = written.translate(_HEALED)
    for start in range(len(read) - LENGTH + 1):
        code = read[start : start + LENGTH]
        if code in codes:
            pairs = zip(written[start : start + LENGTH], code, strict=True)
            healed = sum(one != other for one, other in pairs)
            if healed <= 1:
                yield Hit(code, field, Manner.LOOSE, healed)
