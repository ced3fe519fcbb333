"""The composition root of a kiosk: settings in, running parts out.

Here and nowhere else journal, counter, ledger and readers are put together. A virtual reader is
admitted only where the caller says so, and only the demo and the tests do.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from accounts.clock import Clock
from accounts.database import Database
from accounts.door import DirectDoor, Door, RoleDoor
from accounts.holdings import card_hash
from accounts.settings import ReaderEntry, Settings, SettingsError
from accounts.snapshot import Snapshot, from_bytes
from accounts.staff import verify_pin
from cards.reader import Reader, ReaderSetting
from cards.uid import Radix, UidForm
from kiosk.commands import Command
from kiosk.journal import Journal, open_journal
from kiosk.key_book import KeyShelf
from kiosk.messages import Outcome
from kiosk.school_keys import kept_keys
from kiosk.session import StaffSession
from kiosk.staffed import StaffedCounter
from kiosk.sync import Sync
from kiosk.vault import WrongKey, key_from_credential
from kiosk.worker import Worker

log = logging.getLogger(__name__)

JOURNAL_FILE = "journal.db"
SHORTEST_PASSPHRASE = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """A kiosk's running parts behind its screen."""

    journal: Journal
    worker: Worker
    sync: Sync

    def start(self) -> None:
        """Begin to serve and to drain."""
        self.worker.start()
        self.sync.start()

    def send(self, command: Command) -> None:
        """A command of the screen."""
        self.worker.send(command)

    def close(self) -> None:
        """Stop readers, finish what was begun, close the journal."""
        self.worker.close()
        self.sync.close()
        self.journal.close()


def assemble(
    door: Door,
    journal: Journal,
    readers: Sequence[Reader],
    *,
    pepper: bytes,
    clock: Clock,
    deliver: Callable[[Outcome], None],
    idle: timedelta = timedelta(seconds=60),
    software: str = "",
) -> Parts:
    """Put a kiosk together. What it knew last, it knows at once."""
    session = StaffSession(journal, clock=clock, check_pin=verify_pin, idle=idle)

    def hashed(uid: str) -> str:
        return card_hash(pepper, uid).hex()

    keys = KeyShelf(kept_keys(journal), card_hash=hashed)
    counter = StaffedCounter(journal, clock=clock, card_hash=hashed, staff=session, keys=keys)
    snapshot = _last_snapshot(journal)
    sync = Sync(
        door,
        journal,
        clock=clock,
        learn=lambda news: worker.send(news),  # noqa: PLW0108  # the worker is made after it
        tell=deliver,
        snapshot=snapshot,
        software=software,
        keys=lambda: keys.standing,
    )
    worker = Worker(
        counter,
        session,
        readers,
        clock=clock,
        deliver=deliver,
        written=sync.wake,
        secret_of=keys.secret_of,
    )
    if snapshot is not None:
        worker.send(snapshot)
    return Parts(journal, worker, sync)


def door_of(database: Database, *, origin_id: int, clock: Clock) -> Door:
    """A kiosk's way to its ledger: beside it on SQLite, by its own role on PostgreSQL."""
    if database.is_sqlite:
        return DirectDoor(database, origin_id, clock)
    return RoleDoor(database, origin_id)


def open_kiosk_journal(
    settings: Settings,
    *,
    ask_passphrase: Callable[[], str],
    environment: Mapping[str, str] = os.environ,
) -> Journal:
    """The journal of the kiosk this machine is.

    The key is systemd's credential where there is one, else a passphrase is asked for. Raises
    SettingsError, ``kiosk.vault.WrongKey`` and ``kiosk.journal.JournalBroken``; WrongKey also
    for a passphrase too short to begin a journal with.
    """
    if settings.kiosk is None:
        raise SettingsError("this machine is no kiosk: its settings have no [kiosk]")
    state = settings.kiosk.state
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"[kiosk] state {state}: {error.strerror}") from error
    # Files of another user are there when somebody has tried the kiosk as root.
    for path in (state, *state.glob("*")):
        if not os.access(path, os.R_OK | os.W_OK):
            raise SettingsError(f"[kiosk] state {path}: this user may not write there")
    try:
        key = key_from_credential(environment.get("CREDENTIALS_DIRECTORY"))
    except (OSError, ValueError) as error:
        raise SettingsError(str(error)) from error
    path = state / JOURNAL_FILE
    if key is not None:
        return open_journal(path, origin_id=settings.kiosk.origin, key=key)
    passphrase = ask_passphrase()
    if len(passphrase) < SHORTEST_PASSPHRASE and not path.exists():
        raise WrongKey(f"a new passphrase needs at least {SHORTEST_PASSPHRASE} characters")
    return open_journal(path, origin_id=settings.kiosk.origin, passphrase=passphrase)


def read_pepper(path: Path | None) -> bytes:
    """The installation's secret for card numbers: at least 16 bytes. Raises SettingsError."""
    if path is None:
        raise SettingsError("the settings name no pepper_file")
    try:
        pepper = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"pepper_file {path}: {error.strerror}") from error
    if len(pepper) < 16:
        raise SettingsError(
            f"pepper_file {path}: the secret for card numbers needs at least 16 bytes"
        )
    return pepper


def reader_setting(entry: ReaderEntry) -> ReaderSetting:
    """The allow-list entry that a settings file's reader stands for. Raises SettingsError."""
    try:
        if entry.radix.upper() not in Radix.__members__:
            raise SettingsError(f'reader {entry.label}: radix is "hex" or "decimal"')
        form = UidForm(Radix[entry.radix.upper()], entry.reversed, entry.length)
        if entry.kind not in {"pcsc", "wedge"}:
            raise SettingsError(f'reader {entry.label}: kind is "pcsc" or "wedge"')
        return ReaderSetting(
            label=entry.label,
            kind="pcsc" if entry.kind == "pcsc" else "wedge",
            match=entry.match,
            uid_form=form,
        )
    except ValueError as error:
        raise SettingsError(f"reader {entry.label}: {error}") from error


def _last_snapshot(journal: Journal) -> Snapshot | None:
    try:
        kept = journal.kept("snapshot")
        return None if kept is None else from_bytes(kept)
    except (KeyError, TypeError, ValueError, WrongKey):
        log.warning("the kept snapshot is damaged or of another version; waiting for a fresh one")
        return None
