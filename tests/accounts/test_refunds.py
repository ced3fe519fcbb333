"""Refunds: back to who paid in, never more than there is, by two people, paid once."""

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOON, School, eur, pay_in
from offices import People, open_treasury
from paid_in_stage import GRANDPA, MOTHER, Pen, open_account
from sqlalchemy import text

from accounts.allocations import AllocationRefusal, NotAllocated, Rule, allocations_of, undo
from accounts.approvals import ApprovalRefusal, Ask, approved_correction, ask, decide, find_request
from accounts.bank_book import Nature
from accounts.bank_vault import Unopenable
from accounts.database import Database, Session
from accounts.entries import Booked, Move, No
from accounts.guards import JournalRefused, guarded
from accounts.ledger import balance, next_key, reverse
from accounts.money import ZERO
from accounts.paid_in import left_of, paid_in
from accounts.payment_runs import (
    Run,
    attempts,
    file_of_run,
    new_end_to_end,
    new_message_id,
    record_run,
    runs,
    to_pay,
)
from accounts.refund_standing import Refund, Standing, refund_of_request, refunds
from accounts.refunds import (
    Payee,
    RefundRefusal,
    Wanted,
    ask_refund,
    cancel_refund,
    pay_back_line,
    payees,
)
from accounts.rights import Act
from accounts.verify import verify


@dataclass(frozen=True, slots=True)
class Stage:
    """A school, its treasury, and a bank account of which the child has 20 euro."""

    school: School
    folk: People
    pen: Pen
    line: int

    @property
    def child(self) -> int:
        return self.school.payer

    @property
    def database(self) -> Database:
        return self.school.database

    def wanted(self, amount: str = "20", **changes: object) -> Wanted:
        made = Wanted(
            requester_id=self.folk.clerk,
            actor=f"user:{self.folk.clerk}",
            reason="zieht weg",
            line_id=self.line,
            amount=eur(amount),
            pupil_id=self.child,
            school_id=self.school.id,
        )
        return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields

    def ask(self, db: Session, amount: str = "20", **changes: object) -> int | object:
        return ask_refund(
            db, self.pen.vault, self.wanted(amount, **changes), Payee(*MOTHER), at=NOON
        )

    def book(self, db: Session, request: int) -> object:
        assert decide(db, request_id=request, approver_id=self.folk.tom, approved=True, at=NOON) \
            is None  # fmt: skip
        asked = find_request(db, request)
        assert asked is not None
        if asked.pupil_id is None:
            return pay_back_line(db, asked, actor=f"user:{self.folk.tom}", now=NOON)
        key = next_key(db, self.school.office)
        return approved_correction(db, request, key=key, now=NOON)

    def refunded(self, db: Session, amount: str = "20", **changes: object) -> int:
        """A refund that two people agreed on; its number."""
        request = self.ask(db, amount, **changes)
        assert isinstance(request, int)
        assert not isinstance(self.book(db, request), No | RefundRefusal)
        number = refund_of_request(db, request)
        assert number is not None
        return number

    def run(self, db: Session) -> Run | None:
        """All that can be paid, in one run."""
        ready = to_pay(db, at=NOON)
        if not ready:
            return None
        return record_run(
            db,
            self.pen.vault,
            [(one, new_end_to_end(one.id)) for one in ready],
            message_id=new_message_id(NOON),
            content=b"<file/>",
            actor="office:tom",
            at=NOON,
        )

    def pays(self, db: Session, *, which: int = -1) -> int:
        """The bank's line of an attempt, as matching assigns it; its number."""
        attempt = attempts(db, at=NOON)[which]
        line = self.pen.line(db, -attempt.amount, end_to_end=attempt.end_to_end)
        self.pen.assign(
            db, line, "refunds", -attempt.amount, rule=Rule.REFUND_PAID, attempt=attempt.id
        )
        return line

    def returns(self, db: Session, paid: int) -> int:
        attempt = attempts(db, at=NOON)[-1]
        line = self.pen.line(
            db, attempt.amount, end_to_end=attempt.end_to_end, nature=Nature.RETURN
        )
        self.pen.assign(
            db, line, "refunds", attempt.amount, rule=Rule.REFUND_RETURNED,
            attempt=attempt.id, of_line=paid,
        )  # fmt: skip
        return line


