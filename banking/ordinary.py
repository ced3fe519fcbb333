"""What stands in transfers beside codes and is none, whatever it looks like.

Values of a bank's own tags, BICs, creditor ids and IBANs; abbreviations with their numbers; names
with a class. All of it is narrow: what may be a broken code stays one.
"""

import re

from stdnum import iban

ABBREVIATED = frozenset(
    {"g", "gk", "h", "hj", "jg", "jgst", "kd", "kl", "kw", "lk", "nr", "q", "rg", "sj", "st", "str",
     "ws"}
)  # fmt: skip
"""With a number beside it, no piece of a code."""
BARE = frozenset({"g", "gk", "hj", "kd", "lk", "rg", "sj", "ws"})
"""Of these, those that have nothing behind their number."""
_NUMBER = re.compile("[0-9]{4,}")
_UPPER_CLASS = re.compile("1[0-3][A-Ha-h]")
_TECHNICAL = re.compile(
    r"(?<![^\W_])(?:(?:EREF|KREF|MREF|CRED|DEBT)\+(?:(?!SVWZ\+)\S)+"
    r"|[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[0-9]{11}(?![^\W_])"
    r"|BIC[:+ ]{1,2}[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![^\W_])"
    r"|[A-Z]{4}(?:DE|AT)[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![^\W_]))",
    re.IGNORECASE,
)
"""Values of a bank's tags, creditor ids and BICs (ISO 9362): whatever they look like, no codes."""
_LIKE_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?![^\W_])", re.IGNORECASE)
_SHORTEST_IBAN = 15
_VOWELS = frozenset("AEIOUYaeiouy")


def without_technical(said: str) -> str:
    """The words without such values; as long as they were: a line's width says where it was wrapped."""
    said = _TECHNICAL.sub(_blank, said)
    return _LIKE_IBAN.sub(lambda found: _blank(found) if is_iban(found[0]) else found[0], said)


def is_iban(run: str) -> bool:
    """Whether the run is a valid account number of any country."""
    looks = len(run) >= _SHORTEST_IBAN and run[:2].isalpha() and run[2:4].isdigit()
    return looks and iban.is_valid(run, check_country=False)


def of_something_else(
    lefts: list[str], rights: list[str], left: list[str], right: list[str]
) -> bool:
    """Whether a word with its number, or a name with its class, stands around the hyphen.

    ``lefts`` and ``rights`` are the whole runs there, ``left`` and ``right`` what is like a code.
    """
    one, other = lefts[-1], rights[0]
    if one.isalpha() and _NUMBER.fullmatch(other):
        return True
    for group, beside in ((one, other), (other, one)):
        if _UPPER_CLASS.fullmatch(group) and _is_word(beside):
            return True
    short = {it.lower() for it in (one, other) if len(it) > 1} & ABBREVIATED
    return (
        bool(short)
        and one.isalpha()
        and (other.isalpha() or other.isdigit())
        and (len(left) == 1 or _is_word(lefts[-2]))
        and all(it.isdigit() for it in right[1:])
    )


def _is_word(run: str) -> bool:
    return len(run) > 3 and run.isalpha() and not _VOWELS.isdisjoint(run)


def _blank(found: re.Match[str]) -> str:
    return "\0" * len(found[0])
