"""The number a card answers with when it enters the field, in one canonical form.

A UID is upper-case hex, most significant byte first, as a PC/SC reader delivers it
(``FF CA 00 00 00``, PC/SC part 3, 3.2.2.1.3), of 4, 7 or 10 bytes (ISO/IEC 14443-3, 6.5.4).
Two readers that see the same card yield the same string, whatever form they send it in.

A UID names a card and proves nothing: it can be copied onto another card. Phones, identity
cards and some transport cards answer with a new random number each time; such a number is
never a card of ours.

>>> validate("04:a1:b2:c3:d4:e5:f6")
'04A1B2C3D4E5F6'
>>> validate("08C0FFEE")
<UidFault.RANDOM: 'random'>
>>> format("04A1B2C3D4E5F6")
'04 A1 B2 C3 D4 E5 F6'
"""

import enum
import string
from dataclasses import dataclass

LENGTHS = (4, 7, 10)

_SEPARATORS = str.maketrans("", "", " :-.\t")
_RANDOM = "08"  # first byte of a random single-size UID (ISO/IEC 14443-3, table 9)
_CASCADE = "88"  # the cascade tag: more of the UID was to come (ISO/IEC 14443-3, 6.5.4)
_HEX = frozenset("0123456789ABCDEF")


class UidFault(enum.Enum):
    """Why something a reader delivered is not the number of a card."""

    EMPTY = "empty"
    FOREIGN_CHARACTER = "foreign character"
    WRONG_LENGTH = "wrong length"
    RANDOM = "random"
    CUT_SHORT = "cut short"


class Radix(enum.Enum):
    """The base in which a reader writes a UID."""

    HEX = 16
    DECIMAL = 10


@dataclass(frozen=True, slots=True)
class UidForm:
    """How one reader writes UIDs.

    ``length`` is the number of bytes the reader sends, where it always sends as many: it
    restores the leading zeros a number loses. Without it the digits themselves must make up
    4, 7 or 10 bytes; a decimal number does not say its length, so there it is required.

    A reader that cuts 7-byte UIDs down to 32 bits has length 4. What it sends cannot be
    completed: its cards have to be issued on a reader of the same form.
    """

    radix: Radix = Radix.HEX
    reversed: bool = False
    length: int | None = None

    def __post_init__(self) -> None:
        if self.length is None:
            if self.radix is Radix.DECIMAL:
                raise ValueError("a reader that sends decimal numbers needs a length in bytes")
        elif self.length not in LENGTHS:
            raise ValueError(f"a UID has 4, 7 or 10 bytes, not {self.length}")


AS_PCSC = UidForm()


def compact(number: str) -> str:
    """Return the number in upper case without the separators people and readers put in."""
    return number.translate(_SEPARATORS).upper()


def validate(number: str) -> str | UidFault:
    """Return the canonical form of a hex UID, most significant byte first, or its fault."""
    uid = compact(number)
    if not uid:
        return UidFault.EMPTY
    if not _HEX.issuperset(uid):
        return UidFault.FOREIGN_CHARACTER
    if len(uid) not in {2 * length for length in LENGTHS}:
        return UidFault.WRONG_LENGTH
    if len(uid) == 8 and uid.startswith(_RANDOM):
        return UidFault.RANDOM
    if len(uid) == 8 and uid.startswith(_CASCADE):
        return UidFault.CUT_SHORT
    return uid


def is_valid(number: str) -> bool:
    """Return whether this is the hex UID of a card."""
    return not isinstance(validate(number), UidFault)


def format(number: str) -> str:  # noqa: A001  the four names of python-stdnum's modules
    """Return the UID in pairs of digits, as it is printed on cards and shown by readers."""
    uid = compact(number)
    return " ".join(uid[at : at + 2] for at in range(0, len(uid), 2))


def read(text: str, form: UidForm) -> str | UidFault:
    """Return the canonical form of what a reader of this form typed, or its fault."""
    digits = compact(text)
    if not digits:
        return UidFault.EMPTY
    if not (_HEX if form.radix is Radix.HEX else frozenset(string.digits)).issuperset(digits):
        return UidFault.FOREIGN_CHARACTER
    if form.length is None:
        length, odd = divmod(len(digits), 2)
        if odd or length not in LENGTHS:
            return UidFault.WRONG_LENGTH
    else:
        length = form.length
    value = int(digits, form.radix.value)
    if value >= 256**length:
        return UidFault.WRONG_LENGTH
    return read_bytes(value.to_bytes(length, "big"), form)


def read_bytes(raw: bytes, form: UidForm = AS_PCSC) -> str | UidFault:
    """Return the canonical form of the bytes a reader of this form delivered, or its fault.

    Bytes have no radix. A reader set to a length delivers that length and nothing else.
    """
    if form.length is not None and raw and len(raw) != form.length:
        return UidFault.WRONG_LENGTH
    return validate((raw[::-1] if form.reversed else raw).hex())
