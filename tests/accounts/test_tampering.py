"""The table of tampering: every column of every table, changed behind the guards, is found.

Driven by the metadata, so that a new column cannot be forgotten. What was found by which check
is written to docs/tampering.md with --update-golden; later runs ask just those checks, and each
must find it, on both engines.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from builders import NOON, eur
from ledgers import ENGINES, Ledger, fresh, lived
from sqlalchemy import Index, Table, UniqueConstraint, delete, insert, select, text
from tampering import APART, flip, restore, unguarded, whole

from accounts import chain
from accounts.clock import FixedClock
from accounts.database import Database, Session
from accounts.proof import CheckName
from accounts.seals import Seal, find_seal, make_seal
from accounts.stretches import GROWN
from accounts.tables import metadata
from accounts.verify import CHECKS, verify

PAGE = Path(__file__).parents[2] / "docs" / "tampering.md"
TABLES = [table for table in metadata.sorted_tables if table.name not in APART]
CLOCK = FixedClock(NOON)
NO_ROW = {CheckName.GUARDS, CheckName.STORAGE}
"""What they find is the lock, not what was taken."""


@pytest.fixture(scope="module", params=ENGINES)
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    database = fresh(request, request.param, tmp_path_factory.mktemp("tampering"))
    yield whole(database)
    database.close()


def finders(db: Session, among: Collection[str] | None = None) -> list[str]:
    """The checks that find something, of those named or of all."""
    restore(db)
    return [
        name.value
        for name, check in CHECKS.items()
        if name not in NO_ROW and (among is None or name.value in among) and not check(db).holds
    ]


class Told:
    """What docs/tampering.md says about one table, compared with what is found or written anew."""

    def __init__(self, request: pytest.FixtureRequest, table: Table) -> None:
        self.anew = bool(request.config.getoption("--update-golden"))
        self.table = table
        self.found: dict[str, list[str]] = {}

    def prove(self, db: Session, deed: str) -> None:
        """What the page names must find this deed; where it is written anew, all are asked."""
        among = None if self.anew else page().get((self.table.name, deed), [])
        self.found[deed] = finders(db, among)
        assert self.found[deed], f"{self.table.name} {deed}: not found, or not on the page"
        assert self.anew or self.found[deed] == among

    def close(self) -> None:
        """Write the page where that was asked for."""
        if self.anew:
            told = page()
            told.update({(self.table.name, deed): by for deed, by in self.found.items()})
            write(told)


def test_the_ledger_that_will_be_tampered_with_holds_and_has_rows_everywhere(
    ledger: Ledger,
) -> None:
    with ledger.database.read() as db:
        proof = verify(db)
        assert [f for check in proof.checks for f in check.failures] == []
        for table in TABLES:
            counted = db.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()
            assert counted > 0, table.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_changed_value_is_found_in_every_column(
    ledger: Ledger, request: pytest.FixtureRequest, table: Table
) -> None:
    told = Told(request, table)
    for column in table.columns:
        with unguarded(ledger.database, table) as db:
            assert flip(db, table, column), column.name
            told.prove(db, column.name)
    told.close()


def page() -> dict[tuple[str, str], list[str]]:
    """What docs/tampering.md says: by table and column or deed, the checks that find it."""
    told = {}
    for line in PAGE.read_text("utf-8").splitlines() if PAGE.exists() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[2] and cells[0] in metadata.tables:
            told[cells[0], cells[1]] = cells[2].split(", ")
    return told


def write(told: dict[tuple[str, str], list[str]]) -> None:
    """Write the page's table anew; what stands above it stays."""
    head, _, _ = PAGE.read_text("utf-8").partition("| table |")
    lines = ["| table | column or deed | found by |", "| --- | --- | --- |"]
    for table in TABLES:
        lines += [
            f"| {table.name} | {name} | {', '.join(by)} |"
            for name in [*(column.name for column in table.columns), *DEEDS]
            if (by := told.get((table.name, name)))
        ]
    PAGE.write_text(head + "\n".join(lines) + "\n", "utf-8")


