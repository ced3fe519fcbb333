"""The migrations make what the tables say, on both engines, and nothing is edited after release."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from ledgers import ENGINES
from postgresql_server import Server
from sqlalchemy import CheckConstraint, inspect, text

from accounts.database import Database, WrongSchema, check_schema, open_database, upgrade
from accounts.migrations import sql
from accounts.tables import metadata


@pytest.fixture(params=ENGINES)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database in which nothing was made yet."""
    if request.param == "sqlite":
        return open_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    server: Server = request.getfixturevalue("postgresql")
    return open_database(server.url(server.create()))


def test_metadata_and_migrations_agree(database: Database) -> None:
    # References that guards ask of whole sets instead; test_guards attacks them.
    told = "".join(sql.shipped("sqlite" if database.is_sqlite else "postgresql"))
    guarded = set(re.findall(r"DROP CONSTRAINT (fk_\w+)", told))

    def compared(_thing: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "foreign_key_constraint" or name not in guarded

    with database.read() as db:
        opts = {"compare_type": True, "include_object": compared}
        context = MigrationContext.configure(db, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_every_check_and_index_of_the_tables_is_in_the_database(database: Database) -> None:
    with database.read() as db:
        look = inspect(db)
        for table in metadata.sorted_tables:
            named = {
                str(constraint.name)
                for constraint in table.constraints
                if isinstance(constraint, CheckConstraint)
            }
            assert named == {check["name"] for check in look.get_check_constraints(table.name)}
            indexes = {str(index.name) for index in table.indexes}
            assert indexes <= {index["name"] for index in look.get_indexes(table.name)}


def test_every_sqlite_table_is_strict(tmp_path: Path, empty_sqlite: Path) -> None:
    with sqlite3.connect(empty_sqlite) as raw:
        listed = raw.execute("PRAGMA table_list").fetchall()
    raw.close()
    loose = {row[1] for row in listed if row[2] == "table" and not row[5]}
    assert loose - {"sqlite_schema", "sqlite_temp_schema", "sqlite_sequence"} == {"alembic_version"}


def test_an_upgrade_of_a_new_database_changes_nothing(database: Database) -> None:
    def made() -> list[object]:
        catalogue = (
            "SELECT name, sql FROM sqlite_master ORDER BY 1"
            if database.is_sqlite
            else "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE NOT tgisinternal ORDER BY 1"
        )
        with database.read() as db:
            return list(db.execute(text(catalogue)))

    before = made()
    assert len(before) > 20
    upgrade(database)
    check_schema(database)
    assert made() == before


def test_a_database_without_or_beyond_the_known_schema_is_named(bare: Database) -> None:
    with pytest.raises(WrongSchema, match="None"):
        check_schema(bare)
    upgrade(bare)
    check_schema(bare)
    with bare.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongSchema, match="9999"):
        check_schema(bare)
    bare.close()


def test_a_migration_that_fails_leaves_nothing_behind(
    bare: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bare.is_sqlite:
        whole = sql.statements

        def broken(revision: str, *names: str) -> object:
            yield from whole(revision, *names)
            yield "CREATE NONSENSE"

        monkeypatch.setattr(sql, "statements", broken)
    else:
        told = sql.text
        monkeypatch.setattr(
            sql,
            "text",
            lambda revision, name: (
                "CREATE NONSENSE" if name.startswith("append_only") else told(revision, name)
            ),
        )
    with pytest.raises(Exception, match="NONSENSE"):
        upgrade(bare)
    with bare.read() as db:
        assert inspect(db).get_table_names() == []
    bare.close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_shipped_statements_are_whole(dialect: str) -> None:
    shipped = list(sql.shipped(dialect))
    assert len(shipped) > 60
    for statement in shipped:
        assert statement.count("$$") in (0, 2)
        assert statement.count("(") == statement.count(")") or "--" in statement


def test_a_script_that_ends_inside_a_statement_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001").mkdir()
    (tmp_path / "0001" / "cut.sql").write_text("-- fine\nCREATE TABLE a (b);\nCREATE TABLE")
    monkeypatch.setattr(sql, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match="ends inside"):
        list(sql.statements("0001", "cut"))
