"""The number printed on a card: nine digits, the last one a check digit (ISO 7064 MOD 11,10).

It names the card on the telephone ("please block 123 456 788"), says nothing of its holder and
opens nothing. Any one wrong digit is noticed, and nearly any two neighbours swapped.

>>> check_digit("00200667308")
'5'
>>> validate("123 456 788")
'123456788'
>>> format("123456788")
'123 456 788'
"""

import enum
import re

LENGTH = 9

_DIGITS = re.compile(r"[0-9]+")


class NumberFault(enum.Enum):
    """Why this is not a card's printed number."""

    FOREIGN_CHARACTER = "foreign_character"
    WRONG_LENGTH = "wrong_length"
    WRONG_CHECK_DIGIT = "wrong_check_digit"


def compact(number: str) -> str:
    """The number without spaces and hyphens."""
    return number.replace(" ", "").replace("-", "")


def check_digit(digits: str) -> str:
    """The digit to put behind these (ISO/IEC 7064:2003, hybrid system MOD 11,10)."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def validate(number: str) -> str | NumberFault:
    """The compact number, or what is wrong with it."""
    digits = compact(number)
    if not _DIGITS.fullmatch(digits):
        return NumberFault.FOREIGN_CHARACTER
    if len(digits) != LENGTH:
        return NumberFault.WRONG_LENGTH
    if check_digit(digits[:-1]) != digits[-1]:
        return NumberFault.WRONG_CHECK_DIGIT
    return digits


def is_valid(number: str) -> bool:
    """Whether this is the number of a card."""
    return not isinstance(validate(number), NumberFault)


def format(number: str) -> str:  # noqa: A001  the four names of python-stdnum's modules
    """The number in threes, as it is printed."""
    digits = compact(number)
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))
