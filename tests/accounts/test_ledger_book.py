"""``book``: booked once, repeated kindly, refused kindly, faults named, on both engines.

Each story is told twice: in a transaction of ``write`` and on a connection of ``held``, where
every statement commits by itself. What was acknowledged is looked for by a second connection.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOON, Kiosk, School, add_child, eur, open_school, row
from ledgers import ENGINES, by_hand, fresh, state
from sqlalchemy import event, select, text
from sqlalchemy.engine.interfaces import CacheStats

from accounts.database import Database, DatabaseUnavailable, Session, open_database
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.ledger import (
    Booked,
    Draft,
    EntryKind,
    Key,
    KeyReused,
    Move,
    No,
    balance,
    book,
    next_key,
    reverse,
)
from accounts.money import Money
from accounts.tables import kiosks
from accounts.verify import verify


@pytest.fixture(scope="module", params=ENGINES)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("book"))
    try:
        yield open_school(database)
        with database.read() as db:
            assert [check for check in verify(db).checks if not check.holds] == []
    finally:
        database.close()


@pytest.fixture
def school(shared: School) -> School:
    """The shared school with a new child as its payer and a new office."""
    with shared.database.write() as db:
        child = add_child(db, shared.id)
        office = row(db, kiosks.origin, kind="office", name=f"office {child}", enrolled_us=NOON)
    return replace(shared, payer=child, office=office)


Way = Callable[[Database], AbstractContextManager[Session]]


@pytest.fixture(params=["write", "held"])
def way(request: pytest.FixtureRequest) -> Way:
    """How the connection was opened."""
    return {"write": Database.write, "held": Database.held}[request.param]


def draft(school: School, amount: Money, *, seq: int = 1, floor: Money | None = None) -> Draft:
    """Money in, or out where the amount is below zero."""
    debit, credit = "opening", f"pupil:{school.payer}"
    if amount < Money(0):
        debit, credit, amount = credit, debit, -amount
    return Draft(
        key=Key(school.office, 1, seq),
        kind=EntryKind.TOPUP,
        occurred_at=NOON,
        actor="office",
        moves=(Move(debit, credit, amount),),
        pupil_id=school.payer,
        reason="test",
        floor=floor,
    )


def seen(school: School) -> Money:
    """The balance as another connection sees it."""
    with school.database.read() as db:
        return balance(db, school.payer)


def alarms(school: School) -> int:
    with school.database.read() as db:
        rows = db.execute(
            select(kiosks.alarm.c.id).where(kiosks.alarm.c.origin_id == school.office)
        )
        return len(rows.all())


def test_what_was_acknowledged_is_there_for_another_connection(school: School, way: Way) -> None:
    with way(school.database) as db:
        assert book(db, draft(school, eur("20")), now=NOON) == Booked(Key(school.office, 1, 1))
        if way is Database.held:
            assert seen(school) == eur("20")
    assert seen(school) == eur("20")


def test_the_same_key_and_content_give_the_first_answer_and_move_nothing(
    school: School, way: Way
) -> None:
    asked = draft(school, eur("20"))
    with way(school.database) as db:
        book(db, asked, now=NOON)
        again = book(db, asked, now=NOON + timedelta(hours=1))
        assert again == Booked(asked.key, repeated=True)
        assert alarms(school) == 0
    assert seen(school) == eur("20")


def test_the_same_key_with_other_content_raises_and_leaves_an_alarm(
    school: School, way: Way
) -> None:
    with way(school.database) as db:
        book(db, draft(school, eur("20")), now=NOON)
    with pytest.raises(KeyReused), way(school.database) as db:
        book(db, draft(school, eur("21")), now=NOON)
    assert seen(school) == eur("20")
    assert alarms(school) == 1


def test_an_alarm_undoes_what_its_transaction_did_before_and_stays_itself(school: School) -> None:
    school.pay_in(school.payer, eur("20"))
    with pytest.raises(KeyReused), school.database.write() as db:  # noqa: PT012  # one transaction
        book(db, draft(school, eur("1"), seq=2), now=NOON)
        book(db, draft(school, eur("7"), seq=1), now=NOON)
    assert seen(school) == eur("20")
    assert alarms(school) == 1


def test_an_alarm_that_is_caught_in_the_transaction_stays_once(school: School) -> None:
    with school.database.write() as db:
        book(db, draft(school, eur("20")), now=NOON)
        with pytest.raises(KeyReused):
            book(db, draft(school, eur("21")), now=NOON)
        book(db, draft(school, eur("1"), seq=2), now=NOON)
    assert seen(school) == eur("21")
    assert alarms(school) == 1


def test_the_floor_is_a_no_and_the_next_booking_goes_on(school: School, way: Way) -> None:
    with way(school.database) as db:
        book(db, draft(school, eur("4,19"), seq=1), now=NOON)
        asked = draft(school, eur("-4,20"), seq=2, floor=Money(0))
        assert book(db, asked, now=NOON) is No.FLOOR
        lower = replace(asked, floor=Money(-1))
        assert book(db, lower, now=NOON) == Booked(lower.key)
    assert seen(school) == Money(-1)


def test_money_in_may_leave_a_balance_that_was_below_only_above_the_floor(school: School) -> None:
    with school.database.write() as db:
        book(db, draft(school, eur("-30"), seq=1), now=NOON)
        assert book(db, draft(school, eur("5"), seq=2, floor=Money(0)), now=NOON) is No.FLOOR
        assert isinstance(book(db, draft(school, eur("5"), seq=2), now=NOON), Booked)


def test_a_charge_of_a_child_of_another_school_is_a_no(school: School, way: Way) -> None:
    asked = replace(by_hand(school, school.payer, Key(school.office, 1, 1)), school_id=None)
    other = replace(asked, school_id=school.id, occurred_at=NOON - timedelta(days=365))
    before = state(school.database)
    with way(school.database) as db:
        assert book(db, other, now=NOON) is No.NOT_MEMBER
    assert state(school.database) == before


def test_a_reversal_takes_an_entry_back_once(school: School, way: Way) -> None:
    paid = draft(school, eur("20"))
    with way(school.database) as db:
        book(db, paid, now=NOON)
        key = next_key(db, school.office)
        back = reverse(db, key=key, of=paid.key, reason="wrong", actor="office", now=NOON)
        assert back == Booked(Key(school.office, 1, 2))
        again = reverse(
            db, key=next_key(db, school.office), of=paid.key, reason="x", actor="office", now=NOON
        )
        assert again is No.ALREADY_REVERSED
    assert seen(school) == Money(0)


def test_a_reversal_of_a_reversal_is_a_fault_and_of_nothing_too(school: School, way: Way) -> None:
    paid = draft(school, eur("20"))
    with way(school.database) as db:
        book(db, paid, now=NOON)
        back = reverse(
            db, key=next_key(db, school.office), of=paid.key, reason="x", actor="o", now=NOON
        )
        assert isinstance(back, Booked)
    key = Key(school.office, 1, 3)
    with pytest.raises(JournalRefused, match="not_reversible"), way(school.database) as db:
        reverse(db, key=key, of=back.key, reason="x", actor="office", now=NOON)
    with pytest.raises(LookupError), way(school.database) as db:
        reverse(db, key=key, of=Key(99, 1, 1), reason="x", actor="office", now=NOON)
    assert seen(school) == Money(0)


FAULTS: dict[str, tuple[Callable[[Draft], Draft], str]] = {
    "an account that is not there": (
        lambda d: replace(d, moves=(Move("nobody", d.moves[0].credit, eur("1")),)),
        "unknown_account",
    ),
    "a number left out": (lambda d: replace(d, key=replace(d.key, seq=3)), "gap"),
    "a negative amount": (
        lambda d: replace(d, moves=(replace(d.moves[0], amount=Money(-1)),)),
        "not_positive|ck_transfer_positive",
    ),
    "an amount of nothing": (
        lambda d: replace(d, moves=(replace(d.moves[0], amount=Money(0)),)),
        "not_positive|ck_transfer_positive",
    ),
    "from an account to itself": (
        lambda d: replace(d, moves=(Move(d.moves[0].credit, d.moves[0].credit, eur("1")),)),
        "two_accounts|ck_transfer_two_accounts",
    ),
    "no transfer at all": (lambda d: replace(d, moves=()), "ck_entry_transfers"),
    "a child's money in nobody's entry": (lambda d: replace(d, pupil_id=None), "one_pupil"),
    "an origin nobody enrolled": (
        lambda d: replace(d, key=replace(d.key, origin_id=9999)),
        "reference",
    ),
    "a reversal that names nothing": (
        lambda d: replace(d, kind=EntryKind.REVERSAL),
        "ck_entry_reversal_names_target",
    ),
    "a meal without lines": (
        lambda d: replace(d, kind=EntryKind.CHARGE),
        "not_member|ck_entry_charge_is_a_meal",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_impossible_draft_is_a_fault_with_a_code_and_changes_nothing(
    school: School, way: Way, fault: str
) -> None:
    spoil, code = FAULTS[fault]
    before = state(school.database)
    try:
        with way(school.database) as db:
            answer = book(db, spoil(draft(school, eur("1"))), now=NOON)
        assert isinstance(answer, No)
        said = answer.value
    except JournalRefused as refused:
        said = refused.code
    assert said in code.split("|")
    assert state(school.database) == before


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run all jobs together; their answers, or what they raised."""
    answers: list[object] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(place: int, job: Callable[[], object]) -> None:
        start.wait(timeout=30)
        try:
            answers[place] = job()
        except Exception as fault:  # noqa: BLE001  # the test looks at it
            answers[place] = fault

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def test_of_two_equal_requests_at_once_one_books_and_one_is_told_so(
    school: School, way: Way
) -> None:
    for seq in range(1, 21):
        asked = draft(school, eur("1"), seq=seq)

        def ask(asked: Draft = asked) -> object:
            with way(school.database) as db:
                return book(db, asked, now=NOON)

        answers = at_once(ask, ask)
        assert sorted(a.repeated for a in answers if isinstance(a, Booked)) == [False, True], (
            answers
        )
    assert seen(school) == eur("20")


