"""A line of the bank is kept once and moves its account; the ledger stands where the bank does."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from bank_lines import BEFORE, FRIDAY, IBAN, OTHER_IBAN, digest, keep, line, open_bank, reading
from builders import NOON, School, pay_in, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from accounts.bank_accounts import (
    BankAccount,
    BankAccountRefusal,
    add_bank_account,
    bank_account_of,
    bank_accounts,
    end_bank_account,
)
from accounts.bank_book import (
    bank_days,
    book_opening,
    has_lines,
    keep_lines,
    ledger_balance,
    note_days,
    stored_lines,
)
from accounts.city import open_city_accounts
from accounts.clock import BERLIN, FixedClock, microseconds
from accounts.closings import Closed, ClosingRefusal, Refusal, close_month
from accounts.database import Database, Session
from accounts.entries import Draft, EntryKind, Key, Move
from accounts.guards import JournalRefused, guarded
from accounts.ledger import KeyReused, book, next_key
from accounts.money import Money
from accounts.open_matters import OpenMatter, Why, banks_behind
from accounts.proof import CheckName
from accounts.tables import bank
from accounts.verify import verify

DECEMBER = datetime(2026, 12, 1, 7, tzinfo=UTC)


def entries(db: Session, account: BankAccount, epoch: int = 1) -> list[tuple[object, ...]]:
    """Kind, day, moment and the one transfer of every entry of the account's writer."""
    found = db.execute(
        text("SELECT e.kind, e.day, e.occurred_us, d.name, c.name, t.cents FROM entry e"
             " JOIN transfer t ON t.entry_id = e.id JOIN account d ON d.id = t.debit_id"
             " JOIN account c ON c.id = t.credit_id"
             " WHERE e.origin_id = :o AND e.epoch = :e ORDER BY e.seq"),
        {"o": account.origin_id, "e": epoch},
    )  # fmt: skip
    return [(kind, str(day), us, *rest) for kind, day, us, *rest in found]


def failures(database: Database) -> set[tuple[str, str]]:
    with database.read() as db:
        return {(it.what, it.where) for it in verify(db).check(CheckName.BANK).failures}


