"""From the reader's announcement of a card to the painted outcome, on the real reader stack.

The whole kiosk on a terminal: pcscd with the virtual reader, the reader's process, the counter,
the durable journal row, and the frame that was painted after it.
"""

import statistics

from bench.figures import Figure
from bench.terminal import run_in_terminal

TAPS = 50


def run() -> list[Figure]:
    """One figure: the median, with p99."""
    waits = sorted(run_in_terminal("taps", str(TAPS))["ms"])
    p99 = waits[min(len(waits) - 1, len(waits) * 99 // 100)]
    return [
        Figure(
            "card announced to outcome painted",
            statistics.median(waits),
            "ms",
            note=f"{TAPS} taps at 80x25, each another face; p99 {p99:.1f} ms",
        )
    ]
