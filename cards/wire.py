"""What the reader's process and the kiosk's say to each other, as lines of JSON.

One event is one line, and reading a line yields the event that was written, except for
``Tap.at``: the reading side stamps its own time, because it owns the clock. An alive line
carries nothing. A question asks for the secret of one card; the answer goes the other way and
carries the question's number, so that one that comes late is not taken for the next. Anything
else on the line is a fault of the process that wrote it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from cards.reader import (
    CardFault,
    CardTaken,
    CardUnread,
    Proof,
    ReaderEvent,
    ReaderReady,
    ReaderTrouble,
    Tap,
    TroubleReason,
    UnreadReason,
)
from cards.secret import CardSecret

ALIVE = b'{"event":"alive"}\n'


@dataclass(frozen=True, slots=True)
class Question:
    """The reader's process asks for the secret of the card in its field, by its UID."""

    number: int
    card: str = field(repr=False)


def encode(event: ReaderEvent | Question) -> bytes:
    """Return the line that carries the event."""
    match event:
        case Tap():
            row = {"event": "tap", "card": event.card, "seen_ns": event.seen_ns}
            row["proof"] = event.proof.name
            row["fault"] = event.fault.name if event.fault else None
        case CardTaken():
            row = {"event": "taken", "card": event.card}
        case CardUnread():
            row = {"event": "unread", "reason": event.reason.name}
        case ReaderTrouble():
            row = {"event": "trouble", "reason": event.reason.name}
        case ReaderReady():
            row = {"event": "ready"}
        case Question():
            row = {"event": "ask", "card": event.card, "number": event.number}
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes, *, reader: str, at: datetime) -> ReaderEvent | Question | None:
    """Return the event or the question on this line, None for an alive line.

    Raises ValueError for any other line.
    """
    row = json.loads(line)
    try:
        match row["event"]:
            case "alive":
                return None
            case "tap":
                card, proof, seen_ns = str(row["card"]), Proof[row["proof"]], int(row["seen_ns"])
                fault = None if row["fault"] is None else CardFault[row["fault"]]
                return Tap(card, proof, reader, at, seen_ns, fault)
            case "taken":
                return CardTaken(reader, None if row["card"] is None else str(row["card"]))
            case "unread":
                return CardUnread(reader, UnreadReason[row["reason"]])
            case "trouble":
                return ReaderTrouble(reader, TroubleReason[row["reason"]])
            case "ready":
                return ReaderReady(reader)
            case "ask":
                return Question(int(row["number"]), str(row["card"]))
    except (KeyError, TypeError) as error:
        raise ValueError("a line of the reader's process lacks a part") from error
    raise ValueError("a line of the reader's process is of no known kind")


def encode_answer(question: Question, secret: CardSecret | None) -> bytes:
    """Return the line that answers a question."""
    told = None if secret is None else secret.to_bytes().hex()
    row = {"number": question.number, "secret": told}
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def decode_answer(line: bytes) -> tuple[int, CardSecret | None]:
    """Return the number of the question this line answers, and the secret.

    Raises ValueError for any other line; what it was is not in the words.
    """
    try:
        row = json.loads(line)
        number, told = int(row["number"]), row["secret"]
        return number, None if told is None else CardSecret.from_bytes(bytes.fromhex(told))
    except (KeyError, TypeError, ValueError):
        raise ValueError("a line to the reader's process is no answer") from None
