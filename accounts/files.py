"""Files that are whole or not there: written beside their place, durable, then put into it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def put_in_place(part: Path, path: Path) -> None:
    """Give a finished file its name; both its bytes and the name are durable on return."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_whole(path: Path, content: bytes) -> None:
    """Write a file for its owner alone; whole, and durable, or as it was before."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def could_be_written(path: Path) -> None:
    """Raise the OSError with which ``written_whole`` would begin; leave nothing behind."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    part.unlink()


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears under its name, for its owner alone, when all was written.

    Whatever is torn leaves at most a hidden file beside it, which the next writing removes.
    Raises FileExistsError where the name is taken.
    """
    could_be_written(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)
