"""What a card says of a command: the status word, and the two ways an answer can be no answer.

Every answer of any length and content is a value or one of `CardGone`, `CardRefused` and
`ProtocolBroken`. A word that is in no list is `Status.UNKNOWN`, never a fault of ours.

Sources: the lists of status words in NXP's NT4H2421Gx (NTAG 424 DNA) and MF2DLHX0 (DESFire
Light); for what only full DESFire chips say, libfreefare's ``freefare.h``.
"""

import enum


class Status(enum.Enum):
    """The status words of DESFire and NTAG 424 chips, wrapped in ISO 7816-4 APDUs."""

    DONE = 0x9100
    NO_CHANGES = 0x910C
    OUT_OF_MEMORY = 0x910E
    ILLEGAL_COMMAND = 0x911C
    INTEGRITY_ERROR = 0x911E
    """A MAC, a checksum or a padding of ours was wrong to the card."""
    NO_SUCH_KEY = 0x9140
    LENGTH_ERROR = 0x917E
    PERMISSION_DENIED = 0x919D
    """The key numbers or settings forbid it, whoever asks."""
    PARAMETER_ERROR = 0x919E
    APPLICATION_NOT_FOUND = 0x91A0
    APPLICATION_INTEGRITY_ERROR = 0x91A1
    AUTHENTICATION_DELAY = 0x91AD
    """Too many wrong keys: the card wants to be left alone for a while."""
    AUTHENTICATION_ERROR = 0x91AE
    """A wrong key, or a command that this session's key may not send."""
    MORE_FRAMES = 0x91AF
    BOUNDARY_ERROR = 0x91BE
    PICC_INTEGRITY_ERROR = 0x91C1
    COMMAND_ABORTED = 0x91CA
    PICC_DISABLED = 0x91CD
    COUNT_ERROR = 0x91CE
    DUPLICATE = 0x91DE
    """An application or file of this number is there already."""
    MEMORY_ERROR = 0x91EE
    FILE_NOT_FOUND = 0x91F0
    FILE_INTEGRITY_ERROR = 0x91F1
    ISO_DONE = 0x9000
    ISO_MEMORY_FAILURE = 0x6581
    ISO_WRONG_LENGTH = 0x6700
    ISO_SECURITY_NOT_SATISFIED = 0x6982
    ISO_CONDITIONS_NOT_SATISFIED = 0x6985
    ISO_WRONG_DATA = 0x6A80
    ISO_FUNCTION_NOT_SUPPORTED = 0x6A81
    ISO_NOT_FOUND = 0x6A82
    ISO_WRONG_PARAMETERS = 0x6A86
    ISO_WRONG_LC = 0x6A87
    ISO_UNKNOWN_COMMAND = 0x6D00
    ISO_UNKNOWN_CLASS = 0x6E00
    UNKNOWN = -1
    """A word that stands in no list; the raw word tells it."""

    @classmethod
    def of(cls, word: int) -> "Status":
        """Return the status this word is, UNKNOWN for any other."""
        try:
            return cls(word)
        except ValueError:
            return cls.UNKNOWN


class CardRefused(Exception):  # noqa: N818  it is named for what happened
    """The card answered in due form that it will not.

    ``word`` is SW1 SW2 as it came, ``status`` its name. The session with the card is over.
    """

    def __init__(self, word: int) -> None:
        self.word = word
        self.status = Status.of(word)
        super().__init__(f"the card refused: {self.status.name} ({word:04X})")


class ProtocolBroken(Exception):  # noqa: N818  it is named for what happened
    """What answered is not a card of this protocol, or somebody stands between.

    A wrong MAC, a wrong length, a proof that does not hold, frames without end. The session
    with the card is over. The sentence names the place, never what was sent or received.
    """
