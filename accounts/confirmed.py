"""A PostgreSQL connection on which a commit counts only once the standby has confirmed it.

While a commit waits for its synchronous standby, it already stands in the primary's own log and
cannot be taken back. A cancel request in that moment (Ctrl-C, ``pg_cancel_backend``) ends only
the wait: the server says COMMIT, and beside it a warning. Such a commit is lost where the
primary dies next, so here it is an error like a lost answer: what became of it is not known, and
the same key is asked for again. The connection is closed with it.

``statement_timeout`` does not end the wait: the server stops that clock before it commits.
"""

from collections.abc import Iterable
from typing import Any, Self

import psycopg
from psycopg.abc import Params
from psycopg.errors import Diagnostic

_WAITING = "SyncRepWaitForLSN"
"""The server's function that warns; its name is in every language's message (field R)."""


class Unconfirmed(psycopg.OperationalError):
    """The server committed, but nobody knows whether its standby has it."""

    def __init__(self) -> None:
        super().__init__("the wait for the synchronous standby was cancelled: outcome unknown")


class ConfirmedConnection(psycopg.Connection[Any]):
    """Raises Unconfirmed instead of returning from such a commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = _ConfirmedCursor
        self._doubted = False
        self.add_notice_handler(self._hear)

    def commit(self) -> None:
        """Commit. Raises Unconfirmed."""
        super().commit()
        self.confirm()

    def confirm(self) -> None:
        """Raises Unconfirmed where the last commit was not waited for to its end."""
        if self._doubted:
            self.close()
            raise Unconfirmed

    def _hear(self, notice: Diagnostic) -> None:
        if notice.source_function == _WAITING:
            self._doubted = True


class _ConfirmedCursor(psycopg.Cursor[Any]):
    """On a connection that commits by itself every statement is a commit."""

    def execute(self, query: Any, params: Params | None = None, **how: Any) -> Self:
        super().execute(query, params, **how)
        self._confirm()
        return self

    def executemany(self, query: Any, params_seq: Iterable[Params], **how: Any) -> None:
        super().executemany(query, params_seq, **how)
        self._confirm()

    def _confirm(self) -> None:
        connection = self.connection
        if isinstance(connection, ConfirmedConnection):
            connection.confirm()
