"""The word of the database's guards, as an exception with a code.

Every trigger and function of the ledger that stops a row says "mensa:" and a code on both
engines; where a constraint stops it, the code is the constraint's name, or "reference" for a
foreign key, which SQLite does not name. Everything else a database may say stays what it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError

_CODE = re.compile(r"mensa:(\w+)")
_CONSTRAINT = re.compile(r"(?:CHECK constraint failed: |constraint \")((?:ck|uq|pk)_\w+)")


class JournalRefused(Exception):  # noqa: N818
    """A guard of the database stopped a row that no caller should have sent. ``code`` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the journal refused this: {code}")
        self.code = code


@contextmanager
def guarded() -> Iterator[None]:
    """Turn a guard's word into JournalRefused; any other fault of the database stays itself."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig)
        if found := _CODE.search(said):
            raise JournalRefused(found[1]) from error
        if not isinstance(error, IntegrityError):
            raise
        constraint = _CONSTRAINT.search(said)
        raise JournalRefused(constraint[1] if constraint else "reference") from error
