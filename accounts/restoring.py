"""A ledger out of a backup: verified before it may serve, and from then on another life.

- The file is read to its end and proved before anything is made of it.
- The copy lies where nobody looks (a file under another name, a schema under another name) until
  it was brought to the schema of this software, proved itself, and was found to be what the
  header says. The last act gives it its place and begins a new incarnation in one commit, so the
  kiosks bring again what they still keep. What is torn before serves nobody and is begun again.
- Into a place that holds anything nothing is restored.
"""

import enum
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete

from accounts import incarnations
from accounts.backup_file import Header, read_header
from accounts.clock import Clock
from accounts.copying import Progress
from accounts.database import Database, Session, bring_up, open_database
from accounts.files import put_in_place
from accounts.incarnations import Why
from accounts.ledger import count_entries
from accounts.moving import remove_sqlite
from accounts.proof import Proof
from accounts.restoring_postgresql import fill_hidden, is_free, show
from accounts.roles import install_roles
from accounts.seals import find_seal, newest_seal
from accounts.tables.rights import office_session
from accounts.verify import verify


class RestoreRefusal(enum.Enum):
    """Why nothing was restored."""

    NOT_EMPTY = "not_empty"
    OTHER_ENGINE = "other_engine"
    BROKEN = "broken"  # the copy does not prove itself
    OTHER_HEADER = "other_header"  # the copy is not what the header says
    NO_SUCH_SEAL = "no_such_seal"  # it lacks the seal that somebody has noted


@dataclass(frozen=True, slots=True)
class NotRestored:
    """Nothing serves; ``proof`` names what does not hold."""

    why: RestoreRefusal
    header: Header
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What serves from now on; ``hints`` are statements for somebody with more rights."""

    header: Header
    proof: Proof
    incarnation: int
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """How a restore is asked for: who does it, and a seal it has to contain (hex)."""

    actor: str
    seal: str | None = None


class _Torn(Exception):  # noqa: N818  # undoes the transaction
    def __init__(self, answer: NotRestored) -> None:
        super().__init__(answer.why.value)
        self.answer = answer


def restore(
    path: Path, target: Database, wish: Wish, *, key: bytes, clock: Clock, progress: Progress
) -> Restored | NotRestored:
    """Restore a backup into an empty place.

    Raises BackupBroken for a wrong key or a file that is not whole, ValueError for a seal that
    is none, WrongSchema for one of newer software, OSError, DatabaseUnavailable, and
    ProgramMissing where pg_restore or psql is.
    """
    with path.open("rb") as file:
        header, content = read_header(file, key=key)
        size = path.stat().st_size
        read = 0
        for part in content:
            read += len(part)
            progress("read", read, size)
    if header.engine != target.engine.dialect.name:
        return NotRestored(RestoreRefusal.OTHER_ENGINE, header)
    act = _into_sqlite if target.is_sqlite else _into_postgresql
    try:
        return act(path, target, wish, header, key=key, at=clock.now(), progress=progress)
    except _Torn as torn:
        return torn.answer


def _into_sqlite(
    path: Path, target: Database, wish: Wish, header: Header, *, key: bytes, at: datetime,
    progress: Progress,
) -> Restored:  # fmt: skip
    place = Path(str(target.url.database)).absolute()
    # A lost ledger's log beside the new file would be played back into it.
    for name in (place.name, f"{place.name}-wal", f"{place.name}-journal"):
        if place.with_name(name).exists():
            raise _Torn(NotRestored(RestoreRefusal.NOT_EMPTY, header))
    part = place.with_name(f"{place.name}.restoring")
    remove_sqlite(part)
    made = open_database(f"sqlite:///{part}")
    try:
        with path.open("rb") as sealed:
            part.touch(mode=0o600, exist_ok=False)
            with part.open("wb") as file:
                for chunk in read_header(sealed, key=key)[1]:
                    file.write(chunk)
        progress("verify", 0, 0)
        with made.write() as db:
            restored = _prove(db, wish, header, at)
        made.close()
        put_in_place(part, place)
    finally:
        made.close()
        remove_sqlite(part)
    return restored


def _into_postgresql(
    path: Path, target: Database, wish: Wish, header: Header, *, key: bytes, at: datetime,
    progress: Progress,
) -> Restored:  # fmt: skip
    if not is_free(target):
        raise _Torn(NotRestored(RestoreRefusal.NOT_EMPTY, header))
    with path.open("rb") as sealed:
        fill_hidden(target, read_header(sealed, key=key)[1])
    progress("verify", 0, 0)
    try:
        with target.write() as db:
            show(db)
            restored = _prove(db, wish, header, at)
    except _Torn:
        is_free(target)  # it lets go of what did not prove itself
        raise
    return Restored(restored.header, restored.proof, restored.incarnation, install_roles(target))


def _prove(db: Session, wish: Wish, header: Header, at: datetime) -> Restored:
    """Prove the copy and begin its new life; the caller's commit lets it serve."""
    if (_newest(db), count_entries(db), incarnations.current(db)) != (
        (header.seal_no, header.seal),
        header.entries,
        header.incarnation,
    ):
        raise _Torn(NotRestored(RestoreRefusal.OTHER_HEADER, header))
    bring_up(db)
    proof = verify(db)
    if not proof.holds:
        raise _Torn(NotRestored(RestoreRefusal.BROKEN, header, proof))
    if wish.seal is not None and find_seal(db, wish.seal) is None:
        raise _Torn(NotRestored(RestoreRefusal.NO_SUCH_SEAL, header))
    db.execute(delete(office_session))  # one that was ended since would be open again
    number = incarnations.begin(db, why=Why.RESTORED, actor=wish.actor, at=at)
    return Restored(header, proof, number)


def _newest(db: Session) -> tuple[int | None, str | None]:
    seal = newest_seal(db)
    return (seal.no, seal.hash.hex()) if seal else (None, None)
