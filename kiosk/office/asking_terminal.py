"""The terminal as who answers the bank's question: a TAN is typed unseen, or the app is waited for.

The fetch goes on meanwhile, so nothing here ever waits; Ctrl+C ends the fetch.
"""

import os
import select
import sys
import termios
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TextIO

from accounts.texts import Texts
from banking.asking import GaveUp, Question, Reply
from kiosk.office.bank_pull_words import printable
from kiosk.sentences_fetch import ASKS_APP, ASKS_TAN, TYPE_TAN, UNTIL

_LONGEST_TAN = 256
_FLAGS = 3
"""Where a terminal's attributes keep its local modes (termios)."""


@dataclass(slots=True)
class Terminal:
    """Asks whoever sits at the terminal ``tty``."""

    speech: Texts
    tty: str = "/dev/tty"
    out: TextIO = field(default_factory=lambda: sys.stderr)
    _handle: int | None = field(default=None, init=False)
    _before: list[Any] = field(default_factory=list, init=False)

    def begin(self, question: Question) -> None:
        """See Asker."""
        say = self.speech.say
        asks = ASKS_APP if question.decoupled else ASKS_TAN
        lines = [say(asks, challenge=printable(question.challenge))]
        lines.append(say(UNTIL, until=self.speech.moment(question.until)))
        self.out.write("".join(f"{line}\n" for line in lines))
        if not question.decoupled:
            self._handle = os.open(self.tty, os.O_RDWR | os.O_NOCTTY)
            self._before = termios.tcgetattr(self._handle)
            unseen = [*self._before]
            unseen[_FLAGS] &= ~termios.ECHO
            termios.tcsetattr(self._handle, termios.TCSAFLUSH, unseen)
            self.out.write(say(TYPE_TAN))
        self.out.flush()

    def look(self) -> Reply | GaveUp | None:
        """See Asker."""
        if self._handle is None or not select.select([self._handle], [], [], 0)[0]:
            return None
        typed = os.read(self._handle, _LONGEST_TAN).decode("utf-8", "replace").strip()
        return Reply(typed) if typed else GaveUp.GAVE_UP

    def end(self) -> None:
        """See Asker."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        with suppress(OSError, termios.error):  # a terminal that is gone needs no echo
            termios.tcsetattr(handle, termios.TCSADRAIN, self._before)
            self.out.write("\n")
        os.close(handle)
