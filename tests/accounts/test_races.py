"""Many writers at once: what is there for one is taken once, on both engines."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, Kiosk, School, add_child, eur, open_school, pay_in, row
from ledgers import ENGINES, fresh
from sqlalchemy import text

from accounts.charge import OverrideReason
from accounts.facts import Fact
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.ledger import Booked, Draft, EntryKind, Key, Move, No, balance, book, reverse
from accounts.money import ZERO
from accounts.tables import kiosks
from accounts.verify import verify

WRITERS = 8
LUNCH = eur("4,20")


@pytest.fixture(scope="module", params=ENGINES)
def school(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("races"))
    try:
        yield open_school(database)
        with database.read() as db:
            assert [check for check in verify(db).checks if not check.holds] == []
    finally:
        database.close()


def children_with_one_lunch(school: School, number: int) -> list[int]:
    with school.database.write() as db:
        children = [add_child(db, school.id) for _ in range(number)]
        for child in children:
            pay_in(db, school.office, child, LUNCH)
    return children


def offices(school: School, number: int) -> list[int]:
    with school.database.write() as db:
        count = int(db.execute(text("SELECT count(*) FROM origin")).scalar_one())
        return [
            row(db, kiosks.origin, kind="office", name=f"writer {count + n}", enrolled_us=NOON)
            for n in range(number)
        ]


def lunch_of(school: School, child: int, key: Key) -> Draft:
    return Draft(
        key=key,
        kind=EntryKind.TOPUP,
        occurred_at=NOON,
        actor="race",
        moves=(Move(f"pupil:{child}", f"revenue:{school.operator}:6", LUNCH),),
        pupil_id=child,
        floor=ZERO,
    )


def together(jobs: list[Callable[[], None]]) -> None:
    """Run all jobs in threads; the first fault of any is raised here."""
    faults: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as fault:  # noqa: BLE001  # raised again below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if faults:
        raise faults[0]


def test_a_balance_for_one_lunch_pays_one_of_eight_writers_two_hundred_times(
    school: School,
) -> None:
    children = children_with_one_lunch(school, 200)
    writers = offices(school, WRITERS)
    answers: dict[int, list[Booked | No]] = {child: [] for child in children}
    start = threading.Barrier(WRITERS)
    with ExitStack() as stack:
        held = [stack.enter_context(school.database.held()) for _ in writers]

        def write(place: int) -> None:
            seq = 1
            for child in children:
                start.wait(timeout=60)
                key = Key(writers[place], 1, seq)
                answer = book(held[place], lunch_of(school, child, key), now=NOON)
                answers[child].append(answer)
                seq += isinstance(answer, Booked)

        together([lambda place=place: write(place) for place in range(WRITERS)])  # type: ignore[misc]
    for told in answers.values():
        assert [a for a in told if isinstance(a, Booked)] != []
        assert sorted(str(a) for a in told if not isinstance(a, Booked)) == ["No.FLOOR"] * 7
    with school.database.read() as db:
        assert {balance(db, child) for child in children} == {ZERO}


# Imports once, then forks the writers before any of them opens the database.
_WRITERS = """
import json, os, sys
from datetime import datetime, UTC
from accounts.database import open_database
from accounts.ledger import Booked, Draft, EntryKind, Key, Move, book
from accounts.money import Money, ZERO

url, origins, revenue, children = json.load(sys.stdin)
noon = datetime(2026, 11, 23, 11, tzinfo=UTC)
gate, opener = os.pipe()
ends = []
for origin in origins:
    end, pen = os.pipe()
    ends.append(end)
    if os.fork():
        os.close(pen)
        continue
    os.close(opener)
    won, seq = [], 1
    with open_database(url).held() as db:
        db.exec_driver_sql("SELECT 1")
        os.read(gate, 1)
        for child in children:
            move = Move(f"pupil:{child}", revenue, Money(420))
            draft = Draft(key=Key(origin, 1, seq), kind=EntryKind.TOPUP, occurred_at=noon,
                          actor="race", moves=(move,), pupil_id=child, floor=ZERO)
            if isinstance(book(db, draft, now=noon), Booked):
                won.append(child)
                seq += 1
    os.write(pen, json.dumps(won).encode())
    os._exit(0)
