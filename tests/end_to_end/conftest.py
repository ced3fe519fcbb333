"""Kiosks as processes, around a canteen on either engine."""

from collections.abc import Iterator

import pytest
from canteen import Canteen, open_canteen
from kiosk_driver import Nursery, nursery

from accounts.database import Database


@pytest.fixture(scope="session")
def kiosks() -> Iterator[Nursery]:
    """Where kiosk processes come from."""
    with nursery() as made:
        yield made


@pytest.fixture
def canteen(database: Database) -> Canteen:
    """Forty children with cards."""
    return open_canteen(database)
