"""``book`` on one held connection beside the raw driver sending the very same statement.

Both engines on disk, every commit durable (SQLite synchronous=FULL, PostgreSQL fsync on). Each
call is a new key and a new debit of the same size. The reference is given its parameters ready
made: what is compared is everything this software adds. Round trips are counted by a relay
between driver and server: a client's message after one of the server's begins a new trip.
"""

import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory

import psycopg
from builders import NOON, School, open_school
from postgresql_server import find_programs, run_server
from sqlalchemy import text

from accounts import chain
from accounts.database import Database, open_database, upgrade
from accounts.ledger import Booked, Draft, EntryKind, Key, Move, book
from accounts.money import Money
from bench.figures import Figure, side_by_side

BLOCKS, SIZE = 200, 12
_SQLITE = "INSERT INTO booking (document, content) VALUES (?, ?)"
_POSTGRESQL = "SELECT book(%s::jsonb, %s::bytea)"


def run() -> list[Figure]:
    """The figures of both engines; PostgreSQL's where its server programs are installed."""
    figures = [_sqlite()]
    if find_programs() is not None:
        figures += _postgresql()
    return figures


def _sqlite() -> Figure:
    # /var/tmp is on disk where /tmp may be memory, which would hide what a commit costs.
    with TemporaryDirectory(prefix="mensa-bench-", dir="/var/tmp") as folder, ExitStack() as stack:
        path = Path(folder) / "ledger.db"
        database = open_database(f"sqlite:///{path}")
        stack.callback(database.close)
        upgrade(database)
        school = open_school(database)
        raw = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}").close()
        ask = _asks(school, _office(database, "raw"))
        return side_by_side(
            "book, SQLite",
            stack.enter_context(_ours(database, school)),
            lambda: raw.execute(_SQLITE, next(ask)),
            blocks=BLOCKS,
            size=SIZE,
        )


def _postgresql() -> list[Figure]:
    with run_server("fsync=on") as server, ExitStack() as stack:
        name = server.create()
        database = open_database(server.url(name))
        stack.callback(database.close)
        upgrade(database)
        school = open_school(database)
        plain = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        raw = stack.enter_context(closing(psycopg.connect(plain, autocommit=True)))
        ask = _asks(school, _office(database, "raw"))
        rate = side_by_side(
            "book, PostgreSQL",
            stack.enter_context(_ours(database, school)),
            lambda: raw.execute(_POSTGRESQL, next(ask)).fetchone(),
            blocks=BLOCKS,
            size=SIZE,
        )
        return [rate, _round_trips(database, school)]


def _office(database: Database, name: str) -> int:
    with database.write() as db:
        db.execute(
            text("INSERT INTO origin (kind, name, enrolled_us) VALUES ('office', :name, 0)"),
            {"name": name},
        )
        return int(
            db.execute(
                text("SELECT id FROM origin WHERE name = :name"), {"name": name}
            ).scalar_one()
        )


def _draft(school: School, origin: int) -> Draft:
    return Draft(
        key=Key(origin, 1, 1),
        kind=EntryKind.CORRECTION,
        occurred_at=NOON,
        actor="bench",
        moves=(Move(f"pupil:{school.payer}", f"revenue:{school.operator}:6", Money(420)),),
        pupil_id=school.payer,
        floor=Money(-(10**12)),
    )


@contextmanager
def _ours(database: Database, school: School, name: str = "ours") -> Iterator[Callable[[], None]]:
    draft = _draft(school, _office(database, name))
    numbers = count(1)
    with database.held() as db:

        def once() -> None:
            key = replace(draft.key, seq=next(numbers))
            answer = book(db, replace(draft, key=key), now=NOON)
            assert isinstance(answer, Booked)

        yield once


def _asks(school: School, origin: int) -> Iterator[tuple[str, bytes]]:
    """The same statement's parameters, made before the clock runs."""
    ready = []
    for seq in range(1, (BLOCKS + 1) * SIZE + 1):
        content = {
            "origin": origin,
            "epoch": 1,
            "seq": seq,
            "kind": "correction",
            "school": None,
            "pupil": school.payer,
            "day": "2026-11-23",
            "occurred": 1795431600000000,
            "actor": "bench",
            "reason": None,
            "reverses": None,
            "transfers": [[f"pupil:{school.payer}", f"revenue:{school.operator}:6", 420]],
            "lines": [],
        }
        document = {**content, "recorded": 1795431600000000, "floor": -(10**12)}
        ready.append((json.dumps(document), chain.digest(content)))
    return iter(ready)


def _round_trips(database: Database, school: School) -> Figure:
    """Round trips of one booking on a held connection, once its statement is prepared."""
    folder, port = str(database.url.query["host"]), str(database.url.query["port"])
    with TemporaryDirectory(prefix="mensa-") as place, _relay(folder, place, port) as trips:
        through = open_database(
            database.url.update_query_dict({"host": place}).render_as_string(hide_password=False)
        )
        with _ours(through, school, "through the relay") as once:
            for _ in range(20):  # the driver prepares a statement at its fifth use
                once()
            before = trips()
            for _ in range(100):
                once()
            made = (trips() - before) / 100
        through.close()
    return Figure("round trips of one booking, PostgreSQL", made, "", 1, made, "100 bookings")


@contextmanager
def _relay(server: str, folder: str, port: str) -> Iterator[Callable[[], int]]:
    """A socket in ``folder`` that passes everything on and counts how often the side changes."""
    socket_name = f".s.PGSQL.{port}"
    turns = [0]
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(Path(folder) / socket_name))
        door.listen()

        def pass_on() -> None:
            client, _ = door.accept()
            with client, socket.socket(socket.AF_UNIX) as behind:
                behind.connect(str(Path(server) / socket_name))
                last = behind
                while True:
                    for ready in select([client, behind], [], [])[0]:
                        said = ready.recv(65536)
                        if not said:
                            return
                        turns[0] += ready is client and last is behind
                        last = ready
                        (behind if ready is client else client).sendall(said)

        thread = threading.Thread(target=pass_on, daemon=True)
        thread.start()
        yield lambda: turns[0]
        thread.join(timeout=10)
