"""A closed month holds what it held: nothing comes in, what comes late counts in the open one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from builders import NOON, School, add_child, eur, open_school
from ledgers import ENGINES, fresh
from sqlalchemy import Connection, text

from accounts import passwords
from accounts.approvals import Ask, ask, decide
from accounts.clock import FixedClock, microseconds
from accounts.closings import (
    Closed,
    ClosingRefusal,
    Refusal,
    close_month,
    closings,
    months_to_close,
    open_from,
)
from accounts.database import Database, Session
from accounts.guards import JournalRefused, guarded
from accounts.intake import book_facts
from accounts.ledger import Booked, Draft, EntryKind, Move, balance, book, next_key
from accounts.money import Money
from accounts.open_matters import Why, written
from accounts.proof import CheckName
from accounts.rights import Act, Role
from accounts.seals import newest_seal
from accounts.tables import kiosks
from accounts.users import add_user
from accounts.verify import verify
from accounts.verify_closings import closings as proved

DECEMBER = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)
JANUARY = DECEMBER + timedelta(days=31)
FEBRUARY = JANUARY + timedelta(days=31)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost next to nothing here."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)


def heard(database: Database, at: datetime, *, waiting: int = 0) -> None:
    """Both kiosks have just said what they still have."""
    with database.write() as db:
        db.execute(text("DELETE FROM kiosk_seen"))
        for row in db.execute(text("SELECT id FROM origin WHERE kind = 'kiosk'")).all():
            seen = {"origin_id": row.id, "at_us": at, "waiting": waiting, "software": "1"}
            db.execute(kiosks.kiosk_seen.insert(), seen)


def close(
    school: School, month: str = "2026-11", at: datetime = DECEMBER, **more: int
) -> Closed | Refusal:
    return close_month(
        school.database,
        month=month,
        actor="user:1",
        clock=FixedClock(at),
        software="1.2.3",
        **more,
    )


def closed(school: School, month: str = "2026-11", at: datetime = DECEMBER) -> Closed:
    heard(school.database, at)
    done = close(school, month, at)
    assert isinstance(done, Closed), done
    return done


def topup(db: Session, school: School, at: datetime, cents: int = 100) -> None:
    draft = Draft(
        key=next_key(db, school.office),
        kind=EntryKind.TOPUP,
        occurred_at=at,
        actor="office",
        moves=(Move("opening", f"pupil:{school.payer}", Money(cents)),),
        pupil_id=school.payer,
    )
    assert isinstance(book(db, draft, now=DECEMBER), Booked)


def two_people(school: School, detail: dict[str, str], *, approved: bool = True) -> int:
    """A request to close a month with something open, by one and decided by another."""
    with school.database.write() as db:
        first, *users = (
            add_user(db, name=name, password="ein langes Kennwort", role=role, school_id=None,
                     at=NOON)
            for name, role in (
                ("admin", Role.ADMINISTRATOR), ("anna", Role.TREASURY), ("bert", Role.TREASURY),
            )
        )  # fmt: skip
        assert isinstance(first, int)
        anna, bert = users
        assert isinstance(anna, int)
        assert isinstance(bert, int)
        asked = Ask(Act.MONTH_CLOSE, anna, "kiosk a was stolen", detail=detail)
        number = ask(db, asked, at=DECEMBER)
        assert isinstance(number, int), number
        answer = decide(
            db, request_id=number, approver_id=bert, approved=approved, at=DECEMBER,
            reason=None if approved else "no",
        )  # fmt: skip
        assert answer is None
    return number


def sums(db: Session, number: int) -> dict[str, int]:
    """What a closing says that each account stood at, but for those at nothing."""
    rows = db.execute(
        text("SELECT a.name, s.cents FROM closing_sum s JOIN account a ON a.id = s.account_id"
             " WHERE s.closing_id = :n AND s.cents <> 0"),
        {"n": number},
    )  # fmt: skip
    return {str(name): int(cents) for name, cents in rows}


def late_on(db: Session) -> list[tuple[str, str | None]]:
    """Day and late day of every entry, in the order of their numbers."""
    rows = db.execute(text("SELECT day, late_on FROM entry ORDER BY id"))
    return [(str(day), None if late is None else str(late)) for day, late in rows]


def holds(db: Session) -> bool:
    check = proved(db)
    assert check.name is CheckName.CLOSINGS
    return check.holds


def test_a_closing_says_what_the_month_came_to_and_stands_on_a_seal(school: School) -> None:
    school.pay_in(school.payer, eur("20"))
    with school.database.write() as db:
        topup(db, school, DECEMBER - timedelta(minutes=1), 55)
        pen = school.kiosk
        facts = [pen.charge(school.payer, school.lunch), pen.charge(school.payer, school.drink)]
        book_facts(db, pen.origin_id, facts, now=NOON)
    done = closed(school)
    assert (done.month, done.open_from, done.software) == ("2026-11", date(2026, 12, 1), "1.2.3")
    assert (done.number, done.actor, done.at) == (1, "user:1", DECEMBER)
    assert (done.entries, done.transfers, done.moved) == (3, 3, eur("25,20"))
    assert (done.matters, done.request_id) == ((), None)
    with school.database.read() as db:
        seal = newest_seal(db)
        assert seal is not None
        assert (done.seal_no, done.last_entry_id) == (seal.no, 4)
        assert sums(db, 1) == {
            "opening": -2000,
            f"pupil:{school.payer}": 1480,
            f"revenue:{school.operator}:6": 520,
        }
        assert closings(db) == (done,)
        assert holds(db)


def test_the_next_closing_carries_the_sums_on_and_an_empty_month_is_closed_too(
    school: School,
) -> None:
    school.pay_in(school.payer, eur("20"))
    closed(school)
    january = DECEMBER + timedelta(days=31)
    done = closed(school, "2026-12", january)
    assert (done.number, done.entries, done.moved) == (2, 0, Money(0))
    with school.database.write() as db:
        topup(db, school, january - timedelta(days=1), 300)
    february = january + timedelta(days=31)
    done = closed(school, "2027-01", february)
    assert (done.entries, done.moved) == (1, Money(300))
    with school.database.read() as db:
        assert sums(db, 1) == sums(db, 2)
        assert sums(db, 3) == {"opening": -2300, f"pupil:{school.payer}": 2300}
        assert [(it.month, it.number) for it in closings(db)] == [
            ("2026-11", 1), ("2026-12", 2), ("2027-01", 3),
        ]  # fmt: skip
        assert all(check.holds for check in verify(db).checks)


def test_a_month_that_is_none_or_not_over_is_not_closed(school: School) -> None:
    heard(school.database, DECEMBER)
    assert close(school, "2026-12") == Refusal(ClosingRefusal.NOT_OVER)
    for month in ("2026-13", "2026-1", "0000-01", "November"):
        assert close(school, month) == Refusal(ClosingRefusal.BAD_MONTH)


def test_a_month_is_over_when_it_is_over_in_germany(school: School) -> None:
    moment = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    heard(school.database, DECEMBER)
    assert close(school, at=moment - timedelta(microseconds=1)) == Refusal(ClosingRefusal.NOT_OVER)
    assert isinstance(close(school, at=moment), Closed)


def test_a_month_in_summer_is_over_two_hours_before_utc(school: School) -> None:
    moment = datetime(2026, 9, 30, 22, 0, tzinfo=UTC)
    heard(school.database, DECEMBER)
    early = moment - timedelta(microseconds=1)
    assert close(school, "2026-09", early) == Refusal(ClosingRefusal.NOT_OVER)
    assert isinstance(close(school, "2026-09", moment), Closed)


def test_months_are_closed_in_order_and_once(school: School) -> None:
    closed(school, "2026-09")
    assert close(school, "2026-09") == Refusal(ClosingRefusal.ALREADY_CLOSED)
    assert close(school, "2026-08") == Refusal(ClosingRefusal.ALREADY_CLOSED)
    assert close(school, "2026-11") == Refusal(ClosingRefusal.NOT_NEXT, next_month="2026-10")
    closed(school, "2026-10")


def test_months_that_could_be_closed_are_named(school: School) -> None:
    with school.database.read() as db:
        assert months_to_close(db, at=DECEMBER) == ()
        assert open_from(db) is None
    with school.database.write() as db:
        topup(db, school, NOON - timedelta(days=40))
    with school.database.read() as db:
        assert months_to_close(db, at=NOON) == ("2026-10",)
        assert months_to_close(db, at=DECEMBER) == ("2026-10", "2026-11")
    closed(school, "2026-10")
    with school.database.read() as db:
        assert months_to_close(db, at=DECEMBER) == ("2026-11",)
        assert open_from(db) == date(2026, 11, 1)


def test_kiosks_that_may_still_bring_something_are_named(school: School) -> None:
    found = close(school)
    assert isinstance(found, Refusal)
    assert found.why is ClosingRefusal.STILL_OPEN
    assert [(it.what, it.why) for it in found.matters] == [
        ("kiosk a", Why.NEVER_SEEN), ("kiosk b", Why.NEVER_SEEN),
    ]  # fmt: skip
    heard(school.database, datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
    found = close(school)
    assert isinstance(found, Refusal)
    assert {it.why for it in found.matters} == {Why.SILENT}
    heard(school.database, DECEMBER, waiting=3)
    found = close(school)
    assert isinstance(found, Refusal)
    assert [(it.why, it.waiting, it.last_seen) for it in found.matters] == [
        (Why.WAITING, 3, DECEMBER)
    ] * 2
    with school.database.read() as db:
        assert closings(db) == ()


def test_kiosks_of_another_time_hold_no_month_up(school: School) -> None:
    """Enrolled after the month, or revoked before it."""
    with school.database.write() as db:
        revoked = {"at": microseconds(NOON - timedelta(days=30)), "id": school.kiosk.origin_id}
        db.execute(text("UPDATE origin SET revoked_us = :at WHERE id = :id"), revoked)
    found = close(school)
    assert isinstance(found, Refusal)
    assert [it.what for it in found.matters] == ["kiosk b"]
    assert isinstance(close(school, "2026-07"), Closed)
    found = close(school, "2026-08")
    assert isinstance(found, Refusal)
    assert [it.what for it in found.matters] == ["kiosk a", "kiosk b"]


def test_two_people_close_a_month_that_is_still_open(school: School) -> None:
    number = two_people(school, {"month": "2026-11"})
    done = close(school, request_id=number)
    assert isinstance(done, Closed)
    assert done.request_id == number
    assert [it.what for it in done.matters] == ["kiosk a", "kiosk b"]
    with school.database.read() as db:
        assert closings(db) == (done,)
        assert holds(db)
        kept = db.execute(text("SELECT warnings FROM closing")).scalar_one()
    assert kept == written(done.matters)


def test_a_request_for_another_month_or_one_that_was_rejected_closes_nothing(
    school: School,
) -> None:
    other = two_people(school, {"month": "2026-10"})
    found = close(school, request_id=other)
    assert isinstance(found, Refusal)
    assert found.why is ClosingRefusal.REQUEST_UNUSABLE
    assert close(school, request_id=other + 1) == found
    assert isinstance(close(school, "2026-10", request_id=other), Closed)


def test_a_rejected_request_closes_nothing(school: School) -> None:
    number = two_people(school, {"month": "2026-11"}, approved=False)
    found = close(school, request_id=number)
    assert isinstance(found, Refusal)
    assert found.why is ClosingRefusal.REQUEST_UNUSABLE


def test_a_request_that_is_not_needed_any_more_is_not_used(school: School) -> None:
    number = two_people(school, {"month": "2026-11"})
    heard(school.database, DECEMBER)
    done = close(school, request_id=number)
    assert isinstance(done, Closed)
    assert done.request_id is None


def test_what_a_kiosk_brings_late_keeps_its_day_and_counts_in_the_open_month(
    school: School,
) -> None:
    school.pay_in(school.payer, eur("20"))
    closed(school)
    pen = school.kiosk
    lunch = pen.charge(school.payer, school.lunch)
    snack = pen.charge(school.payer, school.snack)
    facts = [lunch, snack, pen.void(snack)]
    with school.database.write() as db:
        answers = book_facts(db, pen.origin_id, facts, now=DECEMBER)
        assert [it.quarantined for it in answers] == [None] * 3
        assert late_on(db)[1:] == [("2026-11-23", "2026-12-01")] * 3
        assert balance(db, school.payer) == eur("15,80")
    done = closed(school, "2026-12", DECEMBER + timedelta(days=31))
    assert (done.entries, done.moved) == (3, eur("7,20"))
    with school.database.read() as db:
        assert sums(db, 1) == {"opening": -2000, f"pupil:{school.payer}": 2000}
        assert all(check.holds for check in verify(db).checks)


def test_what_the_office_books_into_a_closed_month_counts_in_the_open_one(school: School) -> None:
    closed(school)
    with school.database.write() as db:
        topup(db, school, NOON)
        topup(db, school, DECEMBER)
        assert late_on(db) == [("2026-11-23", "2026-12-01"), ("2026-12-01", None)]
    closed(school, "2026-12", DECEMBER + timedelta(days=31))
    with school.database.write() as db:
        topup(db, school, NOON)
        topup(db, school, DECEMBER)
        assert late_on(db)[2:] == [("2026-11-23", "2027-01-01"), ("2026-12-01", "2027-01-01")]
        assert holds(db)


def test_months_before_the_first_closing_are_closed_with_it(school: School) -> None:
    with school.database.write() as db:
        topup(db, school, NOON - timedelta(days=60), 700)
        topup(db, school, NOON, 40)
    done = closed(school)
    assert (done.entries, done.moved) == (1, Money(40))
    with school.database.write() as db:
        assert sums(db, 1) == {"opening": -740, f"pupil:{school.payer}": 740}
        topup(db, school, NOON - timedelta(days=60))
        assert late_on(db)[2] == ("2026-09-24", "2026-12-01")
        assert holds(db)


# By plain SQL, as whoever owns the database.


@pytest.fixture(scope="module", params=ENGINES)
def shut(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    """Two closed months; what a test writes is refused or taken back.

    Two entries of November, one of November that came in December, and one of December.
    """
    database = fresh(request, request.param, tmp_path_factory.mktemp("closings"))
    school = open_school(database)
    school.pay_in(school.payer, eur("20"))
    with database.write() as db:
        topup(db, school, NOON, 50)
    closed(school)
    with database.write() as db:
        topup(db, school, NOON, 70)
        topup(db, school, DECEMBER, 90)
        add_child(db, school.id)
    closed(school, "2026-12", JANUARY)
    with database.write() as db:
        add_child(db, school.id)
    heard(database, FEBRUARY)
    yield school
    database.close()


def refused(db: Connection, statement: str) -> str:
    """The code by which the database refuses a statement of its owner; nothing of it stays."""
    with db.begin_nested() as savepoint:
        try:
            with guarded():
                db.exec_driver_sql(statement)
        except JournalRefused as refusal:
            savepoint.rollback()
            return refusal.code
        savepoint.rollback()
    return "done"


@contextmanager
def owner(database: Database) -> Iterator[Connection]:
    """A connection of the owner's; what it did is taken back at the end."""
    with database.engine.connect() as db:
        db.execution_options(sqlite_begin="IMMEDIATE")
        with db.begin() as transaction:
            yield db
            transaction.rollback()


