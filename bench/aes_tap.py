"""A tap in which the card proves its key, beside the same tap by its number, on the real stack.

Both kinds of tap take turns on one virtual reader, from the reader's announcement of the card to
the tap in the kiosk's process; the virtual driver finds a card 0 to 400 ms after it was laid
down, which is part of no figure. The second set has the card lying there and counts what one
process needs to connect, have it prove itself and let go. The time the virtual chip takes for
its side of the cryptography is in all of them; a real chip's is not, nor is any radio.
"""

import multiprocessing
import os
import queue
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from bench.figures import Figure
from cards.channel import Channel
from cards.field import Report
from cards.layout import AID, Content, Medium
from cards.loop import Session
from cards.prove import prove
from cards.reader import CardTaken, Proof, ReaderEvent, ReaderReady, Tap, TroubleReason
from cards.secret import CardSecret
from cards.virtual.image import Image, Kind, issued
from cards.virtual.stack import VirtualCards, VirtualReader
from cards.watched import WatchedReader

UID = bytes.fromhex("04A1B2C3D4E5F6")
NUMBER = "04A1B2C3D4E5F7"
TAPS, HELD = 100, 500
PATIENCE = 60
MEDIA = {Kind.EV1: Medium.EV1, Kind.EV3: Medium.EV2, Kind.NTAG424: Medium.NTAG424}


def run() -> list[Figure]:
    """Taps of both kinds in turns, then the bare conversation with each kind of chip."""
    told: queue.Queue[tuple[int, ReaderEvent]] = queue.Queue()
    with VirtualCards() as virtual:
        hand = virtual.readers[0]
        reader = WatchedReader(
            hand.setting,
            admit_virtual=True,
            now=lambda: datetime.now(UTC),
            pcsc_socket=virtual.socket,
        )
        secret = _secret(Kind.EV3)
        known = {UID.hex().upper(): secret}
        reader.start(lambda event: told.put((time.monotonic_ns(), event)), known.get)
        assert isinstance(told.get(timeout=PATIENCE)[1], ReaderReady)
        proven, by_number = [], []
        for _ in range(TAPS):
            proven.append(_tap(hand, told, _image(Kind.EV3), Proof.AES))
            by_number.append(_tap(hand, told, NUMBER, Proof.UID))
        reader.close()
        # libpcsclite reads the socket's name once in a process: this one is for one pcscd only.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            1, spawn, initializer=_speak_with, initargs=(str(virtual.socket),)
        ) as alone:
            held = [_held(hand, kind, alone) for kind in MEDIA]
    return [_figure("tap told, EV2First", proven, by_number), *held]


def _speak_with(socket: str) -> None:
    os.environ["PCSCLITE_CSOCK_NAME"] = socket


def _secret(kind: Kind) -> CardSecret:
    return CardSecret(MEDIA[kind], AID, bytes(range(16)), bytes(12), 1)


def _image(kind: Kind) -> Image:
    secret = _secret(kind)
    content = Content(city=1, issue_no=1, token=secret.token).to_bytes()
    keys = {secret.medium.read_key: secret.read_key}
    return issued(kind, UID, keys=keys, content=content, aid=AID)


def _tap(
    hand: VirtualReader,
    told: "queue.Queue[tuple[int, ReaderEvent]]",
    card: str | Image,
    proof: Proof,
) -> float:
    hand.insert(card)
    at, event = told.get(timeout=PATIENCE)
    assert isinstance(event, Tap)
    assert event.proof is proof
    hand.remove()
    assert isinstance(told.get(timeout=PATIENCE)[1], CardTaken)
    return (at - event.seen_ns) / 1e6


def _held(hand: VirtualReader, kind: Kind, alone: ProcessPoolExecutor) -> Figure:
    """Both conversations in turns with one chip that lies in the field."""
    hand.insert(_image(kind))
    proven, by_number = alone.submit(_converse, kind).result()
    hand.remove()
    alone.submit(_see, present=False).result()
    return _figure(f"card lying there, {kind.value}", proven, by_number)


def _converse(kind: Kind) -> tuple[list[float], list[float]]:
    secret = _secret(kind)

    def proves(_: bytes, card: Channel) -> object:
        return prove(card, secret=secret)

    proven, by_number = [], []
    with _reader() as (session, name):
        _until(session, name, present=True)
        for _ in range(HELD):
            proven.append(_timed(lambda: session.read_card(name, proves), None))
            by_number.append(_timed(lambda: session.read_card(name, lambda it, _: it), UID))
    return proven, by_number


def _see(*, present: bool) -> None:
    with _reader() as (session, name):
        _until(session, name, present=present)


@contextmanager
def _reader() -> Iterator[tuple[Session, str]]:
    from cards.pcsc import Pcsc  # noqa: PLC0415  # reads the socket's name once

    with Pcsc().open() as session:
        assert not isinstance(session, TroubleReason)
        names = session.readers()
        assert isinstance(names, list)
        yield session, names[0]


def _until(session: Session, reader: str, *, present: bool) -> None:
    report = session.wait(reader, None, 0)
    while isinstance(report, Report) and report.present is not present:
        report = session.wait(reader, report, PATIENCE)
    assert isinstance(report, Report)


def _timed(read: Callable[[], object], expected: object) -> float:
    begun = time.monotonic_ns()
    found = read()
    taken = (time.monotonic_ns() - begun) / 1e6
    assert found == expected
    return taken


def _figure(name: str, proven: list[float], by_number: list[float]) -> Figure:
    median, reference = statistics.median(proven), statistics.median(by_number)
    return Figure(
        name,
        median,
        "ms",
        reference,
        median / reference,
        f"{len(proven)} taps, p99 {_p99(proven):.1f} ms, longest {max(proven):.1f} ms; "
        f"reference: by its number, p99 {_p99(by_number):.1f} ms",
    )


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]
