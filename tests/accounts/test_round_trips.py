"""A booking on PostgreSQL waits for the server once; libpq's own trace is the witness."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import NOON, School, open_school
from ledgers import by_hand, fresh

from accounts.database import Session
from accounts.ledger import Booked, Key, book

pytestmark = pytest.mark.postgresql
BEFORE_PREPARED = 5  # uses; at the next the driver prepares the statement, one trip more


@pytest.fixture
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    database = fresh(request, "postgresql", tmp_path)
    yield open_school(database)
    database.close()


def round_trips(db: Session, trace: Path, school: School, seqs: range) -> int:
    """How often the client spoke after the server had, while these were booked."""
    held = db.connection.driver_connection
    assert held is not None
    with trace.open("wb") as file:
        held.pgconn.trace(file.fileno())
        for seq in seqs:
            answer = book(db, by_hand(school, school.payer, Key(school.office, 1, seq)), now=NOON)
            assert answer == Booked(Key(school.office, 1, seq), repeated=False)
        held.pgconn.untrace()
    who = [line.split("\t")[1] for line in trace.read_text().splitlines() if "\t" in line]
    return sum(now == "F" and before == "B" for before, now in zip(["B", *who], who, strict=False))


def test_a_booking_is_one_round_trip_but_for_the_one_that_prepares_it(
    school: School, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    prepared = BEFORE_PREPARED + 1
    with school.database.held() as db:
        db.exec_driver_sql("SELECT 1")
        assert round_trips(db, trace, school, range(1, prepared)) == BEFORE_PREPARED
        assert round_trips(db, trace, school, range(prepared, prepared + 1)) == 2
        assert round_trips(db, trace, school, range(prepared + 1, prepared + 21)) == 20
