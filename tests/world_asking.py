"""How a world asks its ledger: until it answers, however often it dies before.

One connection is held open, as a till holds one; transactions take others. Whatever was asked
may be killed at any place and is then asked again, with the same key.
"""

import gc
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from sqlalchemy import event
from world_checks import Tops, Watch
from world_crash import Crashes, Killed, draw_plan
from world_model import Model

from accounts.connections import named_outage
from accounts.database import Database, DatabaseUnavailable, Session
from accounts.guards import JournalRefused, guarded

T = TypeVar("T")
_ENOUGH = 10
"""Deaths under one act after which it is no longer the world that kills."""


class _Undone(Exception):  # noqa: N818  # ends a transaction that must not stay
    pass


@dataclass(slots=True)
class Asking:
    """A ledger, its model beside it, and what happened lately (``told``)."""

    database: Database
    crashing: float = field(default=0.04, kw_only=True)
    """The part of all requests that is killed at the first attempt."""
    model: Model = field(default_factory=Model, kw_only=True)
    told: deque[str] = field(default_factory=lambda: deque(maxlen=25))
    watch: Watch = field(init=False)
    crashes: Crashes = field(init=False)
    deaths: int = 0
    """Of the act that is under way."""
    between: list[Tops] = field(default_factory=list)
    """What was seen after each of them."""
    _held: Session | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def begin(self) -> None:
        """Watch the ledger. SQLite goes without syncs, as PostgreSQL does in these tests."""
        if self.database.is_sqlite:
            event.listen(self.database.engine, "connect", _without_syncs)
            self.database.engine.dispose()
        self.watch = Watch(self.database, self.model)
        self.crashes = Crashes(self.database)

    def close(self) -> None:
        """Let go of the ledger."""
        self._stack.close()
        self.crashes.close()

    def perform(self, ask: Callable[[Session], T], rng: Random, *, held: bool) -> T:
        """The answer, however often the ledger dies before it is heard."""

        def once() -> T:
            if held:
                with named_outage():
                    return ask(self.held())
            with guarded(), self.database.write() as db:  # some guards wait for the commit
                return ask(db)

        return self.insist(once, rng)

    def insist(self, once: Callable[[], T], rng: Random) -> T:
        """Do it, and again where the ledger died under it, up to three times."""
        while True:
            doomed = self.deaths < 3 and rng.random() < (0.3 if self.deaths else self.crashing)
            try:
                with self.crashes.during(draw_plan(rng) if doomed else None):
                    return once()
            except (Killed, DatabaseUnavailable) as death:
                self.deaths += 1
                if self.deaths > _ENOUGH:
                    raise
                self.told.append(f"    died ({type(death).__name__})")
                self._reopen()
                self.between.append(self.watch.look(self.held()))

    def held(self) -> Session:
        """One connection kept open, on which each statement commits by itself."""
        if self._held is None:
            self._held = self._stack.enter_context(self.database.held())
        return self._held

    def _reopen(self) -> None:
        stack, self._stack, self._held = self._stack, ExitStack(), None
        stack.close()
        # A process that dies lets go of all it held; here a dead request's frames may still hold a
        # statement that was begun, and SQLite keeps its lock until that is gone.
        gc.collect()
        if not self.database.is_sqlite:  # an ended session may wait among the others
            self.database.engine.dispose()

    def refused(self, attempt: Callable[[Session], None], *, undo: bool) -> str | None:
        """The code with which the database refused it, at the latest at the commit."""
        try:
            with guarded(), self.database.write() as db:
                attempt(db)
                if undo:
                    raise _Undone  # noqa: TRY301  # leaves the transaction as a fault would
        except JournalRefused as refused:
            return refused.code
        except _Undone:
            pass
        return None

    def tell(self, what: str) -> None:
        """Add to the tale."""
        self.told.append(f"    {what}")


def _without_syncs(connection: Any, _record: Any) -> None:
    """As PostgreSQL in these tests: what a power cut leaves is proved elsewhere."""
    connection.execute("PRAGMA synchronous=OFF").close()
