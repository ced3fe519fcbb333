"""What one kiosk must know of one card to have it prove itself: its read key and its token.

A secret is of one card and opens nothing else: no other card, and not this card's content for
writing. It crosses pipes and lies sealed on disks in one fixed form of 34 bytes; its printed
form tells the medium and the issue number, never the key or the token.
"""

from dataclasses import dataclass, field

from cards.layout import Medium

KEY_BYTES = 16
TOKEN_BYTES = 12
AID_BYTES = 3
SECRET_BYTES = 3 + AID_BYTES + KEY_BYTES + TOKEN_BYTES

_FORM = 1
_MEDIA = (Medium.EV1, Medium.EV2, Medium.NTAG424)
"""Numbered from 1 in the fixed form; a medium keeps its number for ever."""


@dataclass(frozen=True, slots=True)
class CardSecret:
    """See the module. ``issue_no`` is 1 to 255; ``aid`` is the application's number on the card.

    Raises ValueError for parts of another length or an issue number out of range.
    """

    medium: Medium
    aid: bytes
    read_key: bytes = field(repr=False)
    token: bytes = field(repr=False)
    issue_no: int

    def __post_init__(self) -> None:
        lengths = (len(self.aid), len(self.read_key), len(self.token))
        if lengths != (AID_BYTES, KEY_BYTES, TOKEN_BYTES):
            raise ValueError("a card's secret is a key of 16, a token of 12 and an AID of 3 bytes")
        if not 1 <= self.issue_no <= 255:
            raise ValueError("a card's issue number is 1 to 255")

    def to_bytes(self) -> bytes:
        """The fixed form: form, medium and issue number a byte each, AID, key, token."""
        head = bytes((_FORM, 1 + _MEDIA.index(self.medium), self.issue_no))
        return head + self.aid + self.read_key + self.token

    @classmethod
    def from_bytes(cls, told: bytes) -> "CardSecret":
        """The secret that ``to_bytes`` wrote. Raises ValueError for anything else."""
        if len(told) != SECRET_BYTES or told[0] != _FORM or not 1 <= told[1] <= len(_MEDIA):
            raise ValueError("these bytes are no card's secret")
        aid, rest = told[3 : 3 + AID_BYTES], told[3 + AID_BYTES :]
        return cls(_MEDIA[told[1] - 1], aid, rest[:KEY_BYTES], rest[KEY_BYTES:], told[2])
