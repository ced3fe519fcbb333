"""Two tones, or silence and one line in the log."""

import io
import logging
import stat
import wave
from itertools import pairwise
from pathlib import Path

import pytest

from kiosk.sounds import RATE, Speaker, Tone, wav


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_is_a_short_wav_file_that_is_always_the_same(tone: Tone) -> None:
    with wave.open(io.BytesIO(wav(tone))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert 0.1 < file.getnframes() / RATE < 1
    assert wav(tone) == wav(tone)


def crossings(tone: Tone) -> float:
    """How often a second the wave crosses zero: twice its pitch."""
    with wave.open(io.BytesIO(wav(tone))) as file:
        frames = memoryview(file.readframes(file.getnframes())).cast("h")
    signs = [sample > 0 for sample in frames if sample]
    return sum(a != b for a, b in pairwise(signs)) / (len(signs) / RATE)


def test_the_tone_for_problems_is_far_lower_than_the_other() -> None:
    assert crossings(Tone.PROBLEM) * 3 < crossings(Tone.OK)


def test_a_tone_is_given_to_the_player(tmp_path: Path) -> None:
    player = tmp_path / "player"
    player.write_text(f"#!/bin/sh\ncat >> {tmp_path}/heard\n", encoding="utf-8")
    player.chmod(player.stat().st_mode | stat.S_IEXEC)
    speaker = Speaker((str(player),))
    speaker(Tone.OK)
    speaker.finish()
    assert (tmp_path / "heard").read_bytes() == wav(Tone.OK)


@pytest.mark.parametrize("player", ["/nonexistent/aplay", "false"])
def test_a_missing_player_or_sound_card_costs_one_line_in_the_log(
    player: str, caplog: pytest.LogCaptureFixture
) -> None:
    speaker = Speaker((player,))
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            speaker(Tone.PROBLEM)
            speaker.finish()
    assert [record.message for record in caplog.records] == ["no sound"]


def test_whoever_plays_never_waits(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    player = tmp_path / "player"
    player.write_text(
        f"#!/bin/sh\necho >> {tmp_path}/started\nwhile [ ! -e {gate} ]; do sleep 0.02; done\n",
        encoding="utf-8",
    )
    player.chmod(player.stat().st_mode | stat.S_IEXEC)
    speaker = Speaker((str(player),))
    for _ in range(50):
        speaker(Tone.OK)
    gate.touch()
    speaker.finish()
    assert len((tmp_path / "started").read_text(encoding="utf-8").splitlines()) <= 2
