"""A card's own keys, made from a master key and what is true of that card only.

The same master and the same words give the same key, always; from a card's key neither its
master nor another card's key can be found. A kiosk is given keys of cards, never a master.

Source: NXP AN10922, "Symmetric key diversifications", section 2.2 (AES-128).
"""

from typing import Final

from cards.block_cipher import KEY_LENGTH, aes
from cards.layout import GENERATIONS

SYSTEM: Final = b"MENSAKASSE"
"""The system identifier of AN10922: keys of ours are keys of nothing else."""

_AES_128: Final = b"\x01"  # the diversification constant for an AES-128 key


def diversify(master: bytes, told: bytes) -> bytes:
    """Return the AES-128 key of whatever ``told`` says, 16 bytes.

    ``told`` has 1 to 31 bytes and is padded to two blocks, so that for fewer than 16 bytes
    the key is not the plain CMAC. Raises ValueError for another length or a master that has
    not 16 bytes.
    """
    if not 1 <= len(told) <= 2 * KEY_LENGTH - 1:
        raise ValueError("what a key is diversified by has 1 to 31 bytes")
    return aes(master).cmac(_AES_128 + told, least=2 * KEY_LENGTH)


def card_key(master: bytes, *, uid: bytes, aid: bytes, key_no: int, generation: int) -> bytes:
    """Return the key with this number in this application of this card, 16 bytes.

    It is diversified by UID (7) | AID (3, in the order of the air) | key number (1) |
    generation (1) | "MENSAKASSE". The card's own master key belongs to the AID 000000.
    Raises ValueError for a UID that has not 7 bytes, as for any other part out of form.
    """
    if len(uid) != 7:
        raise ValueError("only a UID of seven bytes gives a card its keys")
    if len(aid) != 3:
        raise ValueError("an application's number has three bytes")
    if not 0 <= key_no < 14:
        raise ValueError("a key's number lies between 0 and 13")
    if generation not in GENERATIONS:
        raise ValueError("a key generation lies between 1 and 254")
    return diversify(master, uid + aid + bytes([key_no, generation]) + SYSTEM)
