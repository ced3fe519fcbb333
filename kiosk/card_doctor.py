"""``mensa card doctor``: what a card is good for, and whether a reader loses any.

It needs no ledger, no key and no right, shows nobody's data and not the card's own number, so
that what it prints can be sent to whoever helps. The reader's test uses the very process the
kiosk uses: what it loses, a kiosk would lose.
"""

import json
import queue
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import monotonic_ns
from typing import Any, TextIO

from accounts.clock import SystemClock
from accounts.texts import Texts, mark
from cards.channel import CardGone
from cards.diagnosis import Diagnosis, Ours, Use, diagnose
from cards.reader import (
    CardUnread,
    Reader,
    ReaderEvent,
    ReaderSetting,
    ReaderTrouble,
    Tap,
    TroubleReason,
)
from cards.station import CardUnreadable, LaidCard, Station
from cards.watched import WatchedReader
from kiosk.sentences import TROUBLES, UNREAD

DONE, REFUSED, MISSING, LATER = 0, 1, 69, 75
PATIENCE = 60.0
"""Seconds without a card after which a person is taken to have gone."""
QUIET = 15.0
"""Seconds without a card that end a reader's test."""
_NS = 1_000_000_000

LAY = mark("Place a card on the reader.")
NOBODY = mark("No card came.")
_USES = {
    Use.PROVES: mark("It can be issued with keys of its own (mensa card issue)."),
    Use.NUMBER: mark("It has nothing but a number, which can be copied (mensa card assign)."),
    Use.NOTHING: mark("It is of no use as a meal card."),
}
_OURS = {
    Ours.YES: mark("It carries our application, keys of generation {generation}."),
    Ours.BEGUN: mark("Our application is on it without keys: an issue was cut off."),
    Ours.NO: mark("It is not one of ours."),
    Ours.UNKNOWN: mark("Whether it is one of ours it does not tell without its key."),
}


@dataclass(frozen=True, slots=True)
class Tested:
    """What a reader made of ``asked`` placings; ``read_ms`` is the median from seen to told."""

    asked: int
    heard: int
    unread: int
    a_minute: float | None
    read_ms: float | None

    @property
    def lost(self) -> int:
        """Placings the reader said nothing of."""
        return max(0, self.asked - self.heard - self.unread)


def examine(
    station: Station, *, aid: bytes, say: Callable[[str], None], speech: Texts, patience: float
) -> Diagnosis | CardUnreadable | TroubleReason | None:
    """Wait for a card and look at it; None where none came."""
    say(speech.say(LAY))
    found = station.wait(patience)
    if not isinstance(found, LaidCard):
        return found
    try:
        return diagnose(station, number=found.uid, atr=found.atr, aid=aid)
    except CardGone:
        return None


def try_reader(
    reader: Reader, *, taps: int, say: Callable[[str], None], speech: Texts, quiet: float = QUIET
) -> Tested | TroubleReason:
    """Count what a reader tells while somebody lays a card down ``taps`` times."""
    heard: queue.SimpleQueue[tuple[int, ReaderEvent]] = queue.SimpleQueue()
    reader.start(lambda event: heard.put((monotonic_ns(), event)))
    read: list[float] = []
    seen: list[int] = []
    unread = 0
    say(speech.say(mark("Place a card and take it away, {taps} times."), taps=taps))
    try:
        while len(read) + unread < taps:
            told_ns, event = heard.get(timeout=PATIENCE if not read else quiet)
            match event:
                case Tap():
                    read.append((told_ns - event.seen_ns) / 1e6)
                    seen.append(event.seen_ns)
                    say(f"{len(read)}/{taps}")
                case CardUnread():
                    unread += 1
                    say(speech.say(UNREAD[event.reason]))
                case ReaderTrouble(reason=reason):
                    return reason
    except queue.Empty:
        pass
    except KeyboardInterrupt:
        taps = len(read) + unread
    finally:
        reader.close()
    return Tested(taps, len(read), unread, _a_minute(seen), median(read) if read else None)


