"""The passes that look at many rows at once say what the checks say that look at each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON
from ledgers import ENGINES, Ledger, copy_of, fresh, lived, plain_sqlite
from sqlalchemy import text

from accounts import verify_chains, verify_glance
from accounts.intake import book_facts
from accounts.proof import CheckName
from accounts.verify import CHECKS, verify

REASONS = (
    "",
    'sagte "nein"',
    "Küche \\ Ausgabe",
    "[verschüttet]",
    "zwei\nZeilen\tund mehr",
    "🍲 und \u2028",
    "~",
)


@pytest.fixture(scope="module", params=ENGINES)
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """With reasons that JSON writes in other letters."""
    database = fresh(request, request.param, tmp_path_factory.mktemp("at-once"))
    ledger = lived(database)
    pen = ledger.school.kiosk
    for reason in REASONS:
        pen.seq += 1
        day = NOON - timedelta(days=pen.seq)
        plain = replace(ledger.school.other_kiosk.charge(None, 999), seq=pen.seq, occurred_at=day)
        told = replace(plain, reason=reason).linked(origin_id=pen.origin_id, before=pen.last)
        pen.last = told.chain
        with database.write() as db:
            book_facts(db, pen.origin_id, [told], now=NOON + timedelta(minutes=11))
    yield ledger
    database.close()


def test_an_honest_ledger_gives_a_walk_nothing_to_look_for(ledger: Ledger) -> None:
    with ledger.database.read() as db:
        seen = [walk(db) for walk in verify_glance.walks(db)]
    assert sum(walk.entries for walk in seen) > 0
    assert [walk.wrong for walk in seen] == [frozenset()] * len(seen)


def test_walks_of_two_entries_each_say_the_same(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.database.read() as db:
        at_once = verify(db)
        dialect = db.dialect.name
        monkeypatch.setitem(verify_glance._RANGE, dialect, 2)
        assert len(verify_glance.walks(db)) > 3
        assert verify(db) == at_once
    assert at_once.holds


@pytest.mark.parametrize("name", [*verify_glance.GLANCED, CheckName.ZERO_SUM, CheckName.SEALS])
def test_the_check_itself_counts_and_says_the_same(ledger: Ledger, name: CheckName) -> None:
    with ledger.database.read() as db:
        assert CHECKS[name](db) == verify(db).check(name)


def test_what_the_database_writes_of_a_fact_is_what_was_chained(ledger: Ledger) -> None:
    kiosk = ledger.school.kiosk.origin_id
    with ledger.database.read() as db:
        assert verify_chains.chains(db).holds
        if ledger.database.is_sqlite:
            assert [part(db).broken for part in verify_chains.parts(db)] == [()]
            assert verify_chains._fits(db, kiosk, 1)


@pytest.mark.parametrize("reason", ["k\\u00fcche", 'a","seq":1', "Kueche\x00"])
def test_a_reason_that_reads_like_another_is_found(
    tmp_path: Path, ledger: Ledger, reason: str
) -> None:
    if not ledger.database.is_sqlite and "\x00" in reason:
        reason = "Kueche"  # PostgreSQL keeps no NUL
    change = "UPDATE fact SET reason = {} WHERE origin_id = {} AND seq = 5"
    kiosk = ledger.school.kiosk.origin_id
    if ledger.database.is_sqlite:
        copy = copy_of(ledger.database, tmp_path / "copy.db")
        with plain_sqlite(copy) as raw:
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute(change.format("?", kiosk), (reason,))
        with copy.read() as db:
            failures = verify_chains.chains(db).failures
        copy.close()
    else:
        with ledger.database.engine.connect() as db, db.begin() as transaction:
            db.execute(text("SET LOCAL session_replication_role = replica"))
            db.execute(text(change.format(":reason", kiosk)), {"reason": reason})
            failures = verify_chains.chains(db).failures
            transaction.rollback()
    assert [failure.where for failure in failures] == [f"fact {kiosk}/1/5"]


def test_an_entry_with_a_number_far_away_does_not_hold_a_walk_up(
    ledger: Ledger, tmp_path: Path
) -> None:
    far = f"UPDATE entry SET id = {2**62} WHERE id = {ledger.words()['night']}"
    if ledger.database.is_sqlite:
        copy = copy_of(ledger.database, tmp_path / "copy.db")
        with plain_sqlite(copy) as raw:
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute(far)
        with copy.read() as db:
            proof = verify(db)
        copy.close()
    else:
        with ledger.database.engine.connect() as db, db.begin() as transaction:
            db.execute(text("SET LOCAL session_replication_role = replica"))
            db.exec_driver_sql(far)
            proof = verify(db)
            transaction.rollback()
    assert not proof.check(CheckName.TRANSFERS).holds
    assert not proof.check(CheckName.REFERENCES).holds
