"""Who of the staff is at the kiosk: by card or PIN, with a lock, until idle.

After three wrong PINs sign-in is locked for thirty seconds, and twice as long after each
further one, at most a quarter of an hour. The lock is kept on the disk: switching the kiosk
off and on does not open it. Works without any network; the PINs are Argon2id texts of the
snapshot, checked one after the other because a PIN is all that staff type.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from accounts.clock import Clock, microseconds, moment
from accounts.snapshot import StaffRow
from kiosk import messages as say

WRONG_BEFORE_LOCK = 3
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)


class Store(Protocol):
    """Keeps one value under a name, sealed; the journal does."""

    def keep(self, name: str, clear: bytes) -> None:
        """Keep it."""

    def kept(self, name: str) -> bytes | None:
        """Give it back."""


class StaffSession:
    """At most one member of staff at a time. Belongs to the counter's thread."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        check_pin: Callable[[str, str], bool],
        idle: timedelta = timedelta(seconds=60),
    ) -> None:
        self._store = store
        self._clock = clock
        self._check_pin = check_pin
        self._idle = idle
        self._who: StaffRow | None = None
        self._until: datetime | None = None
        kept = store.kept("pin lock")
        wrong, until_us = json.loads(kept) if kept else (0, 0)
        self._wrong: int = wrong
        self._locked_until = moment(until_us)

    def who(self) -> StaffRow | None:
        """Who is signed in now; asking keeps them signed in."""
        if not self._lasts():
            return None
        self.keep_alive()
        return self._who

    def keep_alive(self) -> None:
        """A key was pressed: the idle time starts anew, if it has not run out."""
        if self._lasts():
            self._until = self._clock.now() + self._idle

    def welcome(self, who: StaffRow, now: datetime) -> say.SignedIn:
        """Sign in without a PIN: by a staff card."""
        self._who, self._until = who, now + self._idle
        return say.SignedIn(who.label, int(self._idle.total_seconds()))

    def sign_in(self, pin: str, staff: tuple[StaffRow, ...]) -> say.Outcome:
        """Sign in by PIN."""
        now = self._clock.now()
        # A clock that was set back must not lock anybody out for longer.
        self._locked_until = min(self._locked_until, now + LONGEST_LOCK)
        if now < self._locked_until:
            return say.SignInRefused(self._wait(now))
        for one in staff:
            if one.pin_hash and self._check_pin(one.pin_hash, pin):
                self._count(0, now)
                return self.welcome(one, now)
        self._count(self._wrong + 1, now)
        return say.SignInRefused(self._wait(now))

    def sign_out(self) -> say.SignedOut:
        """Done."""
        self._who = self._until = None
        return say.SignedOut()

    def ended(self) -> bool:
        """True once, when idle time has run out."""
        if self._until is None or self._lasts():
            return False
        self._who = self._until = None
        return True

    def _lasts(self) -> bool:
        # Before the time it began counts as over too: then the clock was set back.
        now = self._clock.now()
        return self._until is not None and self._until - self._idle <= now <= self._until

    def _wait(self, now: datetime) -> int:
        left = self._locked_until - now
        return max(0, -int(-left.total_seconds() // 1))

    def _count(self, wrong: int, now: datetime) -> None:
        if wrong == self._wrong:
            return
        self._wrong = wrong
        if wrong >= WRONG_BEFORE_LOCK:
            doubled = FIRST_LOCK * 2 ** min(wrong - WRONG_BEFORE_LOCK, 10)
            self._locked_until = now + min(doubled, LONGEST_LOCK)
        kept = json.dumps([wrong, microseconds(self._locked_until)]).encode()
        self._store.keep("pin lock", kept)
