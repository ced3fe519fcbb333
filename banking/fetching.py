"""One fetch from outside: a child process, its answers, and an end in any case.

- The child is gone when ``run`` returns or raises, whatever happened.
- It may be silent no longer than a reply of the bank may take, and work no longer than its limit;
  while a question waits for a person, only the question's own end counts.
- PIN and TAN go through its pipe alone.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import IO, Any

from accounts.clock import Clock
from accounts.money import Money
from banking.asking import Asker, GaveUp, Question
from banking.fetch_pipe import Order, to_line, unpacked
from banking.fetch_troubles import Code, FetchTrouble

_MODULE = "banking.fetch_process"
_LOOK_SECONDS = 0.2
"""How often a person's answer is looked for."""
_PIPE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a fetch may take, in seconds, and a question to a person."""

    whole: float = 1200
    question: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a fetch, or one account of it, brought nothing; the bank's codes and words with it."""

    trouble: FetchTrouble
    codes: tuple[Code, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Statements:
    """All an account's statements, raw; no pages where nothing was booked."""

    iban: str
    family: str
    pages: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BankBalance:
    """The booked balance that the bank told of an account."""

    iban: str
    day: date
    amount: Money


@dataclass(slots=True)
class Fetched:
    """What a fetch brought. ``accepted`` is whether the bank let the PIN in."""

    accepted: bool = False
    statements: list[Statements] = field(default_factory=list)
    balances: list[BankBalance] = field(default_factory=list)
    refused: dict[str, Failure] = field(default_factory=dict)
    failure: Failure | None = None


KeepState = Callable[[bytes], None]
"""Takes the client's state as soon as there is a newer one."""


def run(
    order: Order,
    *,
    ask: Asker,
    keep_state: KeepState,
    limits: Limits,
    clock: Clock,
    let_in: Callable[[], None] = lambda: None,
    ticks: Callable[[], float] = time.monotonic,
) -> Fetched:
    """Fetch in a child process; ``let_in`` is called as soon as the bank has accepted the PIN.

    Raises only what the asker, the state's keeper or ``let_in`` raise.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # who interrupts this one is not answered by both
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("a process without its pipes")
    talk = _Talk(
        (child.stdin, child.stdout), ask, keep_state, let_in=let_in, limits=limits, clock=clock
    )
    silence = order.connect_seconds + 2 * order.reply_seconds
    try:
        talk.say(order.to_line())
        return talk.through(silence=silence, ticks=ticks)
    finally:
        talk.end_question()
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            _close(pipe)


class _Talk:
    """The state of one conversation with the child."""

    def __init__(
        self,
        pipes: tuple[IO[bytes], IO[bytes]],
        ask: Asker,
        keep_state: KeepState,
        *,
        let_in: Callable[[], None],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._asked, self._told = pipes
        self._ask, self._keep_state, self._let_in = ask, keep_state, let_in
        self._limits, self._clock = limits, clock
        self._question: Question | None = None
        self._pages: list[bytes] = []
        self._found = Fetched()

    def say(self, line: bytes) -> None:
        """One line to the child; one that has ended already is noticed where it is heard."""
        with suppress(BrokenPipeError):
            self._asked.write(line)
            self._asked.flush()

    def through(self, *, silence: float, ticks: Callable[[], float]) -> Fetched:
        """Hear the child until it has ended or its time has."""
        pipe, parts = self._told.fileno(), list[bytes]()
        spent, heard, before = 0.0, ticks(), ticks()
        while True:
            asking = self._question is not None
            ready = select.select([pipe], [], [], _LOOK_SECONDS if asking else 1)[0]
            now = ticks()
            if not asking:
                spent += now - before
            before = now
            if ready:
                heard, more = now, os.read(pipe, _PIPE_BYTES)
                if not more:
                    return self._failed(FetchTrouble.FAULT, "ended without a word")
                parts.append(more)
                if b"\n" in more:  # a page is one long line: it is put together once
                    *lines, rest = b"".join(parts).split(b"\n")
                    parts = [rest]
                    if any(self._hear(json.loads(line)) for line in lines):
                        return self._found
            elif not asking and (now - heard > silence or spent > self._limits.whole):
                return self._failed(FetchTrouble.TOO_LONG, "")
            if self._question is not None:
                self._look(self._question)
                heard = now

    def end_question(self) -> None:
        """The question is over."""
        if self._question is not None:
            self._question = None
            self._ask.end()

    def _look(self, question: Question) -> None:
        said = self._ask.look()
        if said is GaveUp.GAVE_UP:
            self.say(to_line({"give_up": FetchTrouble.TAN_GIVEN_UP.value}))
        elif said is not None:
            self.say(to_line({"answer": said.tan}))
            if question.decoupled:
                return  # the app decides; the bank says when it has
        elif self._clock.now() >= question.until:
            self.say(to_line({"give_up": FetchTrouble.TAN_UNANSWERED.value}))
        else:
            return
        self.end_question()

    def _hear(self, told: dict[str, Any]) -> bool:
        """One message of the child; whether it was the last."""
        match told["is"]:
            case "state":
                self._keep_state(unpacked(told["state"]))
            case "question":
                until = self._clock.now() + self._limits.question
                self._question = Question(told["challenge"], told["decoupled"], until)
                self._ask.begin(self._question)
            case "answered":
                self.end_question()
            case "failed":
                self._found.failure = _failure(told)
                return True
            case "done":
                return True
            case _:
                self._take(told)
        return False

    def _take(self, told: dict[str, Any]) -> None:
        """What the bank brought."""
        found = self._found
        match told["is"]:
            case "accepted":
                found.accepted = True
                self._let_in()
            case "page":
                self._pages.append(unpacked(told["raw"]))
            case "statements":
                pages, self._pages = tuple(self._pages), []
                found.statements.append(Statements(told["iban"], told["family"], pages))
            case "balance":
                day = date.fromisoformat(told["day"])
                found.balances.append(BankBalance(told["iban"], day, Money(told["cents"])))
            case "refused":
                found.refused[told["iban"]] = _failure(told)

    def _failed(self, trouble: FetchTrouble, detail: str) -> Fetched:
        self._found.failure = Failure(trouble, (), detail)
        return self._found


def _failure(told: dict[str, Any]) -> Failure:
    codes = tuple(Code(code, words) for code, words in told["codes"])
    return Failure(FetchTrouble(told["trouble"]), codes, told["detail"])


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):  # what was not written yet has no reader
        pipe.close()
