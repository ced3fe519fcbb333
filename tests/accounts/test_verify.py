"""``verify`` holds on an honest ledger and names the row of every kind of tampering.

The tampering is done as the owner of the machine could: on SQLite the guards are dropped, the
rows changed by a plain connection and the guards put back; on PostgreSQL the session says it
is a replica, so no trigger fires.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON
from ledgers import ENGINES, Ledger, copy_of, fresh, lived, plain_sqlite
from postgresql_server import find_programs
from sqlalchemy import text

from accounts import verify as verifying
from accounts import verify_beside
from accounts.clock import FixedClock
from accounts.database import DatabaseUnavailable
from accounts.intake import book_facts
from accounts.migrations import sql
from accounts.proof import CheckName, Proof, count
from accounts.seals import make_seal
from accounts.verify import _same_moment, parts_of, prove, verify
from accounts.verify_beside import second_view
from accounts.verify_chains import chains


@pytest.fixture(scope="module", params=ENGINES)
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("verify"))
    ledger = lived(database)
    make_seal(database, actor="test", clock=FixedClock(NOON))
    yield ledger
    database.close()


def proof_of(ledger: Ledger) -> Proof:
    with ledger.database.read() as db:
        return verify(db)


def after(ledger: Ledger, folder: Path, *statements: str) -> Proof:
    """The proof of a ledger that was tampered with; the ledger itself stays as it was."""
    spelled = [statement.format(**ledger.words()) for statement in statements]
    if ledger.database.is_sqlite:
        copy = copy_of(ledger.database, folder / "copy.db")
        with plain_sqlite(copy) as raw:
            guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            kept = guards.fetchall()
            raw.execute("PRAGMA ignore_check_constraints = ON")
            for name, _ in kept:
                raw.execute(f"DROP TRIGGER {name}")
            for statement in spelled:
                raw.execute(statement)
            for _, made in kept:
                raw.execute(made)
        try:
            with copy.read() as db:
                return verify(db)
        finally:
            copy.close()
    with ledger.database.engine.connect() as db, db.begin() as transaction:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in spelled:
            db.exec_driver_sql(statement)
        proof = verify(db)
        transaction.rollback()
        return proof


def told(proof: Proof) -> set[tuple[str, str, str]]:
    return {
        (check.name.value, failure.what, failure.where)
        for check in proof.checks
        for failure in check.failures
    }


def test_an_honest_ledger_holds_and_everything_was_looked_at(ledger: Ledger) -> None:
    proof = proof_of(ledger)
    assert told(proof) == set()
    assert proof.holds
    assert proof.balanced
    idle = {check.name for check in proof.checks if check.counted == 0}
    assert idle == {CheckName.ALARMS, CheckName.BANK, CheckName.CARDS, CheckName.CLOSINGS} | (
        set() if ledger.database.is_sqlite else {CheckName.STORAGE}
    )
    assert {check.name for check in proof.checks} == set(CheckName)


def test_two_views_prove_what_one_does(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prove(ledger.database) == proof_of(ledger)
    monkeypatch.setattr(verifying, "_SHARED_FROM", 0)
    assert prove(ledger.database) == proof_of(ledger)


def test_both_views_see_the_same_moment(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    new = "INSERT INTO alarm (at_us, kind, detail) VALUES (0, 'x', 'x')"
    database = fresh(request, "sqlite", tmp_path)
    with second_view(database) as (view, ask):
        with database.write() as db:
            db.execute(text(new))
        last = len(parts_of(view)) - 1
        assert [count(view, "alarm"), ask(last).counted] == [0, 0]
        assert ask(last).name is CheckName.ALARMS
    database.close()
    if find_programs():
        database = fresh(request, "postgresql", tmp_path)
        with _same_moment(database) as views:
            with database.write() as db:
                db.execute(text(new))
            assert [count(view, "alarm") for view in views] == [0, 0]
        database.close()


def test_a_second_view_that_ends_is_a_fault_and_no_proof(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    with second_view(database) as (_, ask), pytest.raises(IndexError):
        ask(10_000)  # what went wrong there is raised here
    monkeypatch.setattr(verifying, "_SHARED_FROM", 0)
    monkeypatch.setattr(verify_beside, "_MODULE", "this")  # says something else, and ends
    with pytest.raises(DatabaseUnavailable):
        prove(database)
    database.close()


TAMPERED: dict[str, tuple[list[str], set[tuple[str, str, str]]]] = {
    "a balance raised by a cent": (
        ["UPDATE balance SET cents = cents + 1 WHERE account_id = {payer_account}"],
        {("balances", "balance_differs", "account pupil:{payer}")},
    ),
    "a balance that claims an older transfer": (
        ["UPDATE balance SET transfer_id = transfer_id - 1 WHERE account_id = {payer_account}"],
        {("balances", "balance_differs", "account pupil:{payer}")},
    ),
    "a balance taken away": (
        ["DELETE FROM balance WHERE account_id = {payer_account}"],
        {("balances", "balance_missing", "account pupil:{payer}")},
    ),
    "a balance for an account without a limit": (
        ["INSERT INTO balance (account_id, cents, transfer_id) VALUES ({opening}, 0, 0)"],
        {
            ("balances", "balance_differs", "account opening"),
            ("balances", "balance_unasked", "account opening"),
        },
    ),
    "a charge made cheaper, the balance with it": (
        [
            "UPDATE transfer SET cents = cents - 20 WHERE entry_id = {meal}",
            "UPDATE balance SET cents = cents + 20 WHERE account_id = {payer_account}",
        ],
        {("charges", "share_differs", "entry {meal}")},
    ),
    "what a funding body owes made more": (
        [
            (
                "UPDATE transfer SET cents = cents + 1"
                " WHERE entry_id = {funded} AND debit_id = {receivable}"
            )
        ],
        {
            ("charges", "rest_differs", "entry {funded}"),
            ("charges", "body_differs", "entry {funded}"),
            ("charges", "tax_differs", "entry {funded}"),
        },
    ),
    "revenue moved to another tax key": (
        ["UPDATE transfer SET credit_id = {revenue_full} WHERE entry_id = {meal}"],
        {("charges", "tax_differs", "entry {meal}")},
    ),
    "a meal credited to a child": (
        ["UPDATE transfer SET credit_id = {poor_account} WHERE entry_id = {meal}"],
        {
            ("charges", "charge_accounts", "entry {meal}"),
            ("balances", "balance_differs", "account pupil:{poor}"),
        },
    ),
    "a transfer taken away": (
        ["DELETE FROM transfer WHERE entry_id = {meal}"],
        {
            ("transfers", "transfers_missing", "entry {meal}"),
            ("references", "no_transfer", "entry {meal}"),
            ("balances", "balance_differs", "account pupil:{payer}"),
        },
    ),
    "a transfer added to an old entry": (
        [
            (
                "INSERT INTO transfer (id, entry_id, no, debit_id, credit_id, cents)"
                " VALUES (100001, {paid}, 2, {opening}, {payer_account}, 1)"
            )
        ],
        {
            ("transfers", "transfers_missing", "entry {paid}"),
            ("digests", "content_differs", "entry {paid}"),
        },
    ),
    "money from an account that is not there": (
        ["UPDATE transfer SET debit_id = 9999 WHERE entry_id = {paid}"],
        {
            ("zero_sum", "sum_not_zero", "all accounts: 2000 cents"),
            ("digests", "content_differs", "entry {paid}"),
        },
    ),
    "a line taken away": (
        ["DELETE FROM line WHERE entry_id = {meal} AND no = 2"],
        {
            ("lines", "lines_missing", "entry {meal}"),
            ("charges", "share_differs", "entry {meal}"),
            ("facts", "items_differ", "fact {a}/1/1"),
        },
    ),
    "a line on an entry that is no meal": (
        [
            (
                "INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity,"
                " price_cents, share_cents, tax_key, rate_permille)"
                " VALUES ({paid}, 1, {lunch}, {full}, 'lunch', 1, 420, 420, 6, 0)"
            )
        ],
        {
            ("lines", "lines_unasked", "entry {paid}"),
            ("digests", "content_differs", "entry {paid}"),
        },
    ),
    "a line's price changed": (
        ["UPDATE line SET price_cents = 400, share_cents = 400 WHERE entry_id = {meal}"],
        {("charges", "share_differs", "entry {meal}")},
    ),
    "a line's tax key changed": (
        ["UPDATE line SET tax_key = 2 WHERE entry_id = {meal} AND no = 1"],
        {("charges", "tax_differs", "entry {meal}")},
    ),
    "another dish on the line": (
        ["UPDATE line SET offer_id = offer_id + 1 WHERE entry_id = {meal} AND no = 1"],
        {("facts", "items_differ", "fact {a}/1/1")},
    ),
    "an office charge's line relabelled": (
        ["UPDATE line SET item_class = 'snack' WHERE entry_id = {by_hand}"],
        {("digests", "content_differs", "entry {by_hand}")},
    ),
    "an entry given to another child": (
        ["UPDATE entry SET pupil_id = {third} WHERE id = {meal}"],
        {("facts", "entry_differs", "fact {a}/1/1")},
    ),
    "an entry moved to another day": (
        ["UPDATE entry SET day = '2026-11-24' WHERE id = {meal}"],
        {("days", "wrong_day", "entry {meal}"), ("facts", "entry_differs", "fact {a}/1/1")},
    ),
    "a meal after midnight booked on the day before": (
        ["UPDATE entry SET day = '2026-11-22' WHERE id = {night}"],
        {("days", "wrong_day", "entry {night}")},
    ),
    "a fact of the last hour of a winter day dated a day on": (
        [
            # 22:30 UTC is 23:30 in Germany: the guards of SQLite let both days pass.
            (
                "UPDATE fact SET occurred_us = occurred_us + 41400000000, day = '2026-11-24'"
                " WHERE origin_id = {a} AND seq = 5"
            )
        ],
        {("chains", "chain_broken", "fact {a}/1/5"), ("days", "wrong_day", "fact {a}/1/5")},
    ),
    "an actor replaced": (
        ["UPDATE entry SET actor = 'kiosk:99' WHERE id = {meal}"],
        {("facts", "entry_differs", "fact {a}/1/1")},
    ),
    "an office entry's actor replaced": (
        ["UPDATE entry SET actor = 'nobody' WHERE id = {paid}"],
        {("digests", "content_differs", "entry {paid}")},
    ),
    "an office entry taken away whole": (
        [
            "DELETE FROM entry WHERE id = {paid}",
            "DELETE FROM transfer WHERE entry_id = {paid}",
            "UPDATE balance SET cents = cents - 2000 WHERE account_id = {payer_account}",
        ],
        {("numbers", "gap", "entry {second_paid}")},
    ),
    "a kiosk's entry without a fact": (
        [
            "UPDATE entry SET seq = 77 WHERE id = {night}",
        ],
        {
            ("facts", "no_fact", "entry {night}"),
            ("facts", "neither_booked_nor_quarantined", "fact {b}/1/1"),
        },
    ),
    "a reversal of a reversal": (
        ["UPDATE entry SET reverses = {void} WHERE id = {take_back}"],
        {
            ("reversals", "reversal_of_reversal", "entry {take_back}"),
            ("reversals", "not_mirrored", "entry {take_back}"),
            ("digests", "content_differs", "entry {take_back}"),
        },
    ),
    "a reversal that gives back more": (
        ["UPDATE transfer SET cents = cents + 5 WHERE entry_id = {take_back}"],
        {("reversals", "not_mirrored", "entry {take_back}")},
    ),
    "a void that names another charge": (
        ["UPDATE entry SET reverses = {meal} WHERE id = {void}"],
        {
            ("reversals", "not_mirrored", "entry {void}"),
            ("facts", "entry_differs", "fact {a}/1/4"),
        },
    ),
    "a payment made a correction": (
        ["UPDATE entry SET kind = 'correction' WHERE id = {paid}"],
        {("digests", "content_differs", "entry {paid}")},
    ),
    "a second child's money in the entry": (
        ["UPDATE transfer SET debit_id = {poor_account} WHERE entry_id = {meal}"],
        {("pupils", "other_pupil", "transfer {meal_transfer}")},
    ),
    "a child that never was at the school": (
        ["DELETE FROM membership WHERE pupil_id = {third}"],
        {("pupils", "not_member", "entry {by_hand}")},
    ),
    "a school that is not there": (
        ["UPDATE entry SET school_id = 99 WHERE id = {meal}"],
        {
            ("references", "no_school", "entry {meal}"),
            ("pupils", "wrong_school", "entry {meal}"),
            ("pupils", "not_member", "entry {meal}"),
        },
    ),
    "a fact taken away from the middle": (
        ["DELETE FROM fact WHERE origin_id = {a} AND seq = 2"],
        {
            ("numbers", "gap", "fact {a}/1/3"),
            ("facts", "no_fact", "entry {funded}"),
            ("chains", "chain_broken", "fact {a}/1/3"),
        },
    ),
    "the first fact taken away": (
        ["DELETE FROM fact WHERE origin_id = {a} AND seq = 1"],
        {("numbers", "gap", "fact {a}/1/2"), ("chains", "chain_broken", "fact {a}/1/2")},
    ),
    "a fact's items changed": (
        ["UPDATE fact SET items = '[[{lunch},2]]' WHERE origin_id = {a} AND seq = 1"],
        {
            ("chains", "chain_broken", "fact {a}/1/1"),
            ("facts", "items_differ", "fact {a}/1/1"),
        },
    ),
    "a fact's items made nonsense": (
        ["UPDATE fact SET items = 'nonsense' WHERE origin_id = {a} AND seq = 2"],
        {
            ("chains", "chain_broken", "fact {a}/1/2"),
            ("facts", "items_differ", "fact {a}/1/2"),
        },
    ),
    "a fact's reason added": (
        ["UPDATE fact SET reason = 'other' WHERE origin_id = {b} AND seq = 1"],
        {
            ("chains", "chain_broken", "fact {b}/1/1"),
            ("facts", "entry_differs", "fact {b}/1/1"),
        },
    ),
    "a fact and its entry moved to another kiosk": (
        [
            "UPDATE fact SET origin_id = {a}, seq = 6 WHERE origin_id = {b}",
            "UPDATE entry SET origin_id = {a}, seq = 6, actor = 'kiosk:{a}' WHERE id = {night}",
        ],
        {("chains", "chain_broken", "fact {a}/1/6")},
    ),
    "a quarantine taken away": (
        ["DELETE FROM quarantine"],
        {("facts", "neither_booked_nor_quarantined", "fact {a}/1/5")},
    ),
    "a booked fact quarantined too": (
        [
            (
                "INSERT INTO quarantine (fact_id, reason)"
                " SELECT id, 'ahead' FROM fact WHERE origin_id = {a} AND seq = 1"
            )
        ],
        {("facts", "booked_and_quarantined", "fact {a}/1/1")},
    ),
    "room made under a kiosk's daily cap": (
        ["UPDATE kiosk_day SET cents = 0 WHERE origin_id = {a}"],
        {("kiosk_days", "kiosk_day_differs", "kiosk {a} 2026-11-23")},
    ),
    "a booked fact's entry taken away whole": (
        [
            "DELETE FROM entry WHERE id = {night}",
            "DELETE FROM transfer WHERE entry_id = {night}",
            "DELETE FROM line WHERE entry_id = {night}",
        ],
        {("facts", "neither_booked_nor_quarantined", "fact {b}/1/1")},
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering_is_found_and_its_row_is_named(ledger: Ledger, tmp_path: Path, case: str) -> None:
    statements, expected = TAMPERED[case]
    words = ledger.words()
    words["second_paid"] = ledger.entry(ledger.school.office, 2)
    with ledger.database.read() as db:
        words["meal_transfer"] = int(
            db.execute(
                text("SELECT id FROM transfer WHERE entry_id = :meal"), {"meal": words["meal"]}
            ).scalar_one()
        )
    found = told(after(ledger, tmp_path, *statements))
    wanted = {(check, what, where.format(**words)) for check, what, where in expected}
    assert wanted <= found
    assert not {check for check, _, _ in found} & {"guards", "storage"}


CHECKED = {
    "a negative transfer": (
        "transfer",
        "positive",
        "UPDATE transfer SET cents = -1 WHERE entry_id = {paid}",
        ("transfers", "not_positive"),
    ),
    "a transfer to itself": (
        "transfer",
        "two_accounts",
        "UPDATE transfer SET debit_id = credit_id WHERE entry_id = {paid}",
        ("transfers", "same_account"),
    ),
    "a reversal of nothing": (
        "entry",
        "reversal_names_target",
        "UPDATE entry SET reverses = NULL WHERE id = {take_back}",
        ("reversals", "names_no_original"),
    ),
    "a share above the price": (
        "line",
        "share",
        "UPDATE line SET share_cents = price_cents + 1 WHERE entry_id = {meal}",
        ("lines", "line_range"),
    ),
}


@pytest.mark.parametrize("case", CHECKED)
def test_what_a_switched_off_check_let_in_is_named(
    ledger: Ledger, tmp_path: Path, case: str
) -> None:
    table, check, statement, expected = CHECKED[case]
    drop = f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{check}"
    lead = [] if ledger.database.is_sqlite else [drop]
    found = told(after(ledger, tmp_path, *lead, statement))
    assert expected in {(name, what) for name, what, _ in found}
    named = "storage" if ledger.database.is_sqlite else "guards"
    assert named in {name for name, _, _ in found}


@pytest.mark.postgresql  # SQLite cannot drop a table's key without rewriting its schema
@pytest.mark.parametrize("ledger", ["postgresql"], indirect=True)
def test_a_second_reversal_is_named_where_its_key_was_dropped(
    ledger: Ledger, tmp_path: Path
) -> None:
    proof = after(
        ledger,
        tmp_path,
        "ALTER TABLE entry DROP CONSTRAINT uq_entry_reverses",
        "UPDATE entry SET reverses = {taken_back} WHERE id = {void}",
    )
    words = ledger.words()
    assert ("reversals", "reversed_twice", f"entry {words['taken_back']}") in told(proof)
    assert ("guards", "guard_missing", "constraint uq_entry_reverses") in told(proof)


def _rewritten(view: str, was: str, now: str) -> dict[str, tuple[list[str], tuple[str, str]]]:
    """A view made anew with one thing changed; those that look through it are made anew after it."""
    queries: dict[str, str] = {}
    for statement in sql.shipped("postgresql"):
        made = re.search(r"CREATE VIEW (\w+) AS\s(.*)", statement, re.DOTALL)
        if made is not None:
            queries[made[1]] = made[2]
    assert was in queries[view]
    changed = queries | {view: queries[view].replace(was, now, 1)}
    order = list(queries)
    again = order[order.index(view) :]
    dropped = [f"DROP VIEW {', '.join(again)}"]
    return {
        "postgresql": (
            [*dropped, *(f"CREATE VIEW {name} AS {changed[name]}" for name in again)],
            ("guard_differs", f"view {view}"),
        )
    }


GUARDS: dict[str, dict[str, tuple[list[str], tuple[str, str]]]] = {
    "a guard dropped": {
        "sqlite": (["DROP TRIGGER balance_follows"], ("guard_missing", "trigger balance_follows")),
        "postgresql": (
            ["DROP TRIGGER balance_follows ON balance"],
            ("guard_missing", "trigger balance_follows"),
        ),
    },
    "a guard replaced by a blind one": {
        "sqlite": (
            [
                "DROP TRIGGER entry_no_update",
                (
                    "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry WHEN 0"
                    " BEGIN SELECT RAISE(ABORT, 'mensa:append_only'); END"
                ),
            ],
            ("guard_differs", "trigger entry_no_update"),
        ),
        "postgresql": (
            [
                "DROP TRIGGER entry_no_change ON entry",
                (
                    "CREATE TRIGGER entry_no_change BEFORE UPDATE ON entry"
                    " FOR EACH ROW EXECUTE FUNCTION append_only()"
                ),
            ],
            ("guard_differs", "trigger entry_no_change"),
        ),
    },
    "a guard's body emptied": {
        "sqlite": (
            [
                "DROP TRIGGER balance_stays",
                "CREATE TRIGGER balance_stays BEFORE DELETE ON balance BEGIN SELECT 1; END",
            ],
            ("guard_differs", "trigger balance_stays"),
        ),
        "postgresql": (
            [
                (
                    "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql"
                    " AS $$ BEGIN RETURN OLD; END $$"
                )
            ],
            ("guard_differs", "function append_only"),
        ),
    },
    "a price rule rewritten": {
        "sqlite": (
            ["DROP VIEW fact_standing", "CREATE VIEW fact_standing AS SELECT id, 'book' FROM fact"],
            ("guard_differs", "view fact_standing"),
        ),
        "postgresql": (
            ["DROP VIEW fact_standing"],
            ("guard_missing", "view fact_standing"),
        ),
    },
    "a void an hour later": _rewritten("fact_standing", "300000000", "3600000000"),
    "a member of no school": _rewritten("fact_standing", "m.school_id = k.school_id", "true"),
    "a tariff that is not the newest": _rewritten("fact_tariff", "LIMIT 1", "OFFSET 1 LIMIT 1"),
    "two tariffs at once": _rewritten("fact_tariff", "LIMIT 1", "LIMIT 2"),
    "the tariff begun first": _rewritten("fact_tariff", "valid_from DESC", "valid_from"),
    "a share for a price": _rewritten(
        "fact_line", "q.price_cents, q.share_cents, x", "q.share_cents, q.price_cents, x"
    ),
    "two columns that changed their names": _rewritten(
        "fact_line",
        "q.price_cents, q.share_cents, x",
        "q.price_cents AS share_cents, q.share_cents AS price_cents, x",
    ),
    "a reversal that counts as standing": _rewritten(
        "standing_charge", "r.reverses = e.id", "r.reverses = e.id AND r.id < 0"
    ),
    "a posting with the wrong sign": _rewritten("posting", "-cents AS cents", "cents"),
    "a view that asks for whoever looks": {
        "postgresql": (
            ["ALTER VIEW posting SET (security_invoker = true)"],
            ("guard_differs", "view posting"),
        ),
    },
    "a trigger nobody shipped": {
        "sqlite": (
            ["CREATE TRIGGER own AFTER INSERT ON entry BEGIN SELECT 1; END"],
            ("guard_unknown", "trigger own"),
        ),
        "postgresql": (
            [
                (
                    "CREATE TRIGGER own BEFORE INSERT ON entry"
                    " FOR EACH ROW EXECUTE FUNCTION append_only()"
                )
            ],
            ("guard_unknown", "trigger own"),
        ),
    },
    "a table's promise cut out": {
        "sqlite": (
            [
                "PRAGMA writable_schema = ON",
                (
                    "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (cents > 0)', 'CHECK (1)')"
                    " WHERE name = 'transfer'"
                ),
            ],
            ("guard_differs", "table transfer"),
        ),
        "postgresql": (
            ["ALTER TABLE transfer DROP CONSTRAINT ck_transfer_two_accounts"],
            ("guard_missing", "constraint ck_transfer_two_accounts"),
        ),
    },
    "a function made to act for whoever owns it": {
        "postgresql": (
            ["ALTER FUNCTION append_only() SECURITY DEFINER"],
            ("guard_rights", "function append_only"),
        ),
    },
    "an image writer that looks where its caller says": {
        "postgresql": (
            ["ALTER FUNCTION school_history() RESET search_path"],
            ("guard_rights", "function school_history"),
        ),
    },
    "a function given to somebody else": {
        "postgresql": (
            ["ALTER FUNCTION append_only() OWNER TO pg_monitor"],
            ("guard_owner", "function append_only"),
        ),
    },
    "a back door": {
        "postgresql": (
            ["CREATE FUNCTION own() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$"],
            ("guard_unknown", "function own"),
        ),
    },
    "a guard switched off": {
        "postgresql": (
            ["ALTER TABLE entry DISABLE TRIGGER entry_fits"],
            ("guard_disabled", "trigger entry_fits"),
        ),
    },
    "all of a table's triggers switched off, the references' too": {
        "postgresql": (
            ["ALTER TABLE transfer DISABLE TRIGGER ALL"],
            ("guard_disabled", "table transfer"),
        ),
    },
}


@pytest.mark.parametrize(
    ("ledger", "case"),
    [
        pytest.param(engine, case, marks=[pytest.mark.postgresql] if engine == "postgresql" else [])
        for case, engines in GUARDS.items()
        for engine in engines
    ],
    indirect=["ledger"],
)
def test_a_guard_that_is_not_as_it_was_shipped_is_named(
    ledger: Ledger, tmp_path: Path, case: str
) -> None:
    engine = "sqlite" if ledger.database.is_sqlite else "postgresql"
    statements, expected = GUARDS[case][engine]
    if ledger.database.is_sqlite:
        copy = copy_of(ledger.database, tmp_path / "copy.db")
        with plain_sqlite(copy) as raw:
            for statement in statements:
                raw.execute(statement)
        with copy.read() as db:
            proof = verify(db)
        copy.close()
    else:
        proof = after(ledger, tmp_path, *statements)
    assert expected in {
        (failure.what, failure.where) for failure in proof.check(CheckName.GUARDS).failures
    }
    assert not proof.holds


def test_the_first_row_of_a_chain_that_differs_is_named_and_no_other_of_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    words = ledger.words()
    proof = after(ledger, tmp_path, "UPDATE fact SET epoch = epoch WHERE seq = 1",
                  "UPDATE fact SET recorded_us = recorded_us, reason = 'x' WHERE origin_id = {a}"
                  " AND seq IN (2, 3)")  # fmt: skip
    assert [failure.where for failure in proof.check(CheckName.CHAINS).failures] == [
        f"fact {words['a']}/1/2"
    ]


def test_an_alarm_is_counted_and_fails_no_proof(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    ledger = lived(database)
    school = ledger.school
    school.kiosk.seq = 0
    forged = school.kiosk.charge(school.payer, school.veggie)
    with database.write() as db:
        assert book_facts(db, school.kiosk.origin_id, [forged], now=NOON)[0].alarm
    proof = proof_of(ledger)
    assert proof.holds
    assert proof.check(CheckName.ALARMS).counted == 1
    database.close()


def test_a_kiosk_that_sends_a_wrong_link_is_named(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    ledger = lived(database)
    school = ledger.school
    lie = school.other_kiosk.charge(ledger.third, school.drink).linked(
        origin_id=school.other_kiosk.origin_id, before=b"x" * 32
    )
    with database.write() as db:
        book_facts(db, school.other_kiosk.origin_id, [lie], now=NOON + timedelta(minutes=1))
    with database.read() as db:
        failures = chains(db).failures
    assert [f.where for f in failures] == [f"fact {school.other_kiosk.origin_id}/1/2"]
    database.close()
