"""An ear for what readers say, and virtual readers as the kiosk would use them."""

import queue
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import pytest

from cards.reader import Reader, ReaderEvent, SecretOf, no_secret
from cards.virtual.stack import VirtualCards
from cards.watched import Limits, WatchedReader

GENEROUS = 60.0
"""Seconds a test waits for an event that must come; nothing waits as long in a good run."""

E = TypeVar("E", bound=ReaderEvent)


class Ear:
    """A sink that keeps what it was told, in order."""

    def __init__(self) -> None:
        self._told: queue.Queue[ReaderEvent] = queue.Queue()
        self.put = self._told.put

    def next(self) -> ReaderEvent:
        """Return the next event, or fail after a generous wait."""
        try:
            return self._told.get(timeout=GENEROUS)
        except queue.Empty:
            pytest.fail(f"the reader said nothing for {GENEROUS:.0f} seconds")

    def next_is(self, kind: type[E]) -> E:
        """Return the next event, which must be of this kind."""
        event = self.next()
        assert isinstance(event, kind), event
        return event

    def rest(self) -> list[ReaderEvent]:
        """Return what was told and not yet asked for."""
        events = []
        while not self._told.empty():
            events.append(self._told.get())
        return events


class Listen(Protocol):
    """Starts a reader with an ear at it."""

    def __call__(self, reader: Reader, secret_of: SecretOf = no_secret) -> Ear: ...


PATIENT = Limits()


def utc_now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def watched(
    virtual: VirtualCards,
    number: int = 0,
    *,
    admit_virtual: bool = True,
    limits: Limits = PATIENT,
) -> WatchedReader:
    """Return a virtual reader as the kiosk would use it."""
    return WatchedReader(
        virtual.readers[number].setting,
        admit_virtual=admit_virtual,
        now=utc_now,
        pcsc_socket=virtual.socket,
        limits=limits,
    )
