"""An import that is killed, and two at once: every line once, on either engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from keeping_stage import Desk, bank_with, on, open_desk
from paper_bank import Booked, PaperBank, paper

from accounts.bank_files import waiting
from accounts.database import Database
from banking.taking import AT_ONCE

TESTS = Path(__file__).parents[1]
LIMIT = 60


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def many_days() -> PaperBank:
    """Enough for many transactions; every fourth line has a twin on its day."""
    return bank_with(
        *[
            [Booked(100 + (place - place // 4 % 2), f"Essen {place // 2}") for place in range(180)]
            for _ in range(3)
        ]
    )


def run(desk: Desk, *files: Path) -> "subprocess.Popen[str]":
    """An import in a process of its own."""
    url = desk.database.url.render_as_string(hide_password=False)
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return subprocess.Popen(
        [sys.executable, str(TESTS / "keeping_driver.py"), url, *map(str, files)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.parametrize("rests", [1, 4])
def test_an_import_that_is_killed_and_repeated_keeps_every_line_once(
    desk: Desk, tmp_path: Path, rests: int
) -> None:
    truth = many_days()
    file = tmp_path / "days.json"
    file.write_bytes(paper(truth.tell(on(0), on(2))))

    with run(desk, file) as process:
        assert process.stdout is not None
        for _ in range(rests):
            assert process.stdout.readline() == "resting\n"
        process.kill()
    assert AT_ONCE <= len(desk.lines()) < 540
    with desk.database.read() as db:
        assert waiting(db)

    desk.bring(file.read_bytes())

    assert len(desk.lines()) == 540
    desk.agrees_with(truth)
    with desk.database.read() as db:
        assert not waiting(db)


def test_two_imports_at_once_keep_every_line_once(desk: Desk, tmp_path: Path) -> None:
    truth = many_days()
    one, two, three = (tmp_path / f"{name}.json" for name in ("one", "two", "three"))
    one.write_bytes(paper(truth.tell(on(0), on(2))))
    two.write_bytes(paper(truth.tell(on(0), on(2)), salt=1))
    three.write_bytes(paper(truth.tell(on(0), on(1)), truth.tell(on(1), on(2))))

    processes = [run(desk, one, two), run(desk, two, three), run(desk, three, one)]
    for process in processes:
        process.communicate(timeout=LIMIT)

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(desk.lines()) == 540
    desk.agrees_with(truth)
    with desk.database.read() as db:
        assert not waiting(db)
