"""A ledger carried to another engine is the same ledger, proved; and the old one ends."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, eur
from ledgers import Ledger, fresh, lived, plain_postgresql, plain_sqlite
from postgresql_server import Server
from sqlalchemy import text
from tampering import whole

from accounts import copying, incarnations, moving, serving
from accounts.connections import shown_url
from accounts.database import (
    Database,
    NotServing,
    check_schema,
    open_database,
    upgrade,
)
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.moving import Moved, MoveRefusal, NotMoved, move
from accounts.tables import metadata
from accounts.verify import verify

pytestmark = pytest.mark.postgresql

WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite")]


def silent(_what: str, _done: int, _of: int) -> None:
    pass


def nowhere(request: pytest.FixtureRequest, engine: str, folder: Path) -> Database:
    """A place where no ledger is yet."""
    if engine == "sqlite":
        return open_database(f"sqlite:///{folder / 'new.db'}")
    server: Server = request.getfixturevalue("postgresql")
    return open_database(server.url(server.create()))


@pytest.fixture(params=WAYS, ids="-to-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Ledger, Database]]:
    """A ledger with a history, and an empty place on the other engine."""
    here, there = request.param
    old = fresh(request, here, tmp_path)
    new = nowhere(request, there, tmp_path)
    yield lived(old), new
    old.close()
    new.close()


@pytest.fixture
def to_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Ledger, Database]]:
    """From SQLite to PostgreSQL, the way a city grows."""
    old = fresh(request, "sqlite", tmp_path)
    new = nowhere(request, "postgresql", tmp_path)
    yield lived(old), new
    old.close()
    new.close()


def everything(database: Database) -> dict[str, copying.TableDigest]:
    with database.read() as db:
        return {
            table.name: copying.digest_of(db, table, progress=silent)
            for table in metadata.sorted_tables
        }


def test_what_was_moved_is_the_same_and_proves_itself(pair: tuple[Ledger, Database]) -> None:
    ledger, target = pair
    before = everything(ledger.database)
    with ledger.database.read() as db:
        life = incarnations.current(db)
    moved = move(ledger.database, target, progress=silent)
    assert isinstance(moved, Moved)
    assert moved.tables == before == everything(target)
    assert moved.tables["entry"].rows >= 9
    assert moved.accounts > 5
    check_schema(target)
    with target.read() as db:
        assert verify(db).holds
        assert incarnations.current(db) == life


@pytest.mark.parametrize(("here", "there"), WAYS, ids=["up", "down"])
def test_a_row_of_every_table_is_carried_and_books_nothing_again(
    request: pytest.FixtureRequest, tmp_path: Path, here: str, there: str
) -> None:
    old, new = fresh(request, here, tmp_path), nowhere(request, there, tmp_path)
    whole(old)
    before = everything(old)
    moved = move(old, new, progress=silent)
    assert isinstance(moved, Moved), moved
    assert moved.tables == before == everything(new)
    assert before["bank_line"].rows
    assert before["allocation"].rows
    with new.read() as db:
        assert verify(db).holds
    old.close()
    new.close()


def test_the_moved_ledger_goes_on_where_the_old_one_stopped(pair: tuple[Ledger, Database]) -> None:
    ledger, target = pair
    school = ledger.school
    assert isinstance(move(ledger.database, target, progress=silent), Moved)
    with target.write() as db:
        news = [school.kiosk.charge(school.payer, school.drink, at=NOON + timedelta(minutes=2))]
        answers = book_facts(db, school.kiosk.origin_id, news, now=NOON + timedelta(minutes=3))
        assert [answer.quarantined for answer in answers] == [None]
    school.database = target
    school.pay_in(school.payer, eur("3"))
    with target.read() as db:
        assert verify(db).holds


def test_the_old_ledger_takes_no_row_any_more_and_says_where_it_went(
    pair: tuple[Ledger, Database],
) -> None:
    ledger, target = pair
    school = ledger.school
    move(ledger.database, target, progress=silent)
    before = everything(ledger.database)
    with pytest.raises(NotServing) as idle:
        check_schema(ledger.database)
    assert idle.value.why is serving.Idle.MOVED
    assert idle.value.where == shown_url(target.url)
    with pytest.raises(NotServing):
        upgrade(ledger.database)
    news = [school.kiosk.charge(school.payer, school.drink)]
    with pytest.raises(JournalRefused, match="moved"), ledger.database.write() as db:
        book_facts(db, school.kiosk.origin_id, news, now=NOON)
    with pytest.raises(JournalRefused, match="moved"):
        school.pay_in(school.payer, eur("1"))
    door = plain_sqlite if ledger.database.is_sqlite else plain_postgresql
    for table in metadata.sorted_tables:
        with (
            door(ledger.database) as plain,
            pytest.raises(Exception, match=r"mensa:(moved|append_only)|function: acting"),
        ):
            plain.execute(f"INSERT INTO {table.name} DEFAULT VALUES")
    assert everything(ledger.database) == before


def test_a_place_that_holds_anything_is_refused_and_nothing_is_touched(
    pair: tuple[Ledger, Database],
) -> None:
    ledger, target = pair
    with target.write() as db:
        db.execute(text("CREATE TABLE shopping (item TEXT)"))
    assert move(ledger.database, target, progress=silent) == NotMoved(MoveRefusal.NOT_EMPTY)
    check_schema(ledger.database)
    again = move(ledger.database, ledger.database, progress=silent)
    assert again == NotMoved(MoveRefusal.NOT_EMPTY)


def test_a_ledger_that_does_not_hold_is_not_carried_on(pair: tuple[Ledger, Database]) -> None:
    ledger, target = pair
    door = plain_sqlite if ledger.database.is_sqlite else plain_postgresql
    with door(ledger.database) as plain:
        plain.execute(
            "DROP TRIGGER balance_follows" + ("" if ledger.database.is_sqlite else " ON balance")
        )
        plain.execute("UPDATE balance SET cents = cents + 1")
    answer = move(ledger.database, target, progress=silent)
    assert isinstance(answer, NotMoved)
    assert answer.why is MoveRefusal.SOURCE_BROKEN
    assert answer.proof is not None
    assert not answer.proof.balanced
    assert_nothing_at(target)
    check_schema(ledger.database)


def assert_nothing_at(target: Database) -> None:
    if target.is_sqlite:
        folder = Path(str(target.url.database)).parent
        assert not [path.name for path in folder.iterdir() if path.name.startswith("new.db")]
        return
    with target.read() as db:
        assert copying.is_empty(db)


def test_a_copy_in_which_one_byte_differs_is_thrown_away_and_the_table_named(
    pair: tuple[Ledger, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, target = pair
    whole = copying._plain
    changes = {"Änne": "Anne"}
    monkeypatch.setattr(
        copying, "_plain", lambda value: changes.get(value, whole(value)) if value else value
    )
    answer = move(ledger.database, target, progress=silent)
    assert answer == NotMoved(MoveRefusal.DIFFERS, "identity")
    assert_nothing_at(target)
    check_schema(ledger.database)
    monkeypatch.undo()
    assert isinstance(move(ledger.database, target, progress=silent), Moved)


def test_a_guard_that_did_not_come_back_is_found_and_the_copy_thrown_away(
    pair: tuple[Ledger, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, target = pair
    copy = copying.copy_all

    def careless(old: object, new: object, **named: object) -> None:
        copy(old, new, **named)  # type: ignore[arg-type]  # as it was asked
        where = "" if target.is_sqlite else " ON entry"
        new.exec_driver_sql(f"DROP TRIGGER entry_fits{where}")  # type: ignore[attr-defined]

    monkeypatch.setattr(moving, "copy_all", careless)
    answer = move(ledger.database, target, progress=silent)
    assert isinstance(answer, NotMoved)
    assert answer.why is MoveRefusal.COPY_BROKEN
    assert_nothing_at(target)


def test_text_the_other_engine_has_no_place_for_is_named(
    to_postgresql: tuple[Ledger, Database],
) -> None:
    ledger, target = to_postgresql
    with ledger.database.write() as db:
        db.execute(text("UPDATE school SET name = :name"), {"name": "a\0b"})
    answer = move(ledger.database, target, progress=silent)
    assert isinstance(answer, NotMoved)
    assert answer.why is MoveRefusal.UNCARRIABLE
    assert answer.where in {"school", "history"}  # which keeps an image of it
    assert_nothing_at(target)
    check_schema(ledger.database)


def test_nobody_writes_to_the_ledger_while_it_is_carried(
    pair: tuple[Ledger, Database],
) -> None:
    ledger, target = pair
    school = ledger.school
    refused: list[int] = []

    def meanwhile(what: str, done: int, of: int) -> None:
        if (what, done) != ("entry", of) or refused:
            return
        if ledger.database.is_sqlite:
            path = str(ledger.database.url.database)
            with (
                closing(sqlite3.connect(path, timeout=0)) as other,
                pytest.raises(sqlite3.OperationalError, match="locked"),
            ):
                other.execute("BEGIN IMMEDIATE")
        else:
            with plain_postgresql(ledger.database) as plain:
                plain.execute("SET lock_timeout = '50ms'")
                with pytest.raises(Exception, match="lock timeout"):
                    plain.execute("UPDATE school SET name = 'other'")
        refused.append(school.id)

    assert isinstance(move(ledger.database, target, progress=meanwhile), Moved)
    assert refused


TORN = """
    import os, signal, sys
    from accounts import moving
    from accounts.database import open_database

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    where, old, new = sys.argv[1:]
    if where == "filling":
        moving.digest_of = die
    elif where == "ending":
        moving.stop_serving = die
    else:
        from sqlalchemy import event
        commits = []
        source, target = open_database(old), None
        event.listen(source.engine, "commit", lambda _: commits.append(1))
        stop = moving.stop_serving
        put = moving.put_in_place
        def dying(db):
            if commits:
                die()
        from sqlalchemy.engine import Engine
        event.listen(Engine, "commit", dying)
        moving.put_in_place = die
        moving.move(source, open_database(new), progress=lambda *_: None)
    moving.move(open_database(old), open_database(new), progress=lambda *_: None)
