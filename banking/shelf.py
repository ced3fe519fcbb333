"""Files opened and read, as many at a time as memory allows; any of them can be read again."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from accounts.bank_files import raw_of
from accounts.bank_vault import BankVault
from accounts.database import Database
from banking.identity import see
from banking.known_days import Nothing, Told, by_days
from banking.lines import BankStatement, Unreadable

Read = Callable[[bytes], Sequence[BankStatement | Unreadable]]
_MOST_LINES = 150_000
"""A line with all that is known of it takes about 1.5 kB."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A statement, read: by its days, or that it names none."""

    statement: BankStatement
    told: Told | Nothing


@dataclass(slots=True)
class Shelf:
    """Files by their number; the one asked for longest ago is put away first."""

    database: Database
    vault: BankVault
    read: Read
    _files: "OrderedDict[int, tuple[Opened | Unreadable, ...]]" = field(default_factory=OrderedDict)

    def open(self, file_id: int) -> tuple[Opened | Unreadable, ...] | None:
        """A file's statements in their order; None where its bytes were erased."""
        if file_id in self._files:
            self._files.move_to_end(file_id)
            return self._files[file_id]
        with self.database.read() as db:
            raw = raw_of(db, self.vault, file_id)
        if raw is None:
            return None
        opened = tuple(self._opened(one) for one in self.read(raw))
        del raw
        self._files[file_id] = opened
        while len(self._files) > 1 and self._lines() > _MOST_LINES:
            self._files.popitem(last=False)
        return opened

    def _opened(self, one: BankStatement | Unreadable) -> Opened | Unreadable:
        if isinstance(one, Unreadable):
            return one
        return Opened(one, by_days(one, see(self.vault, one.lines)))

    def _lines(self) -> int:
        return sum(
            len(one.statement.lines)
            for file in self._files.values()
            for one in file
            if isinstance(one, Opened)
        )
