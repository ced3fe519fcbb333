"""One card laid on the issuing station's reader: begun, written, proven, active. Or why not.

- What opens the card again lies sealed in the ledger before the card hears the first of it, and
  each step is noted before it is sent. So whatever is torn, whoever lays the card down again goes
  on where the chip itself says it stands.
- A card is active only after it has proved itself in a session of its own, by the secret the
  ledger keeps and not by the one that was meant. Until then its holder's old card stays good.
- A card that is refused was not written on, and the ledger knows nothing of it.
- A card is lost only where it was found so again and again in fresh sessions. A card that left
  or that answers nonsense is just not done: it can be laid down again tomorrow.
"""

import secrets

from accounts.card_issuing import Issue
from accounts.card_register import Card, CardState
from accounts.guards import JournalRefused
from accounts.holdings import CardRefusal, card_hash
from cards.card_keys import Keys, keys_of
from cards.channel import CardGone
from cards.layout import TOKEN_LENGTH, Content, Medium
from cards.personalise import Fault, Plan, Step, identify, personalise, survey, wipe
from cards.prove import prove
from cards.reader import CardFault
from cards.school_key import open_sealed, seal
from cards.secret import CardSecret
from cards.status import CardRefused, ProtocolBroken
from kiosk.issuing_terms import (
    Book,
    Done,
    Laid,
    Lost,
    NotBegun,
    Open,
    Outcome,
    Tools,
    Trouble,
    Wanted,
)

TRIES = 3
"""Fresh sessions in which a card is given the chance to be what it should be."""
_ENDED = "issue_ended"
"""The ledger's word for a step of an issue that is over."""


def lay(tools: Tools, book: Book, wanted: Wanted, *, uid: bytes, laid: Laid) -> Outcome:
    """Do all that can be done with the card that was laid down; ``uid`` is the reader's word."""
    issue: Issue | None = None
    try:
        medium = identify(laid, uid=uid)
        if isinstance(medium, Fault):
            return NotBegun(medium)
        card = card_hash(tools.pepper, uid.hex().upper())
        known = book.known(card)
        if isinstance(known, Card):
            return _somebodys(book, known, wanted)
        begun = known or _begun(tools, book, wanted, card, uid=uid, medium=medium, laid=laid)
        if isinstance(begun, NotBegun):
            return begun
        issue = begun
        if known is not None and not book.is_here(issue, wanted):
            return NotBegun(Trouble.OTHERS_ISSUE)
        return _made(tools, book, issue, uid=uid, medium=medium, laid=laid)
    except CardGone:
        return Open(Trouble.GONE, issue)
    except (CardRefused, ProtocolBroken):
        return Open(Trouble.UNCLEAR, issue)
    except JournalRefused as refused:
        if refused.code != _ENDED:
            raise
        return Open(Trouble.ENDED, issue)


def _somebodys(book: Book, known: Card, wanted: Wanted) -> Outcome:
    mine = (known.pupil_id, known.staff_id) == (wanted.pupil_id, wanted.staff_id)
    good = mine and known.state is CardState.ACTIVE
    if good and known.id != wanted.replaces and book.is_issued(known):
        return Done(known, before=True)
    return NotBegun(CardRefusal.KNOWN_CARD, known)


def _begun(
    tools: Tools, book: Book, wanted: Wanted, card: bytes, *, uid: bytes, medium: Medium, laid: Laid
) -> Issue | NotBegun:
    masters = tools.masters
    keys = keys_of(masters, uid=uid, medium=medium, aid=tools.aid, generation=masters.newest)
    fault = survey(laid, keys)
    if fault is Fault.FOREIGN_APPLICATION and wanted.may_wipe:
        _reset(laid, keys)
        fault = wipe(laid, keys) or survey(laid, keys)
    if fault is not None:
        return NotBegun(fault)
    token = secrets.token_bytes(TOKEN_LENGTH)

    def escrow(number: int) -> bytes:
        secret = CardSecret(medium, keys.aid, keys.read, token, number)
        return masters.escrow(uid, secret, card)

    begun = book.begin(
        card, wanted, medium=medium, generation=keys.generation, escrow=escrow
    )  # fmt: skip
    return NotBegun(begun) if isinstance(begun, CardRefusal) else begun


def _made(
    tools: Tools, book: Book, issue: Issue, *, uid: bytes, medium: Medium, laid: Laid
) -> Outcome:
    opened = tools.masters.from_escrow(issue.escrow, issue.uid_hmac)
    if opened is None or issue.generation not in tools.masters.generations:
        return NotBegun(Trouble.OTHER_MASTERS)
    kept_uid, secret = opened
    if kept_uid != uid or secret.medium is not medium or secret.issue_no != issue.issue_no:
        return NotBegun(Fault.OTHER_UID)
    keys = keys_of(
        tools.masters, uid=uid, medium=medium, aid=secret.aid, generation=issue.generation
    )
    content = Content(city=tools.city, issue_no=secret.issue_no, token=secret.token)
    plan = Plan(keys, content)
    why: Fault | CardFault | Trouble | None = Trouble.UNCLEAR
    for _ in range(TRIES):
        why = _written_and_proven(book, issue, plan, secret, laid)
        if why is None:
            break
    if why is None:
        return _active(tools, book, issue, secret)
    if isinstance(why, Trouble):
        return Open(why, issue)
    book.lose(issue, why)
    return Lost(why)


def _written_and_proven(
    book: Book, issue: Issue, plan: Plan, secret: CardSecret, laid: Laid
) -> Fault | CardFault | Trouble | None:
    writing = personalise(laid, plan)
    fault: Fault | None = None
    try:
        _reset(laid, plan.keys)
        try:
            while True:
                book.note(issue, next(writing))
        except StopIteration as end:
            fault = end.value
        if fault is not None:
            return fault
        _reset(laid, plan.keys)
    except (CardRefused, ProtocolBroken):
        return Trouble.UNCLEAR
    book.note(issue, Step.VERIFY)
    proof = prove(laid, secret=secret)
    return Trouble.UNCLEAR if proof is CardFault.BROKEN else proof


def _reset(laid: Laid, keys: Keys) -> None:
    """Begin a fresh session with the chip of these keys, and with no other.

    While the field is away a hand can change the card. Raises CardGone where another chip lies
    there now, ProtocolBroken where what lies there does not say in due form what it is.
    """
    laid.reset()
    found = identify(laid, uid=keys.uid)
    if found is Fault.NO_CHIP:
        raise ProtocolBroken("no chip's word after a reset")
    if found is not keys.medium:
        raise CardGone("another chip after a reset")


def _active(tools: Tools, book: Book, issue: Issue, secret: CardSecret) -> Outcome:
    def sealed(school: str) -> tuple[bytes, bytes]:
        key = tools.masters.school_key(school)
        blob = seal(key, secret, card=issue.uid_hmac)
        if open_sealed((key,), blob, card=issue.uid_hmac) != secret:
            raise RuntimeError("a card's secret was sealed and does not open")
        return key.id, blob

    made = book.finish(issue, sealed)
    return NotBegun(made) if isinstance(made, CardRefusal) else made