def test_nobody_gets_an_entry_into_a_closed_month(shut: School) -> None:
    digest = "zeroblob(32)" if shut.database.is_sqlite else "decode(repeat('00', 32), 'hex')"
    told = {}
    with owner(shut.database) as db:
        for late in ("NULL", "'2026-11-30'", "'2026-12-01'", "'2027-02-01'"):
            told[late] = refused(
                db,
                "INSERT INTO entry (origin_id, epoch, seq, kind, day, occurred_us, recorded_us,"  # the test's own
                f" actor, transfers, content, late_on) VALUES ({shut.office}, 1, 5, 'topup',"
                f" '2026-11-23', {microseconds(NOON)}, 1, 'x', 1, {digest}, {late})",
            )
    assert set(told.values()) == {"closed_month"}


_COLUMNS = (
    "id, month, open_from, at_us, actor, request_id, warnings, software, seal_id,"
    " last_entry_id, entries, transfers, cents, last_account_id"
)
_HONEST = {
    "id": "3", "month": "'2027-01'", "open_from": "'2027-02-01'",
    "at_us": str(microseconds(FEBRUARY)), "actor": "'x'", "request_id": "NULL",
    "warnings": "'[]'", "software": "'1'", "seal_id": "(SELECT max(id) FROM seal)",
    "last_entry_id": "4", "entries": "0", "transfers": "0", "cents": "0",
    "last_account_id": "(SELECT max(id) FROM account)",
}  # fmt: skip
_FORGED: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "done"),
    "a month that is not next": (
        {"month": "'2027-02'", "open_from": "'2027-03-01'"}, "month_order"),
    "a number left out": ({"id": "4"}, "month_order"),
    "a month that is none": ({"month": "'2027-1x'"}, "bad_month"),
    "another first open day": ({"open_from": "'2027-02-15'"}, "bad_month"),
    "no first open day after it": ({"open_from": "'2027-01-01'"}, "bad_month"),
    "before it is over": (
        {"at_us": str(microseconds(datetime(2027, 1, 31, 22, 59, tzinfo=UTC)))},
        "month_not_over"),
    "entries left out": ({"last_entry_id": "0"}, "wrong_counts"),
    "entries to come": ({"last_entry_id": "9"}, "wrong_counts"),
    "another number of entries": ({"entries": "1"}, "wrong_counts"),
    "another number of transfers": ({"transfers": "1"}, "wrong_counts"),
    "other cents": ({"cents": "1"}, "wrong_counts"),
    "accounts left out": ({"last_account_id": "1"}, "wrong_counts"),
    "accounts to come": ({"last_account_id": "1000"}, "wrong_counts"),
    "an older seal": ({"seal_id": "1"}, "not_sealed"),
    "what is open, without a request": ({"warnings": "'[1]'"}, "needs_two"),
    "warnings that are no list": ({"warnings": "'{}'"}, "bad_warnings"),
}  # fmt: skip


