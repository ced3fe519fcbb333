"""Seals hang together, cover everything that was committed, and wait for nobody they need not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON
from ledgers import ENGINES, Ledger, fresh, lived
from sqlalchemy import text

from accounts import seals, stretches
from accounts.clock import FixedClock
from accounts.database import Database, Session
from accounts.guards import JournalRefused, guarded
from accounts.proof import CheckName
from accounts.seals import NotSealed, Seal, Unready, find_seal, make_seal, newest_seal, unsealed
from accounts.verify import verify
from accounts.verify_seals import seals as check_seals

CLOCK = FixedClock(NOON)
LIMIT = 60


def seal(database: Database) -> Seal:
    return make_seal(database, actor="test", clock=CLOCK)


def alarm(db: Session, detail: str = "x") -> None:
    db.execute(
        text("INSERT INTO alarm (at_us, kind, detail) VALUES (0, 'test', :detail)"),
        {"detail": detail},
    )


def rows_of(database: Database, no: int, table: str) -> tuple[int, int, int]:
    with database.read() as db:
        found = db.execute(
            text("SELECT after_id, last_id, rows FROM stretch WHERE seal_id = :no AND name = :t"),
            {"no": no, "t": table},
        ).one()
    return found[0], found[1], found[2]


@pytest.fixture(params=ENGINES)
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("seals"))
    yield lived(database)
    database.close()


def test_an_empty_ledger_has_no_seal(database: Database) -> None:
    with database.read() as db:
        assert newest_seal(db) is None


def test_seals_are_numbered_without_a_gap_and_each_hangs_on_the_one_before(ledger: Ledger) -> None:
    first = seal(ledger.database)
    with ledger.database.write() as db:
        alarm(db)
    second = seal(ledger.database)
    third = seal(ledger.database)
    assert [first.no, second.no, third.no] == [1, 2, 3]
    assert len({first.hash, second.hash, third.hash}) == 3
    with ledger.database.read() as db:
        assert newest_seal(db) == third
        assert check_seals(db).holds
        hung = db.execute(text("SELECT before FROM seal ORDER BY id")).scalars().all()
    assert [bytes(one) for one in hung] == [seals.GENESIS, first.hash, second.hash]


def test_a_seal_covers_every_row_of_every_table_that_grows(ledger: Ledger) -> None:
    seal(ledger.database)
    with ledger.database.read() as db:
        assert unsealed(db) == {}
        counted = {
            grown.name: db.execute(text(f"SELECT count(*) FROM {grown.name}")).scalar_one()
            for grown in stretches.GROWN
        }
        covered = db.execute(text("SELECT name, rows FROM stretch WHERE seal_id = 1"))
        assert {row.name: row.rows for row in covered} == counted
        assert check_seals(db).counted == sum(counted.values())


def test_what_came_after_the_newest_seal_is_counted_by_table(ledger: Ledger) -> None:
    seal(ledger.database)
    with ledger.database.write() as db:
        alarm(db)
        alarm(db)
        db.execute(text("UPDATE school SET name = 'Neu'"))
    with ledger.database.read() as db:
        assert unsealed(db) == {"alarm": 2, "history": 1}


def test_the_digest_does_not_depend_on_how_many_rows_are_hashed_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as db:
        for number in range(50):
            alarm(db, f"Zeile {number} \N{SNOWMAN}")
    grown = next(g for g in stretches.GROWN if g.name == "alarm")
    with database.read() as db:
        whole = stretches.digest(db, grown, after=3, last=41)
        for chunk in (1, 2, 7, 37, 38, 39):
            monkeypatch.setattr(stretches, "_CHUNK", chunk)
            assert stretches.digest(db, grown, after=3, last=41) == whole
    assert whole[0] == 38


def test_both_engines_give_the_same_digest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = []
    for engine in ("sqlite", "postgresql"):
        if engine == "postgresql":
            request.getfixturevalue("postgresql")
        database = fresh(request, engine, tmp_path_factory.mktemp("same"))
        lived(database)
        seal(database)
        with database.read() as db:
            said.append(
                db.execute(
                    text("SELECT name, after_id, last_id, rows, digest FROM stretch"
                         " WHERE rows > 0 AND name NOT IN ('history', 'incarnation', 'transfer')"
                         " ORDER BY name")
                ).all()
            )  # fmt: skip
        database.close()
    # Without those that carry the machine's time, a random number, or other numbers.
    assert said[0] == said[1]
    assert {row[0] for row in said[0]} == {"account", "entry", "fact", "line", "quarantine"}


@pytest.mark.parametrize("spelled", ["whole", "groups", "lines", "capitals", "prefix"])
def test_a_seal_is_found_by_what_somebody_noted(ledger: Ledger, spelled: str) -> None:
    made = seal(ledger.database)
    seal(ledger.database)
    hexed = made.hash.hex()
    fours = [hexed[at : at + 4] for at in range(0, 64, 4)]
    told = {
        "whole": hexed,
        "groups": " ".join(fours),
        "lines": f" {'-'.join(fours[:8])}\n{':'.join(fours[8:])} ",
        "capitals": hexed.upper(),
        "prefix": hexed[:16],
    }[spelled]
    with ledger.database.read() as db:
        assert find_seal(db, told) == made


def test_a_seal_of_another_history_is_not_found(ledger: Ledger) -> None:
    made = seal(ledger.database)
    with ledger.database.read() as db:
        other = made.hash.hex()[:-1] + ("0" if made.hash.hex()[-1] != "0" else "1")
        assert find_seal(db, other) is None
        for wrong in ("", "12", made.hash.hex()[:15], "x" * 64, made.hash.hex() + "0"):
            with pytest.raises(ValueError, match="hex"):
                find_seal(db, wrong)


@pytest.mark.parametrize("table", ["seal", "stretch", "history", "incarnation"])
def test_what_proves_the_ledger_stays_as_it_was_written(ledger: Ledger, table: str) -> None:
    seal(ledger.database)
    column = {"seal": "actor", "stretch": "rows", "history": "actor", "incarnation": "actor"}[table]
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if ledger.database.is_sqlite:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")
    else:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(JournalRefused) as refused, guarded(), ledger.database.write() as db:
            db.execute(text(statement))
        assert refused.value.code == "append_only"


def test_a_seal_out_of_turn_is_refused(ledger: Ledger) -> None:
    made = seal(ledger.database)
    forged = "INSERT INTO seal (id, at_us, actor, before, hash) VALUES ({}, 0, 'x', :before, :hash)"
    for number, before in ((3, made.hash), (2, b"x" * 32), (0, made.hash)):
        with pytest.raises(JournalRefused) as refused, guarded(), ledger.database.write() as db:
            db.execute(text(forged.format(number)), {"before": before, "hash": b"y" * 32})
        assert refused.value.code == "seal_gap"
    late = (
        "INSERT INTO stretch (seal_id, name, after_id, last_id, rows, digest)"
        " VALUES (1, 'more', 5, 6, 1, :digest)"
    )
    with pytest.raises(JournalRefused) as refused, guarded(), ledger.database.write() as db:
        db.execute(text(late), {"digest": b"z" * 32})
    assert refused.value.code == "seal_gap"


def test_a_seal_within_a_transaction_goes_with_it(ledger: Ledger) -> None:
    def seal_and_fail() -> None:
        with ledger.database.write() as db:
            seals.seal_within(db, actor="test", at=NOON)
            raise KeyError

    with pytest.raises(KeyError):
        seal_and_fail()
    with ledger.database.write() as db:
        alarm(db)
        made = seals.seal_within(db, actor="test", at=NOON)
    assert made.no == 1
    with ledger.database.read() as db:
        assert newest_seal(db) == made
        assert verify(db).check(CheckName.SEALS).holds
        assert unsealed(db) == {}


def test_many_sealing_at_once_make_one_chain(ledger: Ledger) -> None:
    made: list[Seal] = []
    jobs = [threading.Thread(target=lambda: made.append(seal(ledger.database))) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(LIMIT)
    assert sorted(one.no for one in made) == [1, 2, 3, 4]
    with ledger.database.read() as db:
        assert check_seals(db).holds


@contextmanager
def open_writer(database: Database) -> Iterator[Session]:
    """A second connection with a transaction of its own."""
    with database.engine.connect() as connection:
        connection.begin()
        yield connection
        if connection.in_transaction():
            connection.rollback()


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = fresh(request, "postgresql", tmp_path)
    yield database
    database.close()


@pytest.mark.postgresql
@pytest.mark.parametrize("drawn", ["by the row", "before the row"])
def test_a_number_drawn_before_the_seal_and_written_after_it_is_never_left_out(
    on_postgresql: Database, drawn: str
) -> None:
    made: list[Seal] = []
    job = threading.Thread(target=lambda: made.append(seal(on_postgresql)))
    with open_writer(on_postgresql) as slow:
        if drawn == "by the row":
            alarm(slow, "slow")
        else:  # it has no transaction id yet
            number = slow.execute(text("SELECT nextval('alarm_id_seq')")).scalar_one()
        with on_postgresql.write() as quick:
            alarm(quick, "quick")
        job.start()
        job.join(0.3)
        assert job.is_alive()  # it waits for the slow one
        with on_postgresql.write() as till:  # and no till waits for it
            alarm(till, "meanwhile")
        if drawn == "before the row":
            slow.execute(
                text("INSERT INTO alarm (id, at_us, kind, detail) VALUES (:n, 0, 'test', 'slow')"),
                {"n": number},
            )
        slow.commit()
    job.join(LIMIT)
    assert rows_of(on_postgresql, made[0].no, "alarm") == (0, 2, 2)
    with on_postgresql.read() as db:
        assert unsealed(db) == {"alarm": 1}
        assert check_seals(db).holds


@pytest.mark.postgresql
def test_a_writer_that_never_ends_is_said_and_nothing_is_sealed(on_postgresql: Database) -> None:
    with open_writer(on_postgresql) as slow:
        alarm(slow)
        with pytest.raises(NotSealed) as refused:
            make_seal(on_postgresql, actor="test", clock=CLOCK, patience=timedelta(0))
    assert refused.value.why is Unready.WRITER_OPEN
    with on_postgresql.read() as db:
        assert newest_seal(db) is None


@pytest.mark.postgresql
def test_who_only_reads_holds_no_seal_up(on_postgresql: Database) -> None:
    with on_postgresql.read() as reader:
        reader.execute(text("SELECT count(*) FROM alarm"))
        assert make_seal(on_postgresql, actor="test", clock=CLOCK, patience=timedelta(0)).no == 1


@pytest.mark.postgresql
def test_a_seal_within_leaves_a_moving_table_to_the_next_one(on_postgresql: Database) -> None:
    with open_writer(on_postgresql) as slow:
        alarm(slow, "slow")
        with on_postgresql.write() as db:
            alarm(db, "quick")
            db.execute(text("INSERT INTO change (at_us, what) VALUES (0, 'kiosk')"))
            first = seals.seal_within(db, actor="test", at=NOON)
        slow.commit()
    assert rows_of(on_postgresql, first.no, "alarm") == (0, 0, 0)
    assert rows_of(on_postgresql, first.no, "change")[2] == 1
    second = seal(on_postgresql)
    assert rows_of(on_postgresql, second.no, "alarm") == (0, 2, 2)
    with on_postgresql.read() as db:
        assert check_seals(db).holds


@pytest.mark.postgresql
def test_a_seal_within_does_not_wait_for_another_sealing_job(on_postgresql: Database) -> None:
    with open_writer(on_postgresql) as other:
        seals.hold(other)
        with pytest.raises(NotSealed) as refused, on_postgresql.write() as db:
            seals.seal_within(db, actor="test", at=NOON)
    assert refused.value.why is Unready.ANOTHER_SEALS
