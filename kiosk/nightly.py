"""``mensa nightly``: the ledger proves itself, is sealed and saved, and says what is due.

- Each step's outcome is told; a step that fails keeps no other from being done.
- A ledger that does not prove itself is not sealed. It is saved all the same, under a name of
  its own ("unproved"), which never stands for a good backup.
- Old backups go only after a new good one was made; the newest good one always stays.
"""

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from accounts.backup import back_up
from accounts.backup_file import read_key
from accounts.bank_state import SILENCE
from accounts.clock import Clock
from accounts.database import Database
from accounts.notices import NIGHT, Notices, last_night, notices
from accounts.proof import Proof
from accounts.seals import Seal, make_seal
from accounts.settings import NightlySettings
from accounts.verify import prove as prove_all

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"mensa-(?P<at>\d{8}T\d{6}Z)(?P<unproved>-unproved)?\.backup")


class Step(enum.Enum):
    """What a night does, in this order."""

    VERIFY = "verify"
    SEAL = "seal"
    BACKUP = "backup"
    OLD_BACKUPS = "old_backups"
    NOTICES = "notices"


class Outcome(enum.Enum):
    """What became of a step."""

    DONE = "done"
    LEFT_OUT = "left_out"  # it was not asked for, or the step before it failed
    FAILED = "failed"


@dataclass(slots=True)
class Night:
    """What a night did. ``why`` has a word for each step that failed."""

    at: datetime
    outcomes: dict[Step, Outcome]
    why: dict[Step, str]
    proof: Proof | None = None
    seal: Seal | None = None
    backup: Path | None = None
    removed: tuple[Path, ...] = ()
    notices: Notices | None = None

    @property
    def proved(self) -> bool:
        """Whether the ledger proved itself."""
        return self.proof is not None and self.proof.holds

    @property
    def good(self) -> bool:
        """Whether nobody has to look: proved, and no step failed."""
        return self.proved and Outcome.FAILED not in self.outcomes.values()


def spend(
    database: Database,
    *,
    settings: NightlySettings | None,
    clock: Clock,
    bank_silence: timedelta = SILENCE,
) -> Night:
    """Do the night's work. Raises nothing a step can tell of itself."""
    night = Night(clock.now(), dict.fromkeys(Step, Outcome.LEFT_OUT), {})
    since: datetime | None = None

    def prove() -> None:
        nonlocal since
        with database.read() as db:
            since = last_night(db)
        night.proof = prove_all(database)

    def seal() -> None:
        night.seal = make_seal(database, actor=NIGHT, clock=clock)

    def save(to: NightlySettings) -> None:
        key = read_key(to.key_file)
        path = to.backup / backup_name(night.at, proved=night.proved)
        back_up(database, path, key=key, clock=clock, progress=lambda *_: None)
        night.backup = path

    def clear(kept: NightlySettings) -> None:
        night.removed = remove_old(kept, at=night.at)

    def look() -> None:
        with database.read() as db:
            night.notices = notices(db, since=since, at=clock.now(), bank_silence=bank_silence)

    _take(night, Step.VERIFY, prove)
    if night.proved:
        _take(night, Step.SEAL, seal)
    if settings is not None:
        _take(night, Step.BACKUP, partial(save, settings))
        if night.proved and night.backup is not None:
            _take(night, Step.OLD_BACKUPS, partial(clear, settings))
    _take(night, Step.NOTICES, look)
    return night


def backup_name(at: datetime, *, proved: bool) -> str:
    """What the backup of that moment is called."""
    return f"mensa-{at.astimezone(UTC):{_STAMP}}{'' if proved else '-unproved'}.backup"


def remove_old(settings: NightlySettings, *, at: datetime) -> tuple[Path, ...]:
    """Remove the backups made before the days to keep, but for the newest good one."""
    found = [
        (name, path) for path in settings.backup.iterdir() if (name := _NAME.fullmatch(path.name))
    ]
    good = sorted(path for name, path in found if name["unproved"] is None)
    oldest = (at.astimezone(UTC) - timedelta(days=settings.keep_days)).strftime(_STAMP)
    old = sorted(path for name, path in found if name["at"] < oldest and path not in good[-1:])
    for path in old:
        path.unlink()
    return tuple(old)


def _take(night: Night, step: Step, do: Callable[[], None]) -> None:
    try:
        do()
    except Exception as fault:  # noqa: BLE001  # told in the report; the other steps are due all the same
        night.outcomes[step] = Outcome.FAILED
        night.why[step] = f"{type(fault).__name__}: {fault}".strip().splitlines()[0]
    else:
        night.outcomes[step] = Outcome.DONE
