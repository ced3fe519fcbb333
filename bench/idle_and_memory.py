"""What the kiosk uses while nobody comes, and after ten thousand taps.

Idle counts the whole process: screen, counter, and the sync that looks at the ledger three times a
second; not the reader's process. Memory is the resident set, looked at every thousand taps.
"""

from bench.figures import Figure
from bench.terminal import run_in_terminal

IDLE_SECONDS, TAPS = 20, 10_000


def run() -> list[Figure]:
    """Idle CPU, then memory; most of the ten thousand are refused, two in three hundred served."""
    idle = run_in_terminal("idle", str(IDLE_SECONDS))
    many = run_in_terminal("many", str(TAPS))
    memory = [kb / 1024 for kb in many["kb"]]
    return [
        Figure("idle CPU of one core", idle["share"] * 100, "%", note=f"{IDLE_SECONDS} s"),
        Figure(
            f"memory after {TAPS:,} taps",
            memory[-1],
            "MB",
            memory[0],
            memory[-1] / memory[0],
            f"reference: after the first tap; after 5,000: {memory[5]:.1f} MB",
        ),
    ]
