"""What happens in one reader's field, told from what the reader's driver reports.

pcscd counts every insertion and removal of a reader; the count comes with each report of the
state (upper 16 bits, pcsc-lite's ``winscard.h``). A report that says "card present" with
another count than before therefore means another placing, even if the absence between was
never seen: that is how a card swapped behind a busy loop shows itself. All cards of one kind
have the same ATR, so the count is the only witness.

The counts of two contexts cannot be compared. In the first report of a context a card whose
number is the one last held is taken for that card, still lying there.
"""

from dataclasses import dataclass
from datetime import datetime

from cards import uid
from cards.reader import (
    CardFault,
    CardTaken,
    CardUnread,
    Proof,
    ReaderEvent,
    ReaderSetting,
    Tap,
    UnreadReason,
)


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a reader's state; ``raw`` is the driver's own word, to be handed back.

    ``atr`` is how the card introduced itself, empty where there is none or it said nothing.
    """

    raw: int
    present: bool
    count: int
    atr: bytes = b""


@dataclass(frozen=True, slots=True)
class Seen:
    """A card that was read: its canonical UID, and what came of its proof.

    ``fault`` is why a card that had to prove itself did not; its proof is UID then.
    """

    card: str
    proof: Proof = Proof.UID
    fault: CardFault | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of the field: the last report of this context, and what lies there."""

    last: Report | None = None
    occupied: bool = False
    card: str | None = None

    def in_new_context(self) -> "Field":
        """Return the same field, for a context whose counts say nothing about the old ones."""
        return Field(None, self.occupied, self.card)


TICKET = bytes.fromhex("3B8580015A43564456")
"""How cards of the VDV-Kernapplikation begin ("ZCVDV"; pcsc-tools, ``smartcard_list.txt``)."""


def is_ticket(report: Report) -> bool:
    """Return whether the card says it is a ticket of public transport, which is not ours to read."""
    return report.atr.startswith(TICKET)


def is_placing(field: Field, report: Report) -> bool:
    """Return whether the report means a card that is yet to be read."""
    if not report.present:
        return False
    return field.last is None or not field.last.present or report.count != field.last.count


def identify(raw: bytes | UnreadReason, setting: ReaderSetting) -> str | UnreadReason:
    """Return the canonical UID of what the reader delivered, or why it is none."""
    if isinstance(raw, UnreadReason):
        return raw
    card = uid.read_bytes(raw, setting.uid_form)
    return unread_reason(card) if isinstance(card, uid.UidFault) else card


def unread_reason(fault: uid.UidFault) -> UnreadReason:
    """Return what a fault of the number means for the card."""
    match fault:
        case uid.UidFault.RANDOM:
            return UnreadReason.RANDOM_UID
        case uid.UidFault.WRONG_LENGTH | uid.UidFault.CUT_SHORT:
            return UnreadReason.WRONG_LENGTH
        case uid.UidFault.EMPTY | uid.UidFault.FOREIGN_CHARACTER:
            return UnreadReason.UNREADABLE


def emptied(field: Field, report: Report, reader: str) -> tuple[Field, tuple[ReaderEvent, ...]]:
    """Return the field after a report of no card, and what it tells."""
    events = (CardTaken(reader, field.card),) if field.occupied else ()
    return Field(report), events


def placed(
    field: Field,
    report: Report,
    seen: Seen | UnreadReason,
    *,
    reader: str,
    at: datetime,
    seen_ns: int,
) -> tuple[Field, tuple[ReaderEvent, ...]]:
    """Return the field after a card was placed and read, and what it tells."""
    left = (CardTaken(reader, field.card),) if field.occupied else ()
    if isinstance(seen, UnreadReason):
        return Field(report, occupied=True), (*left, CardUnread(reader, seen))
    after = Field(report, occupied=True, card=seen.card)
    if field.last is None and field.card == seen.card:
        return after, ()
    return after, (*left, Tap(seen.card, seen.proof, reader, at, seen_ns, seen.fault))
