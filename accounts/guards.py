"""The word of the database's guards, as an exception with a code.

Every trigger and function of the ledger that stops a row says "mensa:" and a code on both
engines; everything else a database may say stays what it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

_CODE = re.compile(r"mensa:(\w+)")


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
        found = _CODE.search(str(error.orig))
        if found is None:
            raise
        raise JournalRefused(found[1]) from error