def a_row_deleted(db: Session, table: Table) -> None:
    row = db.execute(select(table).order_by(*table.primary_key).limit(1)).mappings().one()
    db.execute(delete(table).where(*(c == row[c.name] for c in table.primary_key)))


def two_rows_swapped(db: Session, table: Table) -> None:
    """The first row and the first other one that says something else change places."""
    keys = [column.name for column in table.primary_key]
    first, *others = db.execute(select(table).order_by(*table.primary_key)).mappings().all()
    said = [name for name in first if name not in keys]
    other = next(
        row for row in others
        if [row[name] for name in said] != [first[name] for name in said] or not said
    )  # fmt: skip
    for row in (first, other):
        db.execute(delete(table).where(*(table.c[name] == row[name] for name in keys)))
    for row, place in ((first, other), (other, first)):
        db.execute(insert(table), {**row, **{name: place[name] for name in keys}})


def a_row_forged(db: Session, table: Table) -> None:
    """A copy of the newest row under a key that nobody would look for."""
    key = next(iter(table.primary_key))
    row = dict(db.execute(select(table).order_by(key.desc()).limit(1)).mappings().one())
    for constraint in (*table.constraints, *table.indexes):
        if isinstance(constraint, UniqueConstraint) or (
            isinstance(constraint, Index) and constraint.unique
        ):
            name = list(constraint.columns)[-1].name
            row[name] = _other(row[name])
    taken = db.execute(select(key)).scalars().all()
    if isinstance(taken[0], int):
        row[key.name] = 0 if table.name in SEALED else max(taken) + 1
    else:
        row[key.name] = f"{taken[0]}x"
    db.execute(insert(table), row)


def _other(was: object) -> object:
    if isinstance(was, bytes):
        return bytes([was[0] ^ 255]) + was[1:]
    if isinstance(was, int):
        return was + 1000
    if isinstance(was, datetime):
        return was + timedelta(days=1)
    return None if was is None else f"{was}x"