@pytest.fixture
def stage(school: School) -> Stage:
    with school.database.write() as db:
        folk = open_treasury(db, school)
        pen = open_account(db)
        line = pen.topup(db, school.payer, eur("20"))
    return Stage(school, folk, pen, line)


def how(db: Session, number: int) -> Standing:
    (one,) = refunds(db, at=NOON, only=(number,))
    return one.standing


def assert_holds(db: Session) -> None:
    assert [check for check in verify(db).checks if check.failures] == []


def sums(db: Session) -> dict[str, int]:
    """What lies in the city's accounts: credits less debits."""
    found = db.execute(
        text(
            "SELECT a.name, sum(CASE WHEN t.credit_id = a.id THEN t.cents ELSE -t.cents END)"
            " FROM account a JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)"
            " WHERE a.name IN ('bank', 'suspense', 'refunds') GROUP BY a.name"
        )
    )
    return {name: int(cents) for name, cents in found if cents}


def test_money_goes_from_the_child_over_transit_back_to_the_bank(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        assert (balance(db, stage.child), sums(db)) == (ZERO, {"bank": -2000, "refunds": 2000})
        assert how(db, number) is Standing.READY
        assert stage.run(db) is not None
        assert how(db, number) is Standing.SENT
        stage.pays(db)
        assert how(db, number) is Standing.PAID
        assert sums(db) == {}
        assert_holds(db)


def test_nobody_asks_for_more_than_there_is_and_what_was_asked_for_counts_as_gone(
    stage: Stage,
) -> None:
    with stage.database.write() as db:
        assert stage.ask(db, "20,01") is RefundRefusal.MORE_THAN_BALANCE
        assert stage.ask(db, "0,00") is RefundRefusal.NO_AMOUNT
        assert isinstance(stage.ask(db, "15"), int)
        assert left_of(db, (stage.child,), at=NOON) == {stage.child: eur("5")}
        assert stage.ask(db, "5,01") is RefundRefusal.MORE_THAN_BALANCE
        assert isinstance(stage.ask(db, "5"), int)


def test_a_balance_that_was_eaten_meanwhile_is_not_taken_below_zero(stage: Stage) -> None:
    with stage.database.write() as db:
        request = stage.ask(db)
        assert isinstance(request, int)
        other = Ask(
            act=Act.WRITE_OFF,
            requester_id=stage.folk.clerk,
            reason="verbraucht",
            school_id=stage.school.id,
            pupil_id=stage.child,
            move=Move(f"pupil:{stage.child}", "write_off", eur("0,01")),
        )
        spent = ask(db, other, at=NOON)
        assert isinstance(spent, int)
        assert isinstance(stage.book(db, spent), Booked)
    with stage.database.write() as db:
        assert stage.book(db, request) is No.FLOOR
        db.rollback()
    with stage.database.read() as db:
        assert balance(db, stage.child) == eur("19,99")


def test_only_a_line_that_reached_this_child_and_stands_names_the_payee(stage: Stage) -> None:
    poor = stage.school.guest_of_the_state
    with stage.database.write() as db:
        others = stage.pen.topup(db, poor, eur("30"), GRANDPA)
        nobodys = stage.pen.line(db, eur("30"), GRANDPA)
        assert stage.ask(db, "1", line_id=others) is RefundRefusal.NOT_THEIR_LINE
        assert stage.ask(db, "1", line_id=nobodys) is RefundRefusal.NOT_THEIR_LINE
        back = stage.pen.line(db, -eur("20"), nature=Nature.RETURN)
        stage.pen.assign(
            db, back, f"pupil:{stage.child}", -eur("20"), rule=Rule.RETURN, of_line=stage.line
        )
        again = stage.pen.topup(db, stage.child, eur("7"), GRANDPA)
        assert stage.ask(db, "1") is RefundRefusal.NOT_THEIR_LINE
        assert [one.line_id for one in paid_in(db, (stage.child,))[stage.child]] == [again]


def test_a_refund_whose_line_the_bank_took_back_is_in_no_run(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        back = stage.pen.line(db, -eur("20"), nature=Nature.RETURN)
        stage.pen.assign(
            db, back, f"pupil:{stage.child}", -eur("20"), rule=Rule.RETURN, of_line=stage.line
        )
        (one,) = refunds(db, at=NOON, only=(number,))
        assert (one.standing, one.given_back) == (Standing.READY, True)
        assert to_pay(db, at=NOON) == ()


def test_who_gets_it_is_sealed_with_the_refund_and_opens_with_the_citys_secret(
    stage: Stage,
) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        assert payees(db, stage.pen.vault, (number,)) == {number: Payee(*MOTHER)}
        sealed = bytes(db.execute(text("SELECT sealed FROM refund_payee")).scalar_one())
        assert b"Beispiel" not in sealed
        stage.pen.topup(db, stage.child, eur("20"))
        second = stage.refunded(db, "1")
        # A sealed payee in another refund's place opens nothing.
        wrong = {"sealed": sealed, "id": second}
        db.execute(text("DELETE FROM refund_payee WHERE refund_id = :id"), {"id": second})
        db.execute(text("INSERT INTO refund_payee VALUES (:id, :sealed)"), wrong)
        with pytest.raises(Unopenable):
            payees(db, stage.pen.vault, (second,))


def test_a_payee_that_was_erased_takes_nothing_of_the_books_with_it(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        db.execute(text("DELETE FROM refund_payee"))
        assert payees(db, stage.pen.vault, (number,)) == {}
        assert_holds(db)


def test_exporting_twice_pays_once(stage: Stage) -> None:
    with stage.database.write() as db:
        stage.refunded(db, "12")
        stage.refunded(db, "8")
        first = stage.run(db)
        assert first is not None
        assert (first.count, first.amount) == (2, eur("20"))
        assert stage.run(db) is None
        assert [one.id for one in runs(db)] == [first.id]


def test_two_exports_at_the_same_moment_pay_once(stage: Stage) -> None:
    with stage.database.write() as db:
        stage.refunded(db)
    made: list[Run | None] = []
    started = threading.Barrier(2)

    def export() -> None:
        started.wait(timeout=30)
        with stage.database.write() as db:
            made.append(stage.run(db))

    threads = [threading.Thread(target=export) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert len(made) == 2
    assert sum(one is not None for one in made) == 1


def test_what_came_back_is_paid_again_under_another_id(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        stage.run(db)
        paid = stage.pays(db)
        stage.returns(db, paid)
        assert how(db, number) is Standing.RETURNED
        assert sums(db) == {"bank": -2000, "refunds": 2000}
        assert stage.run(db) is not None
        ids = [one.end_to_end for one in attempts(db, at=NOON)]
        assert len(set(ids)) == 2
        assert [one.standing for one in attempts(db, at=NOON)] == [
            Standing.RETURNED,
            Standing.SENT,
        ]
        stage.pays(db)
        assert how(db, number) is Standing.PAID
        assert sums(db) == {}
        assert_holds(db)


def test_a_cancelled_refund_is_the_childs_again_and_never_paid(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        assert isinstance(cancelled(stage, db, number), Refund)
        assert (how(db, number), balance(db, stage.child)) == (Standing.CANCELLED, eur("20"))
        assert stage.run(db) is None
        assert cancelled(stage, db, number) is RefundRefusal.CANCELLED
        assert sums(db) == {"bank": -2000}
        assert_holds(db)


def cancelled(
    stage: Stage, db: Session, number: int, *, not_paid: bool = False
) -> Refund | RefundRefusal:
    return cancel_refund(
        db, number, key=next_key(db, stage.school.office), reason="anders", actor="office:tom",
        not_paid=not_paid, now=NOON,
    )  # fmt: skip


def test_what_the_bank_may_still_pay_is_cancelled_only_on_somebodys_word(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        stage.run(db)
        assert cancelled(stage, db, number) is RefundRefusal.IN_A_RUN
        assert isinstance(cancelled(stage, db, number, not_paid=True), Refund)
        assert [one.standing for one in attempts(db, at=NOON)] == [Standing.CANCELLED]
        stage.pays(db)
        assert how(db, number) is Standing.PAID_ALL_THE_SAME
        assert cancelled(stage, db, number, not_paid=True) is RefundRefusal.CANCELLED
        assert cancelled(stage, db, 99) is RefundRefusal.UNKNOWN_REFUND


def test_what_was_paid_or_not_agreed_on_is_not_cancelled(stage: Stage) -> None:
    with stage.database.write() as db:
        stage.refunded(db, "5")
        stage.run(db)
        stage.pays(db)
        assert cancelled(stage, db, 1) is RefundRefusal.PAID
        request = stage.ask(db, "5")
        assert isinstance(request, int)
        assert cancelled(stage, db, 2) is RefundRefusal.NOT_BOOKED


def test_a_payment_that_was_matched_by_mistake_is_on_its_way_again(stage: Stage) -> None:
    from accounts.allocations import undo  # here only

    with stage.database.write() as db:
        number = stage.refunded(db)
        stage.run(db)
        paid = stage.pays(db)
        undo(db, line_id=paid, reason="falsch", actor="office:tom",
             origin_id=stage.school.office, now=NOON)  # fmt: skip
        assert how(db, number) is Standing.SENT


def test_a_line_of_nobody_goes_back_to_its_payer_from_suspense(stage: Stage) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("33"), GRANDPA)
        nobody = {"pupil_id": None, "school_id": None, "requester_id": stage.folk.ute}
        assert stage.ask(db, "33,01", line_id=line, **nobody) is RefundRefusal.MORE_THAN_LINE
        number = stage.refunded(db, "30", line_id=line, **nobody)
        assert sums(db) == {"bank": -5300, "suspense": 300, "refunds": 3000}
        assert stage.ask(db, "4", line_id=line, **nobody) is RefundRefusal.MORE_THAN_LINE
        assert how(db, number) is Standing.READY
        stage.run(db)
        stage.pays(db)
        assert how(db, number) is Standing.PAID
        assert sums(db) == {"bank": -2300, "suspense": 300}
        assert_holds(db)


def test_a_line_of_nobody_that_is_not_sent_back_lies_in_suspense_again(stage: Stage) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("33"), GRANDPA)
        nobody = {"pupil_id": None, "school_id": None, "requester_id": stage.folk.ute}
        number = stage.refunded(db, "33", line_id=line, **nobody)
        assert isinstance(cancelled(stage, db, number), Refund)
        assert how(db, number) is Standing.CANCELLED
        assert sums(db) == {"bank": -5300, "suspense": 3300}
        assert stage.refunded(db, "33", line_id=line, **nobody) != number


def test_a_line_that_found_its_child_meanwhile_is_not_sent_back(stage: Stage) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("33"), GRANDPA)
        nobody = {"pupil_id": None, "school_id": None, "requester_id": stage.folk.ute}
        request = stage.ask(db, "33", line_id=line, **nobody)
        assert isinstance(request, int)
        stage.pen.assign(db, line, f"pupil:{stage.child}", eur("1"))
        assert stage.book(db, request) is RefundRefusal.MORE_THAN_LINE


def test_the_school_office_asks_for_its_own_school_and_nobody_else_does(stage: Stage) -> None:
    with stage.database.write() as db:
        for user in (stage.folk.cook, stage.folk.stranger, stage.folk.auditor, stage.folk.admin):
            assert stage.ask(db, "1", requester_id=user) is ApprovalRefusal.NO_RIGHT
        line = stage.pen.line(db, eur("33"), GRANDPA)
        nobody = {"pupil_id": None, "school_id": None, "line_id": line}
        assert stage.ask(db, "1", **nobody) is ApprovalRefusal.NO_RIGHT


def test_a_request_nobody_decides_lapses_and_frees_what_it_asked_for(stage: Stage) -> None:
    later = NOON + timedelta(days=31)
    with stage.database.write() as db:
        assert isinstance(stage.ask(db), int)
        (one,) = refunds(db, at=later)
        assert one.standing is Standing.LAPSED
        assert left_of(db, (stage.child,), at=later) == {stage.child: eur("20")}


def test_the_database_lets_no_refund_be_that_two_people_did_not_agree_on(stage: Stage) -> None:
    with stage.database.write() as db:
        request = stage.ask(db)
        assert isinstance(request, int)
        run = {"message_id": "X", "count": 1, "cents": 1, "digest": b"0" * 32}
        db.execute(
            text("INSERT INTO payment_run (id, message_id, count, cents, digest, actor, at_us)"
                 " VALUES (9, :message_id, :count, :cents, :digest, 'x', 1)"), run
        )  # fmt: skip
    with pytest.raises(JournalRefused, match="needs_two"), stage.database.write() as db, guarded():
        db.execute(
            text("INSERT INTO refund_attempt (id, refund_id, run_id, end_to_end, at_us)"
                 " VALUES (9, 1, 9, 'E', 1)")
        )  # fmt: skip


def test_a_runs_file_is_had_again_and_is_the_one_that_was_made(stage: Stage) -> None:
    with stage.database.write() as db:
        stage.refunded(db)
        run = stage.run(db)
        assert run is not None
        assert file_of_run(db, stage.pen.vault, run.id) == b"<file/>"
        assert file_of_run(db, stage.pen.vault, 99) is None
        db.execute(text("DELETE FROM payment_run_raw"))
        assert file_of_run(db, stage.pen.vault, run.id) is None
        assert_holds(db)


def test_ids_fit_into_a_payment_file_and_look_like_no_reference(stage: Stage) -> None:
    del stage
    from accounts import reference  # here only

    for number in (1, 99_999_999):
        for told in (new_end_to_end(number), new_message_id(NOON)):
            assert len(told) <= 35
            letters = {part for part in told.split("-") if part.isalpha()}
            assert all(set(part) - set(reference.ALPHABET) for part in letters)


def test_a_guard_stops_a_refund_to_a_line_without_a_payer(stage: Stage) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("5"), ("Bareinzahlung", ""))
        stage.pen.assign(db, line, f"pupil:{stage.child}", eur("5"))
        assert stage.ask(db, "1", line_id=line) is RefundRefusal.NOT_THEIR_LINE
        assert balance(db, stage.child) == eur("25")


def taken_back(stage: Stage, db: Session, line: int) -> int | AllocationRefusal:
    return undo(
        db, line_id=line, reason="falsches Kind", actor="office:x", origin_id=stage.school.office,
        now=NOON,
    )  # fmt: skip


def test_a_line_is_not_taken_back_while_a_refund_of_it_may_be_paid(stage: Stage) -> None:
    with stage.database.write() as db:
        assert isinstance(stage.ask(db, "1"), int)
        assert taken_back(stage, db, stage.line) == AllocationRefusal(
            NotAllocated.REFUNDED, refund=1
        )
        number = stage.refunded(db, "19")
        stage.run(db)
        assert isinstance(taken_back(stage, db, stage.line), AllocationRefusal)
        stage.pays(db)
        assert how(db, number) is Standing.PAID
        assert isinstance(taken_back(stage, db, stage.line), AllocationRefusal)  # the one asked for


def test_after_the_refund_was_cancelled_the_line_is_taken_back(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        cancelled = cancel_refund(
            db, number, key=next_key(db, stage.school.office), reason="falsches Kind",
            actor="office:x", not_paid=False, now=NOON,
        )  # fmt: skip
        assert isinstance(cancelled, Refund)
        assert taken_back(stage, db, stage.line) == 1
        assert_holds(db)


def test_what_a_refund_took_out_of_suspense_is_not_taken_back_by_undoing_its_line(
    stage: Stage,
) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("30"), GRANDPA)
        number = stage.refunded(
            db, "30", line_id=line, pupil_id=None, school_id=None, requester_id=stage.folk.ute
        )
        stage.run(db)
        assert taken_back(stage, db, line) == AllocationRefusal(
            NotAllocated.REFUNDED, refund=number
        )
        stage.pays(db)
        assert isinstance(taken_back(stage, db, line), AllocationRefusal)


def test_a_refund_whose_line_is_the_childs_no_more_is_in_no_run(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
        (one,) = allocations_of(db, stage.line)
        taken = reverse(db, key=next_key(db, stage.school.office), of=one.key, reason="x",
                        actor="office:x", now=NOON)  # fmt: skip
        assert isinstance(taken, Booked)
        assert [it.taken for it in refunds(db, at=NOON, only=(number,))] == [True]
        assert to_pay(db, at=NOON) == ()


def test_a_line_that_was_refunded_from_the_child_is_not_refunded_as_nobodys(stage: Stage) -> None:
    with stage.database.write() as db:
        stage.refunded(db)
        stage.run(db)
        stage.pays(db)
        assert taken_back(stage, db, stage.line) == 1
        again = stage.ask(db, "20", pupil_id=None, school_id=None)
        assert again is RefundRefusal.MORE_THAN_LINE


def test_to_an_account_goes_no_more_than_it_paid_in(stage: Stage) -> None:
    with stage.database.write() as db:
        other = stage.pen.topup(db, stage.child, eur("5"), GRANDPA)
        assert stage.ask(db, "5,01", line_id=other) is RefundRefusal.MORE_THAN_PAID_IN
        stage.refunded(db, "4", line_id=other)
        assert stage.ask(db, "1,01", line_id=other) is RefundRefusal.MORE_THAN_PAID_IN
        assert isinstance(stage.ask(db, "1", line_id=other), int)
        assert isinstance(stage.ask(db, "20"), int)


def test_the_ledger_takes_no_attempt_of_a_refund_that_was_given_back(stage: Stage) -> None:
    with stage.database.write() as db:
        line = stage.pen.line(db, eur("30"), GRANDPA)
        nobodys: dict[str, Any] = {"line_id": line, "pupil_id": None, "school_id": None}
        for wanted in ({}, nobodys | {"requester_id": stage.folk.ute}):
            number = stage.refunded(db, **wanted)
            ready = [(one, new_end_to_end(one.id)) for one in to_pay(db, at=NOON)]
            assert [one.id for one, _id in ready] == [number]
            gone = cancel_refund(
                db, number, key=next_key(db, stage.school.office), reason="x", actor="office:x",
                not_paid=False, now=NOON,
            )  # fmt: skip
            assert isinstance(gone, Refund)
            with pytest.raises(JournalRefused, match="refund_not_booked"), guarded(), \
                    db.begin_nested():  # fmt: skip
                record_run(
                    db, stage.pen.vault, ready, message_id=new_message_id(NOON),
                    content=b"<file/>", actor="office:tom", at=NOON,
                )  # fmt: skip


def test_nobody_cancels_a_refund_while_an_export_looks_at_it(stage: Stage) -> None:
    with stage.database.write() as db:
        number = stage.refunded(db)
    entered, answers = threading.Event(), []

    def cancel() -> None:
        entered.set()
        with stage.database.write() as other:
            answers.append(
                cancel_refund(
                    other, number, key=next_key(other, stage.school.office), reason="x",
                    actor="office:x", not_paid=False, now=NOON,
                )
            )  # fmt: skip

    thread = threading.Thread(target=cancel)
    with stage.database.write() as db:
        ready = to_pay(db, at=NOON)
        thread.start()
        assert entered.wait(30)
        record_run(
            db, stage.pen.vault, [(one, new_end_to_end(one.id)) for one in ready],
            message_id=new_message_id(NOON), content=b"<file/>", actor="office:tom", at=NOON,
        )  # fmt: skip
    thread.join(60)
    assert answers == [RefundRefusal.IN_A_RUN]


def test_cash_is_nobodys_alone_once_there_are_users(stage: Stage) -> None:
    with pytest.raises(JournalRefused, match="needs_two"), stage.database.write() as db:
        pay_in(db, stage.school.office, stage.child, eur("5"))