def _a_minute(seen: list[int]) -> float | None:
    span = seen[-1] - seen[0] if seen else 0
    return (len(seen) - 1) * 60 * _NS / span if span else None


def main(
    *,
    match: str,
    aid: bytes,
    taps: int | None,
    as_json: bool,
    speech: Texts,
    out: TextIO = sys.stdout,
    patience: float = PATIENCE,
    station: Callable[[str], Station] = Station,
    reader: Callable[[ReaderSetting], Reader] | None = None,
) -> int:
    """Examine one card, or with ``taps`` the reader; returns the exit code."""

    def say(line: str) -> None:
        stream = sys.stderr if as_json else out
        stream.write(f"{line}\n")
        stream.flush()

    if taps is None:
        with station(match) as opened:
            found = examine(opened, aid=aid, say=say, speech=speech, patience=patience)
        fields, lines, code = _examined(found, speech)
    else:
        setting = ReaderSetting("doctor", "pcsc", match or ".")
        make = reader or (lambda it: WatchedReader(it, admit_virtual=False, now=SystemClock().now))
        tested = try_reader(make(setting), taps=taps, say=say, speech=speech)
        fields, lines, code = _tested(tested, speech)
    told = [json.dumps(fields, ensure_ascii=False)] if as_json else lines
    out.write("".join(f"{line}\n" for line in told))
    return code


Told = tuple[dict[str, Any], list[str], int]


def _examined(found: Diagnosis | CardUnreadable | TroubleReason | None, speech: Texts) -> Told:
    match found:
        case None:
            return {"refused": "no_card"}, [speech.say(NOBODY)], LATER
        case TroubleReason():
            return {"refused": found.value}, [speech.say(TROUBLES[found])], MISSING
        case CardUnreadable(reason=reason, atr=atr):
            fields = {"refused": reason.value, "atr": atr.hex().upper()}
            return fields, [f"ATR {atr.hex(' ').upper()}", speech.say(UNREAD[reason])], REFUSED
        case Diagnosis():
            return _fields(found), _lines(found, speech), DONE


def _fields(found: Diagnosis) -> dict[str, Any]:
    return {
        "atr": found.atr.hex().upper(),
        "uid_length": found.uid_length,
        "random_uid": found.random_uid,
        "kind": found.kind.value,
        "storage": found.storage,
        "use": found.use.value,
        "ours": found.ours.value,
        "generation": found.generation,
    }


def _lines(found: Diagnosis, speech: Texts) -> list[str]:
    length = mark("Number: {length} bytes")
    if found.random_uid:
        length = mark("Number: {length} bytes, another one each time")
    lines = [
        f"ATR {found.atr.hex(' ').upper()}",
        speech.say(length, length=found.uid_length),
        speech.say(mark("Kind: {kind}"), kind=found.kind.value),
    ]
    if found.storage is not None:
        lines.append(speech.say(mark("Storage: up to {bytes} bytes"), bytes=found.storage))
    lines += [
        speech.say(_USES[found.use]),
        speech.say(_OURS[found.ours], generation=found.generation),
    ]
    return lines


def _tested(tested: Tested | TroubleReason, speech: Texts) -> Told:
    if isinstance(tested, TroubleReason):
        return {"refused": tested.value}, [speech.say(TROUBLES[tested])], MISSING
    fields = {
        "asked": tested.asked,
        "heard": tested.heard,
        "unread": tested.unread,
        "lost": tested.lost,
        "taps_a_minute": tested.a_minute,
        "read_ms": tested.read_ms,
    }
    lines = [
        speech.say(
            mark(
                "{heard} of {asked} taps were read, {unread} could not be read, {lost} were lost."
            ),
            heard=tested.heard,
            asked=tested.asked,
            unread=tested.unread,
            lost=tested.lost,
        )
    ]
    if tested.a_minute is not None and tested.read_ms is not None:
        rate = mark("{rate} taps a minute; a card is read in {ms} ms (median).")
        lines.append(speech.say(rate, rate=f"{tested.a_minute:.0f}", ms=f"{tested.read_ms:.0f}"))
    return fields, lines, DONE if tested.heard == tested.asked else REFUSED
