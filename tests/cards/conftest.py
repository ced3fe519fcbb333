"""A private pcscd with virtual readers, and readers that are closed after the test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from listening import Ear, Listen, watched

from cards.reader import Reader, SecretOf, no_secret
from cards.virtual.stack import VirtualCards
from cards.watched import WatchedReader


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Start readers with an ear at each; all are closed after the test."""
    with ExitStack() as readers:

        def start(reader: Reader, secret_of: SecretOf = no_secret) -> Ear:
            ear = Ear()
            reader.start(ear.put, secret_of)
            readers.callback(reader.close)
            return ear

        yield start


@pytest.fixture
def virtual() -> Iterator[VirtualCards]:
    """Two virtual readers on a private pcscd."""
    with VirtualCards(("A", "B")) as cards:
        yield cards


@pytest.fixture
def reader_a(virtual: VirtualCards) -> WatchedReader:
    """The first virtual reader as the kiosk would use it."""
    return watched(virtual)