os.close(opener)
print(json.dumps([json.loads(open(end, "rb").read()) for end in ends]))
"""


def test_eight_processes_take_each_lunch_once(school: School) -> None:
    children = children_with_one_lunch(school, 60)
    url = school.database.url.render_as_string(hide_password=False)
    asked = [url, offices(school, WRITERS), f"revenue:{school.operator}:6", children]
    done = subprocess.run(
        [sys.executable, "-c", _WRITERS],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    won = [child for writer in json.loads(done.stdout) for child in writer]
    assert sorted(won) == sorted(children)
    with school.database.read() as db:
        assert {balance(db, child) for child in children} == {ZERO}


def send(school: School, pen: Kiosk, facts: list[Fact], told: dict[int, list[str | None]]) -> None:
    with school.database.write() as db:
        answers = book_facts(db, pen.origin_id, facts, now=NOON + timedelta(minutes=10))
    told.setdefault(pen.origin_id, []).extend(a.quarantined for a in answers)


def test_a_lunch_taken_at_two_kiosks_at_once_is_booked_at_one(school: School) -> None:
    a, b = school.kiosk, school.other_kiosk
    for _ in range(15):
        (child,) = children_with_one_lunch(school, 1)
        told: dict[int, list[str | None]] = {}
        start = threading.Barrier(2)

        def tap(
            pen: Kiosk,
            child: int = child,
            told: dict[int, list[str | None]] = told,
            start: threading.Barrier = start,
        ) -> None:
            fact = pen.charge(child, school.lunch)
            start.wait(timeout=60)
            send(school, pen, [fact], told)

        together([lambda: tap(a), lambda: tap(b)])
        outcomes = [*told[a.origin_id], *told[b.origin_id]]
        assert sorted(outcomes, key=str) == [None, "second_lunch"]
        with school.database.read() as db:
            assert balance(db, child) == ZERO


def test_two_kiosks_sets_in_opposite_order_do_not_wait_for_each_other(school: School) -> None:
    children = children_with_one_lunch(school, 30)
    told: dict[int, list[str | None]] = {}
    start = threading.Barrier(2)

    def drain(pen: Kiosk, order: list[int]) -> None:
        facts = [pen.charge(child, school.drink, override=OverrideReason.OTHER) for child in order]
        start.wait(timeout=60)
        for first in range(0, len(facts), 10):
            send(school, pen, facts[first : first + 10], told)

    together(
        [
            lambda: drain(school.kiosk, children),
            lambda: drain(school.other_kiosk, children[::-1]),
        ]
    )
    assert [reason for reasons in told.values() for reason in reasons] == [None] * 60
    with school.database.read() as db:
        assert {balance(db, child) for child in children} == {LUNCH - eur("2,00")}


def test_a_void_at_the_kiosk_and_a_reversal_by_the_office_give_back_once(school: School) -> None:
    (office,) = offices(school, 1)
    seq = 1
    for _ in range(15):
        (child,) = children_with_one_lunch(school, 1)
        pen = school.kiosk
        eaten = pen.charge(child, school.snack)
        told: dict[int, list[str | None]] = {}
        send(school, pen, [eaten], told)
        start = threading.Barrier(2)
        answers: list[Booked | No] = []

        def at_kiosk(
            pen: Kiosk = pen,
            eaten: Fact = eaten,
            told: dict[int, list[str | None]] = told,
            start: threading.Barrier = start,
        ) -> None:
            void = pen.void(eaten)
            start.wait(timeout=60)
            send(school, pen, [void], told)

        def at_office(
            key: Key = Key(office, 1, seq),  # noqa: B008  # the round's own
            of: Key = Key(school.kiosk.origin_id, eaten.epoch, eaten.seq),  # noqa: B008
            answers: list[Booked | No] = answers,
            start: threading.Barrier = start,
        ) -> None:
            start.wait(timeout=60)
            with school.database.write() as db:
                answers.append(reverse(db, key=key, of=of, reason="x", actor="o", now=NOON))

        together([at_kiosk, at_office])
        by_kiosk = told[pen.origin_id][1] is None
        by_office = isinstance(answers[0], Booked)
        assert by_kiosk != by_office
        seq += by_office
        with school.database.read() as db:
            assert balance(db, child) == LUNCH


def test_a_kiosks_numbers_stay_whole_when_two_drains_send_at_once(school: School) -> None:
    """A hung drain may still be sending when the next one starts."""
    children = children_with_one_lunch(school, 20)
    pen = Kiosk(school.kiosk.origin_id, epoch=7)
    facts = [pen.charge(child, school.lunch) for child in children]
    codes: list[str] = []
    told: dict[int, list[str | None]] = {}
    start = threading.Barrier(2)

    def drain(size: int) -> None:
        start.wait(timeout=60)
        for first in range(0, len(facts), size):
            try:
                send(school, pen, facts[first : first + size], told)
            except JournalRefused as refused:
                codes.append(refused.code)
                return

    together([lambda: drain(3), lambda: drain(5)])
    assert set(codes) <= {"gap"}
    send(school, pen, facts, told)
    assert set(told[pen.origin_id]) == {None}
    with school.database.read() as db:
        assert {balance(db, child) for child in children} == {ZERO}
