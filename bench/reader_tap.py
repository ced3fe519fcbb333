"""From the reader's announcement of a card to its tap in the kiosk's process, on the real stack.

The reference is what no design can save: the same three commands (connect, get UID, disconnect)
in one process, on a card that lies there and is powered. The virtual driver finds a card 0 to
400 ms after it was laid down; that is part of no figure.
"""

import os
import queue
import statistics
import time
from datetime import UTC, datetime

from bench.figures import Figure
from cards.reader import CardTaken, ReaderEvent, ReaderReady, Tap
from cards.virtual.stack import VirtualCards, VirtualReader
from cards.watched import WatchedReader

CARD = "04A1B2C3D4E5F6"
TAPS, RESTARTS = 60, 10
PATIENCE = 60


def run() -> list[Figure]:
    """Taps, then restarts of pcscd, then the raw commands."""
    told: queue.Queue[tuple[int, ReaderEvent]] = queue.Queue()
    with VirtualCards() as virtual:
        hand = virtual.readers[0]
        reader = WatchedReader(
            hand.setting,
            admit_virtual=True,
            now=lambda: datetime.now(UTC),
            pcsc_socket=virtual.socket,
        )
        reader.start(lambda event: told.put((time.monotonic_ns(), event)))
        assert isinstance(told.get(timeout=PATIENCE)[1], ReaderReady)
        taps = [_tap(hand, told) for _ in range(TAPS)]
        returns = [_restart(virtual, told) for _ in range(RESTARTS)]
        reader.close()
        os.environ["PCSCLITE_CSOCK_NAME"] = str(virtual.socket)
        raw = _raw(hand)
    return [
        Figure(
            "card announced to tap told",
            statistics.median(taps),
            "ms",
            statistics.median(raw),
            None,
            f"{TAPS} taps, p99 {_p99(taps):.1f} ms; reference: the bare commands in one process",
        ),
        Figure(
            "pcscd started again to reader ready",
            statistics.median(returns),
            "ms",
            note=f"{RESTARTS} restarts after kill -9, longest {max(returns):.0f} ms",
        ),
    ]


def _tap(hand: VirtualReader, told: "queue.Queue[tuple[int, ReaderEvent]]") -> float:
    hand.insert(CARD)
    at, event = told.get(timeout=PATIENCE)
    assert isinstance(event, Tap)
    hand.remove()
    assert isinstance(told.get(timeout=PATIENCE)[1], CardTaken)
    return (at - event.seen_ns) / 1e6


def _restart(virtual: VirtualCards, told: "queue.Queue[tuple[int, ReaderEvent]]") -> float:
    virtual.kill()
    told.get(timeout=PATIENCE)
    begun = time.monotonic_ns()
    virtual.start()
    while not isinstance((found := told.get(timeout=PATIENCE))[1], ReaderReady):
        pass
    return (found[0] - begun) / 1e6


def _raw(hand: VirtualReader) -> list[float]:
    from cards.pcsc import Pcsc, PcscSession  # noqa: PLC0415  # reads the socket's name once

    hand.insert(CARD)
    with Pcsc().open() as session:
        assert isinstance(session, PcscSession)
        names = session.readers()
        assert isinstance(names, list)
        report = session.wait(names[0], None, 0)
        while not getattr(report, "present", False):
            report = session.wait(names[0], None, 1)
        taken = []
        for _ in range(TAPS):
            begun = time.monotonic_ns()
            assert session.read_card(names[0], lambda uid, _: uid) == bytes.fromhex(CARD)
            taken.append((time.monotonic_ns() - begun) / 1e6)
        return taken


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]
