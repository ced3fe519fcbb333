"""Short turns of several clients, so that what is compared meets the same machine.

Clients are processes that keep their connections. Two ways of doing a thing take turns of half a
second; a turn in which strangers used more than a quarter of a core is taken again, at most three
times. What is said is the median of the rounds and of their ratios.
"""

import multiprocessing
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep

from bench.figures import Figure, quartiles

TURN_SECONDS = 0.5
_STRANGERS = 0.25
_AGAIN = 3
_TICK = os.sysconf("SC_CLK_TCK")

Ways = Mapping[str, Callable[[], object]]
"""What a client can do, by name; one call is one operation."""
Opened = Callable[[int], AbstractContextManager[Ways]]
"""Opens what the client of that number needs."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What all clients did in one turn: every call's seconds, and the time of the turn."""

    calls: list[float]
    seconds: float
    strangers: float
    """Cores that other programs used meanwhile."""

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.calls) / self.seconds


@dataclass(frozen=True, slots=True)
class Clients:
    """Processes that wait to be told what to do for how long."""

    lines: tuple[Connection, ...]
    roots: tuple[int, ...]

    def turn(self, way: str, seconds: float = TURN_SECONDS) -> Turn:
        """All do it at once."""
        own, all_ = own_cpu(self.roots), _busy()
        begun = perf_counter()
        for line in self.lines:
            line.send((way, seconds))
        calls = [call for line in self.lines for call in line.recv()]
        took = perf_counter() - begun
        strange = (_busy() - all_) - (own_cpu(self.roots) - own)
        return Turn(calls, took, max(0.0, strange) / took)

    def quiet_turn(self, way: str) -> Turn:
        """The calmest of up to four."""
        turns = []
        for _ in range(1 + _AGAIN):
            turns.append(self.turn(way))
            if turns[-1].strangers < _STRANGERS:
                break
        return min(turns, key=lambda one: one.strangers)


@contextmanager
def clients(number: int, ways: Opened, *, roots: Sequence[int] = ()) -> Iterator[Clients]:
    """So many processes; Call it with no connection open.

    ``roots`` are the processes of the servers, whose work is not a stranger's.
    """
    context = multiprocessing.get_context("fork")
    lines, processes = [], []
    for index in range(number):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, ways, index), daemon=True)
        process.start()
        theirs.close()
        lines.append(ours)
        processes.append(process)
    try:
        for line in lines:
            assert line.recv() == "ready"
        yield Clients(tuple(lines), (os.getpid(), *roots))
    finally:
        for line in lines:
            line.send(None)
        for process in processes:
            process.join(10)
            process.terminate()


def compared(name: str, machine: Clients, ours: str, reference: str, *, rounds: int) -> Figure:
    """Rates of two ways in turns; the first round only warms up."""
    pairs: list[tuple[Turn, Turn]] = []
    for number in range(rounds + 1):
        order = (ours, reference) if number % 2 else (reference, ours)
        turns = {way: machine.quiet_turn(way) for way in order}
        if number:
            pairs.append((turns[ours], turns[reference]))
    ratios = [mine.rate / other.rate for mine, other in pairs]
    strangers = statistics.median(max(a.strangers, b.strangers) for a, b in pairs)
    low, high = quartiles(ratios)
    mine = [call for one, _ in pairs for call in one.calls]
    other = [call for _, one in pairs for call in one.calls]
    return Figure(
        name,
        statistics.median(one.rate for one, _ in pairs),
        "/s",
        statistics.median(one.rate for _, one in pairs),
        statistics.median(ratios),
        f"p50/p99 {spread(mine)} ms, reference {spread(other)} ms; {rounds} rounds, middle half"
        f" {low:.2f} to {high:.2f}; strangers {strangers:.1f} cores",
    )


def spread(calls: Sequence[float]) -> str:
    """Median and 99th percentile in milliseconds."""
    return f"{percentile(calls, 50):.2f}/{percentile(calls, 99):.2f}"


def percentile(calls: Sequence[float], share: int) -> float:
    """In milliseconds; the calls are in seconds."""
    return sorted(calls)[min(len(calls) - 1, len(calls) * share // 100)] * 1e3


def own_cpu(roots: Sequence[int]) -> float:
    """Seconds of CPU that these processes and their descendants have used so far."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            words = (one / "stat").read_text().rpartition(") ")[2].split()
            parents[int(one.name)] = int(words[1])
            used[int(one.name)] = sum(map(int, words[11:15])) / _TICK
    total = 0.0
    for pid, seconds in used.items():
        ancestor = pid
        while ancestor in parents and ancestor not in roots:
            ancestor = parents[ancestor]
        total += seconds if ancestor in roots else 0.0
    return total


def _busy() -> float:
    words = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    ticks = [int(word) for word in words]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICK  # all but idle and waiting for a disk


def _serve(line: Connection, ways: Opened, index: int) -> None:
    with ways(index) as known:
        line.send("ready")
        while (asked := line.recv()) is not None:
            way, seconds = asked
            line.send(_calls(known[way], seconds))


def _calls(job: Callable[[], object], seconds: float) -> list[float]:
    took = []
    last = perf_counter()
    end = last + seconds
    while last < end:
        job()
        now = perf_counter()
        took.append(now - last)
        last = now
    return took


def wait_for_quiet(seconds: float = 20.0) -> None:
    """Let a burst of neighbours pass, but not for ever."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        before = _busy()
        sleep(0.25)
        if (_busy() - before) / 0.25 < _STRANGERS:
            return