def by_hand(other: dict[str, str]) -> str:
    values = ", ".join((_HONEST | other)[column] for column in _COLUMNS.split(", "))
    return f"INSERT INTO closing ({_COLUMNS}) VALUES ({values})"  # the test's own


def test_a_closing_written_by_hand_has_to_be_true(shut: School) -> None:
    with owner(shut.database) as db:
        told = {forged: refused(db, by_hand(other)) for forged, (other, _) in _FORGED.items()}
    assert told == {forged: code for forged, (_, code) in _FORGED.items()}


def test_nobody_closes_alone_while_a_kiosk_is_behind(shut: School) -> None:
    with owner(shut.database) as db:
        db.exec_driver_sql("UPDATE kiosk_seen SET waiting = 1")
        assert refused(db, by_hand({})) == "still_open"
        db.exec_driver_sql("UPDATE kiosk_seen SET waiting = 0, at_us = at_us - 86400000000")
        assert refused(db, by_hand({})) == "still_open"
        db.exec_driver_sql("DELETE FROM kiosk_seen")
        assert refused(db, by_hand({})) == "still_open"
        db.exec_driver_sql("UPDATE origin SET revoked_us = 0 WHERE kind = 'kiosk'")
        assert refused(db, by_hand({})) == "done"


_TOUCHED = {
    "UPDATE closing SET software = 'x'": "append_only",
    "DELETE FROM closing": "append_only",
    "UPDATE closing_sum SET cents = 0": "append_only",
    "DELETE FROM closing_sum": "append_only",
    # An account that was opened since has no sum there, nor has one that is not there.
    "INSERT INTO closing_sum SELECT 2, max(id), 5 FROM account": "not_in_closing",
    "INSERT INTO closing_sum SELECT 2, max(id), 0 FROM account": "not_in_closing",
}
_REPLACED = {
    f"INSERT OR REPLACE INTO closing SELECT {_COLUMNS} FROM closing": "append_only",  # the test's own
    "INSERT OR REPLACE INTO closing_sum SELECT closing_id, account_id, 7 FROM closing_sum":
        "append_only",
}  # fmt: skip
_EMPTIED = {"TRUNCATE closing CASCADE": "append_only", "TRUNCATE closing_sum": "append_only"}


