"""Where a line's money belongs: within the line, explained, and taken back again."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from bank_lines import FRIDAY, assign, digest, keep, line, open_bank, reading
from builders import NOON, School, add_child, row
from ledgers import plain_sqlite
from sqlalchemy import text

from accounts.allocations import (
    AllocationRefusal,
    Mark,
    NewAllocation,
    NotAllocated,
    Rule,
    allocate,
    allocations_of,
    mark_line,
    open_line,
    open_lines,
    undo,
)
from accounts.bank_accounts import BankAccount
from accounts.bank_book import keep_lines, ledger_balance
from accounts.changes import newest_change
from accounts.database import Session
from accounts.entries import Key
from accounts.guards import JournalRefused, guarded
from accounts.ledger import balance, next_key, reverse
from accounts.money import Money
from accounts.proof import CheckName
from accounts.tables import bank
from accounts.verify import verify


@pytest.fixture
def account(school: School) -> BankAccount:
    with school.database.write() as db:
        return open_bank(db)


def new(line_id: int, cents: int, target: str, of_line: int | None = None) -> NewAllocation:
    return NewAllocation(line_id, target, Money(cents), Rule.BY_HAND, {"why": "Zettel"}, of_line)


def ask(db: Session, *news: NewAllocation) -> tuple[int, ...] | AllocationRefusal:
    return allocate(db, news, actor="office", now=NOON)


def together(*jobs: Callable[[], None]) -> None:
    """Run all of them at once; the first fault of any is raised here."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for running in [pool.submit(job) for job in jobs]:
            running.result()


def take_back(school: School, db: Session, line_id: int) -> int | AllocationRefusal:
    return undo(db, line_id=line_id, reason="Irrtum", actor="office", origin_id=school.office,
                now=NOON)  # fmt: skip


def holds(school: School) -> None:
    with school.database.read() as db:
        assert [check for check in verify(db).checks if not check.holds] == []