def test_of_two_reversals_at_once_one_books(school: School, way: Way) -> None:
    with school.database.write() as db:
        name = f"second {school.payer}"
        second = row(db, kiosks.origin, kind="office", name=name, enrolled_us=NOON)
    for seq in range(1, 11):
        paid = draft(school, eur("1"), seq=2 * seq - 1)
        with school.database.write() as db:
            assert isinstance(book(db, paid, now=NOON), Booked)

        def take_back(origin: int, paid: Draft = paid) -> object:
            with way(school.database) as db:
                key = next_key(db, origin)
                return reverse(db, key=key, of=paid.key, reason="x", actor="x", now=NOON)

        answers = at_once(
            lambda take=take_back: take(school.office),  # type: ignore[misc]
            lambda take=take_back: take(second),  # type: ignore[misc]
        )
        assert {type(answer) for answer in answers} == {Booked, No}, answers
        with school.database.write() as db:  # the next round counts on from an odd number
            if next_key(db, school.office).seq == 2 * seq:
                book(db, draft(school, eur("1"), seq=2 * seq), now=NOON)


def test_no_statement_of_the_hot_paths_is_compiled_twice(school: School) -> None:
    """A statement that is built anew each time costs a third of a booking (measured)."""
    hits: list[CacheStats] = []

    def listen(*words: object) -> None:
        context: Any = words[4]
        if context.compiled is not None:  # not in the driver's own words
            hits.append(context.cache_hit)

    def day(seq: int, db: Session) -> None:
        fact = school.kiosk.charge(school.payer, school.drink)
        book_facts(db, school.kiosk.origin_id, [fact], now=NOON)
        book(db, draft(school, eur("5"), seq=seq), now=NOON)
        balance(db, school.payer)
        assert next_key(db, school.office).seq == seq + 1

    with school.database.held() as db:
        day(1, db)
        event.listen(school.database.engine, "before_cursor_execute", listen)
        try:
            for seq in range(2, 6):
                day(seq, db)
        finally:
            event.remove(school.database.engine, "before_cursor_execute", listen)
    assert set(hits) == {CacheStats.CACHE_HIT}
    assert len(hits) >= 4 * 3


