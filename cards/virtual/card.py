"""A card that is not there: ``python -m cards.virtual.card PORT``.

The process holds one card, in the field or out of it, on the virtual reader whose driver
(vpcd of the vsmartcard project) listens on this port of the loopback. It is told what to do
by lines on standard input and answers each with one line, ``ok`` or ``no`` and why:

- ``insert ...`` lays a card into the field, see `cards.virtual.placing`;
- ``image`` tells what the card in the field keeps, as ``ok`` and hex;
- ``remove`` takes it away;
- ``quit``, or the end of standard input, ends the process.

A card lies where it was put: if the reader goes, the card is in its field again as soon as
the reader is back, having forgotten what a card forgets without power.
"""

import os
import select
import shlex
import socket
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from cards.virtual.placing import Hand, placed

RETURN_AFTER = 0.02
"""Seconds between two looks for a reader that went while the card lay on it."""

_GET_ATR = 4
_CONTROL_WITHOUT_ANSWER = (0, 1, 2)  # power off, power on, reset


@dataclass(slots=True)
class Placed:
    """A card that was put down, and the line to a reader that lives."""

    hand: Hand
    line: socket.socket | None
    heard: bytearray = field(default_factory=bytearray)
    due: float = 0.0
    answer: bytes | None = None


def enter(port: int) -> socket.socket:
    """Return the line to the reader on this port; raises OSError where none listens."""
    line = socket.create_connection(("127.0.0.1", port), timeout=2)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def leave(card: Placed) -> None:
    """Cut the line to the reader, with whatever was under way on it."""
    if card.line is not None:
        card.line.close()
    card.line, card.answer = None, None
    card.heard.clear()
    card.hand.laid.chip.reset()


def hear(card: Placed, line: socket.socket) -> bool:
    """Take in what the reader sent; return False if the reader has gone."""
    # The driver sends length and payload apart; without an immediate acknowledgement, asked
    # for anew before each reading, every command waits 40 ms for the second half.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    try:
        data = line.recv(4096)
    except OSError:
        return False
    card.heard += data
    return bool(data)


def work(card: Placed) -> bool:
    """Answer what was heard and is due; return False if the card leaves the field over it."""
    while True:
        if card.answer is not None:
            if time.monotonic() < card.due:
                return True
            send(card, card.answer)
            card.answer = None
        length = 2 + int.from_bytes(card.heard[:2], "big")
        if len(card.heard) < max(3, length):
            return True
        message = bytes(card.heard[2:length])
        del card.heard[:length]
        if not take(card, message):
            return False


def take(card: Placed, message: bytes) -> bool:
    """Act on one message of the reader; return False if the card leaves the field over it."""
    chip = card.hand.laid.chip
    if len(message) == 1:
        if message[0] == _GET_ATR:
            send(card, chip.atr)
        elif message[0] in _CONTROL_WITHOUT_ANSWER:
            chip.reset()
        return message[0] in {*_CONTROL_WITHOUT_ANSWER, _GET_ATR}
    card.answer = card.hand.answer(message)
    card.due = time.monotonic() + card.hand.slow
    return not card.hand.laid.gone


def send(card: Placed, payload: bytes) -> None:
    """Send one message to the reader; one that has gone is noticed at the next hearing."""
    if card.line is not None:
        with suppress(OSError):
            card.line.sendall(len(payload).to_bytes(2, "big") + payload)


def obey(port: int, card: Placed | None, words: list[str]) -> tuple[Placed | None, str]:
    """Return the card after one line of orders, and the line that answers it."""
    match words:
        case ["insert", *rest] if rest:
            if card is not None:
                return card, "no: a card is in the field"
            try:
                return Placed(placed(rest), enter(port)), "ok"
            except (OSError, ValueError) as error:
                return None, f"no: {error}"
        case ["image"] if card is not None and card.hand.image is not None:
            return card, "ok " + card.hand.image.to_bytes().hex()
        case ["remove"]:
            if card is None:
                return None, "no: no card is in the field"
            leave(card)
            return None, "ok"
    return card, "no: not understood"


def attend(card: Placed, ready: Collection[int]) -> bool:
    """Do what the reader asks of the card; return False if the card left the field over it."""
    if card.line is not None and card.line.fileno() in ready and not hear(card, card.line):
        leave(card)
    return work(card)


def live(port: int) -> None:
    """Be the card of the reader on this port until told to quit."""
    card: Placed | None = None
    orders = b""
    while True:
        ends, patience = [0], None
        if card is not None and card.line is None:
            with suppress(OSError):
                card.line = enter(port)
            patience = RETURN_AFTER
        if card is not None and card.line is not None:
            ends.append(card.line.fileno())
            patience = None if card.answer is None else max(0.0, card.due - time.monotonic())
        ready, _, _ = select.select(ends, [], [], patience)
        if card is not None and not attend(card, ready):
            leave(card)
            card = None
        if 0 in ready:
            data = os.read(0, 4096)
            if not data:
                return
            *whole, orders = (orders + data).split(b"\n")
            for order in whole:
                words = shlex.split(order.decode())
                if words == ["quit"]:
                    return
                card, answer = obey(port, card, words)
                sys.stdout.write(answer + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    live(int(sys.argv[1]))
