"""A card proves that it is the one that was issued, and is not changed by it.

It is proven when it showed that it knows its own key, after we showed that we do (mutual
authentication with fresh random numbers on both sides, so that nothing recorded helps), and
when the content read in that session, encrypted and authenticated, is the one written at its
issue: same token, same issue number. Nothing but reading commands is sent; a card torn away
in the midst of it has lost nothing and is asked once more.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from cards import desfire, ntag424
from cards.channel import CardGone, Channel
from cards.layout import CONTENT_LENGTH, Content, Medium
from cards.reader import CardFault
from cards.secret import CardSecret
from cards.secure_messaging import CommMode
from cards.status import CardRefused, ProtocolBroken, Status

_REFUSALS: Final[Mapping[Status, CardFault]] = {
    Status.AUTHENTICATION_ERROR: CardFault.WRONG_KEY,
    Status.APPLICATION_NOT_FOUND: CardFault.NO_APPLICATION,
    Status.NO_SUCH_KEY: CardFault.NO_APPLICATION,
    Status.FILE_NOT_FOUND: CardFault.NO_APPLICATION,
    Status.ILLEGAL_COMMAND: CardFault.NO_APPLICATION,
    Status.ISO_NOT_FOUND: CardFault.NO_APPLICATION,
    Status.ISO_UNKNOWN_COMMAND: CardFault.NO_APPLICATION,
    Status.ISO_UNKNOWN_CLASS: CardFault.NO_APPLICATION,
    Status.ISO_FUNCTION_NOT_SUPPORTED: CardFault.NO_APPLICATION,
}
"""What a refusal tells of a card that should have proved itself; any other is BROKEN."""


def prove(channel: Channel, *, secret: CardSecret) -> CardFault | None:
    """Return None where the card in this field is the one with this secret, or what it lacks.

    Raises CardGone where the card does not answer, or wants to be left alone for a while after
    too many wrong keys: then nothing is known of it.
    """
    try:
        raw = _read(channel, secret)
    except CardRefused as refused:
        if refused.status is Status.AUTHENTICATION_DELAY:
            raise CardGone("the card wants to be left alone for a while") from None
        return _REFUSALS.get(refused.status, CardFault.BROKEN)
    except ProtocolBroken:
        return CardFault.BROKEN
    content = Content.from_bytes(raw)
    if content is None:
        return CardFault.WRONG_CONTENT
    if content.issue_no < secret.issue_no:
        return CardFault.OLD_ISSUE
    same = hmac.compare_digest(content.token, secret.token)
    return None if same and content.issue_no == secret.issue_no else CardFault.WRONG_CONTENT


def _read(channel: Channel, secret: CardSecret) -> bytes:
    medium = secret.medium
    if medium is Medium.NTAG424:
        tag = ntag424.Tag(channel)
        tag.select()
        tag.authenticate(medium.read_key, secret.read_key)
        return tag.read(medium.file, 0, CONTENT_LENGTH, CommMode.FULL)
    card = desfire.Card(channel)
    card.select(secret.aid)
    card.authenticate(medium, medium.read_key, secret.read_key)
    return card.read(medium.file, 0, CONTENT_LENGTH, CommMode.FULL)