def test_money_in_and_money_out_move_the_account_on_their_day(db: Session) -> None:
    account = open_bank(db)
    keep(db, account, line("in", 4200), line("out", -300, day=date(2026, 11, 19)))
    noon = microseconds(datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert entries(db, account) == [
        ("topup", "2026-11-20", noon, "bank", "suspense", 4200),
        ("correction", "2026-11-19", noon - 86_400_000_000, "suspense", "bank", 300),
    ]
    assert ledger_balance(db, account, day=date(2026, 11, 18)) == Money(5000)
    assert ledger_balance(db, account, day=date(2026, 11, 19)) == Money(4700)
    assert ledger_balance(db, account, day=FRIDAY) == Money(8900)
    assert verify(db).check(CheckName.BANK).holds


def test_what_is_kept_is_told_as_it_was_said(db: Session) -> None:
    account = open_bank(db)
    said = [line(n, 100 + n, day=FRIDAY - timedelta(n), gvc=None, payer=None) for n in range(3)]
    ids = keep(db, account, *said)
    assert ids == tuple(sorted(ids))
    told = stored_lines(db, account, first=FRIDAY - timedelta(1), last=FRIDAY)
    assert [(it.day, it.amount.cents, it.identity) for it in told] == [
        (FRIDAY - timedelta(1), 101, digest("line", 1)), (FRIDAY, 100, digest("line", 0)),
    ]  # fmt: skip
    assert told[0].id == ids[1]


def test_a_line_of_the_same_identity_is_refused_with_all_that_came_with_it(
    school: School,
) -> None:
    with school.database.write() as db:
        account = open_bank(db)
        keep(db, account, line("a", 100))
    with (
        pytest.raises(JournalRefused, match=r"known_line|uq_bank_line_identity_bank_account_id"),
        school.database.write() as db,
    ):
        keep(db, account, line("b", 100), line("a", 100))
    with school.database.read() as db:
        assert len(entries(db, account)) == 1


def test_two_accounts_may_have_a_line_of_the_same_identity(db: Session) -> None:
    first, second = open_bank(db), open_bank(db, iban=OTHER_IBAN, opening=0)
    keep(db, first, line("a", 100))
    keep(db, second, line("a", 100))
    assert (first.account, second.account) == ("bank", "bank:2")
    assert ledger_balance(db, second, day=FRIDAY) == Money(100)
    assert has_lines(db, second)


def test_only_a_day_that_is_over_in_germany_is_kept(school: School) -> None:
    with school.database.write() as db:
        account = open_bank(db)
    midnight = datetime(2026, 11, 22, 23, tzinfo=UTC)
    with pytest.raises(JournalRefused, match="unfinished_day"), school.database.write() as db:
        keep(db, account, line("a", 1, day=date(2026, 11, 22)),
             now=midnight - timedelta(microseconds=1))  # fmt: skip
    with school.database.write() as db:
        keep(db, account, line("a", 1, day=date(2026, 11, 22)), now=midnight)


@settings(max_examples=120, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(day=st.dates(date(2001, 1, 1), date(2060, 12, 31)))
def test_a_line_is_booked_at_noon_and_its_day_over_at_midnight_all_year(
    db: Session, day: date
) -> None:
    attempt = db.begin_nested()
    account = add_bank_account(db, iban=IBAN, holder="Stadt", at=NOON)
    assert isinstance(account, BankAccount)
    row_suspense(db)
    midnight = datetime.combine(day + timedelta(1), datetime.min.time(), BERLIN).astimezone(UTC)
    too_early = db.begin_nested()
    with pytest.raises(JournalRefused, match="unfinished_day"):
        keep(db, account, line("a", 1, day=day), now=midnight - timedelta(microseconds=1))
    too_early.rollback()
    keep(db, account, line("a", 1, day=day), now=midnight)
    noon = datetime.combine(day, datetime.min.time().replace(hour=12), BERLIN)
    assert [it[2] for it in entries(db, account)] == [microseconds(noon.astimezone(UTC))]
    attempt.rollback()


def row_suspense(db: Session) -> None:
    db.execute(text("INSERT INTO account (name, kind) VALUES ('suspense', 'suspense')"))


def test_what_it_stood_at_comes_before_every_line_and_once(school: School) -> None:
    with school.database.write() as db:
        account = open_bank(db, opening=-1200)
        assert entries(db, account, 3)[0][3:] == ("opening", "bank", 1200)
    with school.database.write() as db:
        book_opening(db, account, Money(-1200), day=BEFORE, actor="import",
                     now=NOON + timedelta(1))  # fmt: skip
        assert len(entries(db, account, 3)) == 1
    with pytest.raises(KeyReused), school.database.write() as db:
        book_opening(db, account, Money(7), day=BEFORE, actor="import", now=NOON)
    with pytest.raises(JournalRefused, match="before_opening"), school.database.write() as db:
        keep(db, account, line("a", 1, day=BEFORE))
    with school.database.write() as db:
        late = open_bank(db, iban=OTHER_IBAN, opening=0)
        keep(db, late, line("a", 1))
    with pytest.raises(JournalRefused, match="not_the_bank"), school.database.write() as db:
        book_opening(db, late, Money(7), day=BEFORE, actor="import", now=NOON)


def test_a_line_of_a_closed_month_counts_in_the_open_one(school: School) -> None:
    with school.database.write() as db:
        account = open_bank(db)
        pay_in(db, school.office, school.payer, Money(1))
        close_kiosks(db)
        said = reading(db, account=account, last=date(2026, 11, 30), at=DECEMBER)
        note_days(db, account, {date(2026, 11, 30): Money(5000)}, family="camt", reading_id=said)
    done = close_month(school.database, month="2026-11", actor="office",
                       clock=FixedClock(DECEMBER), software="1")  # fmt: skip
    assert isinstance(done, Closed), done
    with school.database.write() as db:
        keep(db, account, line("late", 100, day=date(2026, 11, 30)), now=DECEMBER)
        late = db.execute(
            text("SELECT late_on FROM entry WHERE origin_id = :o AND epoch = 1"),
            {"o": account.origin_id},
        ).scalar_one()
        assert str(late) == "2026-12-01"
    # The bank's own day had closed at something else.
    assert failures(school.database) == {("day_differs", "account bank day 2026-11-30")}


def close_kiosks(db: Session) -> None:
    db.execute(
        text("INSERT INTO kiosk_seen SELECT id, :at, 0, '1' FROM origin WHERE kind = 'kiosk'"),
        {"at": microseconds(DECEMBER)},
    )


def test_a_month_is_open_until_the_bank_is_proved_to_its_end(school: School) -> None:
    with school.database.write() as db:
        account = open_bank(db)
        pay_in(db, school.office, school.payer, Money(1))
        close_kiosks(db)
    first, after = date(2026, 11, 1), date(2026, 12, 1)
    for proved, expected in (
        (None, Why.UNPROVED), (date(2026, 11, 29), Why.UNPROVED), (date(2026, 11, 30), None),
    ):  # fmt: skip
        with school.database.write() as db:
            if proved:
                said = reading(db, account=account, last=proved, at=DECEMBER)
                note_days(db, account, {proved: Money(5000)}, family="camt", reading_id=said)
            matters = banks_behind(db, first, after)
        assert [it.why for it in matters] == ([] if expected is None else [expected])
        answer = close_month(school.database, month="2026-11", actor="office",
                             clock=FixedClock(DECEMBER), software="1")  # fmt: skip
        if expected is None:
            assert isinstance(answer, Closed)
        else:
            assert isinstance(answer, Refusal)
            assert (answer.why, answer.matters) == (ClosingRefusal.STILL_OPEN, matters)


def test_the_database_asks_for_the_bank_whatever_its_client_says(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    with school.database.write() as db:
        open_bank(db)
        pay_in(db, school.office, school.payer, Money(1))
        close_kiosks(db)
    nothing: tuple[OpenMatter, ...] = ()
    monkeypatch.setattr("accounts.closings.open_matters", lambda *_: nothing)
    answer = close_month(school.database, month="2026-11", actor="office",
                         clock=FixedClock(DECEMBER), software="1")  # fmt: skip
    assert isinstance(answer, Refusal)
    assert answer.why is ClosingRefusal.STILL_OPEN


def test_the_newest_word_about_a_day_counts(db: Session) -> None:
    account = open_bank(db)
    said = reading(db, account=account)
    days = {FRIDAY: Money(1), FRIDAY - timedelta(1): Money(2)}
    note_days(db, account, days, family="camt", reading_id=said)
    note_days(db, account, {FRIDAY: Money(5000)}, family="mt940", reading_id=said)
    told = bank_days(db, account, since=FRIDAY - timedelta(1))
    assert list(told) == [FRIDAY - timedelta(1), FRIDAY]
    assert (told[FRIDAY].closing, told[FRIDAY].family) == (Money(5000), "mt940")
    assert list(bank_days(db, account, since=FRIDAY)) == [FRIDAY]
    places = {it.where for it in verify(db).check(CheckName.BANK).failures}
    assert places == {"account bank day 2026-11-19"}


def test_an_account_is_known_by_its_iban_and_ends_once(db: Session) -> None:
    account = open_bank(db)
    assert bank_account_of(db, "DE89 3704 0044 0532 0130 00") == account
    assert bank_account_of(db, OTHER_IBAN) is None
    for iban, holder, why in (
        ("DE88370400440532013000", "Stadt", BankAccountRefusal.BAD_IBAN),
        (OTHER_IBAN, " ", BankAccountRefusal.BAD_HOLDER),
        (OTHER_IBAN, "x" * 71, BankAccountRefusal.BAD_HOLDER),
        (IBAN.lower(), "Stadt", BankAccountRefusal.KNOWN_IBAN),
    ):
        assert add_bank_account(db, iban=iban, holder=holder, at=NOON) is why
    assert end_bank_account(db, IBAN, at=NOON)
    assert not end_bank_account(db, IBAN, at=NOON)
    assert bank_accounts(db)[0].until == NOON


def by_hand(school: School, *, origin: int, epoch: int = 1, seq: int = 0, **more: object) -> Draft:
    at = {"kind": EntryKind.TOPUP, "moves": (Move("bank", "suspense", Money(5)),), **more}
    return Draft(key=Key(origin, epoch, seq), occurred_at=NOON, actor="office", **at)  # type: ignore[arg-type]  # Draft's own fields


HANDS: dict[str, tuple[Callable[[School, Session, BankAccount], Draft], str]] = {
    "the office into the bank": (
        lambda s, db, _: by_hand(s, origin=s.office, seq=next_key(db, s.office).seq),
        "bank_by_hand",
    ),
    "the office out of the bank": (
        lambda s, db, _: by_hand(
            s, origin=s.office, seq=next_key(db, s.office).seq,
            moves=(Move("fees", "bank", Money(5)),),
        ),
        "bank_by_hand",
    ),
    "suspense into a child": (
        lambda s, db, _: by_hand(
            s, origin=s.office, seq=next_key(db, s.office).seq,
            moves=(Move("suspense", f"pupil:{s.payer}", Money(5)),), pupil_id=s.payer,
        ),
        "bank_by_hand",
    ),
    "suspense as an opening": (
        lambda s, db, _: by_hand(
            s, origin=s.office, seq=next_key(db, s.office).seq, kind=EntryKind.OPENING,
            moves=(Move("suspense", "write_off", Money(5)),),
        ),
        "bank_by_hand",
    ),
    "cash that nobody agreed to": (
        lambda s, db, _: by_hand(
            s, origin=s.office, seq=next_key(db, s.office).seq,
            moves=(Move("cash", f"pupil:{s.payer}", Money(5)),), pupil_id=s.payer,
        ),
        "bank_by_hand",
    ),
    "cash as an opening": (
        lambda s, db, _: by_hand(
            s, origin=s.office, seq=next_key(db, s.office).seq, kind=EntryKind.OPENING,
            moves=(Move("opening", "cash", Money(5)),),
        ),
        "bank_by_hand",
    ),
    "in the bank's name": (
        lambda s, _, a: by_hand(s, origin=a.origin_id, seq=2), "not_the_bank",
    ),
    "in the name of what became of a line": (
        lambda s, _, a: by_hand(
            s, origin=a.origin_id, epoch=2, seq=1, moves=(Move("suspense", "fees", Money(5)),)
        ),
        "not_the_bank",
    ),
    "in an epoch of one's own": (
        lambda s, _, a: by_hand(
            s, origin=a.origin_id, epoch=4, seq=1, moves=(Move("suspense", "fees", Money(5)),)
        ),
        "not_the_bank",
    ),
    "a second opening": (
        lambda s, _, a: by_hand(
            s, origin=a.origin_id, epoch=3, seq=2, kind=EntryKind.OPENING,
            moves=(Move("bank", "opening", Money(5)),),
        ),
        "not_the_bank",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", HANDS)
def test_nobody_moves_the_bank_by_hand(school: School, how: str) -> None:
    make, code = HANDS[how]
    with school.database.write() as db:
        account = open_bank(db)
        keep(db, account, line("a", 100))
    with pytest.raises(JournalRefused, match=code), school.database.write() as db:
        book(db, make(school, db, account), now=NOON)


def test_an_opening_moves_its_own_account_against_opening_and_no_other(school: School) -> None:
    with school.database.write() as db:
        first, second = open_bank(db), open_bank(db, iban=OTHER_IBAN, opening=0)
    for moves in (
        (Move("bank", "opening", Money(5)),),
        (Move("bank:2", "suspense", Money(5)),),
        (Move("fees", "interest", Money(5)),),
    ):
        draft = by_hand(school, origin=second.origin_id, epoch=3, seq=1, kind=EntryKind.OPENING,
                        moves=moves)  # fmt: skip
        with pytest.raises(JournalRefused, match="bank_by_hand"), school.database.write() as db:
            book(db, draft, now=NOON)
    assert first.account == "bank"


@pytest.mark.parametrize(
    ("day", "reading_of", "last", "code"),
    [
        (date(2026, 11, 30), IBAN, date(2026, 11, 30), "unfinished_day"),
        (FRIDAY, IBAN, FRIDAY - timedelta(1), "wrong_reading"),
        (FRIDAY, OTHER_IBAN, FRIDAY, "wrong_reading"),
        (FRIDAY, None, FRIDAY, "wrong_reading"),
        (BEFORE - timedelta(1), IBAN, FRIDAY, "wrong_reading"),
    ],
    ids=["ahead", "not reached", "of another account", "of no account", "before its eve"],
)
def test_a_day_is_proved_by_a_statement_that_reaches_it_when_it_is_over(
    school: School, day: date, reading_of: str | None, last: date, code: str
) -> None:
    with school.database.write() as db:
        banks = {iban: open_bank(db, iban=iban) for iban in (IBAN, OTHER_IBAN)}
        said = reading(db, account=banks[reading_of] if reading_of else None, last=last)
    with pytest.raises(JournalRefused, match=code), school.database.write() as db:
        note_days(db, banks[IBAN], {day: Money(5000)}, family="camt", reading_id=said)


def test_an_opening_that_no_statement_told_is_found(db: Session) -> None:
    open_city_accounts(db)
    account = add_bank_account(db, iban=IBAN, holder="Stadt Probe", at=NOON)
    assert isinstance(account, BankAccount)
    book_opening(db, account, Money(999900), day=BEFORE, actor="x", now=NOON)
    (failure,) = verify(db).check(CheckName.BANK).failures
    assert failure.what == "opening_unread"


def test_more_lines_than_a_statement_told_are_found(db: Session) -> None:
    account = open_bank(db)
    said = reading(db)
    lines = [line(number, 1) for number in range(1001)]
    keep_lines(db, account, lines, reading_id=said, actor="x", now=NOON)
    (failure,) = verify(db).check(CheckName.BANK).failures
    assert failure.what == "more_than_read"


KEPT = ("bank_line", "bank_reading", "bank_day", "bank_file")


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("deed", ["UPDATE {0} SET id = id", "DELETE FROM {0}"])
def test_what_the_bank_said_stays(school: School, table: str, deed: str) -> None:
    with school.database.write() as db:
        account = open_bank(db)
        keep(db, account, line("a", 100))
        note_days(db, account, {FRIDAY: Money(5100)}, family="camt",
                  reading_id=reading(db, account=account))  # fmt: skip
    with pytest.raises(JournalRefused), guarded(), school.database.write() as db:
        db.execute(text(deed.format(table)))


def test_what_was_sealed_may_be_erased_and_not_exchanged(school: School) -> None:
    with school.database.write() as db:
        (number,) = keep(db, open_bank(db), line("a", 100))
        row(db, bank.bank_line_text, line_id=number, sealed=b"x")
    with pytest.raises(DBAPIError, match="append_only"), school.database.write() as db:
        db.execute(text("UPDATE bank_line_text SET sealed = sealed"))
    with school.database.write() as db:
        db.execute(text("DELETE FROM bank_line_text"))
    with school.database.read() as db:
        assert verify(db).holds


def test_a_ledger_without_a_place_for_what_came_in_keeps_no_line(school: School) -> None:
    with school.database.write() as db:
        account = add_bank_account(db, iban=IBAN, holder="Stadt", at=NOON)
        assert isinstance(account, BankAccount)
    with pytest.raises(JournalRefused, match="unknown_account"), school.database.write() as db:
        keep(db, account, line("a", 100))


def test_many_lines_are_numbered_in_the_order_in_which_they_came(db: Session) -> None:
    account = open_bank(db)
    said = [line(n, 1 + n) for n in range(4500)]
    ids = keep_lines(db, account, said, reading_id=reading(db), actor="import", now=NOON)
    told = {it.id: it.amount.cents for it in stored_lines(db, account, first=BEFORE, last=FRIDAY)}
    assert [told[number] for number in ids] == [1 + n for n in range(4500)]