def test_a_line_split_over_siblings_and_a_fee_is_one_entry_each(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        before = newest_change(db, school_id=school.id)
        (number,) = keep(db, account, line("a", 5000))
        parts = ((2500, f"pupil:{school.payer}"), (2450, f"pupil:{school.guest_of_the_state}"),
                 (50, "fees"))  # fmt: skip
        made = ask(db, *(new(number, cents, target) for cents, target in parts))
        assert isinstance(made, tuple)
        assert balance(db, school.payer) == Money(2500)
        assert balance(db, school.guest_of_the_state) == Money(2450)
        assert open_lines(db) == ()
        told = allocations_of(db, number)
        assert [(it.id, it.no, it.amount.cents, it.target, it.stands) for it in told] == [
            (made[n], n + 1, cents, target, True) for n, (cents, target) in enumerate(parts)
        ]
        assert told[0].evidence == {"why": "Zettel"}
        kinds = "SELECT kind, school_id FROM entry WHERE epoch = 2 ORDER BY id"
        assert db.execute(text(kinds)).all() == [
            ("topup", school.id), ("topup", school.id), ("correction", None),
        ]  # fmt: skip
        assert newest_change(db, school_id=school.id) == before + 1  # kiosks hear of it, once
        assert ledger_balance(db, account, day=FRIDAY) == Money(10_000)
    holds(school)


def test_what_is_left_of_a_line_waits_and_may_be_set_aside(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        first, second = keep(db, account, line("a", 5000), line("b", -700, day=date(2026, 11, 19)))
        assign(db, first, 1500, f"pupil:{school.payer}")
        told = open_lines(db)
        assert [(it.id, it.amount.cents, it.rest.cents, it.set_aside) for it in told] == [
            (second, -700, -700, False), (first, 5000, 3500, False),
        ]  # fmt: skip
        assert open_lines(db, limit=1) == told[:1]
        assert told[1].payer == digest("payer", "a")
        for mark, listed in ((Mark.SET_ASIDE, 1), (Mark.AMENDED, 1), (Mark.TAKEN_UP, 2)):
            said = mark_line(db, line_id=first, mark=mark, reason="Brief", actor="office", now=NOON)
            assert said is None
            assert len(open_lines(db)) == listed
        assert len(open_lines(db, include_set_aside=True)) == 2
        wholly = open_line(db, first)
        assert wholly is not None
        assert wholly.rest == Money(3500)
        assert open_line(db, 99) is None
        for line_id, reason, why in (
            (99, "x", NotAllocated.UNKNOWN_LINE), (first, " ", NotAllocated.NO_REASON),
        ):  # fmt: skip
            refused = mark_line(db, line_id=line_id, mark=Mark.SET_ASIDE, reason=reason,
                                actor="office", now=NOON)  # fmt: skip
            assert refused == AllocationRefusal(why)


IN, OUT, NONE = 0, 1, 2
"""A line of 50.00 that came in, one of 60.00 that went out, and none."""
REFUSED: dict[str, tuple[tuple[int, int, str, int | None], NotAllocated]] = {
    "a line that is not there": ((NONE, 1, "fees", None), NotAllocated.UNKNOWN_LINE),
    "an account that is not there": ((IN, 1, "pupil:99", None), NotAllocated.UNKNOWN_ACCOUNT),
    "the bank": ((IN, 1, "bank", None), NotAllocated.WRONG_ACCOUNT),
    "suspense": ((IN, 1, "suspense", None), NotAllocated.WRONG_ACCOUNT),
    "opening balances": ((IN, 1, "opening", None), NotAllocated.WRONG_ACCOUNT),
    "sales": ((IN, 1, "revenue:1:6", None), NotAllocated.WRONG_ACCOUNT),
    "a cent too much": ((IN, 5001, "fees", None), NotAllocated.OVER_LINE),
    "nothing": ((IN, 0, "fees", None), NotAllocated.OVER_LINE),
    "the other way": ((IN, -1, "fees", None), NotAllocated.OVER_LINE),
    "a return of itself": ((OUT, -1, "fees", OUT), NotAllocated.WRONG_RETURN),
    "a return of what came later": ((IN, 1, "fees", OUT), NotAllocated.WRONG_RETURN),
    "a return of more than came": ((OUT, -5001, "fees", IN), NotAllocated.WRONG_RETURN),
    "a return of no line": ((OUT, -1, "fees", NONE), NotAllocated.WRONG_RETURN),
}


@pytest.mark.parametrize("how", REFUSED)
def test_one_that_cannot_be_stands_against_all_of_them(
    school: School, account: BankAccount, how: str
) -> None:
    (place, cents, target, of), why = REFUSED[how]
    with school.database.write() as db:
        in_, out = keep(db, account, line("in", 5000), line("out", -6000))
        third = add_child(db, school.id)
        ids = (in_, out, 99)
        wrong = new(ids[place], cents, target, None if of is None else ids[of])
        answer = ask(db, new(out, -1, "fees"), wrong, new(in_, 1, f"pupil:{third}"))
        assert answer == AllocationRefusal(why, 1)
        assert allocations_of(db, in_) == ()
    holds(school)


def test_two_parts_of_one_call_are_not_more_than_the_line(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        (number,) = keep(db, account, line("a", 5000))
        answer = ask(db, new(number, 3000, "fees"), new(number, 2001, "fees"))
        assert answer == AllocationRefusal(NotAllocated.OVER_LINE, 1)
        assert isinstance(ask(db, new(number, 3000, "fees"), new(number, 2000, "fees")), tuple)


def test_what_was_assigned_is_taken_back_whole_and_assigned_anew(
    school: School, account: BankAccount
) -> None:
    child = f"pupil:{school.payer}"
    with school.database.write() as db:
        (number,) = keep(db, account, line("a", 5000))
        ask(db, new(number, 3000, child), new(number, 2000, "fees"))
        assert take_back(school, db, number) == 2
        assert balance(db, school.payer) == Money(0)
        assert [it.rest.cents for it in open_lines(db)] == [5000]
        nothing = AllocationRefusal(NotAllocated.NOTHING_STANDS)
        assert take_back(school, db, number) == nothing
        assign(db, number, 5000, f"pupil:{school.guest_of_the_state}")
        told = [(it.no, it.stands) for it in allocations_of(db, number)]
        assert told == [(1, False), (2, False), (3, True)]
        empty = undo(db, line_id=number, reason=" ", actor="office", origin_id=school.office,
                     now=NOON)  # fmt: skip
        assert empty == AllocationRefusal(NotAllocated.NO_REASON)
    holds(school)


def test_a_line_that_was_given_back_is_not_taken_back_before_its_return(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        (number, back) = keep(db, account, line("a", 5000), line("b", -5000))
        assign(db, number, 5000, f"pupil:{school.payer}")
        assign(db, back, -5000, f"pupil:{school.payer}", rule=Rule.RETURN, of_line=number)
        refused = AllocationRefusal(NotAllocated.GIVEN_BACK, line=back)
        assert take_back(school, db, number) == refused
        assert open_lines(db) == ()
        assert [take_back(school, db, one) for one in (back, number)] == [1, 1]
    holds(school)


def test_taking_back_may_leave_a_child_below_zero(school: School, account: BankAccount) -> None:
    with school.database.write() as db:
        (number, out) = keep(db, account, line("a", 5000), line("b", -5000))
        assign(db, number, 5000, f"pupil:{school.payer}")
        assign(db, out, -5000, f"pupil:{school.payer}")
        assert take_back(school, db, number) == 1
        assert balance(db, school.payer) == Money(-5000)
    holds(school)


def test_a_return_gives_back_siblings_parts_and_no_second_line_does(
    school: School, account: BankAccount
) -> None:
    children = [f"pupil:{school.payer}", f"pupil:{school.guest_of_the_state}"]
    with school.database.write() as db:
        paid, back, again = keep(db, account, line("a", 5000), line("b", -5000), line("c", -5000))
        ask(db, new(paid, 2000, children[0]), new(paid, 3000, children[1]))
        given = ask(db, new(back, -2000, children[0], paid), new(back, -3000, children[1], paid))
        assert isinstance(given, tuple)
        twice = ask(db, new(again, -5000, "fees", paid))
        assert twice == AllocationRefusal(NotAllocated.RETURNED_TWICE)
        assert take_back(school, db, back) == 2  # it was the other line
        assert isinstance(ask(db, new(again, -5000, "fees", paid)), tuple)
    holds(school)


def test_a_line_itself_is_never_taken_back(school: School, account: BankAccount) -> None:
    with school.database.write() as db:
        keep(db, account, line("a", 5000))
    for epoch in (1, 3):
        with pytest.raises(JournalRefused, match="line_stands"), school.database.write() as db:
            reverse(db, key=next_key(db, school.office), of=Key(account.origin_id, epoch, 1),
                    reason="x", actor="office", now=NOON)  # fmt: skip


def test_any_office_reversal_of_an_allocation_frees_its_part(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        (number,) = keep(db, account, line("a", 5000))
        assign(db, number, 5000, "fees")
        reverse(db, key=next_key(db, school.office), of=Key(account.origin_id, 2, 1),
                reason="x", actor="office", now=NOON)  # fmt: skip
        assert [it.rest.cents for it in open_lines(db)] == [5000]
    holds(school)


_ROW = (
    "INSERT INTO allocation (bank_account_id, seq, line_id, no, cents, pupil_id, account_id, kind,"
    " rule, of_line_id, actor, at_us, content) SELECT {bank}, {seq}, {line}, {no}, {cents}, {pupil},"
    " a.id, '{kind}', 'by_hand', {of}, 'x', l.recorded_us, l.content"
    " FROM bank_line l, account a WHERE l.id = {from_} AND a.name = '{target}'"
)
RAW: dict[str, tuple[dict[str, object], str]] = {
    "too much": ({"cents": 5001}, "over_line"),
    "the other way": ({"cents": -1}, "over_line"),
    "of another account's line": ({"bank": 2, "seq": 1}, "no_line"),
    "of no line": ({"line": 99}, "no_line"),
    "with a gap in the line": ({"no": 3}, "gap"),
    "with a gap in the account": ({"seq": 2}, "gap"),
    "to the bank": ({"target": "bank"}, "allocation_account"),
    "to suspense": ({"target": "suspense"}, "allocation_account"),
    "to a child unnamed": ({"target": "pupil:1"}, "one_pupil"),
    "to a child that is another": ({"target": "pupil:1", "pupil": 2}, "one_pupil"),
    "to a fee as a child": ({"pupil": 1}, "one_pupil"),
    "a return of itself": ({"of": 1}, "wrong_return"),
    "a return of a line the same way": ({"of": 2}, "wrong_return"),
    "a top-up that takes": ({"line": 3, "cents": -1, "kind": "topup"}, "ck_allocation_topup_comes_in"),
    "nothing": ({"cents": 0}, "over_line"),
}  # fmt: skip


@pytest.mark.parametrize("how", RAW)
def test_the_database_has_the_last_word(school: School, account: BankAccount, how: str) -> None:
    told, code = RAW[how]
    with school.database.write() as db:
        open_bank(db, iban="DE02120300000000202051", opening=0)
        ids = keep(db, account, line("a", 5000), line("b", 5000), line("c", -100))
        assert ids == (1, 2, 3)
    at = {"bank": 1, "seq": 1, "line": 1, "no": 1, "cents": 1, "pupil": "NULL", "target": "fees",
          "kind": "correction", "of": "NULL", "from_": 1}  # fmt: skip
    with pytest.raises(JournalRefused) as refused, guarded(), school.database.write() as db:
        db.execute(text(_ROW.format(**(at | told))))
    assert refused.value.code in {code, "ck_allocation_cents" if how == "nothing" else code}
    with school.database.write() as db:
        assert db.execute(text("SELECT count(*) FROM allocation")).scalar_one() == 0
        db.execute(text(_ROW.format(**at)))  # what is right goes in


def test_a_plain_program_cannot_replace_what_the_bank_said(
    school: School, account: BankAccount
) -> None:
    if not school.database.is_sqlite:
        return  # PostgreSQL knows no REPLACE
    with school.database.write() as db:
        (number,) = keep(db, account, line("a", 5000))
        assign(db, number, 100, "fees")
    with plain_sqlite(school.database) as raw:
        for table in ("bank_line", "allocation", "bank_file", "bank_reading"):
            with pytest.raises(Exception, match=r"append_only|known_line"):
                raw.execute(f"REPLACE INTO {table} SELECT * FROM {table}")
    holds(school)


def test_two_who_assign_one_line_at_once_assign_it_once(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        lines = keep(db, account, *(line(n, 1000) for n in range(6)))
    answers: list[tuple[int, ...] | AllocationRefusal] = []

    def worker(target: str) -> Callable[[], None]:
        def work() -> None:
            for number in lines:
                with school.database.write() as db:
                    answers.append(ask(db, new(number, 1000, target)))

        return work

    together(worker(f"pupil:{school.payer}"), worker(f"pupil:{school.guest_of_the_state}"),
              worker("fees"))  # fmt: skip
    taken = [one for one in answers if isinstance(one, tuple)]
    assert len(taken) == len(lines)
    assert {one.why for one in answers if isinstance(one, AllocationRefusal)} == {
        NotAllocated.OVER_LINE
    }
    holds(school)


def test_two_imports_of_the_same_lines_at_once_keep_them_once(
    school: School, account: BankAccount
) -> None:
    said = [line(n, 1000) for n in range(40)]
    refused: list[str] = []
    with school.database.write() as db:
        read = reading(db)

    def bring() -> None:
        for one in said:
            try:
                with school.database.write() as db:
                    keep_lines(db, account, [one], reading_id=read, actor="import", now=NOON)
            except JournalRefused as refusal:
                refused.append(refusal.code)

    together(bring, bring, bring)
    assert len(refused) == 2 * len(said)
    with school.database.read() as db:
        assert ledger_balance(db, account, day=FRIDAY) == Money(5000 + 40_000)
    holds(school)


def test_taking_back_and_assigning_at_once_leave_a_true_line(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        (number,) = keep(db, account, line("a", 1000))

    def assigning() -> None:
        for _ in range(8):
            with school.database.write() as db:
                ask(db, new(number, 1000, f"pupil:{school.payer}"))

    def taking() -> None:
        for _ in range(8):
            with school.database.write() as db:
                take_back(school, db, number)

    together(assigning, taking, assigning)
    with school.database.read() as db:
        standing = sum(it.stands for it in allocations_of(db, number))
        assert standing <= 1
        assert balance(db, school.payer) == Money(1000 * standing)
    holds(school)


def test_a_child_goes_to_the_school_it_is_of_or_was_last(
    school: School, account: BankAccount
) -> None:
    with school.database.write() as db:
        stranger = add_child(db, school.id)
        db.execute(
            text("UPDATE membership SET valid_to = :d WHERE pupil_id = :p"),
            {"d": str(date(2026, 9, 1)) if school.database.is_sqlite else date(2026, 9, 1),
             "p": stranger},
        )  # fmt: skip
        (number,) = keep(db, account, line("a", 1000))
        assign(db, number, 1000, f"pupil:{stranger}")
        told = "SELECT school_id FROM allocation"
        assert db.execute(text(told)).scalar_one() == school.id
    holds(school)


def test_a_list_of_what_pupils_had_takes_two_people(school: School, account: BankAccount) -> None:
    told = {"digest": digest("list").hex(), "count": 1, "cents": 100}
    with school.database.write() as db:
        people = []
        for name in "ab":
            person = row_user(db, name)
            people.append(person)
        asked = db.execute(
            text("INSERT INTO request (act, reason, detail, requester_id, at_us)"
                 " VALUES ('opening.book', 'x', :d, :u, 1800000000000000) RETURNING id"),
            {"d": json.dumps(told), "u": people[0]},
        ).scalar_one()  # fmt: skip
    values = {"request_id": asked, "digest": digest("list"), "count": 1, "cents": 100,
              "actor": "x", "at_us": NOON}  # fmt: skip
    with pytest.raises(JournalRefused, match="needs_two"), guarded(), school.database.write() as db:
        row(db, bank.go_live, **values)
    with school.database.write() as db:
        db.execute(
            text("INSERT INTO decision (request_id, approver_id, approved, at_us)"
                 " VALUES (:r, :u, 1, 1800000000000001)"), {"r": asked, "u": people[1]},
        )  # fmt: skip
    for other in ({"cents": 101}, {"count": 2}, {"digest": digest("other")}):
        with (
            pytest.raises(JournalRefused, match="needs_two"),
            guarded(),
            school.database.write() as db,
        ):
            row(db, bank.go_live, **{**values, **other})
    with school.database.write() as db:
        row(db, bank.go_live, **values)
    with school.database.read() as db:  # it says one, and there is none
        failures = verify(db).check(CheckName.BANK).failures
        assert [it.what for it in failures] == ["go_live_differs"]


def row_user(db: Session, name: str) -> int:
    since = NOON - timedelta(days=1)
    values = {"n": name, "s": 1_790_000_000_000_000}
    number = db.execute(
        text("INSERT INTO office_user (name, password_hash, since_us) VALUES (:n, 'x', :s)"
             " RETURNING id"), values,
    ).scalar_one()  # fmt: skip
    assert since < NOON
    db.execute(
        text("INSERT INTO office_role (user_id, role, since_us) VALUES (:u, 'treasury', :s)"),
        {"u": number, "s": values["s"]},
    )
    return int(number)
