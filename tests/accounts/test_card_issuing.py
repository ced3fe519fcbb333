"""Issuing: a card is in the register when its keys are proved, with its secret, or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOON, School, add_child, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proven_cards import begun, proven_card, uid
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from accounts.card_issuing import (
    Issue,
    IssueEnd,
    begin,
    finish,
    give_up,
    issue_of,
    issues_of,
    note_step,
    open_issue,
    open_issue_of,
    open_issues,
    steps,
)
from accounts.card_register import Card, CardState, card_of, cards_of, holder_of
from accounts.changes import newest_change
from accounts.database import Session
from accounts.guards import JournalRefused
from accounts.holdings import BlockReason, CardRefusal, block_card, issue_card
from accounts.proof import CheckName
from accounts.tables import people
from accounts.verify import verify
from accounts.verify_cards import cards

LATER = NOON + timedelta(minutes=3)


def tried(db: Session, school: School, **other: object) -> Issue | CardRefusal:
    asked = {
        "uid_hmac": uid("new"), "pupil_id": school.payer, "staff_id": None, "replaces": None,
        "medium": "ev2", "generation": 1, "escrow": b"x", "actor": "office:1", "at": NOON,
    } | other  # fmt: skip
    return begin(db, **asked)  # type: ignore[arg-type]  # the names of the call


def test_a_card_is_issued_step_by_step_and_is_active_at_its_end_only(school: School) -> None:
    with school.database.write() as db:
        issue = begun(db, "card", pupil_id=school.payer)
        assert issue.issue_no == 1
        assert holder_of(db, uid_hmac=uid("card")) is None
        for step in ("inspect", "application", "keys"):
            note_step(db, issue.id, step, NOON)
        assert open_issue(db, uid_hmac=uid("card")) == issue
        assert open_issue_of(db, pupil_id=school.payer) == issue
        assert open_issues(db, school.id) == (issue,)
        before = newest_change(db, school_id=school.id)
        made = finish(
            db, issue.id, sealed={school.id: (b"k", b"sealed")}, actor="office:2", at=LATER
        )
        assert isinstance(made, Card)
        assert (made.issue_no, made.state, made.pupil_id) == (1, CardState.ACTIVE, school.payer)
        assert newest_change(db, school_id=school.id) > before
        assert open_issue(db, uid_hmac=uid("card")) is None
        assert open_issues(db, school.id) == ()
        noted = steps(db, issue.id)
        assert [step.step for step in noted] == ["inspect", "application", "keys", "done"]
        assert (noted[-1].actor, noted[-1].at) == ("office:2", LATER)
    with school.database.read() as db:
        assert cards(db).holds
        assert cards(db).counted == 1


def test_a_replacement_has_the_next_number_and_ends_the_old_card_when_it_is_done(
    school: School,
) -> None:
    with school.database.write() as db:
        old = proven_card(db, "old", school.id, pupil_id=school.payer)
        issue = begun(db, "new", pupil_id=school.payer, replaces=old.id)
        assert (issue.issue_no, issue.reason) == (2, BlockReason.OTHER)
        found = card_of(db, card_id=old.id)
        assert found is not None
        assert found.state is CardState.ACTIVE  # the child can still eat
        made = finish(db, issue.id, sealed={}, actor="office:1", at=LATER)
        assert isinstance(made, Card)
        states = [(one.issue_no, one.state) for one in cards_of(db, pupil_id=school.payer)]
    assert states == [(2, CardState.ACTIVE), (1, CardState.REPLACED)]


def test_a_card_that_only_shows_a_number_is_replaced_by_one_with_keys(school: School) -> None:
    with school.database.write() as db:
        old = issue_card(
            db, uid_hmac=uid("plain"), pupil_id=school.payer, actor="office:1", at=NOON
        )
        assert isinstance(old, Card)
        made = proven_card(db, "keys", school.id, pupil_id=school.payer, replaces=old.id)
    assert made.issue_no == 2


def test_staff_get_cards_with_keys_too(school: School) -> None:
    with school.database.write() as db:
        cook = row(db, people.staff, school_id=school.id, label="Küche")
        begun_first = begun(db, "cook", staff_id=cook)
        assert open_issue_of(db, staff_id=cook) == begun_first
        assert open_issues(db, school.id) == (begun_first,)
        made = finish(db, begun_first.id, sealed={}, actor="office:1", at=LATER)
        assert isinstance(made, Card)
        assert made.staff_id == cook


def test_what_cannot_be_begun_is_refused_with_its_reason(school: School) -> None:
    with school.database.write() as db:
        other = add_child(db, school.id, "Anderes Kind")
        held = proven_card(db, "held", school.id, pupil_id=school.payer)
        theirs = proven_card(db, "theirs", school.id, pupil_id=other)
        begun(db, "begun", pupil_id=school.guest_of_the_state)
        newer = proven_card(db, "newer", school.id, pupil_id=school.payer, replaces=held.id)
        for refusal, words in (
            (CardRefusal.UNKNOWN_HOLDER, {"pupil_id": 999}),
            (CardRefusal.UNKNOWN_HOLDER, {"pupil_id": None, "staff_id": 999}),
            (CardRefusal.KNOWN_CARD, {"uid_hmac": uid("held")}),
            (CardRefusal.HOLDS_A_CARD, {}),
            (CardRefusal.REPLACED, {"replaces": held.id}),
            (CardRefusal.OTHERS_CARD, {"replaces": theirs.id}),
            (CardRefusal.ISSUE_OPEN, {"pupil_id": school.guest_of_the_state}),
            (CardRefusal.ISSUE_OPEN, {"uid_hmac": uid("begun"), "replaces": newer.id}),
        ):
            assert tried(db, school, **words) is refusal, words
        child = add_child(db, school.id)
        assert tried(db, school, pupil_id=child, replaces=theirs.id) is CardRefusal.OTHERS_CARD
        row(
            db, people.card, uid_hmac=uid("255"), issue_no=255, printed_no="000000255",
            state="active", pupil_id=child,
        )  # fmt: skip
        last = holder_of(db, uid_hmac=uid("255"))
        assert last is not None
        many = tried(db, school, pupil_id=child, replaces=last.id)
        assert many is CardRefusal.TOO_MANY_CARDS
        with pytest.raises(ValueError, match="one holder"):
            tried(db, school, staff_id=1)


def test_an_issue_that_is_given_up_leaves_no_card_and_lets_another_begin(school: School) -> None:
    with school.database.write() as db:
        first = begun(db, "torn", pupil_id=school.payer)
        assert give_up(db, first.id, reason="verloren", actor="office:1", at=NOON) is None
        again = begun(db, "torn", pupil_id=school.payer)
        torn = give_up(
            db, again.id, reason="does not answer", actor="office:1", at=LATER, end=IssueEnd.LOST
        )
        assert torn is None
        refused = give_up(db, again.id, reason="noch einmal", actor="office:1", at=LATER)
        assert refused is CardRefusal.NO_OPEN_ISSUE
        ended = finish(db, again.id, sealed={}, actor="office:1", at=LATER)
        assert ended is CardRefusal.NO_OPEN_ISSUE
        assert [one.id for one in issues_of(db, uid_hmac=uid("torn"))] == [again.id, first.id]
        assert steps(db, again.id)[-1].reason == "does not answer"
        assert cards_of(db, pupil_id=school.payer) == ()
        with pytest.raises(ValueError, match="says why"):
            give_up(db, first.id, reason=" ", actor="office:1", at=LATER)
        with pytest.raises(ValueError, match="finish"):
            note_step(db, first.id, "done", LATER)
    with school.database.read() as db:
        assert cards(db).holds


def test_a_card_that_went_elsewhere_meanwhile_is_not_made(school: School) -> None:
    with school.database.write() as db:
        issue = begun(db, "fast", pupil_id=school.payer)
        issue_card(db, uid_hmac=uid("other"), pupil_id=school.payer, actor="office:1", at=NOON)
        made = finish(db, issue.id, sealed={}, actor="office:1", at=LATER)
        assert made is CardRefusal.HOLDS_A_CARD
        other = begun(db, "taken", pupil_id=school.guest_of_the_state)
        child = add_child(db, school.id)
        issue_card(db, uid_hmac=uid("taken"), pupil_id=child, actor="office:1", at=NOON)
        taken = finish(db, other.id, sealed={}, actor="office:1", at=LATER)
        assert taken is CardRefusal.KNOWN_CARD


def test_neither_number_nor_escrow_is_shown_by_an_issue(school: School) -> None:
    with school.database.write() as db:
        issue = begun(db, "shy", pupil_id=school.payer)
        assert issue_of(db, issue_id=issue.id) == issue
    assert "shy" not in repr(issue)
    assert "escrow" not in repr(replace(issue, medium="ev1"))


ISSUE = (
    "INSERT INTO card_issue (uid_hmac, pupil_id, replaces, reason, medium, generation, issue_no,"
    " escrow, actor, at_us) VALUES ({uid}, {pupil}, {replaces}, {reason}, 'ev2', 1, {no}, {x},"
    " 'office:1', 1)"
)
STEP = "INSERT INTO card_step (issue_id, step, reason, at_us) VALUES ({issue}, '{step}', {why}, 1)"
SECRET = (
    "INSERT INTO card_secret (card_id, issue_id, medium, generation, escrow)"
    " VALUES ({card}, {issue}, '{medium}', {generation}, {escrow})"
)


def blob(db: Session, content: bytes) -> str:
    return f"X'{content.hex()}'" if db.dialect.name == "sqlite" else f"'\\x{content.hex()}'"


def test_the_database_itself_refuses_what_no_honest_hand_writes(school: School) -> None:
    with school.database.write() as db:
        made = proven_card(db, "made", school.id, pupil_id=school.payer)
        open_one = begun(db, "open", pupil_id=school.guest_of_the_state)
        child = add_child(db, school.id)
        plain = issue_card(db, uid_hmac=uid("plain"), pupil_id=child, actor="o", at=NOON)
        assert isinstance(plain, Card)
        free = add_child(db, school.id)
        words = {"uid": blob(db, uid("x")), "pupil": free, "replaces": "NULL", "reason": "NULL",
                 "no": 1, "x": blob(db, b"x"), "issue": open_one.id, "why": "NULL"}  # fmt: skip
        mine = {**words, "card": plain.id, "medium": "ev2", "generation": 1,
                "escrow": blob(db, open_one.escrow)}  # fmt: skip
        done = db.execute(text("SELECT issue_id FROM card_secret")).scalar_one()
    for statement, code in (
        (ISSUE.format(**{**words, "uid": blob(db, uid("made"))}), "known_card"),
        (ISSUE.format(**{**words, "uid": blob(db, uid("open"))}), "issue_open"),
        (ISSUE.format(**{**words, "pupil": school.guest_of_the_state}), "issue_open"),
        (ISSUE.format(**{**words, "no": 2}), "issue_number"),
        (
            ISSUE.format(**{**words, "replaces": made.id, "reason": "'lost'"}),
            "issue_number",
        ),
        (ISSUE.format(**{**words, "no": 256}), "issue_number"),
        (STEP.format(**{**words, "step": "done"}), "no_secret"),
        (STEP.format(**{**words, "step": "lost"}), "end_says_why"),
        (STEP.format(**{**words, "step": "keys", "why": "'x'"}), "end_says_why"),
        (STEP.format(**{**words, "step": "keys", "issue": done}), "issue_ended"),
        (SECRET.format(**mine), "secret_differs"),
        (SECRET.format(**{**mine, "issue": done}), "issue_ended|append_only"),
        ("UPDATE card_issue SET escrow = uid_hmac", "append_only"),
        ("DELETE FROM card_issue", "append_only"),
        ("UPDATE card_step SET step = 'x'", "append_only"),
        ("DELETE FROM card_step", "append_only"),
        ("UPDATE card_secret SET generation = 2", "append_only"),
        ("DELETE FROM card_secret", "append_only"),
        (
            f"INSERT INTO card_key VALUES ({plain.id}, {school.id}, {words['x']}, {words['x']}, 1)",
            "(?i)foreign key",
        ),
    ):
        with (
            pytest.raises((DBAPIError, JournalRefused), match=code),
            school.database.write() as db,
        ):
            db.execute(text(statement.replace(":", "\\:")))
    with school.database.read() as db:
        assert verify(db).check(CheckName.CARDS).holds


MOVES = st.lists(
    st.tuples(st.sampled_from(["begin", "step", "finish", "give_up", "block"]),
              st.integers(0, 3), st.integers(0, 2)),
    max_size=25,
)  # fmt: skip


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(moves=MOVES)
def test_whatever_is_tried_in_whatever_order_the_register_hangs_together(
    school: School, moves: list[tuple[str, int, int]]
) -> None:
    with school.database.engine.connect() as db:
        if db.dialect.name == "sqlite":
            db.execution_options(sqlite_begin="IMMEDIATE")
        with db.begin() as transaction:
            children = [add_child(db, school.id) for _ in range(3)]
            for move, card, who in moves:
                _move(db, move, uid(f"card {card}"), children[who])
            found = cards(db)
            active = db.execute(
                text("SELECT pupil_id, count(*) FROM card WHERE state <> 'replaced'"
                     " GROUP BY pupil_id HAVING count(*) > 1")
            ).all()  # fmt: skip
            transaction.rollback()
    assert found.failures == ()
    assert active == []


def _move(db: Session, move: str, number: bytes, child: int) -> None:
    held = next(iter(cards_of(db, pupil_id=child)), None)
    issue = open_issue(db, uid_hmac=number)
    if move == "begin":
        begin(
            db, uid_hmac=number, pupil_id=child, staff_id=None, replaces=held.id if held else None,
            medium="ntag424", generation=2, escrow=b"e", actor="office:1", at=NOON,
        )  # fmt: skip
    elif move == "block" and held is not None:
        block_card(db, card_id=held.id, reason=BlockReason.LOST, actor="office:1", at=NOON)
    elif issue is not None and move == "step":
        note_step(db, issue.id, "keys", NOON)
    elif issue is not None and move == "finish":
        finish(db, issue.id, sealed={}, actor="office:1", at=NOON)
    elif issue is not None and move == "give_up":
        give_up(db, issue.id, reason="x", actor="office:1", at=NOON)
