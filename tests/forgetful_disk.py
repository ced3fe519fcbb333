"""A disk that forgets: SQLite's files in memory, of which a power cut leaves what was synced.

Of the writes that no sync followed some are kept: the first of them, or any. Another is lost or
torn: of its sectors (512 bytes) a random part from the beginning arrived, and the next perhaps as
rubbish. The power may go at any write. Making a file and deleting it are durable at once; a
directory is not simulated. The log's shared memory is no file here: connections hold
``locking_mode=EXCLUSIVE``, where SQLite keeps it in its own memory.
"""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

import apsw

SECTOR = 512
_numbers: Iterator[int] = count(1)


class PowerCut(apsw.IOError):
    """The power went while the disk was asked for something."""


class Disk:
    """What stands in each file now, what of it is durable, and the writes since."""

    def __init__(self) -> None:
        self.now: dict[str, bytearray] = {}
        self.durable: dict[str, bytearray] = {}
        self.unsynced: dict[str, list[tuple[int, bytes | None]]] = {}
        self.syncs = 0
        self.fuse: int | None = None
        """So many writes and syncs are still done; none: as many as are asked for."""

    def write(self, name: str, offset: int, data: bytes) -> None:
        """One write of SQLite's; remembered until the next sync of this file."""
        self._burn()
        _put(self.now.setdefault(name, bytearray()), offset, data)
        self.unsynced.setdefault(name, []).append((offset, data))

    def truncate(self, name: str, size: int) -> None:
        """Cut the file off; remembered likewise."""
        self._burn()
        del self.now.setdefault(name, bytearray())[size:]
        self.unsynced.setdefault(name, []).append((size, None))

    def sync(self, name: str) -> None:
        """Everything written to this file so far stays."""
        self._burn()
        content = self.durable.setdefault(name, bytearray())
        for offset, data in self.unsynced.pop(name, []):
            _put_or_cut(content, offset, data)
        self.syncs += 1

    def delete(self, name: str) -> None:
        """The file is gone."""
        self._burn()
        self.now.pop(name, None)
        self.durable.pop(name, None)
        self.unsynced.pop(name, None)

    def put(self, name: str, content: bytes | bytearray) -> None:
        """A file that has been there for long."""
        self.now[name], self.durable[name] = bytearray(content), bytearray(content)

    def _burn(self) -> None:
        if self.fuse is None:
            return
        if self.fuse <= 0:
            raise PowerCut
        self.fuse -= 1

    def after_cut(self, rng: Random) -> "Disk":
        """What is found when the power comes back: writes kept in their order, or in any."""
        left = Disk()
        in_order = rng.random() < 0.5
        for name in self.now:
            content = self.durable.get(name, bytearray())
            writes = self.unsynced.get(name, [])
            if in_order:
                kept = rng.randint(0, len(writes))
                for offset, data in writes[:kept]:
                    _put_or_cut(content, offset, data)
                writes = writes[kept : kept + 1]
            for offset, data in writes:
                if data is None:
                    if rng.random() < 0.5:
                        del content[offset:]
                else:
                    _perhaps(content, offset, data, rng)
            left.put(name, content)
        return left


def _put_or_cut(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
    else:
        _put(content, offset, data)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _perhaps(content: bytearray, offset: int, data: bytes, rng: Random) -> None:
    fate = rng.random()
    if fate < 0.4:
        return
    if fate < 0.7 and len(data) >= SECTOR:
        whole = rng.randint(0, len(data) // SECTOR) * SECTOR
        torn = rng.randbytes(min(SECTOR, len(data) - whole)) if rng.random() < 0.3 else b""
        data = data[:whole] + torn
    _put(content, offset, data)


class _File:
    """One open file; also its locks, of which a single process needs none."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk, self._name = disk, name
        disk.now.setdefault(name, bytearray())

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  # SQLite's names, as below
        return bytes(self._disk.now.get(self._name, bytearray())[offset : offset + amount])

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self._disk.write(self._name, offset, bytes(data))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.truncate(self._name, size)

    def xSync(self, _flags: int) -> None:  # noqa: N802
        self._disk.sync(self._name)

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._disk.now.get(self._name, b""))

    def xClose(self) -> None:  # noqa: N802
        pass

    def xLock(self, _level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, _level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, _op: int, _pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0  # nothing is promised


class ForgetfulDisk(apsw.VFS):
    """The disk as SQLite sees it. ``cut`` takes the power; connections open before are dead."""

    def __init__(self) -> None:
        self.name = f"forgetful{next(_numbers)}"
        self.disk = self.made = Disk()
        super().__init__(self.name, "")

    def cut(self, rng: Random) -> None:
        """The power goes and comes back."""
        self.disk.fuse = 0
        self.disk = self.disk.after_cut(rng)

    def xOpen(self, name: Any, _flags: list[int]) -> Any:  # noqa: N802
        path = name.filename() if hasattr(name, "filename") else name
        return _File(self.disk, path or f"temporary{next(_numbers)}")

    def xAccess(self, path: str, _flags: int) -> bool:  # noqa: N802
        return path in self.disk.now

    def xDelete(self, path: str, _sync: bool) -> None:  # noqa: N802, FBT001
        self.disk.delete(path)

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name