SEALED = {grown.name for grown in GROWN}
DEEDS = {
    "(a row deleted)": a_row_deleted,
    "(two rows swapped)": two_rows_swapped,
    "(a row forged)": a_row_forged,
}
ALONE = {(name, "(two rows swapped)") for name in ("school", "closing", "quarantine")}
"""There is one row only."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_row_that_was_taken_away_exchanged_or_slipped_in_is_found(
    ledger: Ledger, request: pytest.FixtureRequest, table: Table
) -> None:
    told = Told(request, table)
    for name, deed in DEEDS.items():
        if (table.name, name) not in ALONE:
            with unguarded(ledger.database, table) as db:
                deed(db, table)
                told.prove(db, name)
    told.close()


@pytest.fixture(params=ENGINES)
def short(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """The shorter history, without closings: it can be rewritten as a whole."""
    database = fresh(request, request.param, tmp_path)
    yield lived(database)
    database.close()


def told_by(ledger: Ledger, seal: Seal) -> tuple[list[str], bool]:
    """What ``verify`` finds, and whether the seal that was noted is still there."""
    with ledger.database.read() as db:
        broken = [f"{f.what} {f.where}" for check in verify(db).checks for f in check.failures]
        return broken, find_seal(db, seal.hash.hex()) is not None


def test_an_end_that_was_cut_off_is_found_by_the_seal_that_was_noted(short: Ledger) -> None:
    make_seal(short.database, actor="test", clock=CLOCK)
    marks = {}
    with short.database.read() as db:
        for table in metadata.sorted_tables:
            marks[table] = db.execute(select(table)).mappings().all()
    short.school.pay_in(short.third, eur("7"))
    noted = make_seal(short.database, actor="test", clock=CLOCK)
    assert told_by(short, noted) == ([], True)
    with behind(short.database) as db:
        for table in reversed(metadata.sorted_tables):
            db.execute(delete(table))
        for table, rows in marks.items():
            if rows:
                db.execute(insert(table), [dict(row) for row in rows])
    assert told_by(short, noted) == ([], False)


def test_a_history_written_anew_with_all_its_hashes_is_found_by_the_seal_that_was_noted(
    short: Ledger,
) -> None:
    noted = make_seal(short.database, actor="test", clock=CLOCK)
    number, third = short.entry(short.school.office, 3), short.third
    with behind(short.database) as db:
        # The payment of 5 euro, and its reversal, become ones of 50.
        account = text("SELECT id FROM account WHERE pupil_id = :third")
        mine = {"account": db.execute(account, {"third": third}).scalar_one()}
        moved = "(debit_id = :account OR credit_id = :account) AND cents = 500"
        for entry, content in db.execute(
            text(f"SELECT e.id, e.content FROM entry e JOIN transfer t ON t.entry_id = e.id"
                 f" WHERE {moved}"), mine,
        ).all():  # fmt: skip
            assert content != asked_anew(db, entry, cents=5000)
            db.execute(
                text("UPDATE entry SET content = :content WHERE id = :entry"),
                {"content": asked_anew(db, entry, cents=5000), "entry": entry},
            )
        db.execute(text(f"UPDATE transfer SET cents = 5000 WHERE {moved}"), mine)
        db.execute(text("DELETE FROM stretch"))
        db.execute(text("DELETE FROM seal"))
    assert number
    forged = make_seal(short.database, actor="test", clock=CLOCK)
    assert told_by(short, forged) == ([], True)  # it fits together perfectly
    assert told_by(short, noted) == ([], False)  # but is not the history that was sealed


def test_a_change_that_hangs_together_before_the_next_seal_is_not_found(short: Ledger) -> None:
    noted = make_seal(short.database, actor="test", clock=CLOCK)
    with short.database.write() as db:
        db.execute(text("INSERT INTO alarm (at_us, kind, detail) VALUES (0, 'test', 'x')"))
    with behind(short.database) as db:
        db.execute(text("UPDATE alarm SET detail = 'y'"))
    assert told_by(short, noted) == ([], True)


@contextmanager
def behind(database: Database) -> Iterator[Session]:
    """A transaction that commits what the guards would have refused, and leaves them standing."""
    with database.engine.connect() as db:
        if database.is_sqlite:
            db.exec_driver_sql("PRAGMA foreign_keys = OFF")
            db.commit()
            kept = db.execute(
                text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            ).all()
            db.rollback()
            db.execution_options(sqlite_begin="IMMEDIATE")
            with db.begin():
                for name, _ in kept:
                    db.exec_driver_sql(f"DROP TRIGGER {name}")
                yield db
                for _, made in kept:
                    db.exec_driver_sql(made)
        else:
            with db.begin():
                db.execute(text("SET LOCAL session_replication_role = replica"))
                yield db
        db.invalidate()


def asked_anew(db: Session, entry: int, *, cents: int) -> bytes:
    """The digest of the same entry over another amount, as who knows the software can make it."""
    row = db.execute(
        text(
            "SELECT e.*, o.origin_id AS of_origin, o.epoch AS of_epoch, o.seq AS of_seq"
            " FROM entry e LEFT JOIN entry o ON o.id = e.reverses WHERE e.id = :entry"
        ),
        {"entry": entry},
    ).mappings().one()  # fmt: skip
    names = db.execute(
        text(
            "SELECT d.name, c.name FROM transfer t JOIN account d ON d.id = t.debit_id"
            " JOIN account c ON c.id = t.credit_id WHERE t.entry_id = :entry"
        ),
        {"entry": entry},
    ).one()
    content = {
        "origin": row["origin_id"],
        "epoch": row["epoch"],
        "seq": row["seq"],
        "kind": row["kind"],
        "school": row["school_id"],
        "pupil": row["pupil_id"],
        "day": str(row["day"]),
        "occurred": row["occurred_us"],
        "actor": row["actor"],
        "reason": row["reason"],
        "reverses": [row["of_origin"], row["of_epoch"], row["of_seq"]] if row["reverses"] else None,
        "transfers": [[*names, cents]],
        "lines": [],
    }
    return chain.digest(content)
