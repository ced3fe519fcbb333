"""Ledgers to break: a small history on either engine, copies of it, and doors into it.

The history: two children pay in; kiosk a charges the payer (lunch and drink), the funded child
(lunch and drink), the payer again (a snack) and voids that, and reports one item nobody sells;
kiosk b charges a drink half an hour after midnight in Germany; the office takes one payment
back and charges a lunch by hand.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from builders import NOON, School, add_child, eur, open_school
from postgresql_server import Server
from sqlalchemy import text

from accounts.charge import OverrideReason
from accounts.database import Database, open_database
from accounts.intake import book_facts
from accounts.ledger import (
    Booked,
    Draft,
    Eaten,
    EntryKind,
    Key,
    Move,
    book,
    next_key,
    reverse,
)

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
MIDNIGHT = NOON.replace(hour=23, minute=30) - timedelta(days=1)


def fresh(request: pytest.FixtureRequest, engine: str, folder: Path) -> Database:
    """An empty ledger on that engine."""
    if engine == "sqlite":
        path = folder / "ledger.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        return open_database(f"sqlite:///{path}")
    server: Server = request.getfixturevalue("postgresql")
    return open_database(server.url(server.create(request.getfixturevalue("empty_postgresql"))))


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger with the history of this module's docstring."""

    database: Database
    school: School
    third: int
    """A child that only the office charged."""

    def entry(self, origin: int, seq: int) -> int:
        """The number of an entry's row."""
        with self.database.read() as db:
            found = db.execute(
                text("SELECT id FROM entry WHERE origin_id = :o AND epoch = 1 AND seq = :s"),
                {"o": origin, "s": seq},
            )
            return int(found.scalar_one())

    def words(self) -> dict[str, int]:
        """The numbers that statements and places of the tests are written with."""
        a, b = self.school.kiosk.origin_id, self.school.other_kiosk.origin_id
        office = self.school.office
        with self.database.read() as db:
            accounts = {
                kind: int(db.execute(text(query)).scalar_one())
                for kind, query in {
                    "payer_account": f"SELECT id FROM account WHERE pupil_id = {self.school.payer}",
                    "poor_account": "SELECT id FROM account WHERE pupil_id ="
                    f" {self.school.guest_of_the_state}",
                    "opening": "SELECT id FROM account WHERE kind = 'opening'",
                    "revenue": "SELECT id FROM account WHERE kind = 'revenue' AND tax_key = 6",
                    "revenue_full": "SELECT id FROM account WHERE kind = 'revenue' AND tax_key = 1",
                    "receivable": "SELECT id FROM account WHERE kind = 'receivable'",
                }.items()
            }
        return {
            **accounts,
            "a": a,
            "b": b,
            "office": office,
            "school": self.school.id,
            "payer": self.school.payer,
            "poor": self.school.guest_of_the_state,
            "third": self.third,
            "lunch": self.school.lunch,
            "full": self.school.full,
            "paid": self.entry(office, 1),
            "taken_back": self.entry(office, 3),
            "take_back": self.entry(office, 4),
            "by_hand": self.entry(office, 5),
            "meal": self.entry(a, 1),
            "funded": self.entry(a, 2),
            "snack": self.entry(a, 3),
            "void": self.entry(a, 4),
            "night": self.entry(b, 1),
        }


def lived(database: Database) -> Ledger:
    """Fill an empty ledger with the history."""
    school = open_school(database)
    now = NOON + timedelta(minutes=10)
    pen, other = school.kiosk, school.other_kiosk
    with database.write() as db:
        third = add_child(db, school.id, "Ödön Beispiel")
    school.pay_in(school.payer, eur("20"))
    school.pay_in(school.guest_of_the_state, eur("10"))
    school.pay_in(third, eur("5"))
    snack_by = (
        pen.charge(school.payer, school.lunch, school.drink),
        pen.charge(school.guest_of_the_state, school.lunch, school.drink),
        pen.charge(school.payer, school.snack),
    )
    with database.write() as db:
        answers = book_facts(
            db,
            pen.origin_id,
            [
                *snack_by,
                pen.void(snack_by[2]),
                pen.charge(school.payer, 999, override=OverrideReason.OTHER),
            ],
            now=now,
        )
        assert [a.quarantined for a in answers] == [None] * 4 + ["unpriced"]
        at_night = other.charge(school.payer, school.drink, at=MIDNIGHT)
        book_facts(db, other.origin_id, [at_night], now=now)
        back = reverse(
            db,
            key=next_key(db, school.office),
            of=Key(school.office, 1, 3),
            reason="bounced",
            actor="office",
            now=now,
        )
        assert isinstance(back, Booked)
        assert isinstance(book(db, by_hand(school, third, next_key(db, school.office)), now=now),
                          Booked)  # fmt: skip
    return Ledger(database, school, third)


def by_hand(school: School, pupil: int, key: Key) -> Draft:
    """A lunch charged by the office."""
    price = eur("4,20")
    return Draft(
        key=key,
        kind=EntryKind.CHARGE,
        occurred_at=NOON,
        actor="office",
        moves=(Move(f"pupil:{pupil}", f"revenue:{school.operator}:6", price),),
        pupil_id=pupil,
        school_id=school.id,
        reason="unassigned lunch",
        lines=(
            Eaten(
                offer_id=school.lunch,
                tariff_id=school.full,
                item_class="lunch",
                quantity=1,
                price=price,
                share=price,
                tax_key=6,
                rate_permille=0,
            ),
        ),
    )


def copy_of(database: Database, path: Path) -> Database:
    """An SQLite ledger's copy in another file."""
    with (
        closing(sqlite3.connect(str(database.url.database))) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        source.backup(target)
    return open_database(f"sqlite:///{path}")


@contextmanager
def plain_sqlite(database: Database) -> Iterator[sqlite3.Connection]:
    """The file as any program opens it: foreign keys off, no functions of ours."""
    with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as connection:
        yield connection


@contextmanager
def plain_postgresql(database: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The database as any client sees it."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection


def state(database: Database) -> dict[str, Sequence[object]]:
    """Every row of every table the guards protect."""
    tables = (
        "entry",
        "transfer",
        "line",
        "balance",
        "account",
        "fact",
        "quarantine",
        "alarm",
        "access_log",
        "card_event",
        "change",
    )
    with database.read() as db:
        return {
            table: db.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).fetchall()
            for table in tables
        }
