"""Opening balances: each once, whole lists only, on both engines."""

from builders import NOON, School, add_child, eur
from sqlalchemy import select

from accounts.database import Database
from accounts.ledger import Booked, Key, balance, next_key, reverse
from accounts.money import ZERO, Money
from accounts.office import office_origin
from accounts.opening import Doubtful, Opened, Opening, OpeningRefusal, book_openings
from accounts.tables import journal
from accounts.verify import verify


def opened(database: Database, *openings: Opening) -> Opened | tuple[Doubtful, ...]:
    with database.write() as db:
        return book_openings(db, openings, actor="office:test", now=NOON)


def money(database: Database, pupil: int) -> Money:
    with database.read() as db:
        return balance(db, pupil)


def test_what_pupils_had_and_owed_is_booked_and_the_ledger_holds(school: School) -> None:
    payer, poor = school.payer, school.guest_of_the_state
    done = opened(school.database, Opening(payer, eur("25,00")), Opening(poor, eur("-3,50")))
    assert done == Opened(booked=2, total=eur("21,50"), repeated=0, empty=0)
    assert (money(school.database, payer), money(school.database, poor)) == (
        eur("25,00"),
        eur("-3,50"),
    )
    with school.database.read() as db:
        assert verify(db).holds


def test_the_same_list_again_books_nothing(school: School) -> None:
    one = Opening(school.payer, eur("25,00"))
    opened(school.database, one)
    assert opened(school.database, one) == Opened(booked=0, total=ZERO, repeated=1, empty=0)
    assert money(school.database, school.payer) == eur("25,00")


def test_the_key_of_an_opening_balance_tells_whose_it_is(school: School) -> None:
    opened(school.database, Opening(school.payer, eur("25,00")))
    with school.database.write() as db:
        origin_id = office_origin(db, name="go-live", at=NOON)
        keys = db.execute(select(journal.entry.c.origin_id, journal.entry.c.epoch)).all()
    assert keys == [(origin_id, school.payer)]


def test_one_other_amount_stands_against_the_whole_list(school: School) -> None:
    poor = school.guest_of_the_state
    opened(school.database, Opening(school.payer, eur("25,00")))
    refused = opened(
        school.database, Opening(poor, eur("5,00")), Opening(school.payer, eur("26,00"))
    )
    assert refused == (Doubtful(1, OpeningRefusal.OTHER_AMOUNT, eur("25,00")),)
    assert money(school.database, poor) == ZERO


def test_nothing_where_there_was_something_is_another_amount(school: School) -> None:
    opened(school.database, Opening(school.payer, eur("-1,00")))
    refused = opened(school.database, Opening(school.payer, ZERO))
    assert refused == (Doubtful(0, OpeningRefusal.OTHER_AMOUNT, eur("-1,00")),)


def test_a_person_named_twice_stands_against_the_whole_list(school: School) -> None:
    one = Opening(school.payer, eur("5,00"))
    assert opened(school.database, one, one) == (Doubtful(1, OpeningRefusal.NAMED_TWICE),)
    assert money(school.database, school.payer) == ZERO


def test_a_reversed_opening_balance_may_be_booked_anew(school: School) -> None:
    opened(school.database, Opening(school.payer, eur("25,00")))
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
    opened(school.database, Opening(school.payer, eur("26,00")))
    assert money(school.database, school.payer) == eur("26,00")
    with school.database.read() as db:
        assert verify(db).holds


def test_a_balance_booked_by_another_office_counts_too(school: School) -> None:
    school.pay_in(school.payer, eur("9,00"))
    done = opened(school.database, Opening(school.payer, eur("9,00")))
    assert done == Opened(booked=0, total=ZERO, repeated=1, empty=0)


def test_a_whole_school_is_one_list(school: School) -> None:
    with school.database.write() as db:
        pupils = [add_child(db, school.id) for _ in range(200)]
    done = opened(school.database, *(Opening(pupil, eur("1,00")) for pupil in pupils))
    assert done == Opened(booked=200, total=eur("200,00"), repeated=0, empty=0)
