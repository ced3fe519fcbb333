"""What our application on a card consists of: numbers of application, keys and file, content.

On DESFire it is one application with two AES keys, the master key K0 and the read key K1, and
one file of 16 bytes that only K1 reads and only K0 writes. On NTAG 424 DNA it is the chip's
own file 3, which leaves the factory readable by key 2 and writable by key 3, with all five
keys changed. The content names nobody: it is a random token that the ledger can compare.
"""

import enum
from dataclasses import dataclass, field
from typing import Final

AID: Final = bytes.fromhex("4D4B31")
"""Our application's number where the settings name no other, in the order of the air."""
PICC: Final = bytes(3)
"""The application number of the card itself, level of the PICC master key."""

MASTER_KEY: Final = 0
"""The key that may change all others: of the card, of an application, of an NTAG 424."""

CONTENT_LENGTH: Final = 16
TOKEN_LENGTH: Final = 12
CONTENT_VERSION: Final = 1
GENERATIONS: Final = range(1, 255)
"""Key generations; as a key's version byte, 0 is the factory's and 255 stays free."""


class Medium(enum.Enum):
    """The kinds of chip that can prove themselves to us."""

    EV1 = "ev1"
    """MIFARE DESFire EV1: AuthenticateAES."""
    EV2 = "ev2"
    """MIFARE DESFire EV2 and EV3: AuthenticateEV2First."""
    NTAG424 = "ntag424"
    """NTAG 424 DNA: AuthenticateEV2First, fixed files."""

    @property
    def key_count(self) -> int:
        """How many keys our application has on this medium, numbered from 0."""
        return 5 if self is Medium.NTAG424 else 2

    @property
    def read_key(self) -> int:
        """The number of the key a kiosk authenticates with."""
        return 2 if self is Medium.NTAG424 else 1

    @property
    def write_key(self) -> int:
        """The number of the key the content is written with."""
        return 3 if self is Medium.NTAG424 else MASTER_KEY

    @property
    def file(self) -> int:
        """The number of the file that holds the content."""
        return 3 if self is Medium.NTAG424 else 1


@dataclass(frozen=True, slots=True)
class Content:
    """The 16 bytes of our file: version (1), city (2), issue number (1), token (12).

    Numbers are big-endian. ``version`` is 1. The token is left out of the printed form.
    Raises ValueError for a number out of its range or a token of another length.
    """

    city: int
    issue_no: int
    token: bytes = field(repr=False)
    version: int = CONTENT_VERSION

    def __post_init__(self) -> None:
        if self.version != CONTENT_VERSION:
            raise ValueError("the content of a card has version 1")
        if not 0 <= self.city < 1 << 16:
            raise ValueError("a city's number has two bytes")
        if not 0 < self.issue_no < 1 << 8:
            raise ValueError("an issue number lies between 1 and 255")
        if len(self.token) != TOKEN_LENGTH:
            raise ValueError("a card's token has twelve bytes")

    def to_bytes(self) -> bytes:
        """Return the 16 bytes as they lie on the card."""
        numbers = bytes([self.version]) + self.city.to_bytes(2, "big") + bytes([self.issue_no])
        return numbers + self.token

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Content | None":
        """Return what these bytes say, None where they are no content of this version."""
        if len(raw) != CONTENT_LENGTH or raw[0] != CONTENT_VERSION or raw[3] == 0:
            return None
        return cls(city=int.from_bytes(raw[1:3], "big"), issue_no=raw[3], token=raw[4:])
