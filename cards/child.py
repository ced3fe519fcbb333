"""A child process that speaks in lines and never outlives its usefulness.

Its events come through a private pipe; whatever it or a library prints comes apart from
them, so that neither a warning nor a traceback can be taken for an event or reach the
terminal. Leaving the block kills the process and takes its remains away.
"""

import os
import select
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self


class Lines:
    """A descriptor read as whole lines; the last, unfinished one waits for its end."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._rest = b""

    def read(self) -> list[bytes]:
        """Return the lines that are complete after one read, which must not block."""
        data = os.read(self.descriptor, 65536)
        self.ended = not data
        *whole, self._rest = (self._rest + data).split(b"\n")
        return whole


class Child:
    """A started process; a context manager that leaves none behind.

    Raises OSError, with nothing left open, where it cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        with ExitStack() as opened:
            events, self.events_fd = _pipe(opened)
            words, printed = _pipe(opened)
            heard, self._ear = _pipe(opened)
            self._process = subprocess.Popen(
                command,
                stdin=heard,
                stdout=printed,
                stderr=printed,
                pass_fds=(self.events_fd,),
                env=dict(environment),
                start_new_session=True,  # a Ctrl-C at the terminal is the parent's to handle
            )
            opened.pop_all()
        for theirs in (self.events_fd, printed, heard):
            os.close(theirs)
        self.events = Lines(events)
        self.words = Lines(words)

    def tell(self, line: bytes) -> None:
        """Write a line to the process; one that has ended already hears nothing."""
        with suppress(BrokenPipeError):
            os.write(self._ear, line)

    def end(self, seconds: float) -> None:
        """Ask the process to end by closing its standard input, and wait that long for it."""
        os.close(self._ear)
        self._ear = -1
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for ours in (self._ear, self.events.descriptor, self.words.descriptor):
            if ours >= 0:
                os.close(ours)


def _pipe(opened: ExitStack) -> tuple[int, int]:
    """Return a pipe's two ends, which ``opened`` closes."""
    ends = os.pipe()
    for end in ends:
        opened.callback(os.close, end)
    return ends


def wait_for(descriptors: Collection[int], seconds: float) -> set[int]:
    """Return those that can be read or have ended, or none of them after ``seconds``."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(max(0, seconds) * 1000)}
