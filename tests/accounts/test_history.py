"""Every change of master data leaves an image, whoever makes it; and the images are believed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from builders import MONDAY, NOON, School, row
from ledgers import ENGINES, copy_of, fresh, lived, plain_postgresql, plain_sqlite
from sqlalchemy import text

from accounts import rows
from accounts.acting import act_as
from accounts.database import Database, Session, open_database, upgrade
from accounts.history import IMAGED
from accounts.migrations import sql
from accounts.stretches import GROWN
from accounts.tables import metadata, people, rights
from accounts.verify_history import history

APART = {"identity", "school_number", "kiosk_seen", "office_session", "bank_raw", "bank_line_text",
         "refund_payee", "payment_run_raw", "tan_question"}  # fmt: skip
DERIVED = {"balance", "kiosk_day"}
CHAINED = {"seal", "stretch"}


@pytest.fixture(params=ENGINES)
def school(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[School]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("history"))
    yield lived(database).school
    database.close()


def images(db: Session, name: str, key: str) -> list[tuple[str, str | None]]:
    return [
        (actor, image)
        for actor, image in db.execute(
            text('SELECT actor, image FROM history WHERE name = :n AND "key" = :k ORDER BY id'),
            {"n": name, "k": key},
        )
    ]


def failures(database: Database) -> set[tuple[str, str]]:
    with database.read() as db:
        return {(failure.what, failure.where) for failure in history(db).failures}


def test_every_table_is_sealed_imaged_summed_anew_or_apart_for_a_reason() -> None:
    imaged = {table.name for table in IMAGED}
    grown = {one.name for one in GROWN}
    groups = [imaged, grown, APART, DERIVED, CHAINED]
    assert set().union(*groups) == set(metadata.tables)
    assert sum(map(len, groups)) == len(metadata.tables)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_triggers_write_every_column_in_its_form(dialect: str) -> None:
    shipped = [" ".join(statement.split()) for statement in sql.shipped(dialect)]
    for table in IMAGED:
        image = rows.form(table, dialect, of="NEW")
        writing = [one for one in shipped if image in one and f"'{table.name}'" in one]
        assert len(writing) == (2 if dialect == "sqlite" else 1), table.name


def test_insert_update_and_delete_leave_their_image_and_actor(school: School) -> None:
    with school.database.write() as db:
        act_as(db, "office:1")
        db.execute(
            text(
                "INSERT INTO closed_day (school_id, day, why) VALUES (:s, :d, 'Brücke, \U0001f389')"
            ),
            {"s": school.id, "d": MONDAY.isoformat() if school.database.is_sqlite else MONDAY},
        )
    with school.database.write() as db:
        act_as(db, "office:2")
        db.execute(text("UPDATE closed_day SET why = 'Ferien'"))
    with school.database.write() as db:
        db.execute(text("DELETE FROM closed_day"))
    with school.database.read() as db:
        assert images(db, "closed_day", f"{school.id},2026-11-23") == [
            ("office:1", f"{school.id},2026-11-23,13:Brücke, \U0001f389"),
            ("office:2", f"{school.id},2026-11-23,6:Ferien"),
            ("system", None),
        ]
    assert failures(school.database) == set()


def test_a_row_that_gets_another_key_is_deleted_under_the_old_one(school: School) -> None:
    with school.database.write() as db:
        key = {"s": school.id}
        db.execute(text("INSERT INTO closed_day VALUES (:s, '2026-11-23', 'x')"), key)
        db.execute(text("UPDATE closed_day SET day = '2026-11-24'"))
    with school.database.read() as db:
        assert images(db, "closed_day", f"{school.id},2026-11-23")[-1] == ("system", None)
        assert images(db, "closed_day", f"{school.id},2026-11-24")[-1][1] is not None
    assert failures(school.database) == set()


def test_who_acts_is_forgotten_with_the_transaction(school: School) -> None:
    for actor in ("office:7", None):
        with school.database.write() as db:
            if actor:
                act_as(db, actor)
            db.execute(text("UPDATE school SET name = name || '.'"))
    with school.database.read() as db:
        assert [actor for actor, _ in images(db, "school", str(school.id))][-2:] == [
            "office:7",
            "system",
        ]


def test_a_rolled_back_change_leaves_nothing(school: School) -> None:
    with school.database.read() as db:
        before = images(db, "school", str(school.id))

    def change_and_fail() -> None:
        with school.database.write() as db:
            db.execute(text("UPDATE school SET name = 'weg'"))
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    with school.database.read() as db:
        assert images(db, "school", str(school.id)) == before


def test_a_secret_is_kept_as_its_digest_only(school: School) -> None:
    with school.database.write() as db:
        row(db, people.staff, school_id=school.id, label="Kü", pin_hash="$argon2id$geheim")
        row(db, rights.office_user, name="amt", password_hash="$argon2id$auch", since_us=NOON)
    with school.database.read() as db:
        kept = db.execute(text("SELECT image FROM history")).scalars().all()
    assert not [image for image in kept if image and "argon2id" in image]
    assert failures(school.database) == set()
    with school.database.write() as db:
        db.execute(text("UPDATE staff SET pin_hash = NULL"))
    assert failures(school.database) == set()


def test_personal_data_that_must_be_erasable_leaves_no_trace(school: School) -> None:
    with school.database.read() as db:
        kept = db.execute(text("SELECT name, image FROM history")).all()
    assert not [name for name, _ in kept if name in APART]
    assert not [image for _, image in kept if image and "Beispiel" in image]


def test_what_a_class_was_is_known_from_the_history(school: School) -> None:
    with school.database.write() as db:
        db.execute(text("UPDATE membership SET class_name = '6b' WHERE pupil_id = :p"),
                   {"p": school.payer})  # fmt: skip
        number = db.execute(
            text("SELECT id FROM membership WHERE pupil_id = :p"), {"p": school.payer}
        ).scalar_one()
    with school.database.read() as db:
        told = [image for _, image in images(db, "membership", str(number))]
    start = f"{number},{school.payer},{school.id}"
    assert told == [f"{start},2:5a,2026-08-01,~,~", f"{start},2:6b,2026-08-01,~,~"]


def test_a_program_that_names_no_actor_cannot_change_master_data_of_a_file(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "sqlite", tmp_path)
    lived(database)
    with plain_sqlite(database) as raw, pytest.raises(sqlite3.OperationalError, match="acting"):
        raw.execute("UPDATE school SET name = 'x'")
    database.close()


@pytest.mark.postgresql
def test_another_program_on_postgresql_leaves_images_and_cannot_empty_a_table(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "postgresql", tmp_path)
    school = lived(database).school
    with plain_postgresql(database) as raw:
        raw.execute("SET mensa.actor = 'dba'")
        raw.execute("UPDATE school SET name = 'x'")
        with pytest.raises(psycopg.errors.RaiseException, match="append_only"):
            raw.execute("TRUNCATE tax_rule")
    with database.read() as db:
        assert images(db, "school", str(school.id))[-1][0] == "dba"
    assert failures(database) == set()
    database.close()


@pytest.mark.postgresql
def test_who_may_change_a_row_needs_no_right_on_the_history(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = fresh(request, "postgresql", tmp_path)
    lived(database)
    with plain_postgresql(database) as raw:
        raw.execute("CREATE ROLE clerk")
        try:
            raw.execute("GRANT SELECT, UPDATE ON school TO clerk")
            raw.execute("SET ROLE clerk")
            raw.execute("CREATE TEMP TABLE history (id int)")  # no way to catch the image
            raw.execute("UPDATE school SET name = 'neu'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute("SELECT * FROM public.history")
        finally:
            raw.execute("RESET ROLE")
            raw.execute("REVOKE ALL ON school FROM clerk")
            raw.execute("DROP TABLE IF EXISTS pg_temp.history")
            raw.execute("DROP ROLE clerk")
    assert failures(database) == set()
    database.close()


PAST: dict[str, tuple[str, tuple[str, str]]] = {
    "a price changed": (
        (
            "UPDATE price SET price_cents = price_cents + 1 WHERE offer_id = {lunch}"
            " AND tariff_id = {full}"
        ),
        ("row_differs", "price {lunch},{full}"),
    ),
    "a tariff's payer changed": (
        "UPDATE tariff SET funding_body_id = NULL WHERE id = {funded}",
        ("row_differs", "tariff {funded}"),
    ),
    "an entitlement slipped in": (
        (
            "INSERT INTO entitlement (id, pupil_id, tariff_id, valid_from)"
            " VALUES (77, {payer}, {funded}, '2026-08-01')"
        ),
        ("no_history", "entitlement 77"),
    ),
    "a membership taken away": (
        "DELETE FROM membership WHERE pupil_id = {payer}",
        ("row_gone", "membership {membership}"),
    ),
}


@pytest.mark.parametrize("case", PAST)
def test_a_change_past_the_triggers_is_named(school: School, tmp_path: Path, case: str) -> None:
    statement, expected = PAST[case]
    database = school.database
    with database.read() as db:
        words = {
            "lunch": school.lunch,
            "full": school.full,
            "funded": school.funded,
            "payer": school.payer,
            "membership": db.execute(
                text("SELECT id FROM membership WHERE pupil_id = :p"), {"p": school.payer}
            ).scalar_one(),
        }
    spelled = statement.format(**words)
    if database.is_sqlite:
        copy = copy_of(database, tmp_path / "copy.db")
        with plain_sqlite(copy) as raw:
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute(spelled)
        found = failures(copy)
        copy.close()
    else:
        with plain_postgresql(database) as raw:
            raw.execute("SET session_replication_role = replica")
            raw.execute(spelled)
        found = failures(database)
    assert found == {(expected[0], expected[1].format(**words))}


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_stood_before_there_was_a_history_have_their_first_image(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    if engine == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server = request.getfixturevalue("postgresql")
        database = open_database(server.url(server.create()))
    with database.write() as db:
        config = Config()
        config.set_main_option("script_location", "accounts:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes.update(connection=db, metadata=metadata)
        command.upgrade(config, "0001")
        db.execute(
            text("INSERT INTO school (id, number, name) VALUES (4, '165000', 'Grundschule')")
        )
        db.execute(text("INSERT INTO pupil (id, kind) VALUES (9, 'pupil')"))
        db.execute(
            text(
                "INSERT INTO tax_rule VALUES"
                " ('public', 'pupil', 'lunch', 'dine_in', '2024-01-01', 6, 0, NULL)"
            )
        )
    upgrade(database)
    with database.read() as db:
        assert images(db, "school", "4") == [
            ("system", "4,6:165000,11:Grundschule,-1500,3000,1000000,3:aes,0,2:de")
        ]
        assert images(db, "pupil", "9") == [("system", "9,5:pupil,~,0:")]
        assert len(images(db, "tax_rule", "6:public,5:pupil,5:lunch,7:dine_in,2024-01-01")) == 1
    assert failures(database) == set()
    database.close()