def test_two_facts_of_one_key_in_one_set_are_one_fact_and_an_alarm(school: School) -> None:
    pen = Kiosk(school.kiosk.origin_id, epoch=school.payer)
    first = pen.charge(school.payer, school.drink)
    other = replace(first, items=first.items * 2).linked(origin_id=pen.origin_id, before=b"")
    with school.database.write() as db:
        told = book_facts(db, pen.origin_id, [first, other, first], now=NOON)
        again = book_facts(db, pen.origin_id, [first], now=NOON)
    assert [answer.alarm for answer in told] == [False, True]
    assert again == told[:1]
    assert seen(school) == eur("-1")


def test_a_connection_that_was_held_before_serves_a_transaction_that_can_be_undone(
    school: School,
) -> None:
    with school.database.held() as db:
        book(db, draft(school, eur("1"), seq=1), now=NOON)
    with pytest.raises(ZeroDivisionError), school.database.write() as db:  # noqa: PT012  # one transaction
        book(db, draft(school, eur("1"), seq=2), now=NOON)
        raise ZeroDivisionError
    assert seen(school) == eur("1")
    with school.database.held() as db:
        book(db, draft(school, eur("1"), seq=2), now=NOON)
        assert seen(school) == eur("2")


def test_a_read_sees_one_moment_and_writes_nothing(school: School) -> None:
    with school.database.read() as db:
        assert balance(db, school.payer) == Money(0)
        school.pay_in(school.payer, eur("3"))
        assert balance(db, school.payer) == Money(0)
    assert seen(school) == eur("3")


def test_an_unreachable_database_is_named_so(tmp_path: object) -> None:
    database = open_database("postgresql://nobody@/nothing?host=/nowhere")
    with pytest.raises(DatabaseUnavailable), database.write() as db:
        db.execute(text("SELECT 1"))
    database.close()


def test_nobody_has_no_balance(school: School) -> None:
    with school.database.read() as db, pytest.raises(LookupError):
        balance(db, 999_999)
