"""Who may do what on PostgreSQL: the office its work, the auditor to look, a kiosk two functions."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from bank_lines import assign, keep, line, open_bank
from builders import NOON, eur, open_school
from fortress import fortify, login, signed_in
from ledgers import Ledger, fresh, lived, plain_postgresql
from postgresql_server import Server
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from accounts.allocations import undo
from accounts.city import prepare
from accounts.database import Database, Session, open_database, upgrade
from accounts.enrolment import EnrolmentRefusal, end_login, make_login
from accounts.guards import JournalRefused, guarded
from accounts.ledger import Booked, Draft, EntryKind, Key, KeyReused, Move, book, next_key
from accounts.roles import GROUPS, install_roles, quoted, role_names
from accounts.tables import metadata
from accounts.verify import verify

pytestmark = pytest.mark.postgresql
WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
JOURNAL = (
    *("entry", "transfer", "line", "fact", "quarantine", "kiosk_day", "kiosk_seen"),
    *("history", "incarnation", "permission", "card_alert"),
)
"""What the office may not write at all; to some others it may only add."""
ADDED_TO = (
    *("account", "balance", "access_log", "alarm", "card_event", "change", "seal", "stretch"),
    *("closing", "closing_sum", "request", "decision", "sign_in"),
    *("card_issue", "card_step", "card_secret", "card_alert_seen"),
    *("reference", "bank_file", "bank_reading", "bank_day", "bank_line", "line_mark"),
    *("allocation", "bank_fetch", "go_live", "refund", "payment_run", "refund_attempt"),
    "household_member",
)


@pytest.fixture(scope="module")
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    database = fresh(request, "postgresql", tmp_path_factory.mktemp("roles"))
    made = lived(database)
    fortify(database)
    yield made
    database.close()


def member(database: Database, group: str) -> Database:
    """The database as a new login sees it that is in that group only."""
    with database.write() as db:
        names = role_names(db)
        name = f"{database.url.database}_a_{group}"
        known = db.execute(
            text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}
        ).first()
        if known is None:
            db.exec_driver_sql(
                f"CREATE ROLE {quoted(name)} LOGIN IN ROLE {quoted(getattr(names, group))}"
            )
    return signed_in(database, name)


def rights(database: Database, group: str) -> dict[str, set[str]]:
    """Table -> what the group may do with it or any column of it."""
    with database.read() as db:
        role = getattr(role_names(db), group)
        found = {}
        for table in metadata.tables:
            may = set()
            for right in ("SELECT", *WRITES):
                by_column = right in {"SELECT", "INSERT", "UPDATE", "REFERENCES"}
                asked = "has_any_column_privilege" if by_column else "has_table_privilege"
                query = f"SELECT {asked}(:role, :table, :right)"
                words = {"role": role, "table": f"public.{table}", "right": right}
                if db.execute(text(query), words).scalar_one():
                    may.add(right)
            found[table] = may
    return found


def functions(database: Database, group: str) -> dict[str, str]:
    """The functions of the schema the group may execute, each with its volatility."""
    with database.read() as db:
        role = getattr(role_names(db), group)
        query = """
            SELECT oid::regprocedure::text, provolatile FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
              AND has_function_privilege(:role, oid, 'EXECUTE')"""
        found = db.execute(text(query), {"role": role})
        return {str(row[0]): str(row[1]) for row in found}


def test_a_kiosk_may_execute_two_functions_and_touch_no_table(ledger: Ledger) -> None:
    assert set(functions(ledger.database, "kiosk")) == {"kiosk_drain(jsonb)", "kiosk_news(jsonb)"}
    assert {frozenset(may) for may in rights(ledger.database, "kiosk").values()} == {frozenset()}


def test_an_auditor_may_read_everything_and_write_nothing(ledger: Ledger) -> None:
    may = rights(ledger.database, "auditor")
    assert {frozenset(one) for one in may.values()} == {frozenset({"SELECT"})}
    assert "v" not in functions(ledger.database, "auditor").values()


def test_the_office_may_read_everything_and_never_change_the_journal(ledger: Ledger) -> None:
    may = rights(ledger.database, "office")
    for table, allowed in may.items():
        assert "SELECT" in allowed, table
        assert not allowed & {"TRUNCATE", "TRIGGER", "REFERENCES"}, table
    assert {table: may[table] for table in JOURNAL} == {table: {"SELECT"} for table in JOURNAL}
    for table in ADDED_TO:
        assert may[table] == {"SELECT", "INSERT"}, table
    writes = {name for name, volatile in functions(ledger.database, "office").items()
              if volatile == "v"}  # fmt: skip
    assert writes == {
        "book(jsonb,bytea)",
        "enrol_login(bigint,text)",
        "revoke_login(bigint)",
        "end_stuck_kiosks()",
        "holds_right(bigint,text,bigint,bigint,text[])",  # it locks what it reads
    }


def test_nobody_without_a_group_may_even_connect(ledger: Ledger) -> None:
    with ledger.database.write() as db:
        db.exec_driver_sql(f'CREATE ROLE "{ledger.database.url.database}_stranger" LOGIN')
    stranger = signed_in(ledger.database, f"{ledger.database.url.database}_stranger")
    with pytest.raises(DBAPIError, match="CONNECT"), stranger.engine.connect():
        pass
    stranger.close()


def test_granting_again_takes_back_what_was_granted_beside_it(ledger: Ledger) -> None:
    database = ledger.database
    before = {group: (rights(database, group), functions(database, group)) for group in GROUPS}
    with database.write() as db:
        names = role_names(db)
        db.exec_driver_sql(f"GRANT ALL ON entry, balance TO {quoted(names.kiosk)}, PUBLIC")
        db.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION book TO {quoted(names.kiosk)}, PUBLIC")
    assert rights(database, "kiosk")["entry"]
    assert install_roles(database) == ()
    after = {group: (rights(database, group), functions(database, group)) for group in GROUPS}
    assert after == before


def test_the_ledger_proves_itself_to_an_auditor(ledger: Ledger) -> None:
    auditor = member(ledger.database, "auditor")
    with auditor.read() as db, ledger.database.read() as own:
        proof, same = verify(db), verify(own)
    auditor.close()
    assert proof == same
    assert proof.holds, [check for check in proof.checks if not check.holds]


def test_the_office_books_through_the_guarded_way_in_and_by_no_other(ledger: Ledger) -> None:
    office = member(ledger.database, "office")
    school = ledger.school
    with office.write() as db:
        draft = Draft(
            key=next_key(db, school.office),
            kind=EntryKind.TOPUP,
            occurred_at=NOON,
            actor="office",
            moves=(Move("opening", f"pupil:{school.payer}", eur("3")),),
            pupil_id=school.payer,
        )
        assert isinstance(book(db, draft, now=NOON), Booked)
    with pytest.raises(KeyReused), office.write() as db:
        book(db, replace(draft, reason="another"), now=NOON)
    for statement in (
        "UPDATE balance SET cents = 1",
        "DELETE FROM entry",
        "TRUNCATE fact",
        "INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents) VALUES (1, 9, 1, 2, 5)",
        "SELECT setval('entry_id_seq', 1)",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "CREATE TABLE mine (id bigint)",
        "CREATE TEMP TABLE mine (id bigint)",
        "SELECT * FROM book_facts(1, 0, '[]')",
        "SELECT kiosk_drain('{}')",
        "SELECT kiosk_news('{}')",
        "INSERT INTO history (at_us, actor, name, key) VALUES (0, 'x', 'x', 'x')",
    ):
        with pytest.raises(ProgrammingError) as refused, office.write() as db:
            db.exec_driver_sql(statement)
        assert getattr(refused.value.orig, "sqlstate", "") == "42501", statement
    office.close()


def more_than_there_is(db: Session, account_id: int, line_id: int) -> None:
    """An allocation by hand, under settings that shall not change what the guards look at."""
    db.execute(text("SET LOCAL search_path = pg_temp, public"))
    db.execute(text("SELECT set_config('mensa.holds_balances', 'yes', true)"))
    db.execute(
        text(
            "INSERT INTO allocation (bank_account_id, seq, line_id, no, cents, account_id, kind,"
            " rule, actor, at_us, content) SELECT :b, 2, :l, 1, 4001, a.id, 'correction',"
            " 'by_hand', 'x', l.recorded_us, l.content"
            " FROM account a, bank_line l WHERE a.name = 'fees' AND l.id = :l"
        ),
        {"b": account_id, "l": line_id},
    )


def test_the_office_brings_what_the_bank_says_and_nothing_in_its_name(ledger: Ledger) -> None:
    office = member(ledger.database, "office")
    school = ledger.school
    with office.write() as db:
        account = open_bank(db)
        first, second = keep(db, account, line("a", 5000), line("b", 4000))
        assign(db, first, 5000, f"pupil:{school.payer}")
        db.execute(text("INSERT INTO bank_line_text (line_id, sealed) VALUES (:l, 'x')"),
                   {"l": first})  # fmt: skip
        db.execute(text("DELETE FROM bank_line_text"))
        assert undo(db, line_id=first, reason="x", actor="office", origin_id=school.office,
                    now=NOON) == 1  # fmt: skip
    by_hand = Draft(
        key=Key(account.origin_id, 1, 3), kind=EntryKind.TOPUP, occurred_at=NOON, actor="office",
        moves=(Move("bank", "suspense", eur("3")),),
    )  # fmt: skip
    with pytest.raises(JournalRefused, match="not_the_bank"), office.write() as db:
        book(db, by_hand, now=NOON)
    with pytest.raises(JournalRefused, match="over_line"), guarded(), office.write() as db:
        more_than_there_is(db, account.id, second)
    for statement in (
        "UPDATE bank_line SET cents = 1",
        "DELETE FROM allocation",
        "TRUNCATE bank_day",
        "UPDATE bank_account SET holder = 'x'",
        "DELETE FROM bank_account",
        "UPDATE bank_raw SET sealed = 'x'",
        "UPDATE household_member SET share = 2",
        "INSERT INTO permission (act, role, may) VALUES ('bank.assign', 'kitchen', 'do')",
        "DROP FUNCTION bank_line_books CASCADE",
        "ALTER TABLE bank_line DISABLE TRIGGER bank_line_books",
        "SELECT bank_line_books()",
    ):
        with pytest.raises(DBAPIError) as refused, office.write() as db:
            db.exec_driver_sql(statement)
        assert getattr(refused.value.orig, "sqlstate", "") in {"42501", "0A000"}, statement
    office.close()
    with ledger.database.read() as db:
        assert verify(db).holds


def test_the_office_enrols_and_revokes_a_kiosk_though_it_makes_no_roles(ledger: Ledger) -> None:
    office = member(ledger.database, "office")
    origin = ledger.school.other_kiosk.origin_id
    with office.write() as db:
        made = make_login(db, origin_id=origin)
    assert not isinstance(made, EnrolmentRefusal)
    with plain_postgresql(ledger.database) as owner:
        stored = owner.execute(
            "SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = %s", (made.name,)
        ).fetchone()
        assert stored is not None
        assert str(stored[0]).startswith("SCRAM-SHA-256$")
        assert made.password not in str(stored[0])
        assert stored[1]
    with office.write() as db:
        assert end_login(db, origin_id=origin) == 0  # it is not revoked
    with office.write() as db:
        db.execute(text("UPDATE origin SET revoked_us = 1 WHERE id = :o"), {"o": origin})
        end_login(db, origin_id=origin)
    for unfit in (origin, ledger.school.office):
        with office.write() as db:
            assert make_login(db, origin_id=unfit) is EnrolmentRefusal.NO_KIOSK
    with plain_postgresql(ledger.database) as owner:
        gone = owner.execute(
            "SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = %s", (made.name,)
        ).fetchone()
    assert gone == (None, False)
    office.close()


def test_a_clear_password_is_never_taken(ledger: Ledger) -> None:
    with (
        pytest.raises(DBAPIError, match="clear_password"),
        ledger.database.write() as db,
    ):
        db.execute(text("SELECT enrol_login(:o, 'geheim')"), {"o": ledger.school.kiosk.origin_id})


@pytest.fixture
def modest(postgresql: Server) -> Iterator[Database]:
    """An empty database whose owner may make roles and is no superuser."""
    name = postgresql.create()
    server = open_database(postgresql.url(name))
    with server.write() as db:
        db.exec_driver_sql(f'CREATE ROLE "{name}_city" LOGIN CREATEROLE')
        db.exec_driver_sql(f'ALTER DATABASE "{name}" OWNER TO "{name}_city"')
    owner = signed_in(server, f"{name}_city")
    yield owner
    owner.close()
    server.close()


def test_an_owner_who_is_no_superuser_is_told_what_an_administrator_has_to_run(
    modest: Database, postgresql: Server
) -> None:
    upgrade(modest)
    hints = install_roles(modest)
    assert [hint.split()[0:2] for hint in hints] == [["REVOKE", "EXECUTE"], ["GRANT", "EXECUTE"]]
    school = open_school(modest)
    role = login(modest, school.kiosk.origin_id)
    kiosk = signed_in(modest, role)
    with kiosk.held() as db:
        assert (
            "snapshot" in db.exec_driver_sql("""SELECT kiosk_news('{"version": 1}')""").scalar_one()
        )
        assert db.exec_driver_sql("SELECT pg_try_advisory_lock(4210001)").scalar_one()
    kiosk.close()
    server = open_database(postgresql.url(str(modest.url.database)))
    with server.write() as db:
        for hint in hints:
            db.exec_driver_sql(hint)
    server.close()
    with kiosk.held() as db, pytest.raises(ProgrammingError):
        db.exec_driver_sql("SELECT pg_try_advisory_lock(4210001)")
    school.pay_in(school.payer, eur("1"))
    assert install_roles(modest) == hints
    with modest.write() as db:
        db.execute(text("UPDATE origin SET revoked_us = 1 WHERE id = :o"), {"o": 1})
        assert end_login(db, origin_id=school.kiosk.origin_id) >= 0
    with pytest.raises(psycopg.OperationalError), plain_postgresql(kiosk):
        pass
    kiosk.close()


def test_an_owner_who_may_make_no_roles_is_told_to_have_them_made(postgresql: Server) -> None:
    name = postgresql.create()
    server = open_database(postgresql.url(name))
    with server.write() as db:
        db.exec_driver_sql(f'CREATE ROLE "{name}_plain" LOGIN')
        db.exec_driver_sql(f'ALTER DATABASE "{name}" OWNER TO "{name}_plain"')
    owner = signed_in(server, f"{name}_plain")
    hints = prepare(owner)
    assert [hint for hint in hints if hint.startswith("CREATE ROLE")] == [
        f'CREATE ROLE "{name}_{group}" NOLOGIN' for group in GROUPS
    ]
    with owner.write() as db:
        assert make_login(db, origin_id=1) is EnrolmentRefusal.NO_KIOSK
    owner.close()
    server.close()


def test_the_names_of_roles_fit_whatever_the_database_is_called(postgresql: Server) -> None:
    long = "mensa_" + "ä" * 28
    with plain_postgresql(open_database(postgresql.url("postgres"))) as server:
        server.execute(f'CREATE DATABASE "{long}" TEMPLATE template0')
    database = open_database(postgresql.url(long))
    assert prepare(database) == ()
    with database.read() as db:
        names = role_names(db)
        found = db.execute(
            text("SELECT count(*) FROM pg_roles WHERE rolname IN (:a, :b, :c)"),
            {"a": names.office, "b": names.kiosk, "c": names.auditor},
        ).scalar_one()
    assert found == 3
    assert names.office.startswith("ledger_")
    database.close()
