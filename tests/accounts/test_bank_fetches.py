"""Fetches and the bank's questions, as the ledger knows them."""

from datetime import timedelta

import pytest
from builders import NOON

from accounts.bank_fetches import (
    TanAnswer,
    TanRefusal,
    answer_tan,
    ask_tan,
    end_tan,
    last_good_fetches,
    note_fetch,
    take_answer,
    tan_questions,
)
from accounts.database import Database, Session
from accounts.guards import JournalRefused, guarded

MINUTE = timedelta(minutes=1)


def _asked(db: Session, access: str = "bank") -> int:
    return ask_tan(
        db, access=access, at=NOON, until=NOON + MINUTE, challenge="TAN?", decoupled=False
    )


def test_the_last_good_fetch_of_each_access_is_known(database: Database) -> None:
    with database.write() as db:
        for access, minutes, reason in (
            ("bank", 1, None), ("bank", 2, None), ("bank", 3, "time_out"), ("other", 4, "busy"),
        ):  # fmt: skip
            note_fetch(
                db, access=access, at=NOON, ended=NOON + minutes * MINUTE, reason=reason,
                detail="", actor="system",
            )  # fmt: skip
        assert last_good_fetches(db) == {"bank": NOON + 2 * MINUTE}


def test_a_fetch_that_was_noted_is_never_changed(database: Database) -> None:
    with database.write() as db:
        note_fetch(db, access="bank", at=NOON, ended=NOON, reason="wrong_pin", detail="9931",
                   actor="system")  # fmt: skip
    for deed in ("UPDATE bank_fetch SET outcome = 'done', reason = NULL", "DELETE FROM bank_fetch"):
        with pytest.raises(JournalRefused), guarded(), database.write() as db:
            db.exec_driver_sql(deed)


def test_an_answer_is_taken_once(database: Database) -> None:
    with database.write() as db:
        number = _asked(db)
        assert [it.id for it in tan_questions(db, at=NOON)] == [number]
        assert take_answer(db, number) is None
        assert answer_tan(db, number, TanAnswer("sealed"), at=NOON) is None
        assert tan_questions(db, at=NOON) == ()
        again = answer_tan(db, number, TanAnswer("other"), at=NOON)
        assert again is TanRefusal.ANSWERED_ALREADY
        assert take_answer(db, number) == TanAnswer("sealed")
        assert take_answer(db, number) is None
        assert answer_tan(db, number, TanAnswer(None), at=NOON) is TanRefusal.ANSWERED_ALREADY


def test_a_question_given_up_or_gone_has_an_end(database: Database) -> None:
    with database.write() as db:
        number = _asked(db)
        assert answer_tan(db, number, TanAnswer(None), at=NOON) is None
        assert take_answer(db, number) == TanAnswer(None)
        end_tan(db, number)
        assert take_answer(db, number) == TanAnswer(None)
        gone = answer_tan(db, number, TanAnswer("sealed"), at=NOON)
        assert gone is TanRefusal.NO_SUCH_QUESTION


def test_a_question_out_of_time_is_none(database: Database) -> None:
    with database.write() as db:
        number = _asked(db)
        assert tan_questions(db, at=NOON + MINUTE) == ()
        late = answer_tan(db, number, TanAnswer("sealed"), at=NOON + MINUTE)
        assert late is TanRefusal.NO_SUCH_QUESTION


def test_what_a_fetch_left_behind_goes_with_the_next_of_its_access(database: Database) -> None:
    with database.write() as db:
        other = _asked(db, "other")
        _asked(db)
        newest = _asked(db)
        assert {it.id for it in tan_questions(db, at=NOON)} == {other, newest}
