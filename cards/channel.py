"""One card in a reader's field, as something that answers bytes with bytes.

A channel belongs to one card for as long as that card lies there. It knows no protocol: what
goes over it is an APDU and what comes back is the answer with its status word, whole.
"""

from typing import Protocol


class CardGone(Exception):  # noqa: N818  it is named for what happened
    """The card left the field, or no longer answers.

    Nothing is known of the last command: it may have been carried out or not.
    """


class Channel(Protocol):
    """A way to one card."""

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer: its data, then SW1 and SW2.

        Raises CardGone where the card does not answer any more.
        """
