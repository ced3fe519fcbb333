"""A whole ledger into another database, proved equal before the old one ends (``mensa db move``).

- While it is carried nobody else writes to it, so nothing can come between; tills go on serving
  and bring their facts to the new place.
- It counts as carried only when the old ledger held, every table has the same rows by number and
  digest, every account the same sum, and the copy proves itself with all guards and seals.
- The copy appears and the old ledger ends together, as far as two databases can: the old one is
  told first to refuse every row, then the copy is committed. What is torn before that leaves the
  old ledger as it was and no copy; what is torn between leaves neither, and the same move again
  mends it.
- Its incarnation stays: nothing is missing, so no kiosk has to bring anything again.
"""

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from accounts.connections import shown_url
from accounts.copying import (
    Progress,
    TableDigest,
    Uncarriable,
    copy_all,
    digest_of,
    hold,
    is_empty,
)
from accounts.database import Database, Session, bring_up, check_schema, open_database
from accounts.files import put_in_place
from accounts.proof import Proof
from accounts.serving import Idle, NotServing, has_unproved, moved_to, serve_again, stop_serving
from accounts.tables import metadata
from accounts.verify import verify


class MoveRefusal(enum.Enum):
    """Why nothing was moved."""

    NOT_EMPTY = "not_empty"  # the target holds something
    SOURCE_BROKEN = "source_broken"  # the ledger does not hold
    UNCARRIABLE = "uncarriable"  # a row the other engine has no place for
    DIFFERS = "differs"  # a table of the copy is another
    COPY_BROKEN = "copy_broken"  # the copy does not prove itself


@dataclass(frozen=True, slots=True)
class NotMoved:
    """Nothing was moved; ``where`` names the table or "balances", ``proof`` what does not hold."""

    why: MoveRefusal
    where: str = ""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What was proved to be the same on both sides."""

    tables: dict[str, TableDigest]
    accounts: int
    seals: int
    proof: Proof


class _Torn(Exception):  # noqa: N818  # undoes both transactions
    def __init__(self, answer: NotMoved) -> None:
        super().__init__(answer.why.value)
        self.answer = answer


def move(source: Database, target: Database, *, progress: Progress) -> Moved | NotMoved:
    """Carry a ledger to an empty database; the old one refuses every row from then on.

    Raises WrongSchema where the source is not at the schema this software knows, NotServing
    where it was moved elsewhere already, DatabaseUnavailable where either cannot be reached.
    """
    where = shown_url(target.url)
    try:
        check_schema(source)
    except NotServing as idle:
        if (idle.why, idle.where) != (Idle.MOVED, where):
            raise
    try:
        with _fresh(target) as new, source.write() as old:
            if moved_to(old) is not None:  # torn before the copy was committed
                serve_again(old)
            hold(old)
            moved = _carry(old, new, progress)
            stop_serving(old, where=where)
    except _Torn as torn:
        return torn.answer
    return moved


def _carry(old: Session, new: Session, progress: Progress) -> Moved:
    progress("verify", 0, 0)
    proof = verify(old)
    if not proof.holds:
        raise _Torn(NotMoved(MoveRefusal.SOURCE_BROKEN, proof=proof))
    bring_up(new)
    try:
        copy_all(old, new, progress=progress)
    except Uncarriable as stuck:
        raise _Torn(NotMoved(MoveRefusal.UNCARRIABLE, stuck.table)) from stuck
    digests: dict[str, TableDigest] = {}
    for table in metadata.sorted_tables:
        digests[table.name] = digest_of(old, table, progress=progress)
        if digest_of(new, table, progress=progress) != digests[table.name]:
            raise _Torn(NotMoved(MoveRefusal.DIFFERS, table.name))
    sums = _sums(old)
    if _sums(new) != sums:
        raise _Torn(NotMoved(MoveRefusal.DIFFERS, "balances"))
    progress("verify", 0, 0)
    copied = verify(new)
    if not copied.holds:
        raise _Torn(NotMoved(MoveRefusal.COPY_BROKEN, proof=copied))
    return Moved(digests, len(sums), digests["seal"].rows, copied)


def _sums(db: Session) -> dict[int, int]:
    """Every account's cents, summed from its postings."""
    query = "SELECT account_id, sum(cents) FROM posting GROUP BY account_id"
    return {int(account): int(cents) for account, cents in db.execute(text(query))}


@contextmanager
def _fresh(target: Database) -> Iterator[Session]:
    """A transaction on an empty database that nobody sees anything of before its commit."""
    if not target.is_sqlite:
        with target.write() as db:
            if has_unproved(db) or not is_empty(db):
                raise _Torn(NotMoved(MoveRefusal.NOT_EMPTY))
            yield db
        return
    path = Path(str(target.url.database)).absolute()
    if path.exists() or path.with_name(f"{path.name}-wal").exists():
        raise _Torn(NotMoved(MoveRefusal.NOT_EMPTY))
    # Under another name until it is whole: an unfinished file of a torn move is begun again.
    part = path.with_name(f"{path.name}.moving")
    remove_sqlite(part)
    made = open_database(f"sqlite:///{part}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
        with made.write() as db:
            yield db
        made.close()
        put_in_place(part, path)
    finally:
        made.close()
        remove_sqlite(part)


def remove_sqlite(path: Path) -> None:
    """Remove an SQLite file with what lies beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
        path.with_name(name).unlink(missing_ok=True)
