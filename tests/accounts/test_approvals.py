"""What takes two people takes two, whoever writes: by the functions, and by plain SQL around them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import NOON, School, add_child, eur
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offices import People, approved, credit, hire, open_treasury
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from accounts.approvals import (
    OPEN_FOR,
    ApprovalRefusal,
    Ask,
    approved_correction,
    ask,
    decide,
    find_request,
    is_used,
    undecided,
    waiting_for,
)
from accounts.clock import microseconds
from accounts.database import Database, Session
from accounts.entries import Booked, Draft, EntryKind, Key, Move
from accounts.guards import JournalRefused
from accounts.ledger import balance, book, next_key
from accounts.money import ZERO, Money
from accounts.rights import Act, Role
from accounts.users import end_role, revoke_user


@pytest.fixture
def folk(school: School) -> People:
    with school.database.write() as db:
        return open_treasury(db, school)


def asked(school: School, requester: int) -> int:
    with school.database.write() as db:
        made = ask(db, credit(school, requester), at=NOON)
    assert isinstance(made, int)
    return made


def money(school: School) -> Money:
    with school.database.read() as db:
        return balance(db, school.payer)


def corrections(school: School) -> int:
    with school.database.read() as db:
        query = text("SELECT count(*) FROM entry WHERE kind IN ('correction', 'refund')")
        return int(db.execute(query).scalar_one())


def stopped(school: School, *statements: str, **values: object) -> str:
    """What the database says to these statements in one transaction; "" if it took them."""
    told = {"us": microseconds(NOON), "payer": school.payer, "at_school": school.id, **values}
    try:
        with school.database.write() as db:
            for statement in statements:
                db.execute(text(statement.format(**told)))
    except DBAPIError as error:
        return str(error.orig)
    except JournalRefused as refused:
        return f"mensa:{refused.code}"
    return ""


def test_an_approved_request_is_booked_once_as_it_was_asked_for(
    school: School, folk: People
) -> None:
    request = asked(school, folk.clerk)
    with school.database.write() as db:
        assert decide(
            db, request_id=request, approver_id=folk.tom, approved=True, at=NOON
        ) is None  # fmt: skip
        key = next_key(db, school.office)
        assert approved_correction(db, request, key=key, now=NOON) == Booked(key)
    assert money(school) == eur("5")
    with school.database.write() as db:
        again = approved_correction(db, request, key=key, now=NOON)
        assert again == Booked(key, repeated=True)
        assert is_used(db, request)
        actor, reason = db.execute(text("SELECT actor, reason FROM entry")).one()
    assert (actor, reason) == (f"user:{folk.tom}", "Essen kalt")
    with (
        pytest.raises(JournalRefused, match="needs_two"),
        school.database.write() as db,
    ):
        approved_correction(db, request, key=next_key(db, school.office), now=NOON)
    assert money(school) == eur("5")


def test_nobody_approves_what_they_asked_for(school: School, folk: People) -> None:
    request = asked(school, folk.tom)
    with school.database.write() as db:
        own = decide(db, request_id=request, approver_id=folk.tom, approved=True, at=NOON)
        other = decide(db, request_id=request, approver_id=folk.ute, approved=True, at=NOON)
    assert (own, other) == (ApprovalRefusal.OWN_REQUEST, None)


def test_who_may_not_ask_is_refused(school: School, folk: People) -> None:
    with school.database.write() as db:
        answers = [
            ask(db, credit(school, who), at=NOON)
            for who in (folk.admin, folk.cook, folk.stranger, folk.auditor)
        ]
        assert undecided(db, at=NOON) == ()
    assert answers == [ApprovalRefusal.NO_RIGHT] * 4


def test_who_may_not_decide_is_refused_and_the_request_still_waits(
    school: School, folk: People
) -> None:
    request = asked(school, folk.tom)
    with school.database.write() as db:
        for who in (folk.admin, folk.clerk, folk.cook, folk.stranger, folk.auditor):
            refusal = decide(db, request_id=request, approver_id=who, approved=True, at=NOON)
            assert refusal is ApprovalRefusal.NO_RIGHT
        assert [one.id for one in waiting_for(db, user_id=folk.ute, at=NOON)] == [request]
        assert waiting_for(db, user_id=folk.tom, at=NOON) == ()
        assert waiting_for(db, user_id=folk.clerk, at=NOON) == ()


def test_a_rejected_request_books_nothing_and_stays_rejected(school: School, folk: People) -> None:
    request = asked(school, folk.clerk)
    with school.database.write() as db:
        said = [
            decide(db, request_id=request, approver_id=folk.tom, approved=False, at=NOON),
            decide(
                db, request_id=request, approver_id=folk.tom, approved=False, at=NOON, reason="nein"
            ),
            decide(db, request_id=request, approver_id=folk.ute, approved=True, at=NOON),
        ]
        assert said == [ApprovalRefusal.NO_REASON, None, ApprovalRefusal.ALREADY_DECIDED]
        refused = approved_correction(db, request, key=next_key(db, school.office), now=NOON)
        assert refused is ApprovalRefusal.NOT_APPROVED
    assert money(school) == ZERO


def test_after_thirty_days_a_request_can_only_be_rejected(school: School, folk: People) -> None:
    request = asked(school, folk.clerk)
    late = NOON + OPEN_FOR + timedelta(microseconds=1)
    with school.database.write() as db:
        yes = decide(db, request_id=request, approver_id=folk.tom, approved=True, at=late)
        assert yes is ApprovalRefusal.TOO_OLD
        assert undecided(db, at=late) == ()
        assert len(undecided(db, at=NOON + OPEN_FOR)) == 1
        no = decide(
            db, request_id=request, approver_id=folk.tom, approved=False, at=late, reason="alt"
        )
        assert no is None


def test_a_request_without_amount_or_reason_is_none(school: School, folk: People) -> None:
    with school.database.write() as db:
        empty = credit(school, folk.clerk, ZERO)
        silent = Ask(Act.MONTH_CLOSE, folk.tom, " ")
        strange = Ask(Act.CREDIT_MANUAL, folk.clerk, "x", school.id, school.payer,
                      Move("nothing", f"pupil:{school.payer}", eur("1")))  # fmt: skip
        answers = [ask(db, one, at=NOON) for one in (empty, silent, strange)]
    assert answers == [
        ApprovalRefusal.NO_AMOUNT,
        ApprovalRefusal.NO_REASON,
        ApprovalRefusal.UNKNOWN_ACCOUNT,
    ]


def test_a_month_is_asked_for_with_its_name(school: School, folk: People) -> None:
    with school.database.write() as db:
        wanted = Ask(Act.MONTH_CLOSE, folk.tom, "Kasse defekt", detail={"month": "2026-11"})
        request = ask(db, wanted, at=NOON)
        assert isinstance(request, int)
        found = find_request(db, request)
    assert found is not None
    assert (found.detail, found.approved, found.move) == ({"month": "2026-11"}, None, None)


# --- by plain SQL -----------------------------------------------------------------------------

REQUEST = (
    "INSERT INTO request (act, school_id, pupil_id, debit_id, credit_id, cents, reason,"
    " requester_id, at_us) SELECT 'credit.manual', {at_school}, {payer}, d.id, c.id, 500, 'x', {who},"
    " {us} FROM account d, account c WHERE d.name = 'write_off' AND c.pupil_id = {payer}"
)
DECISION = (
    "INSERT INTO decision (request_id, approver_id, approved, at_us)"
    " VALUES ({request}, {who}, 1, {us})"
)
ENTRY = (
    "INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,"
    " recorded_us, actor, transfers, content, request_id) VALUES ({office}, 1, 1, {kind}, {at_school},"
    " {payer}, '2026-11-23', {us}, {us}, 'x', {transfers}, {content}, {request})"
)
TRANSFER = (
    "INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents) SELECT e.id, {no}, d.id, c.id,"
    " {cents} FROM entry e, account d, account c WHERE e.seq = 1 AND e.origin_id = {office}"
    " AND d.name = {debit} AND c.pupil_id = {payer}"
)


def plain_entry(school: School, **change: object) -> str:
    """What the database says to an entry and its transfers, written by hand."""
    sqlite = school.database.is_sqlite
    values: dict[str, object] = {
        "office": school.office,
        "kind": "'correction'",
        "transfers": 1,
        "request": "NULL",
        "cents": 500,
        "debit": "'write_off'",
        "content": "zeroblob(32)" if sqlite else "decode(repeat('00', 32), 'hex')",
        **change,
    }
    count = int(str(values["transfers"]))
    moves = [TRANSFER.replace("{no}", str(no)) for no in range(1, count + 1)]
    return stopped(school, ENTRY, *moves, **values)


def test_the_statements_of_the_attacks_work_where_they_are_allowed(
    school: School, folk: People
) -> None:
    assert stopped(school, REQUEST, who=folk.clerk) == ""
    assert stopped(school, DECISION, request=1, who=folk.tom) == ""
    assert plain_entry(school, request=1) == ""
    assert money(school) == eur("5")


@pytest.mark.parametrize("kind", ["'correction'", "'refund'"])
def test_an_entry_of_one_person_is_refused(school: School, folk: People, kind: str) -> None:
    del folk
    assert "mensa:needs_two" in plain_entry(school, kind=kind)
    assert corrections(school) == 0


Attack = Callable[[School, People, int], str]


def _unused(school: School, folk: People, request: int, **change: object) -> str:
    del folk
    return plain_entry(school, request=request, **change)


def _other_child(school: School, folk: People, request: int) -> str:
    del folk
    return plain_entry(school, request=request, payer=school.guest_of_the_state)


def _other_school(school: School, folk: People, request: int) -> str:
    return plain_entry(school, request=request, at_school=folk.other_school)


ATTACKS: dict[str, Attack] = {
    "another amount": lambda s, f, r: _unused(s, f, r, cents=50_000),
    "another account": lambda s, f, r: _unused(s, f, r, debit="'opening'"),
    "another child": _other_child,
    "another school": _other_school,
    "no school": lambda s, f, r: _unused(s, f, r, at_school="NULL"),
    "another kind": lambda s, f, r: _unused(s, f, r, kind="'refund'"),
    "a top-up that uses it up": lambda s, f, r: _unused(s, f, r, kind="'topup'"),
    "two transfers": lambda s, f, r: _unused(s, f, r, transfers=2),
    "a request that is not there": lambda s, f, r: _unused(s, f, r + 99),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_approved_request_books_nothing_else(school: School, folk: People, attack: str) -> None:
    with school.database.write() as db:
        request = approved(db, school, folk)
    assert "mensa:needs_two" in ATTACKS[attack](school, folk, request)
    assert (corrections(school), money(school)) == (0, ZERO)


def test_a_waiting_a_rejected_and_a_used_request_book_nothing(school: School, folk: People) -> None:
    waits, rejected = asked(school, folk.clerk), asked(school, folk.clerk)
    with school.database.write() as db:
        decide(db, request_id=rejected, approver_id=folk.tom, approved=False, at=NOON, reason="no")
    assert "mensa:needs_two" in plain_entry(school, request=waits)
    assert "mensa:needs_two" in plain_entry(school, request=rejected)
    with school.database.write() as db:
        used = approved(db, school, folk)
        approved_correction(db, used, key=next_key(db, school.office), now=NOON)
    second = plain_entry(school, request=used).replace("uq_entry_request_id", "mensa:needs_two")
    assert "mensa:needs_two" in second or "key" in second
    with pytest.raises(JournalRefused, match="needs_two"), school.database.write() as db:
        book(
            db,
            Draft(key=next_key(db, school.office), kind=EntryKind.CORRECTION, occurred_at=NOON,
                  actor="x", moves=(credit(school, 1).move,), pupil_id=school.payer,  # type: ignore[arg-type]
                  school_id=school.id, request_id=used),
            now=NOON,
        )  # fmt: skip
    assert money(school) == eur("5")


def test_requests_of_those_who_may_not_ask_are_refused(school: School, folk: People) -> None:
    with school.database.write() as db:
        assert revoke_user(db, user_id=folk.ute, at=NOON) is None
        assert end_role(db, user_id=folk.tom, role=Role.TREASURY, school_id=None, at=NOON) is None
    for who in (folk.admin, folk.cook, folk.stranger, folk.auditor, folk.ute, folk.tom, 999):
        assert "mensa:no_right" in stopped(school, REQUEST, who=who)


def test_decisions_of_those_who_may_not_approve_are_refused(school: School, folk: People) -> None:
    request = asked(school, folk.tom)
    assert "mensa:own_request" in stopped(school, DECISION, request=request, who=folk.tom)
    with school.database.write() as db:
        assert revoke_user(db, user_id=folk.ute, at=NOON + timedelta(hours=1)) is None
        later = hire(db, "later", Role.TREASURY, at=NOON + timedelta(days=1))
    for who in (folk.admin, folk.clerk, folk.cook, folk.stranger, folk.auditor, folk.ute, later):
        assert "mensa:no_right" in stopped(school, DECISION, request=request, who=who)
    assert "mensa:no_right" in stopped(school, DECISION, request=999, who=folk.tom)


def test_a_late_decision_and_one_before_its_request_are_refused(
    school: School, folk: People
) -> None:
    request = asked(school, folk.clerk)
    late = microseconds(NOON + OPEN_FOR) + 1
    early = microseconds(NOON) - 1
    said = stopped(school, DECISION, request=request, who=folk.tom, us=late)
    assert "mensa:request_too_old" in said
    said = stopped(school, DECISION, request=request, who=folk.tom, us=early)
    assert "mensa:wrong_time" in said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE request SET cents = 50000",
        "UPDATE request SET requester_id = {tom}",
        "DELETE FROM request WHERE id = {request}",
        "UPDATE decision SET approved = 1",
        "UPDATE decision SET approver_id = {ute}",
        "DELETE FROM decision",
        "INSERT INTO permission (act, role, may) VALUES ('refund', 'kitchen', 'approve')",
        "UPDATE permission SET may = 'do'",
        "DELETE FROM permission",
        "UPDATE sign_in SET good = 1",
        "DELETE FROM sign_in",
        "DELETE FROM office_role",
        "UPDATE office_role SET school_id = NULL WHERE user_id = {clerk}",
        "UPDATE office_role SET role = 'treasury'",
        "DELETE FROM office_user",
        "UPDATE office_user SET name = 'other' WHERE id = {tom}",
        "UPDATE office_user SET until_us = NULL WHERE id = {gone}",
        "UPDATE office_user SET password_hash = 'x' WHERE id = {gone}",
    ],
)
def test_what_was_asked_decided_and_granted_stays(
    school: School, folk: People, statement: str
) -> None:
    request = asked(school, folk.clerk)
    with school.database.write() as db:
        decide(db, request_id=request, approver_id=folk.tom, approved=False, at=NOON, reason="no")
        gone = hire(db, "gone", Role.AUDITOR)
        revoke_user(db, user_id=gone, at=NOON)
        db.execute(text(f"INSERT INTO sign_in (user_id, at_us, good) VALUES ({gone}, 1, 0)"))
    words = {"request": request, "tom": folk.tom, "ute": folk.ute, "clerk": folk.clerk,
             "gone": gone}  # fmt: skip
    assert "mensa:append_only" in stopped(school, statement, **words)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # REPLACE is SQLite's
def test_sqlites_replace_deletes_no_rejection(school: School, folk: People) -> None:
    request = asked(school, folk.clerk)
    with school.database.write() as db:
        decide(db, request_id=request, approver_id=folk.tom, approved=False, at=NOON, reason="no")
    again = DECISION.replace("INSERT", "INSERT OR REPLACE")
    assert "mensa:already_decided" in stopped(school, again, request=request, who=folk.ute)
    same = again.replace("decision (", "decision (id, ").replace("VALUES (", "VALUES (1, ")
    assert "mensa:append_only" in stopped(school, same, request=request, who=folk.ute)


def test_a_second_decision_is_refused(school: School, folk: People) -> None:
    request = asked(school, folk.clerk)
    assert stopped(school, DECISION, request=request, who=folk.tom) == ""
    assert "mensa:already_decided" in stopped(school, DECISION, request=request, who=folk.ute)


# --- any sequence -----------------------------------------------------------------------------


def _histories(folk: People, school: School) -> st.SearchStrategy[list[tuple[object, ...]]]:
    who = st.sampled_from([folk.clerk, folk.tom, folk.ute, folk.stranger, folk.admin])
    amount = st.sampled_from([100, 200])
    child = st.sampled_from([school.payer, school.guest_of_the_state])
    number = st.integers(1, 4)
    step = st.one_of(
        st.tuples(st.just("ask"), who, child, amount),
        st.tuples(st.just("decide"), number, who, st.booleans()),
        st.tuples(st.just("force"), number, who),
        st.tuples(st.just("use"), number),
        st.tuples(st.just("forge"), number, child, amount),
        st.tuples(st.just("end"), who),
    )
    return st.lists(step, min_size=4, max_size=24)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_history_books_money_two_people_did_not_agree_to(
    data: st.DataObject, school: School
) -> None:
    with school.database.engine.connect() as db:
        db.execution_options(sqlite_begin="IMMEDIATE")
        with db.begin() as whole:
            folk = open_treasury(db, school)
            first = int(db.execute(text("SELECT coalesce(max(id), 0) FROM request")).scalar_one())
            begun: list[tuple[object, ...]] = [
                *(("ask", who, school.payer, 100) for who in (folk.clerk, folk.tom, folk.ute)),
                ("decide", 1, folk.tom, True),
            ]
            _live(db, school, first, begun + data.draw(_histories(folk, school)))
            _prove(db)
            whole.rollback()


def _live(db: Session, school: School, first: int, steps: list[tuple[object, ...]]) -> None:
    """Try every step; what a guard stops is taken back alone."""
    at = NOON
    for step in steps:
        at += timedelta(minutes=1)
        point = db.begin_nested()
        try:
            _step(db, school, first, step, at)
        except (JournalRefused, DBAPIError):
            point.rollback()
        else:
            point.commit()


def _step(db: Session, school: School, first: int, step: tuple[object, ...], at: object) -> None:
    match step:
        case ("ask", int(who), int(child), int(cents)):
            move = Move("write_off", f"pupil:{child}", Money(cents))
            wanted = Ask(Act.CREDIT_MANUAL, who, "r", school.id, child, move)
            ask(db, wanted, at=at)  # type: ignore[arg-type]
        case ("decide", int(number), int(who), bool(yes)):
            decide(
                db, request_id=first + number, approver_id=who, approved=yes, reason="r",
                at=at,  # type: ignore[arg-type]
            )  # fmt: skip
        case ("force", int(number), int(who)):  # past the functions
            values = {"request": first + number, "who": who, "us": microseconds(at)}  # type: ignore[arg-type]
            db.execute(text(DECISION.format(**values)))
        case ("use", int(number)):
            key = next_key(db, school.office)
            approved_correction(db, first + number, key=key, now=NOON)
        case ("forge", int(number), int(child), int(cents)):
            forged = Draft(
                key=next_key(db, school.office), kind=EntryKind.CORRECTION, occurred_at=NOON,
                actor="x", moves=(Move("write_off", f"pupil:{child}", Money(cents)),),
                pupil_id=child, school_id=school.id, request_id=first + number,
            )  # fmt: skip
            book(db, forged, now=NOON)
            if db.dialect.name == "postgresql":
                db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                db.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        case ("end", int(who)):
            db.execute(
                text("UPDATE office_user SET until_us = :us WHERE id = :who AND until_us IS NULL"),
                {"us": microseconds(at), "who": who},  # type: ignore[arg-type]
            )


def _prove(db: Session) -> None:
    """Every correction is a request of one person that another, with the right, approved."""
    wrong = db.execute(
        text("""
        SELECT e.id FROM entry e WHERE e.kind IN ('correction', 'refund') AND NOT EXISTS (
          SELECT 1 FROM request q
          JOIN decision d ON d.request_id = q.id AND d.approved = 1
          JOIN transfer t ON t.entry_id = e.id
          JOIN office_user asker ON asker.id = q.requester_id
          JOIN office_user other ON other.id = d.approver_id
          JOIN office_role r ON r.user_id = other.id AND r.role = 'treasury'
            AND (r.school_id IS NULL OR r.school_id = q.school_id)
          WHERE q.id = e.request_id AND asker.id <> other.id
            AND q.pupil_id = e.pupil_id AND q.school_id = e.school_id
            AND t.debit_id = q.debit_id AND t.credit_id = q.credit_id AND t.cents = q.cents
            AND (asker.until_us IS NULL OR asker.until_us > q.at_us)
            AND (other.until_us IS NULL OR other.until_us > d.at_us))
        """)
    ).all()
    assert wrong == []
    twice = text("SELECT request_id FROM entry WHERE request_id IS NOT NULL"
                 " GROUP BY request_id HAVING count(*) > 1")  # fmt: skip
    assert db.execute(twice).all() == []


def test_a_credit_moves_just_its_child(database: Database, school: School, folk: People) -> None:
    with database.write() as db:
        third = add_child(db, school.id, "Drittes Kind")
        request = approved(db, school, folk, eur("2,50"))
        approved_correction(db, request, key=Key(school.office, 1, 1), now=NOON)
        assert [balance(db, one) for one in (school.payer, school.guest_of_the_state, third)] == [
            eur("2,50"),
            ZERO,
            ZERO,
        ]
