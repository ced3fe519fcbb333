"""``python -m bench [NAME...] [--json]``: runs measurements and prints them side by side.

A measurement is a module in this folder with ``run() -> list[Figure]``. Without a name all of
them run; ``--list`` names them.
"""

import argparse
import importlib
import inspect
import json
import os
import pkgutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]  # the tests' servers serve here too

from bench.figures import Figure  # noqa: E402  # after the path it is found by


def names() -> list[str]:
    """The measurements there are."""
    others = {"__main__", "figures"}
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(HERE)])
        if module.name not in others and "def run(" in (HERE / f"{module.name}.py").read_text()
    )


def _measured(name: str, *, long: bool) -> list[Figure]:
    run = importlib.import_module(f"bench.{name}").run
    takes_long = "long" in inspect.signature(run).parameters
    found: list[Figure] = run(long=long) if takes_long else run()
    return found


def table(figures: Iterable[Figure]) -> str:
    """The figures as lines of text."""
    rows = [("", "measured", "reference", "ratio", "")]
    for figure in figures:
        reference = "" if figure.reference is None else f"{figure.reference:,.2f} {figure.unit}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        rows.append(
            (figure.name, f"{figure.value:,.2f} {figure.unit}", reference, ratio, figure.note)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(row[c].rjust(widths[c]) for c in (1, 2, 3)), row[4]]
        ).rstrip()
        for row in rows
    )


def main(words: list[str] | None = None) -> int:
    """Run what was asked for; 2 for a name that is not there, 69 where a service is missing."""
    parser = argparse.ArgumentParser(prog="bench", description="measure, side by side")
    parser.add_argument("name", nargs="*", help=f"of {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    parser.add_argument("--long", action="store_true", help="the large sizes too, for hours")
    parser.add_argument("--list", action="store_true", help="only name the measurements")
    asked = parser.parse_args(words)
    if asked.list:
        print("\n".join(names()))
        return 0
    unknown = set(asked.name) - set(names())
    if unknown:
        parser.error(f"no measurement {', '.join(sorted(unknown))}; there are {names()}")
    # Servers and clients that were started are ended by their own blocks.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    figures: list[Figure] = []
    for name in asked.name or names():
        try:
            figures += _measured(name, long=asked.long)
        except ModuleNotFoundError as missing:
            print(f"{name}: {missing.name} is not installed", file=sys.stderr)
            return 69
    if asked.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
        print(json.dumps({"machine": machine, "figures": [asdict(f) for f in figures]}))
    else:
        print(table(figures))
        load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
        print(f"\n{os.cpu_count()} cores, load {load} (1, 5, 15 minutes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
