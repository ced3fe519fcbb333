"""Files that are replaced are whole: the old one or the new one, and for their owner alone."""

import os
from pathlib import Path

import pytest

from accounts.files import put_whole


def test_a_file_is_written_and_replaced_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    for content in (b"first", b"second"):
        put_whole(path, content)
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("torn", ["fsync", "replace"])
def test_what_is_torn_leaves_the_old_file_and_nothing_beside_it(
    torn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    put_whole(path, b"first")

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os if torn == "fsync" else Path, torn, full)
        with pytest.raises(OSError, match="no space"):
            put_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
    put_whole(path, b"third")
    assert path.read_bytes() == b"third"


def test_what_a_power_cut_left_beside_it_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".keys.part").write_bytes(b"half")
    put_whole(tmp_path / "keys", b"whole")
    assert [it.name for it in tmp_path.iterdir()] == ["keys"]