"""


@pytest.mark.parametrize("where", ["filling", "ending", "between the two commits"])
def test_a_move_that_is_killed_can_be_made_again_and_nothing_half_done_serves(
    pair: tuple[Ledger, Database], where: str
) -> None:
    ledger, target = pair
    before = everything(ledger.database)
    urls = [d.url.render_as_string(hide_password=False) for d in (ledger.database, target)]
    dead = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TORN), where, *urls],
        check=False,
        cwd=Path(moving.__file__).parents[1],
        env=os.environ,
    )
    assert dead.returncode == -signal.SIGKILL
    assert everything(ledger.database) == before
    if target.is_sqlite:
        assert not Path(str(target.url.database)).exists()
    else:
        assert_nothing_at(target)
    if where == "between the two commits":
        with pytest.raises(NotServing):
            check_schema(ledger.database)
    else:
        check_schema(ledger.database)
    assert isinstance(move(ledger.database, target, progress=silent), Moved)
    assert everything(target) == before
    check_schema(target)
    if target.is_sqlite:
        leftovers = Path(str(target.url.database)).parent.glob("*moving*")
        assert list(leftovers) == []


def test_a_ledger_that_was_moved_is_not_moved_to_a_second_place(
    to_postgresql: tuple[Ledger, Database], postgresql: Server
) -> None:
    ledger, target = to_postgresql
    assert isinstance(move(ledger.database, target, progress=silent), Moved)
    other = open_database(postgresql.url(postgresql.create()))
    with pytest.raises(NotServing):
        move(ledger.database, other, progress=silent)
    assert move(ledger.database, target, progress=silent) == NotMoved(MoveRefusal.NOT_EMPTY)
    with pytest.raises(NotServing):
        check_schema(ledger.database)
    other.close()


def test_there_and_back_is_the_same_ledger(
    to_postgresql: tuple[Ledger, Database], tmp_path: Path
) -> None:
    ledger, target = to_postgresql
    before = everything(ledger.database)
    assert isinstance(move(ledger.database, target, progress=silent), Moved)
    back = open_database(f"sqlite:///{tmp_path / 'back.db'}")
    assert isinstance(move(target, back, progress=silent), Moved)
    assert everything(back) == before
    with closing(sqlite3.connect(tmp_path / "back.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    back.close()


def test_the_leftover_of_a_torn_move_does_not_get_into_the_next(
    request: pytest.FixtureRequest, postgresql: Server, tmp_path: Path
) -> None:
    old = fresh(request, "postgresql", tmp_path)
    lived(old)
    shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "new.db.moving")
    (tmp_path / "new.db.moving-wal").write_bytes(b"torn")
    new = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert isinstance(move(old, new, progress=silent), Moved)
    assert everything(new) == everything(old)
    old.close()
    new.close()
