"""Whatever a bank tells is kept once, proved or not at all, in whatever order and how often it comes.

- Bytes are durable before they are read. What was brought and not read to its end is found.
- At the end of every proved day the ledger's account stands where the bank's does; a statement
  that does not fit what is proved is not taken, in whole or in part, and says why.
- What waits for something that comes before it is tried again whenever something came.
- The same file, an overlapping one, or the same days in the other family of formats change
  nothing, but for marks on lines that the bank words anew.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from accounts.bank_files import NewReading, Outcome, keep_file, readings, waiting
from accounts.bank_vault import BankVault
from accounts.clock import Clock
from accounts.database import Database
from banking.claimants import Place
from banking.kept import Incoming, Kept
from banking.lines import Trouble
from banking.shelf import Read, Shelf
from banking.sitting import Sitting
from banking.standing import Unkept, reason_of
from banking.taking import Desk

__all__ = ["Incoming", "Kept", "Trouble", "Unkept", "keep", "reason_of"]


def keep(
    database: Database,
    vault: BankVault,
    files: Iterable[Incoming],
    *,
    actor: str,
    clock: Clock,
    read: Read | None = None,
    rest: Callable[[float], None] = time.sleep,
) -> tuple[Kept, ...]:
    """Keep files, and whatever of earlier ones can be kept now; what became of each statement.

    In the order of the files' numbers: those that had waited, then those that were brought. A
    file that was brought before and is taken already is told as known, as a whole. ``read`` is
    ``banking.reading.read`` unless told. Raises DatabaseUnavailable: what is durable by then is
    found the next time.
    """
    desk = Desk(database, vault, actor, clock, rest)
    # Only their names and balances are held on to: bytes may be many.
    brought = [(_bring(desk, it), replace(it, raw=b"")) for it in files]
    with database.read() as db:
        standing: dict[Place, NewReading] = {(it.file_id, it.no): it for it in readings(db)}
        todo = {it.file_id for it in waiting(db)}
    again = frozenset(todo - {file_id for file_id, _ in brought})
    refused = {it.file_id for it in standing.values() if it.outcome is Outcome.QUARANTINED}
    todo |= refused & {file_id for file_id, _ in brought}
    sitting = Sitting(desk, Shelf(database, vault, read or _reader()), standing, again)
    for file_id, incoming in brought:
        sitting.names[file_id] = incoming.name
        sitting.balances[file_id] = incoming.known_balances
        if file_id not in todo:
            sitting.tell(Kept(file_id, 0, Outcome.KNOWN))
    for file_id in sorted(todo):
        sitting.open(file_id)
    sitting.settle()
    for file_id in sorted(todo):
        sitting.close(file_id)
    return sitting.told()


def _bring(desk: Desk, incoming: Incoming) -> int:
    """Keep the bytes; from then on the file waits to be read."""
    with desk.database.write() as db:
        file, _ = keep_file(
            db, desk.vault, incoming.raw, source=incoming.source, now=desk.clock.now()
        )
    return file.id


def _reader() -> Read:
    from banking.reading import read  # noqa: PLC0415  # lxml is heavy

    return read
