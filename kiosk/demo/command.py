"""``mensa demo``: on a terminal the kiosk's screen, otherwise the lunch by script."""

import sys
from collections import Counter
from typing import TextIO

from accounts.clock import SystemClock
from cards.virtual.stack import Lack, VirtualCardsUnavailableError
from kiosk.demo.bank import BankTrouble
from kiosk.demo.result import as_json, step_line, summary
from kiosk.demo.script import UnexpectedOutcome, play

DONE, FAILED, MISSING = 0, 1, 69

_LACKS = {
    Lack.ENROLLED_KIOSK: "This machine is enrolled as a kiosk; the demo does not run on it.",
    Lack.PCSCD: "pcscd is missing: apt-get install pcscd",
    Lack.DRIVER: "the virtual reader is not unpacked: ./mensa demo does it",
    Lack.RUN_DIRECTORY: "/run/pcscd is missing: mkdir /run/pcscd, once, as root",
}


def main(*, as_object: bool, by_script: bool, out: TextIO) -> int:
    """Run the demo; 0 only if the proof holds."""
    try:
        if as_object or by_script or not _on_terminal():
            return _script(as_object=as_object, out=out)
        return _watch(out)
    except BankTrouble as trouble:
        sys.stderr.write(f"The day at the bank went wrong: {trouble}\n")
        return FAILED
    except VirtualCardsUnavailableError as missing:
        lines = [_LACKS[lack] for lack in missing.lacks] or [str(missing)]
        sys.stderr.write("\n".join(lines) + "\n")
        return MISSING


def _script(*, as_object: bool, out: TextIO) -> int:
    if not as_object:
        out.write("Ein Schulessen nach Drehbuch / a school lunch by script\n\n")
        out.flush()
    try:
        result = play(
            SystemClock(),
            (lambda _: None) if as_object else (lambda step: _line(out, step_line(step))),
        )
    except UnexpectedOutcome as surprise:
        sys.stderr.write(f"The lunch went wrong: {surprise}\n")
        return FAILED
    out.write(as_json(result) + "\n" if as_object else "\n".join(summary(result)) + "\n")
    return DONE if result.holds else FAILED


def _watch(out: TextIO) -> int:
    from kiosk.demo.watch import watch  # noqa: PLC0415  # the screen is not for scripts

    status, result = watch(SystemClock())
    if result is None:
        return status
    counted = Counter(step.outcome for step in result.steps)
    out.write("".join(f"  {name}: {count}\n" for name, count in sorted(counted.items())))
    out.write("\n".join(summary(result)) + "\n")
    return DONE if result.holds else FAILED


def _line(out: TextIO, line: str) -> None:
    out.write(line + "\n")
    out.flush()


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
