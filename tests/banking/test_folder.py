"""The watched folder: what is taken, when, and where it goes."""

import fcntl
import os
from datetime import timedelta
from pathlib import Path

import pytest
from keeping_stage import VAULT, Desk, on, open_desk, week
from paper_bank import paper, read_paper

from accounts.bank_files import Outcome
from accounts.database import Database
from banking import folder as watched
from banking.folder import PickedUp, pick_up

AT_ONCE = timedelta(0)


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "drops"
    path.mkdir()
    return path


def look(desk: Desk, folder: Path, *, quiet: timedelta = AT_ONCE) -> PickedUp:
    return pick_up(
        desk.database, VAULT, folder,
        actor="system", clock=desk.clock, quiet=quiet, read=read_paper,
    )  # fmt: skip


def lying(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def test_what_is_dropped_is_kept_and_put_away(desk: Desk, folder: Path) -> None:
    truth = week()
    (folder / "b.xml").write_bytes(paper(truth.tell(on(2), on(4))))
    (folder / "a.xml").write_bytes(paper(truth.tell(on(0), on(1))))

    picked = look(desk, folder)

    assert picked.done == ("a.xml", "b.xml")
    assert [(it.name, it.outcome) for it in picked.kept] == [
        ("a.xml", Outcome.KEPT),
        ("b.xml", Outcome.KEPT),
    ]
    assert lying(folder) == ["done/a.xml", "done/b.xml"]
    desk.agrees_with(truth)


def test_what_is_not_taken_is_put_aside(desk: Desk, folder: Path) -> None:
    truth = week()
    bad = truth.tell(on(0), on(1)) | {"closing": 1}
    (folder / "bad.xml").write_bytes(paper(bad))

    picked = look(desk, folder)

    assert picked.failed == ("bad.xml",)
    assert lying(folder) == ["failed/bad.xml"]


def test_what_is_still_written_to_is_left_for_the_next_time(desk: Desk, folder: Path) -> None:
    file = folder / "growing.xml"
    file.write_bytes(paper(week().tell(on(0), on(4))))

    picked = look(desk, folder, quiet=timedelta(hours=1))
    assert picked.growing == ("growing.xml",)
    assert lying(folder) == ["growing.xml"]
    assert desk.lines() == []

    two_hours_ago = file.stat().st_mtime - 7200
    os.utime(file, (two_hours_ago, two_hours_ago))
    assert look(desk, folder, quiet=timedelta(hours=1)).done == ("growing.xml",)


def test_a_name_that_is_taken_among_the_done_gets_a_number(desk: Desk, folder: Path) -> None:
    truth = week()
    for first, last in ((0, 0), (1, 2), (3, 4)):
        (folder / "umsatz.xml").write_bytes(paper(truth.tell(on(first), on(last))))
        look(desk, folder)

    assert lying(folder) == ["done/umsatz-2.xml", "done/umsatz-3.xml", "done/umsatz.xml"]
    desk.agrees_with(truth)


def test_links_folders_pipes_and_unfinished_names_are_left_alone(
    desk: Desk, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.xml"
    elsewhere.write_bytes(paper(week().tell(on(0), on(4))))
    (folder / "link.xml").symlink_to(elsewhere)
    (folder / "gone.xml").symlink_to(tmp_path / "nowhere")
    (folder / "more").mkdir()
    os.mkfifo(folder / "pipe.xml")
    for name in ("a.xml.part", ".hidden.xml", "b.TMP"):
        (folder / name).write_bytes(b"x")

    assert look(desk, folder) == PickedUp()


def test_what_is_too_big_is_named_and_left(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "MOST_BYTES", 10)
    (folder / "big.xml").write_bytes(b"x" * 11)

    assert look(desk, folder).too_big == ("big.xml",)
    assert lying(folder) == ["big.xml"]


def test_a_folder_that_another_looks_through_is_left_alone(desk: Desk, folder: Path) -> None:
    (folder / "a.xml").write_bytes(paper(week().tell(on(0), on(4))))
    look(desk, folder)
    (folder / "b.xml").write_bytes(paper(week().tell(on(0), on(4)), salt=1))

    with (folder / ".mensa.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert look(desk, folder).busy

    assert look(desk, folder).done == ("b.xml",)


def test_a_file_that_could_not_be_put_away_is_known_the_next_time(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = week()
    (folder / "a.xml").write_bytes(paper(truth.tell(on(0), on(4))))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(watched, "_put_away", full)
        with pytest.raises(OSError, match="No space"):
            look(desk, folder)

    picked = look(desk, folder)
    assert picked.done == ("a.xml",)
    assert [it.outcome for it in picked.kept] == [Outcome.KNOWN]
    assert len(desk.lines()) == 7