def test_a_closing_is_not_changed_replaced_emptied_or_added_to(shut: School) -> None:
    expected = _TOUCHED | (_REPLACED if shut.database.is_sqlite else _EMPTIED)
    with owner(shut.database) as db:
        assert {statement: refused(db, statement) for statement in expected} == expected


@pytest.mark.postgresql
def test_a_closing_in_an_older_view_is_refused(shut: School) -> None:
    if shut.database.is_sqlite:
        return  # its single writer has no older view
    with owner(shut.database) as db:
        db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert refused(db, by_hand({})) == "isolation"


# One field of a closed ledger changed behind the guards' back, and where that is found.
_CHANGED: dict[str, tuple[str, str]] = {
    "UPDATE closing SET month = '2026-10' WHERE id = 1": ("open_from_differs", "closing 2026-10"),
    "UPDATE closing SET open_from = '2026-12-02' WHERE id = 1": (
        "open_from_differs", "closing 2026-11"),
    "UPDATE closing SET at_us = 0 WHERE id = 1": ("closed_too_early", "closing 2026-11"),
    "UPDATE closing SET warnings = '[ ]' WHERE id = 1": ("warnings_differ", "closing 2026-11"),
    "UPDATE closing SET seal_id = 1 WHERE id = 2": ("seal_differs", "closing 2026-12"),
    "UPDATE closing SET seal_id = 99 WHERE id = 2": ("no_seal", "closing 2026-12"),
    "UPDATE closing SET last_entry_id = 1 WHERE id = 1": ("seal_differs", "closing 2026-11"),
    "UPDATE closing SET entries = 9 WHERE id = 1": ("counts_differ", "closing 2026-11"),
    "UPDATE closing SET transfers = 9 WHERE id = 2": ("counts_differ", "closing 2026-12"),
    "UPDATE closing SET cents = 9 WHERE id = 2": ("counts_differ", "closing 2026-12"),
    "UPDATE closing SET last_account_id = 1 WHERE id = 1": (
        "sum_unasked", "closing 2026-11 account "),
    "UPDATE closing_sum SET cents = cents + 1 WHERE closing_id = 1 AND cents > 0": (
        "sum_differs", "closing 2026-11 account pupil:"),
    "UPDATE closing_sum SET closing_id = 9 WHERE closing_id = 2 AND cents > 0": (
        "sum_unasked", "closing number 9 account pupil:"),
    "DELETE FROM closing_sum WHERE closing_id = 2 AND cents > 0": (
        "sum_differs", "closing 2026-12 account pupil:"),
    "UPDATE entry SET late_on = NULL WHERE late_on IS NOT NULL": ("late_differs", "entry 3"),
    "UPDATE entry SET late_on = '2026-12-02' WHERE late_on IS NOT NULL": (
        "late_differs", "entry 3"),
    "UPDATE entry SET late_on = '2026-12-01' WHERE id = 1": ("late_differs", "entry 1"),
    "DELETE FROM closing WHERE id = 1": ("number_differs", "closing 2026-12"),
}  # fmt: skip


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """The ledger without any trigger, as whoever owns it can have it; taken back at the end."""
    if database.is_sqlite:
        with database.engine.connect() as db:
            db.execution_options(sqlite_begin="IMMEDIATE")
            foreign_keys(db, "OFF")
            with db.begin() as transaction:
                made = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for name in list(db.exec_driver_sql(made).scalars()):
                    db.exec_driver_sql(f"DROP TRIGGER {name}")
                yield db
                transaction.rollback()
            foreign_keys(db, "ON")
    else:
        with owner(database) as db:
            db.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield db


