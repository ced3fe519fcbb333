"""A card's native commands wrapped in ISO 7816-4 APDUs, sent frame by frame.

A command is ``90 INS 00 00 [Lc data] 00``, its answer data and ``91 xx``. A command or an
answer too long for one frame is continued with INS ``AF`` as long as the status says ``AF``.
No chain of frames is endless: each must bring something, and all of them not more than was
asked for.

Sources: the examples in NXP's AN12196; for EV1's chaining, the recordings in the tests.
"""

from cards.channel import Channel
from cards.status import CardRefused, ProtocolBroken, Status

CHAINED_FRAME = 54
"""Bytes of a wrapped command that fit into one ISO 14443-4 block of 64 bytes."""
LONGEST = 255

_CLASS = 0x90
_ADDITIONAL_FRAME = 0xAF


def wrap(ins: int, payload: bytes = b"") -> bytes:
    """Return the APDU of one frame. Raises ValueError for more than 255 bytes."""
    length = bytes([len(payload)]) if payload else b""
    return bytes([_CLASS, ins, 0, 0]) + length + payload + b"\0"


def transmit(channel: Channel, apdu: bytes) -> tuple[bytes, int]:
    """Return the data and the status word the card answers this APDU with.

    Raises CardGone, and ProtocolBroken where the answer is too short for a status word.
    """
    answer = channel.transmit(apdu)
    if len(answer) < 2:
        raise ProtocolBroken("an answer without a status word")
    return answer[:-2], int.from_bytes(answer[-2:], "big")


def unexpected(word: int) -> CardRefused | ProtocolBroken:
    """Return what is to be raised for a status that is not the awaited one.

    A card that agrees where it should go on, or goes on where it should end or has said
    everything that was asked for, is none of this protocol.
    """
    if Status.of(word) in {Status.DONE, Status.MORE_FRAMES, Status.ISO_DONE}:
        return ProtocolBroken("the card is at another place of the command")
    return CardRefused(word)


def exchange(channel: Channel, ins: int, payload: bytes, awaited: Status) -> bytes:
    """Send one frame and return its data where the card answers with the awaited status.

    Raises CardGone, CardRefused and ProtocolBroken.
    """
    data, word = transmit(channel, wrap(ins, payload))
    if word != awaited.value:
        raise unexpected(word)
    return data


def converse(
    channel: Channel, ins: int, payload: bytes, *, most: int, frame: int = LONGEST
) -> bytes:
    """Send a command of any length in frames and return the whole answer without its status.

    ``most`` bytes is the longest answer that makes sense. Raises CardGone, CardRefused and
    ProtocolBroken.
    """
    while len(payload) > frame:
        exchange(channel, ins, payload[:frame], Status.MORE_FRAMES)
        ins, payload = _ADDITIONAL_FRAME, payload[frame:]
    answer = bytearray()
    while True:
        data, word = transmit(channel, wrap(ins, payload))
        answer += data
        if word == Status.DONE.value and len(answer) <= most:
            return bytes(answer)
        if word == Status.MORE_FRAMES.value and data and len(answer) <= most:
            ins, payload = _ADDITIONAL_FRAME, b""
        else:
            raise unexpected(word)
