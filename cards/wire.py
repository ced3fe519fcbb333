"""Reader events as lines of JSON, from the reader's process to the kiosk's.

One event is one line, and reading a line yields the event that was written, except for
``Tap.at``: the reading side stamps its own time, because it owns the clock. An alive line
carries nothing. Anything else on the line is a fault of the process that wrote it.
"""

import json
from datetime import datetime

from cards.reader import (
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

ALIVE = b'{"event":"alive"}\n'


def encode(event: ReaderEvent) -> bytes:
    """Return the line that carries the event."""
    match event:
        case Tap():
            row = {"event": "tap", "card": event.card, "seen_ns": event.seen_ns}
            row["proof"] = event.proof.name
        case CardTaken():
            row = {"event": "taken", "card": event.card}
        case CardUnread():
            row = {"event": "unread", "reason": event.reason.name}
        case ReaderTrouble():
            row = {"event": "trouble", "reason": event.reason.name}
        case ReaderReady():
            row = {"event": "ready"}
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes, *, reader: str, at: datetime) -> ReaderEvent | None:
    """Return the event on this line, None for an alive line.

    Raises ValueError for any other line.
    """
    row = json.loads(line)
    try:
        match row["event"]:
            case "alive":
                return None
            case "tap":
                card, proof, seen_ns = str(row["card"]), Proof[row["proof"]], int(row["seen_ns"])
                return Tap(card, proof, reader, at, seen_ns)
            case "taken":
                return CardTaken(reader, None if row["card"] is None else str(row["card"]))
            case "unread":
                return CardUnread(reader, UnreadReason[row["reason"]])
            case "trouble":
                return ReaderTrouble(reader, TroubleReason[row["reason"]])
            case "ready":
                return ReaderReady(reader)
    except (KeyError, TypeError) as error:
        raise ValueError("a line of the reader's process lacks a part") from error
    raise ValueError("a line of the reader's process is of no known kind")
