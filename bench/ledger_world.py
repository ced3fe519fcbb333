"""A school with many clients: each an office of its own, with children and a caterer of its own.

No two clients meet in a row of the ledger but where a measurement wants them to.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
from builders import NOON, School, add_child, open_school, row
from ledgers import by_hand

from accounts.connections import libpq_url
from accounts.database import Database, Session, open_database, upgrade
from accounts.entries import Booked, Draft, Key, Move
from accounts.ledger import book
from accounts.money import Money
from accounts.tables import journal, kiosks, meals

CHILDREN = 50
_READY = 2000


@dataclass(frozen=True, slots=True)
class Client:
    """Numbers of the rows that one client uses."""

    office: int
    pupils: tuple[int, ...]
    caterer: int


@dataclass(frozen=True, slots=True)
class World:
    """A ledger and who books in it."""

    school: School
    clients: tuple[Client, ...]

    def draft(
        self, client: Client, seq: int, *, epoch: int = 1, caterer: int | None = None
    ) -> Draft:
        """The client's next entry: a lunch charged to one of its children in turn."""
        pupil = client.pupils[seq % len(client.pupils)]
        draft = by_hand(self.school, pupil, Key(client.office, epoch, seq))
        to = f"revenue:{self.school.operator if caterer is None else caterer}:6"
        moves = tuple(Move(move.debit, to, move.amount) for move in draft.moves)
        return replace(draft, moves=moves, floor=Money(-(10**12)))

    def seen_through(self, folder: Path) -> "World":
        """The same world behind a relay's socket."""
        url = self.school.database.url.update_query_dict({"host": str(folder)})
        far = open_database(url.render_as_string(hide_password=False))
        return World(replace(self.school, database=far), self.clients)


def open_world(database: Database, *, clients: int, children: int = CHILDREN) -> World:
    """Make it in an empty ledger; each client has so many children."""
    upgrade(database)
    school = open_school(database)
    found = []
    with database.write() as db:
        for number in range(clients):
            office = row(
                db,
                kiosks.origin,
                kind="office",
                name=f"client {number}",
                enrolled_us=NOON - timedelta(days=100),
            )
            caterer = row(
                db, meals.operator, name=f"Küche {number}", kind="public", settled_as="revenue"
            )
            row(
                db, journal.account, name=f"revenue:{caterer}:6", kind="revenue",
                operator_id=caterer, tax_key=6,
            )  # fmt: skip
            pupils = tuple(add_child(db, school.id, f"Kind {number}") for _ in range(children))
            found.append(Client(office, pupils, caterer))
    return World(school, tuple(found))


@contextmanager
def booking(
    world: World, client: Client, *, epoch: int = 1, caterer: int | None = None
) -> Iterator[Callable[[], None]]:
    """``book`` on a held connection, an entry a call."""
    database = open_database(world.school.database.url.render_as_string(hide_password=False))
    numbers = count(1)
    with closing(database), database.held() as db:

        def once() -> None:
            draft = world.draft(client, next(numbers), epoch=epoch, caterer=caterer)
            answer = book(db, draft, now=NOON)
            assert isinstance(answer, Booked), answer

        yield once


@contextmanager
def raw_booking(world: World, client: Client, *, epoch: int) -> Iterator[Callable[[], None]]:
    """The same statement by the bare driver, its parameters ready made."""
    database = world.school.database
    asks = _asks(world, client, epoch)
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.url.database), isolation_level=None)) as raw:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                raw.execute(f"PRAGMA {pragma}").close()
            yield lambda: raw.execute(*next(asks)).close()
        return
    with closing(psycopg.connect(libpq_url(database.url), autocommit=True)) as server:

        def once() -> None:
            server.execute(*next(asks)).fetchone()

        yield once


def _asks(world: World, client: Client, epoch: int) -> Iterator[Any]:
    """Statements with their parameters, many at a time, as ``book`` sends them."""
    numbers = count(1)
    sqlite = world.school.database.is_sqlite
    while True:
        drafts = [world.draft(client, next(numbers), epoch=epoch) for _ in range(_READY)]
        yield from [sent(partial(book, draft=draft, now=NOON), sqlite=sqlite) for draft in drafts]


def sent(ask: Callable[[Session], object], *, sqlite: bool) -> tuple[str, tuple[object, ...]]:
    """The driver's own statement and parameters of something that sends one."""
    told: list[tuple[str, tuple[object, ...]]] = []

    def hear(statement: str, parameters: tuple[object, ...]) -> SimpleNamespace:
        told.append((statement, parameters))
        return SimpleNamespace(scalar_one=lambda: "booked")

    dialect = SimpleNamespace(name="sqlite" if sqlite else "postgresql")
    ask(cast("Session", SimpleNamespace(dialect=dialect, exec_driver_sql=hear)))
    (only,) = told
    return only


def postmaster(folder: Path) -> int:
    """The first process of the server in that folder."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])
