"""Two signals: one high tone for what is well, two low tones for a problem.

They are the same for every pupil, whoever pays, and a missing sound card or player costs one
line in the log and nothing else. Whoever plays a tone never waits for it.
"""

import array
import enum
import io
import logging
import math
import queue
import subprocess
import threading
import wave
from collections.abc import Callable
from typing import TypeAlias

log = logging.getLogger(__name__)

RATE = 22050
"""Samples a second."""
_LOUDNESS = 0.6
_EDGE_SECONDS = 0.01
_LONGEST_SECONDS = 5


class Tone(enum.Enum):
    """What a signal says."""

    OK = "ok"
    PROBLEM = "problem"


Play: TypeAlias = Callable[[Tone], None]

# (hertz, seconds); a pause is 0 hertz.
_SHAPES = {
    Tone.OK: ((1319.0, 0.22),),
    Tone.PROBLEM: ((294.0, 0.18), (0.0, 0.08), (220.0, 0.28)),
}


def silent(tone: Tone) -> None:
    """Play nothing."""


def wav(tone: Tone) -> bytes:
    """The signal as a WAV file: mono, 16 bit, ``RATE``. The same tone gives the same bytes."""
    samples = array.array("h")
    for hertz, seconds in _SHAPES[tone]:
        count = int(RATE * seconds)
        edge = RATE * _EDGE_SECONDS
        for n in range(count):
            # Soft edges: a tone that is cut off clicks.
            level = min(1.0, n / edge, (count - n) / edge) * _LOUDNESS
            samples.append(int(32767 * level * math.sin(2 * math.pi * hertz * n / RATE)))
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return target.getvalue()


class Speaker:
    """Plays tones with ``aplay`` (Debian: alsa-utils) from a thread of its own.

    While one tone sounds at most one more waits; what comes beyond that is dropped, since a
    tone that comes late belongs to nobody.
    """

    def __init__(self, player: tuple[str, ...] = ("aplay", "-q", "-")) -> None:
        self._player = player
        self._waiting: queue.Queue[Tone] = queue.Queue(maxsize=1)
        self._sounds = {tone: wav(tone) for tone in Tone}
        self._complained = False
        threading.Thread(target=self._work, name="sounds", daemon=True).start()

    def __call__(self, tone: Tone) -> None:
        """Play the tone, soon; returns at once."""
        try:
            self._waiting.put_nowait(tone)
        except queue.Full:
            log.debug("tone dropped", extra={"tone": tone.value})

    def finish(self) -> None:
        """Wait until everything that was asked for has been played or given up."""
        self._waiting.join()

    def _work(self) -> None:
        while True:
            tone = self._waiting.get()
            try:
                subprocess.run(
                    self._player,
                    input=self._sounds[tone],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_LONGEST_SECONDS,
                    check=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                self._complain(error)
            finally:
                self._waiting.task_done()

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            log.warning("no sound", extra={"fault": type(error).__name__})
