"""Opening balances: a list of two people, whole and once, on both engines."""

import hashlib

import pytest
from builders import NOON, School, add_child, eur
from offices import People, open_treasury
from sqlalchemy import select

from accounts.approvals import ApprovalRefusal, decide
from accounts.database import Database
from accounts.entries import Draft, EntryKind, Move
from accounts.guards import JournalRefused
from accounts.ledger import Booked, Key, balance, book, next_key, reverse
from accounts.money import ZERO, Money
from accounts.office import office_origin
from accounts.opening import (
    Doubtful,
    Opened,
    Opening,
    OpeningList,
    OpeningRefusal,
    ask_openings,
    book_openings,
    booked_list,
    doubts,
)
from accounts.tables import journal
from accounts.verify import verify


@pytest.fixture
def folk(school: School) -> People:
    with school.database.write() as db:
        return open_treasury(db, school)


def listed(*openings: Opening) -> OpeningList:
    return OpeningList(hashlib.sha256(repr(openings).encode()).digest(), openings)


def asked(
    school: School, folk: People, one: OpeningList, control: Money | None = None
) -> int | OpeningRefusal | ApprovalRefusal:
    with school.database.write() as db:
        return ask_openings(
            db, one, control=one.total if control is None else control, requester_id=folk.tom,
            school_id=school.id, reason="Umstellung", at=NOON,
        )  # fmt: skip


def agreed(school: School, folk: People, one: OpeningList) -> int:
    request = asked(school, folk, one)
    assert isinstance(request, int)
    with school.database.write() as db:
        assert decide(db, request_id=request, approver_id=folk.ute, approved=True, at=NOON) is None
    return request


def booked(
    school: School, one: OpeningList, request: int
) -> Opened | OpeningRefusal | tuple[Doubtful, ...]:
    with school.database.write() as db:
        return book_openings(db, one, request_id=request, actor="office:test", now=NOON)


def opened(
    school: School, folk: People, *openings: Opening
) -> Opened | OpeningRefusal | tuple[Doubtful, ...]:
    one = listed(*openings)
    return booked(school, one, agreed(school, folk, one))


def money(database: Database, pupil: int) -> Money:
    with database.read() as db:
        return balance(db, pupil)


def test_what_pupils_had_and_owed_is_booked_and_the_ledger_holds(
    school: School, folk: People
) -> None:
    payer, poor = school.payer, school.guest_of_the_state
    done = opened(school, folk, Opening(payer, eur("25,00")), Opening(poor, eur("-3,50")))
    assert isinstance(done, Opened)
    assert (done.booked, done.total, done.repeated) == (2, eur("21,50"), False)
    assert money(school.database, payer) == eur("25,00")
    assert money(school.database, poor) == eur("-3,50")
    with school.database.read() as db:
        assert [check for check in verify(db).checks if check.failures] == []


def test_the_same_list_again_books_nothing(school: School, folk: People) -> None:
    one = listed(Opening(school.payer, eur("25,00")))
    request = agreed(school, folk, one)
    first = booked(school, one, request)
    for number in (request, 99):
        again = booked(school, one, number)
        assert again == Opened(request, 1, eur("25,00"), repeated=True)
    assert isinstance(first, Opened)
    assert money(school.database, school.payer) == eur("25,00")
    with school.database.read() as db:
        assert booked_list(db, one.digest) == Opened(request, 1, eur("25,00"), repeated=True)


def test_the_key_of_an_opening_balance_tells_whose_it_is(school: School, folk: People) -> None:
    opened(school, folk, Opening(school.payer, eur("25,00")))
    with school.database.write() as db:
        origin_id = office_origin(db, name="go-live", at=NOON)
        keys = db.execute(select(journal.entry.c.origin_id, journal.entry.c.epoch)).all()
    assert keys == [(origin_id, school.payer)]


@pytest.mark.parametrize("amount", ["25,00", "26,00", "0,00"])
def test_who_has_an_opening_balance_stands_against_another_list(
    school: School, folk: People, amount: str
) -> None:
    poor = school.guest_of_the_state
    opened(school, folk, Opening(school.payer, eur("25,00")))
    refused = opened(school, folk, Opening(poor, eur("5,00")), Opening(school.payer, eur(amount)))
    assert refused == (Doubtful(1, OpeningRefusal.HAS_OPENING, eur("25,00")),)
    assert money(school.database, poor) == ZERO


def test_a_person_named_twice_stands_against_the_whole_list(school: School, folk: People) -> None:
    one = Opening(school.payer, eur("5,00"))
    assert opened(school, folk, one, one) == (Doubtful(1, OpeningRefusal.NAMED_TWICE),)
    assert money(school.database, school.payer) == ZERO
    with school.database.read() as db:
        assert doubts(db, listed(one, one)) == (Doubtful(1, OpeningRefusal.NAMED_TWICE),)


def test_the_sum_is_typed_by_a_person_and_has_to_be_the_lists(school: School, folk: People) -> None:
    one = listed(Opening(school.payer, eur("25,00")))
    assert asked(school, folk, one, eur("25,01")) is OpeningRefusal.OTHER_TOTAL
    assert asked(school, folk, listed(Opening(school.payer, ZERO))) is OpeningRefusal.NOTHING


def test_a_list_nobody_else_agreed_on_is_not_booked(school: School, folk: People) -> None:
    one = listed(Opening(school.payer, eur("25,00")))
    request = asked(school, folk, one)
    assert isinstance(request, int)
    assert booked(school, one, request) is OpeningRefusal.NOT_APPROVED
    other = listed(
        Opening(school.payer, eur("24,00")), Opening(school.guest_of_the_state, eur("1"))
    )
    assert booked(school, other, agreed(school, folk, one)) is OpeningRefusal.OTHER_FILE


def test_a_reversed_opening_balance_may_come_in_another_list(school: School, folk: People) -> None:
    opened(school, folk, Opening(school.payer, eur("25,00")))
    with school.database.write() as db:
        origin_id = office_origin(db, name="go-live", at=NOON)
        back = reverse(
            db,
            key=next_key(db, school.office),
            of=Key(origin_id, school.payer, 1),
            reason="mistake",
            actor="office:test",
            now=NOON,
        )
    assert isinstance(back, Booked)
    assert isinstance(opened(school, folk, Opening(school.payer, eur("26,00"))), Opened)
    assert money(school.database, school.payer) == eur("26,00")
    with school.database.read() as db:
        assert [check for check in verify(db).checks if check.failures] == []


def test_the_database_lets_nobody_book_one_by_themselves(school: School, folk: People) -> None:
    opened(school, folk, Opening(school.payer, eur("25,00")))
    poor = school.guest_of_the_state
    with school.database.write() as db:
        draft = Draft(
            key=next_key(db, school.office),
            kind=EntryKind.OPENING,
            occurred_at=NOON,
            actor="office:test",
            moves=(Move("opening", f"pupil:{poor}", eur("5,00")),),
            pupil_id=poor,
        )
    later = NOON.replace(second=1)
    with pytest.raises(JournalRefused, match="needs_two"), school.database.write() as db:
        book(db, draft, now=later)
    assert money(school.database, poor) == ZERO


def test_a_whole_school_is_one_list(school: School, folk: People) -> None:
    with school.database.write() as db:
        pupils = [add_child(db, school.id) for _ in range(200)]
    done = opened(school, folk, *(Opening(pupil, eur("1,00")) for pupil in pupils))
    assert isinstance(done, Opened)
    assert (done.booked, done.total) == (200, eur("200,00"))
