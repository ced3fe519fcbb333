"""Sentences about the master keys: why their file does not open or change, and what to do."""

import enum
from collections.abc import Mapping

from accounts.texts import mark
from cards.holders import KeyFault

_SIZES = mark("Master keys have two to five holders.")
KEYS: Mapping[enum.Enum, str] = {
    KeyFault.NONE_OF_OURS: mark(
        "{path} is no file of master keys. To make one: mensa card keys init FILE"
    ),
    KeyFault.NEWER: mark(
        "{path} was written by a newer version. Bring the software of this machine up to date."
    ),
    KeyFault.DAMAGED: mark("{path} is damaged. Take another copy of it."),
    KeyFault.NOT_TWO: mark("It takes two of the holders: --by NAME --by NAME. They are: {holders}"),
    KeyFault.UNKNOWN_HOLDER: mark("{name} is no holder. They are: {holders}"),
    KeyFault.WRONG_PASSPHRASE: mark(
        "At least one of the two passphrases is wrong. The file does not tell which."
    ),
    KeyFault.TOO_SHORT: mark(
        "A passphrase has 12 characters at least; four or five words are good."
    ),
    KeyFault.TOO_LONG: mark("A passphrase has 256 characters at most."),
    KeyFault.SAME_PASSPHRASE: mark(
        "Two holders with the same passphrase would be one. Each takes one of their own."
    ),
    KeyFault.WRONG_NAME: mark("A holder's name has 1 to 60 characters that can be printed."),
    KeyFault.TAKEN_NAME: mark("{name} is a holder already."),
    KeyFault.TOO_FEW: _SIZES,
    KeyFault.TOO_MANY: _SIZES,
}
