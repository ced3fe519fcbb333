"""Sets of facts through ``book_facts`` beside one raw set statement that writes the same rows.

Both engines on disk, every commit durable. Each fact is one child's lunch of one day. The
reference writes fact, entry, transfer, line, the kiosk's day and the balances into the same
tables with all their constraints, but is told beforehand what they are: it prices nothing,
judges nothing, and its tables have no triggers. So the ratio is what pricing, judging and
guarding cost. Figures are facts a second.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from builders import NOON, Kiosk, School, add_offer, open_school
from postgresql_server import find_programs, run_server
from sqlalchemy import text

from accounts.clock import microseconds
from accounts.database import open_database, upgrade
from accounts.facts import Fact
from accounts.intake import book_facts
from bench.figures import Figure, side_by_side

SIZES = {1: (40, 5), 10: (30, 3), 100: (20, 2), 1000: (12, 1)}
"""Facts a set: how many blocks, and how many sets a block."""
CHILDREN, DAYS = 1000, 60

_CHILDREN = """
    INSERT INTO pupil (kind) SELECT 'pupil' FROM {numbers};
    INSERT INTO membership (pupil_id, school_id, class_name, valid_from)
      SELECT id, {school}, '5a', '2026-08-01' FROM pupil WHERE id > {known};
    INSERT INTO account (name, kind, pupil_id)
      SELECT 'pupil:' || id, 'pupil', id FROM pupil WHERE id > {known};
    INSERT INTO balance (account_id, cents, transfer_id)
      SELECT id, 0, 0 FROM account WHERE pupil_id > {known}"""
_NUMBERS = {
    "postgresql": "generate_series(1, {n})",
    "sqlite": "(WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < {n})"
    " SELECT n FROM c)",
}
_POSTGRESQL = """
    WITH n AS MATERIALIZED (SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[],
      %s::date[], %s::bigint[], %s::bigint[]) AS n(seq, pupil, account, day, at, offer)),
    f AS (INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us,
                            items, chain)
      SELECT {kiosk}, 1, seq, 'charge', pupil, day, at, at, '[[' || offer || ',1]]', {hash}
      FROM n),
    e AS (INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                             recorded_us, actor, transfers, lines, content)
      SELECT {kiosk}, 1, seq, 'charge', {school}, pupil, day, at, at, 'kiosk:1', 1, 1, {hash}
      FROM n RETURNING id, seq),
    t AS (INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
      SELECT e.id, 1, n.account, {credit}, 420 FROM e JOIN n ON n.seq = e.seq
      RETURNING id, debit_id),
    l AS (INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                            share_cents, tax_key, rate_permille)
      SELECT e.id, 1, n.offer, {full}, 'lunch', 1, 420, 420, 6, 0
      FROM e JOIN n ON n.seq = e.seq),
    k AS (INSERT INTO kiosk_day AS d (origin_id, day, cents)
      SELECT {kiosk}, day, 420 * count(*) FROM n GROUP BY day
      ON CONFLICT (origin_id, day) DO UPDATE SET cents = d.cents + excluded.cents)
    UPDATE balance b SET cents = b.cents - 420, transfer_id = t.id FROM t
    WHERE b.account_id = t.debit_id"""
_SQLITE = """
    INSERT INTO fact (origin_id, epoch, seq, kind, pupil_id, day, occurred_us, recorded_us,
                      items, chain)
      VALUES ({kiosk}, 1, :seq, 'charge', :pupil, :day, :at, :at, '[[' || :offer || ',1]]', {hash});
    INSERT INTO entry (origin_id, epoch, seq, kind, school_id, pupil_id, day, occurred_us,
                       recorded_us, actor, transfers, lines, content)
      VALUES ({kiosk}, 1, :seq, 'charge', {school}, :pupil, :day, :at, :at, 'kiosk:1', 1, 1, {hash});
    INSERT INTO transfer (entry_id, no, debit_id, credit_id, cents)
      SELECT id, 1, :account, {credit}, 420 FROM entry
      WHERE origin_id = {kiosk} AND epoch = 1 AND seq = :seq;
    INSERT INTO line (entry_id, no, offer_id, tariff_id, item_class, quantity, price_cents,
                      share_cents, tax_key, rate_permille)
      SELECT id, 1, :offer, {full}, 'lunch', 1, 420, 420, 6, 0 FROM entry
      WHERE origin_id = {kiosk} AND epoch = 1 AND seq = :seq;
    INSERT INTO kiosk_day (origin_id, day, cents) VALUES ({kiosk}, :day, 420)
      ON CONFLICT (origin_id, day) DO UPDATE SET cents = cents + excluded.cents;
    UPDATE balance SET cents = cents - 420, transfer_id = (SELECT max(id) FROM transfer)
      WHERE account_id = :account"""
_HASH = {"postgresql": "sha256('x')", "sqlite": "zeroblob(32)"}
_GUARDED = ("fact", "entry", "transfer", "line", "balance")


def run() -> list[Figure]:
    """The figures of both engines; PostgreSQL's where its server programs are installed."""
    figures = _sqlite()
    if find_programs() is not None:
        figures += _postgresql()
    return figures


