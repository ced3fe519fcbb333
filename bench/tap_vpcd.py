"""From the reader's announcement of a card to its tap in the kiosk's process, on the real stack.

``python bench/tap_vpcd.py [TAPS]`` prints the median, p95, p99 and maximum in milliseconds of

- tap: the virtual reader announced the card -> `WatchedReader` told the tap;
- raw: the same commands (connect, get UID, disconnect) by pyscard in this process, the card
  already in the field: the part no design can save;
- return: pcscd started again -> the reader told it is ready.

The driver finds a card 0 to 400 ms after it was laid down; that is not part of any figure.
"""

import os
import queue
import statistics
import sys
import time
from datetime import UTC, datetime

from cards.reader import CardTaken, ReaderEvent, ReaderReady, Tap
from cards.virtual.stack import VirtualCards
from cards.watched import WatchedReader

CARD = "04A1B2C3D4E5F6"
RESTARTS = 20


def line(name: str, nanoseconds: list[int]) -> str:
    """Return one row of the result."""
    ms = sorted(value / 1e6 for value in nanoseconds)
    p95, p99 = (ms[min(len(ms) - 1, len(ms) * share // 100)] for share in (95, 99))
    median = statistics.median(ms)
    return f"{name:8} n={len(ms):<5} median {median:7.2f}  p95 {p95:7.2f}  p99 {p99:7.2f}  max {ms[-1]:7.2f} ms"


def main() -> None:
    taps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
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
        assert isinstance(told.get(timeout=60)[1], ReaderReady)

        tap = []
        for _ in range(taps):
            hand.insert(CARD)
            at, event = told.get(timeout=60)
            assert isinstance(event, Tap)
            tap.append(at - event.seen_ns)
            hand.remove()
            assert isinstance(told.get(timeout=60)[1], CardTaken)
        print(line("tap", tap))

        back = []
        for _ in range(RESTARTS):
            virtual.kill()
            told.get(timeout=60)
            begun = time.monotonic_ns()
            virtual.start()
            at, event = told.get(timeout=60)
            assert isinstance(event, ReaderReady)
            back.append(at - begun)
        print(line("return", back))
        reader.close()

        os.environ["PCSCLITE_CSOCK_NAME"] = str(virtual.socket)
        from cards.pcsc import Pcsc, PcscSession  # noqa: PLC0415  reads the socket's name once

        hand.insert(CARD)
        with Pcsc().open() as session:
            assert isinstance(session, PcscSession)
            names = session.readers()
            assert isinstance(names, list)
            report = session.wait(names[0], None, 0)
            while not getattr(report, "present", False):
                report = session.wait(names[0], None, 1)
            raw = []
            for _ in range(taps):
                begun = time.monotonic_ns()
                assert session.read_uid(names[0]) == bytes.fromhex(CARD)
                raw.append(time.monotonic_ns() - begun)
        print(line("raw", raw))


if __name__ == "__main__":
    main()
