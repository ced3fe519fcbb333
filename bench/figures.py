"""What a measurement says: a value beside its reference, measured in the same run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: ``value`` in ``unit``, the same of a reference, and how they compare.

    ``ratio`` is the median of paired blocks' ratios and not that of the two medians, so that a
    slow moment of the machine, which meets both, does not count. ``note`` has the spread.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    note: str = ""


def side_by_side(
    name: str,
    ours: Callable[[], object],
    reference: Callable[[], object],
    *,
    blocks: int,
    size: int,
) -> Figure:
    """Rates of both, in turns of ``size`` calls; a first block of each only warms up."""
    rates: list[tuple[float, float]] = []
    for number in range(blocks + 1):
        pair = {}
        order = (ours, reference) if number % 2 else (reference, ours)
        for job in order:
            begun = perf_counter()
            for _ in range(size):
                job()
            pair[job is ours] = size / (perf_counter() - begun)
        if number:
            rates.append((pair[True], pair[False]))
    ratios = [mine / theirs for mine, theirs in rates]
    low, high = quartiles(ratios)
    return Figure(
        name,
        statistics.median(mine for mine, _ in rates),
        "/s",
        statistics.median(theirs for _, theirs in rates),
        statistics.median(ratios),
        f"{blocks} blocks of {size}, middle half of the ratios {low:.2f} to {high:.2f}",
    )


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The bounds of the middle half."""
    first, _, third = statistics.quantiles(values, n=4)
    return first, third