def _sqlite() -> list[Figure]:
    # /var/tmp is on disk where /tmp may be memory, which would hide what a commit costs.
    with TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder, ExitStack() as stack:
        ours, raw = (_town(stack, f"sqlite:///{folder}/{name}.db") for name in ("ours", "raw"))
        plain = stack.enter_context(
            closing(sqlite3.connect(Path(folder) / "raw.db", isolation_level=None))
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            plain.execute(f"PRAGMA {pragma}").close()
        triggers = plain.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            plain.execute(f"DROP TRIGGER {name}")
        statements = _SQLITE.format(**raw.words("sqlite")).split(";")

        def write(rows: list[tuple[Any, ...]]) -> None:
            told = [
                dict(zip(("seq", "pupil", "account", "day", "at", "offer"), r, strict=True))
                for r in rows
            ]
            plain.execute("BEGIN IMMEDIATE")
            for statement in statements:
                plain.executemany(statement, told)
            plain.execute("COMMIT")

        def book(facts: list[Fact]) -> None:
            with ours.school.database.write() as db:
                answers = book_facts(db, ours.school.kiosk.origin_id, facts, now=NOON)
            assert all(answer.quarantined is None for answer in answers)

        return _figures("SQLite", ours, raw, book, write)


def _postgresql() -> list[Figure]:
    with run_server("fsync=on", "shared_buffers=256MB") as server, ExitStack() as stack:
        ours, raw = (_town(stack, server.url(server.create())) for _ in range(2))
        url = raw.school.database.url.set(drivername="postgresql")
        plain = stack.enter_context(
            closing(psycopg.connect(url.render_as_string(hide_password=False), autocommit=True))
        )
        for table in _GUARDED:
            plain.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        statement = _POSTGRESQL.format(**raw.words("postgresql")).encode()
        held = stack.enter_context(ours.school.database.held())

        def write(rows: list[tuple[Any, ...]]) -> None:
            plain.execute(statement, [list(column) for column in zip(*rows, strict=True)])

        def book(facts: list[Fact]) -> None:
            answers = book_facts(held, ours.school.kiosk.origin_id, facts, now=NOON)
            assert all(answer.quarantined is None for answer in answers)

        return _figures("PostgreSQL", ours, raw, book, write)


class _Town:
    """A ledger with a thousand children, and an endless row of their lunches."""

    def __init__(self, school: School, offers: list[int], children: list[tuple[int, int]]) -> None:
        self.school = school
        self.meals = iter(
            (child, account, number, offer)
            for number, offer in enumerate(offers)
            for child, account in children
        )
        self.pen = Kiosk(school.kiosk.origin_id)

    def facts(self, size: int) -> list[Fact]:
        """The next lunches, as a kiosk says them."""
        return [
            self.pen.charge(child, offer, at=NOON - timedelta(days=number))
            for child, _, number, offer in islice(self.meals, size)
        ]

    def rows(self, size: int) -> list[tuple[Any, ...]]:
        """The next lunches, as the raw statement is told them."""
        told = []
        for child, account, number, offer in islice(self.meals, size):
            self.pen.seq += 1
            at = NOON - timedelta(days=number)
            day = at.date().isoformat()
            told.append((self.pen.seq, child, account, day, microseconds(at), offer))
        return told

    def words(self, dialect: str) -> dict[str, Any]:
        """What the raw statements are written with."""
        with self.school.database.read() as db:
            credit = db.execute(text("SELECT id FROM account WHERE tax_key = 6")).scalar_one()
        return {
            "kiosk": self.school.kiosk.origin_id,
            "school": self.school.id,
            "full": self.school.full,
            "credit": credit,
            "hash": _HASH[dialect],
        }


def _town(stack: ExitStack, url: str) -> _Town:
    database = open_database(url)
    stack.callback(database.close)
    upgrade(database)
    school = open_school(database)
    offers = [school.lunch]
    with database.write() as db:
        known = int(db.execute(text("SELECT max(id) FROM pupil")).scalar_one())
        numbers = _NUMBERS[db.dialect.name].format(n=CHILDREN)
        spelled = _CHILDREN.format(numbers=numbers, school=school.id, known=known)
        for statement in spelled.split(";"):
            db.exec_driver_sql(statement)
        for number in range(1, DAYS):
            day: date = NOON.date() - timedelta(days=number)
            offers.append(add_offer(db, school, "1", "lunch", 420, day=day))
        rows = db.execute(
            text("SELECT pupil_id, id FROM account WHERE pupil_id > :known ORDER BY id"),
            {"known": known},
        )
        children = [(int(pupil), int(account)) for pupil, account in rows]
        if db.dialect.name == "postgresql":
            db.execute(text("ANALYZE pupil, membership, account, balance, offer, price"))
    return _Town(school, offers, children)


def _figures(
    engine: str,
    ours: _Town,
    raw: _Town,
    book: Callable[[list[Fact]], None],
    write: Callable[[list[tuple[Any, ...]]], None],
) -> list[Figure]:
    figures = []
    for size, (blocks, sets) in SIZES.items():
        asked = (blocks + 1) * sets  # made before the clock runs
        told: Iterator[list[Fact]] = iter([ours.facts(size) for _ in range(asked)])
        rows = iter([raw.rows(size) for _ in range(asked)])
        figure = side_by_side(
            f"facts in sets of {size}, {engine}",
            lambda told=told: book(next(told)),  # type: ignore[misc]
            lambda rows=rows: write(next(rows)),  # type: ignore[misc]
            blocks=blocks,
            size=sets,
        )
        figures.append(
            replace(
                figure,
                value=figure.value * size,
                unit="facts/s",
                reference=(figure.reference or 0) * size,
            )
        )
    return figures