def foreign_keys(db: Connection, how: str) -> None:
    """Outside any transaction, where alone SQLite listens to it."""
    raw = db.connection.driver_connection
    assert raw is not None
    raw.execute(f"PRAGMA foreign_keys = {how}").close()


def test_a_change_behind_the_guards_back_is_found_and_named(shut: School) -> None:
    missed = []
    with unguarded(shut.database) as db:
        assert holds(db)
        for change, (what, where) in _CHANGED.items():
            with db.begin_nested() as savepoint:
                db.exec_driver_sql(change)
                found = [(it.what, it.where) for it in proved(db).failures]
                savepoint.rollback()
            if not any(it[0] == what and it[1].startswith(where) for it in found):
                missed.append((change, found))
    assert missed == []


def test_a_closing_that_was_not_two_peoples_is_found(school: School) -> None:
    close(school, request_id=two_people(school, {"month": "2026-11"}))
    with unguarded(school.database) as db:
        assert holds(db)
        for change in (
            'UPDATE request SET detail = \'{"month": "2026-10"}\'',
            "UPDATE decision SET approved = 0, reason = 'no'",
            "UPDATE closing SET request_id = NULL",
        ):
            with db.begin_nested() as savepoint:
                db.exec_driver_sql(change)
                assert [it.what for it in proved(db).failures] == ["not_by_two"]
                savepoint.rollback()
