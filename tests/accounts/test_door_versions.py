"""A kiosk one version older goes on serving: what it asks is answered alike by every later ledger.

tests/golden/door holds what kiosks of each version ask, in order, and what they were answered on
a ledger with a known history. These files are frozen: a ledger that answers otherwise is wrong.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
from builders import NOON, row
from fortress import fortify, login, signed_in
from ledgers import Ledger, fresh, lived
from proven_cards import proven_card
from sqlalchemy import text

from accounts.database import DatabaseUnavailable
from accounts.door import Asked, RoleDoor
from accounts.facts import Fact
from accounts.roles import install_roles
from accounts.snapshot_query import take_snapshot
from accounts.tables import people
from accounts.verify import CheckName, verify

pytestmark = pytest.mark.postgresql
GOLDEN = Path(__file__).parents[1] / "golden" / "door"
PATIENCE = 60


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """The known history, ten minutes after noon."""
    database = fresh(request, "postgresql", tmp_path)
    made = lived(database)
    fortify(database, at=NOON.replace(minute=10))
    yield made
    database.close()


def with_cards(ledger: Ledger) -> None:
    """What kiosks are told since version 2: cards that prove a key, and a limit for the others."""
    school = ledger.school
    with ledger.database.write() as db:
        cook = row(db, people.staff, school_id=school.id, label="Küche")
        old = proven_card(db, "old", school.id, pupil_id=school.payer)
        proven_card(db, "new", school.id, pupil_id=school.payer, replaces=old.id)
        proven_card(db, "not sealed", pupil_id=ledger.third)
        proven_card(db, "cook", school.id, staff_id=cook)
        db.execute(people.school.update().values(uid_day_limit_cents=300))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_kiosk_of_that_version_asks_is_answered_as_ever(file: Path, ledger: Ledger) -> None:
    steps = json.loads(file.read_text("utf-8"))
    if steps[0]["asked"]["version"] > 1:
        with_cards(ledger)
    own = signed_in(ledger.database, login(ledger.database, ledger.school.kiosk.origin_id))
    assert len(steps) > 5
    pulse: list[int] | None = None
    with own.held() as db:
        for number, step in enumerate(steps):
            asked = step["asked"] | ({"pulse": pulse} if step["asked"].get("pulse") else {})
            answer = db.exec_driver_sql(
                f"SELECT {step['function']}(%s::jsonb)", (json.dumps(asked),)
            ).scalar_one()
            if "incarnation" in answer:  # what differs from ledger to ledger
                assert isinstance(answer["incarnation"], int)
                answer["incarnation"] = 0
                pulse = answer.pop("pulse")
                assert [type(one) for one in pulse] == [int, int]
            assert answer == step["answer"], f"step {number} of {file.name}"
    own.close()


def next_schema(ledger: Ledger) -> None:
    """A made-up next version: columns, a table, and both functions anew, answering version 3."""
    with ledger.database.write() as db:
        db.execute(text("SET LOCAL lock_timeout = 0"))
        for table in ("entry", "fact", "pupil", "origin", "school", "kiosk_seen"):
            db.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN of_the_future TEXT")
        db.exec_driver_sql("CREATE TABLE meal_plan (id BIGSERIAL PRIMARY KEY, words TEXT)")
        for name in ("kiosk_drain", "kiosk_news", "kiosk_snapshot"):
            told: str = db.execute(
                text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name"),
                {"name": name},
            ).scalar_one()
            later = re.sub(r"answers_in := least\(2, ", "answers_in := least(3, ", told)
            db.exec_driver_sql(later.replace("%", "%%"))


def upgraded(ledger: Ledger) -> None:
    """The next version, asked for again where it and the kiosk waited for each other."""
    for _ in range(20):
        try:
            next_schema(ledger)
        except DatabaseUnavailable:
            continue
        return
    raise TimeoutError


class Serving:
    """A kiosk of today's software that drains and fetches without a pause."""

    def __init__(self, ledger: Ledger, door: RoleDoor) -> None:
        self._ledger = ledger
        self._door = door
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.brought: list[Fact] = []
        self.rounds = threading.Semaphore(0)
        self.fault: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)

    def some_rounds(self) -> None:
        for _ in range(8):  # more than a driver needs to prepare its statements
            assert self.rounds.acquire(timeout=PATIENCE), self.fault

    def _run(self) -> None:
        school = self._ledger.school
        try:
            while not self._stop.is_set():
                fact = school.kiosk.charge(None, school.drink)
                self._until_answered(lambda fact=fact: self._door.drain([fact], ()))
                self.brought.append(fact)
                asked = Asked(pulse=None, epochs=(1,), wants=True, waiting=1, software="0.1.0")
                news = self._until_answered(lambda asked=asked: self._door.news(asked))
                assert news.snapshot is not None
                assert dict(news.snapshot.marks)[1] == fact.seq
                self.rounds.release()
        except BaseException as error:
            self.fault = error
            raise

    def _until_answered(self, ask: Any) -> Any:
        for _ in range(100):
            try:
                return ask()
            except DatabaseUnavailable:  # the ledger is being changed: try again
                continue
        raise TimeoutError


def test_a_kiosk_of_today_goes_on_while_the_ledger_gets_its_next_version(ledger: Ledger) -> None:
    origin = ledger.school.kiosk.origin_id
    with ExitStack() as stack:
        own = signed_in(ledger.database, login(ledger.database, origin))
        stack.callback(own.close)
        door = RoleDoor(own, origin)
        serving = stack.enter_context(Serving(ledger, door))
        serving.some_rounds()
        upgraded(ledger)
        serving.some_rounds()
        assert install_roles(ledger.database) == ()
        serving.some_rounds()
    assert serving.fault is None
    news = door.news(Asked(pulse=None, epochs=(1,), wants=True))
    with ledger.database.read() as db:
        arrived = db.execute(
            text("SELECT count(*) FROM fact WHERE origin_id = :o AND seq > 5"), {"o": origin}
        ).scalar_one()
        taken = take_snapshot(db, origin_id=origin, epochs=(1,), at=NOON.replace(minute=10))
        proof = verify(db)
    own.close()
    assert arrived == len(serving.brought) >= 24
    assert news.snapshot == taken
    broken = [check for check in proof.checks if not check.holds]
    assert {check.name for check in broken} <= {CheckName.GUARDS}  # of a version nobody shipped
