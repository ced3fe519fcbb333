"""A ledger's connections that die on purpose: before, inside or after any statement, or at commit.

SQLite is stopped inside a statement after so many steps of its machine. On PostgreSQL the
session is ended by the server while a statement runs, or the line is cut when COMMIT was sent
and before its answer: whether it happened is then unknown, as in life.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from sqlalchemy import Connection, event

from accounts.database import Database


class Killed(BaseException):
    """The process ended here; nothing of the product may catch it, as nothing could."""


@dataclass(slots=True)
class Plan:
    """To die at the ``point``-th place of those a request passes."""

    point: int
    inside: int = 0
    """SQLite: steps of its machine within the statement. PostgreSQL: end the session in it."""


def draw_plan(rng: Random) -> Plan:
    """Any place, now and then inside the statement that starts there."""
    return Plan(rng.choice((0, 0, 1, 1, 2, 3, 4, 6)), rng.choice((0, 0, 1)) * rng.randint(1, 4000))


class Crashes:
    """Watches one database's connections; kills the request that is under way when told to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._plan: Plan | None = None
        self._passed = 0
        self._side: psycopg.Connection[Any] | None = None
        self._interrupted: Any = None
        self._ending: threading.Thread | None = None
        event.listen(database.engine, "before_cursor_execute", self._before)
        event.listen(database.engine, "after_cursor_execute", self._after)
        event.listen(database.engine, "commit", self._commit)
        self.count = 0

    @contextmanager
    def during(self, plan: Plan | None) -> Iterator[None]:
        """One request. Where its places were too few, its answer is what gets lost."""
        self._plan, self._passed = plan, 0
        try:
            yield
        except Exception:
            if self._ending is None:
                raise
            raise Killed from None  # whatever the answer was, its session has ended
        else:
            if self._plan is not None:
                self.count += 1
            if self._plan is not None or self._ending is not None:
                raise Killed
        finally:
            self._plan = None
            if self._ending is not None:
                self._ending.join()
                self._ending = None
            if self._interrupted is not None:
                self._interrupted.set_progress_handler(None, 0)
                self._interrupted = None

    def close(self) -> None:
        """Watch no more."""
        if self._side is not None:
            self._side.close()

    def _due(self) -> Plan | None:
        if self._plan is None:
            return None
        self._passed += 1
        if self._passed <= self._plan.point:
            return None
        plan, self._plan = self._plan, None
        self.count += 1
        return plan

    def _before(self, db: Connection, *_: Any) -> None:
        if (plan := self._due()) is None:
            return
        if not plan.inside:
            self._die(db)
        raw = db.connection.dbapi_connection
        assert raw is not None
        if self._database.is_sqlite:
            self._interrupted = raw.driver_connection if hasattr(raw, "driver_connection") else raw
            self._interrupted.set_progress_handler(lambda: 1, plan.inside)
        else:
            pid = raw.info.backend_pid
            self._ending = threading.Thread(target=self._end_session, args=(pid,))
            self._ending.start()

    def _after(self, db: Connection, *_: Any) -> None:
        if self._due() is not None:
            self._die(db)

    def _commit(self, db: Connection) -> None:
        if (plan := self._due()) is None:
            return
        if plan.inside and not self._database.is_sqlite:
            raw = db.connection.dbapi_connection
            assert raw is not None
            raw.pgconn.send_query(b"COMMIT")
            raw.pgconn.flush()
        self._die(db)

    def _die(self, db: Connection) -> None:
        db.invalidate()  # closes without a commit and gives nothing back to the pool
        raise Killed

    def _end_session(self, pid: int) -> None:
        if self._side is None:
            url = self._database.url.set(drivername="postgresql")
            shown = url.render_as_string(hide_password=False)
            self._side = psycopg.connect(shown, autocommit=True)
        self._side.execute("SELECT pg_terminate_backend(%s)", (pid,))
