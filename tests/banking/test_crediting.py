"""Open lines reach their children on both engines, once, whatever happens in between."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from builders import NOON, School, add_child, eur
from paid_in_stage import BEFORE, CITY_IBAN, GRANDPA, HOLDER, MOTHER, Pen, open_account
from sqlalchemy import text, update

from accounts import reference
from accounts.allocations import Mark, Rule, allocations_of, mark_line, open_lines, undo
from accounts.bank_book import Nature
from accounts.bank_files import erase_file
from accounts.bank_vault import BankVault, Unopenable
from accounts.database import Database, Session
from accounts.households import add_household
from accounts.ledger import balance
from accounts.money import Money
from accounts.tables import people
from accounts.verify import verify
from banking import crediting
from banking.advice import advise
from banking.crediting import Credited, credit
from banking.evidence import Decision, Reason, Why
from banking.matching import DEFAULT_CAP


@dataclass(frozen=True, slots=True)
class Stage:
    """A school with two children, a bank account, and their codes."""

    school: School
    pen: Pen
    codes: dict[int, str]

    @property
    def database(self) -> Database:
        return self.school.database

    @property
    def child(self) -> int:
        return self.school.payer

    @property
    def other(self) -> int:
        return self.school.guest_of_the_state

    def line(self, amount: str, purpose: str, **how: object) -> int:
        with self.database.write() as db:
            return self.pen.line(db, eur(amount), purpose=purpose, **how)  # type: ignore[arg-type]

    def code(self, pupil: int) -> str:
        return reference.format(self.codes[pupil])

    def run(
        self,
        *,
        cap: Money = DEFAULT_CAP,
        progress: Callable[[int, int], None] | None = None,
    ) -> Credited:
        return credit(
            self.database, self.pen.vault, now=NOON, actor="match", cap=cap,
            rest=lambda _: None, progress=progress,
        )  # fmt: skip

    def balance(self, pupil: int) -> Money:
        with self.database.read() as db:
            return balance(db, pupil)

    def proved(self) -> None:
        with self.database.read() as db:
            assert verify(db).holds


@pytest.fixture
def stage(school: School) -> Stage:
    with school.database.write() as db:
        pen = open_account(db)
        codes = dict(reference.issue(db, [school.payer, school.guest_of_the_state], at=NOON))
    return Stage(school, pen, codes)


def test_money_with_a_code_reaches_the_child_once(stage: Stage) -> None:
    line = stage.line("30", f"Essensgeld {stage.code(stage.child)}")
    told: list[tuple[int, int]] = []
    done = stage.run(progress=lambda seen, of: told.append((seen, of)))
    assert done == Credited(1, {Rule.CODE: 1}, {}, eur("30"))
    assert told == [(1, 1)]
    assert stage.run() == Credited()
    assert stage.balance(stage.child) == eur("30")
    with stage.database.read() as db:
        (only,) = allocations_of(db, line)
    assert only.evidence == {"code": stage.codes[stage.child], "field": "purpose", "healed": 0}
    assert only.actor == "match"
    stage.proved()


def test_what_nobody_can_tell_stays_open_and_is_told_why(stage: Stage) -> None:
    first = stage.line("30", f"Lena{stage.codes[stage.child]}")
    second = stage.line("20", "Essensgeld")
    done = stage.run()
    assert done.asked == {Why.NOT_AS_PRINTED: 1, Why.NO_EVIDENCE: 1}
    with stage.database.read() as db:
        advice = advise(db, stage.pen.vault, [first, second, 999], now=NOON)
        assert {it.id for it in open_lines(db)} == {first, second}
    assert set(advice) == {first, second}
    assert advice[first].why is Why.NOT_AS_PRINTED
    best = advice[first].suggestions[0]
    assert (best.target, best.reason) == (f"pupil:{stage.child}", Reason.CODE_IN_RUN)


def test_the_queue_names_children_by_name_and_class_too(stage: Stage) -> None:
    line = stage.line("20", "Essensgeld Aenne 5a", payer=GRANDPA)
    with stage.database.read() as db:
        (best, *_) = advise(db, stage.pen.vault, [line], now=NOON)[line].suggestions
    assert best.target == f"pupil:{stage.child}"
    assert best.reason is Reason.FIRST_NAME_AND_CLASS


def test_a_household_shares_what_comes_for_both(stage: Stage) -> None:
    stage.line("10", f"{stage.code(stage.child)} {stage.code(stage.other)}")
    assert stage.run().asked == {Why.SEVERAL_CHILDREN: 1}
    with stage.database.write() as db:
        add_household(db, {stage.child: 1, stage.other: 2}, at=NOON)
    assert stage.run().posted == {Rule.HOUSEHOLD: 1}
    assert (stage.balance(stage.child), stage.balance(stage.other)) == (eur("3,33"), eur("6,67"))
    stage.proved()


def test_an_account_is_remembered_where_the_school_asked_for_it(stage: Stage) -> None:
    for _ in range(2):
        stage.line("10", stage.code(stage.child))
    stage.run()
    stage.line("15", "Essensgeld")
    assert stage.run().asked == {Why.NOT_REMEMBERED: 1}
    with stage.database.write() as db:
        db.execute(
            update(people.school).where(people.school.c.id == stage.school.id).values(
                remember_iban=1
            )
        )  # fmt: skip
    assert stage.run().posted == {Rule.PAYER: 1}
    assert stage.balance(stage.child) == eur("35")
    stage.line("15", "Essensgeld Łukasz")
    assert stage.run().asked == {Why.NOT_REMEMBERED: 1}, "it names another child"
    stage.proved()


def test_what_was_posted_by_the_account_confirms_nothing(stage: Stage) -> None:
    stage.line("10", stage.code(stage.child))
    stage.run()
    with stage.database.write() as db:
        db.execute(update(people.school).values(remember_iban=1))
    stage.line("15", "Essensgeld")
    assert stage.run().asked == {Why.NOT_REMEMBERED: 1}, "once is not enough"


def test_a_third_child_ends_what_an_account_stands_for(stage: Stage) -> None:
    with stage.database.write() as db:
        third = add_child(db, stage.school.id, "Bo Beispiel")
        codes = {**stage.codes, **reference.issue(db, [third], at=NOON)}
        db.execute(update(people.school).values(remember_iban=1))
    for pupil in (stage.child, stage.child, stage.other, third):
        stage.line("10", reference.format(codes[pupil]))
    stage.run()
    line = stage.line("15", "Essensgeld")
    assert stage.run().asked == {Why.SEVERAL_PAID_FOR: 1}
    with stage.database.read() as db:
        told = advise(db, stage.pen.vault, [line], now=NOON)[line].suggestions
    assert {it.target for it in told} == {f"pupil:{one}" for one in (*stage.codes, third)}
    assert max(it.score for it in told if it.reason is Reason.PAYER) <= 0.3


def test_a_return_takes_back_from_where_the_money_went(stage: Stage) -> None:
    stage.line("30", stage.code(stage.child))
    stage.line("-30", "Rückgabe", nature=Nature.RETURN, gvc="159")
    done = stage.run()
    assert done.posted == {Rule.CODE: 1, Rule.RETURN: 1}
    assert done.amount == eur("0")
    assert stage.balance(stage.child) == eur("0")
    stage.line("-30", "noch einmal", nature=Nature.RETURN, gvc="159")
    assert stage.run().asked == {Why.NO_ORIGINAL: 1}, "it was given back already"
    stage.proved()


def test_a_return_of_what_nobody_claimed_clears_both(stage: Stage) -> None:
    stage.line("30", "Essensgeld", payer=GRANDPA)
    stage.line("-30", "Rückgabe", payer=GRANDPA, nature=Nature.RETURN)
    assert stage.run().posted == {Rule.RETURN: 1}
    with stage.database.read() as db:
        assert open_lines(db) == ()
    stage.proved()


def test_what_a_person_took_back_is_never_posted_by_itself_again(stage: Stage) -> None:
    line = stage.line("30", stage.code(stage.child))
    stage.run()
    with stage.database.write() as db:
        undo(db, line_id=line, reason="falsches Kind", actor="office",
             origin_id=stage.school.office, now=NOON)  # fmt: skip
    assert stage.run().asked == {Why.DECIDED_BEFORE: 1}
    assert stage.balance(stage.child) == eur("0")
    with stage.database.read() as db:
        advice = advise(db, stage.pen.vault, [line], now=NOON)[line]
    assert advice.why is Why.DECIDED_BEFORE
    assert advice.suggestions[0].target == f"pupil:{stage.child}"


def test_what_is_set_aside_is_left_alone(stage: Stage) -> None:
    line = stage.line("30", stage.code(stage.child))
    with stage.database.write() as db:
        mark_line(db, line_id=line, mark=Mark.SET_ASIDE, reason="?", actor="office", now=NOON)
    assert stage.run() == Credited()


def test_an_erased_text_decides_nothing(stage: Stage) -> None:
    stage.line("30", stage.code(stage.child))
    with stage.database.write() as db:
        assert erase_file(db, int(db.execute(text("SELECT max(id) FROM bank_file")).scalar_one()))
    assert stage.run().asked == {Why.NO_TEXT: 1}


def test_another_secret_is_a_fault_and_posts_nothing(stage: Stage) -> None:
    stage.line("30", stage.code(stage.child))
    with pytest.raises(Unopenable):
        credit(stage.database, BankVault(b"another secret of the city"), now=NOON, actor="match",
               rest=lambda _: None)  # fmt: skip
    assert stage.balance(stage.child) == eur("0")


def test_a_run_that_breaks_off_is_taken_up_where_it_was(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(110):
        stage.pen.now = NOON + timedelta(seconds=number)
        stage.line("1", stage.code(stage.child), day=BEFORE)
    naps = iter(range(1))

    def until_the_power_goes(_: float) -> None:
        if next(naps, None) is not None:
            raise KeyboardInterrupt

    monkeypatch.setattr("accounts.polite.HOLD_SECONDS", {"sqlite": 0.0, "postgresql": 0.0})
    with pytest.raises(KeyboardInterrupt):
        credit(stage.database, stage.pen.vault, now=NOON, actor="match", rest=until_the_power_goes)
    part = stage.balance(stage.child)
    assert eur("0") < part
    stage.run()
    assert stage.balance(stage.child) == eur("110")
    stage.proved()


def test_two_runs_at_once_post_each_line_once(stage: Stage) -> None:
    for _ in range(30):
        stage.line("1", stage.code(stage.child))
    faults: list[BaseException] = []

    def run() -> None:
        try:
            stage.run()
        except BaseException as fault:  # noqa: BLE001  # shown below
            faults.append(fault)

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert faults == []
    assert stage.balance(stage.child) == eur("30")
    stage.proved()


def test_the_cap_is_asked_about(stage: Stage) -> None:
    stage.line("3500", stage.code(stage.child), payer=MOTHER)
    assert stage.run().asked == {Why.OVER_CAP: 1}
    assert stage.run(cap=eur("4000")).posted == {Rule.CODE: 1}


# --- what comes back -----------------------------------------------------------------------------


def back(stage: Stage, amount: str = "-30", **how: object) -> int:
    return stage.line(amount, "Rückgabe", nature=Nature.RETURN, gvc="159", **how)


def test_a_return_to_another_account_is_asked_about_though_its_id_is_the_same(
    stage: Stage,
) -> None:
    stage.line("30", stage.code(stage.child), end_to_end="ESSENSGELD")
    back(stage, payer=GRANDPA, end_to_end="ESSENSGELD")
    done = stage.run()
    assert done.asked == {Why.NO_ORIGINAL: 1}
    assert stage.balance(stage.child) == eur("30")


def test_a_return_with_another_id_is_asked_about_though_its_account_is_the_same(
    stage: Stage,
) -> None:
    stage.line("30", stage.code(stage.child), end_to_end="MIA-2026-11")
    line = back(stage, end_to_end="JONAS-2026-10")
    assert stage.run().asked == {Why.NO_ORIGINAL: 1}
    assert stage.balance(stage.child) == eur("30")
    with stage.database.read() as db:
        (only,) = advise(db, stage.pen.vault, [line], now=NOON)[line].suggestions
    assert (only.target, only.reason) == (f"pupil:{stage.child}", Reason.GIVES_BACK)


@pytest.mark.parametrize("payer", [("", ""), (HOLDER, CITY_IBAN)], ids=["nobody", "ourselves"])
def test_a_return_that_names_no_payer_goes_by_its_id(stage: Stage, payer: tuple[str, str]) -> None:
    stage.line("30", stage.code(stage.child), end_to_end="MIA-2026-11")
    back(stage, payer=payer, end_to_end="MIA-2026-11")
    assert stage.run().posted == {Rule.CODE: 1, Rule.RETURN: 1}
    assert stage.balance(stage.child) == eur("0")


def test_a_return_without_an_id_goes_by_its_account(stage: Stage) -> None:
    stage.line("30", stage.code(stage.child), end_to_end="MIA-2026-11")
    back(stage)
    assert stage.run().posted == {Rule.CODE: 1, Rule.RETURN: 1}


@pytest.mark.parametrize("whose", ["a child's", "nobody's"])
def test_two_equal_returns_give_back_two_lines_in_one_run(stage: Stage, whose: str) -> None:
    for _ in range(2):
        stage.line("30", stage.code(stage.child) if whose == "a child's" else "Essensgeld")
    stage.run()
    for _ in range(2):
        back(stage)
    assert stage.run().posted == {Rule.RETURN: 2}
    assert stage.balance(stage.child) == eur("0")
    with stage.database.read() as db:
        assert open_lines(db) == ()
    stage.proved()


def between(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, does: Callable[[Session], object]
) -> None:
    """Somebody does this after the lines were looked at and before they are booked."""
    look = crediting._decisions  # the moment between is nowhere else

    def looked(*args: Any) -> list[Decision]:
        made = look(*args)
        with stage.database.write() as db:
            does(db)
        return made

    monkeypatch.setattr(crediting, "_decisions", looked)


def test_what_moved_on_since_it_was_looked_at_is_not_taken_from_where_it_lay(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = stage.line("30", stage.code(stage.child))
    stage.run()
    back(stage)

    def moves(db: Session) -> None:
        undo(db, line_id=line, reason="falsches Kind", actor="office",
             origin_id=stage.school.office, now=NOON)  # fmt: skip
        stage.pen.assign(db, line, f"pupil:{stage.other}", eur("30"))

    with monkeypatch.context() as during:
        between(during, stage, moves)
        assert stage.run().posted == {}
    assert (stage.balance(stage.child), stage.balance(stage.other)) == (eur("0"), eur("30"))
    assert stage.run().posted == {Rule.RETURN: 1}
    assert (stage.balance(stage.child), stage.balance(stage.other)) == (eur("0"), eur("0"))
    stage.proved()


def set_aside(db: Session, line: int) -> None:
    assert mark_line(db, line_id=line, mark=Mark.SET_ASIDE, reason="?", actor="office",
                     now=NOON) is None  # fmt: skip


@pytest.mark.parametrize("purpose", ["with a code", "nobody's"])
def test_what_is_set_aside_since_it_was_looked_at_is_left_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, purpose: str
) -> None:
    if purpose == "with a code":
        line = stage.line("30", stage.code(stage.child))
    else:
        line = stage.line("30", "Essensgeld")
        stage.run()
        back(stage)
    between(monkeypatch, stage, lambda db: set_aside(db, line))
    assert stage.run().posted == {}
    with stage.database.read() as db:
        assert allocations_of(db, line) == ()


def test_a_return_of_what_somebody_set_aside_is_asked_about(stage: Stage) -> None:
    line = stage.line("30", "Jobcenter klärt")
    with stage.database.write() as db:
        set_aside(db, line)
    back(stage)
    assert stage.run().asked == {Why.ORIGINAL_DIVIDED: 1}
    with stage.database.write() as db:
        assert allocations_of(db, line) == ()
        mark_line(db, line_id=line, mark=Mark.TAKEN_UP, reason="geklärt", actor="office", now=NOON)
    assert stage.run().posted == {Rule.RETURN: 1}


def test_what_the_bank_took_back_confirms_no_account(stage: Stage) -> None:
    with stage.database.write() as db:
        db.execute(update(people.school).values(remember_iban=1))
    for number in range(2):
        stage.line("30", stage.code(stage.child), end_to_end=f"A{number}")
    stage.run()
    for number in range(2):
        back(stage, end_to_end=f"A{number}")
    stage.run()
    stage.line("40", "Essensgeld")
    assert stage.run().posted == {}
    assert stage.balance(stage.child) == eur("0")
