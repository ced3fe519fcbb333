"""What a card keeps when no field powers it: kind, number, keys, files.

An image is a value: a chip that writes has another image afterwards, whole, as the real
chip's memory changes whole where its maker promises that. It goes to bytes and back without
loss, so that a card can be put away half personalised and laid down again tomorrow. Keys and
contents are left out of its printed form; its bytes hold them in the clear, so no image of a
real card's keys is ever kept.
"""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class Kind(enum.Enum):
    """The cards a hand may hold to the reader."""

    EV1 = "ev1"
    EV2 = "ev2"
    EV3 = "ev3"
    NTAG424 = "ntag424"
    NUMBER = "uid"
    """A DESFire's looks, a number, and none of its commands."""
    CLASSIC = "classic"
    NTAG213 = "ntag213"
    TICKET = "vdv"
    """A transport ticket (VDV-Kernapplikation): only its ATR speaks."""


DESFIRES = (Kind.EV1, Kind.EV2, Kind.EV3)

ATRS = {
    **dict.fromkeys((*DESFIRES, Kind.NTAG424, Kind.NUMBER), bytes.fromhex("3B8180018080")),
    Kind.CLASSIC: bytes.fromhex("3B8F8001804F0CA000000306030001000000006A"),
    Kind.NTAG213: bytes.fromhex("3B8F8001804F0CA0000003060300030000000068"),
    Kind.TICKET: bytes.fromhex("3B8580015A4356445659"),
}
"""What the reader makes of the card's greeting (PC/SC part 3)."""

PICC = bytes(3)
"""The number of the level above all applications."""

NTAG_NAME = bytes.fromhex("D2760000850101")
"""The name of an NTAG 424's only application (NT4H2421Gx, section 8.2.2)."""


class Suite(enum.Enum):
    """The cipher a key is for."""

    DES = "des"
    """16 bytes; two equal halves make it single DES."""
    AES = "aes"


class Guard(enum.IntEnum):
    """How a file's content travels."""

    PLAIN = 0
    MACED = 1
    FULL = 3


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the version number that may be asked of it."""

    suite: Suite
    value: bytes = field(repr=False)
    version: int = 0


@dataclass(frozen=True, slots=True)
class File:
    """A file of plain data. ``rights``: read, write, both, change; four bits each."""

    number: int
    guard: Guard
    rights: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """Keys and files under one number. ``settings`` is the first byte of its key settings."""

    name: bytes
    settings: int
    keys: tuple[Key, ...]
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """See the module. The first application is the level above the others."""

    kind: Kind
    uid: bytes = field(repr=False)
    applications: tuple[Application, ...] = ()
    random_uid: bool = False
    """The card tells the field a new number each time, as phones do."""

    def application(self, name: bytes) -> Application | None:
        """Return the application of this name."""
        return next((one for one in self.applications if one.name == name), None)

    def keeping(self, application: Application) -> "Image":
        """Return the card with this application in the place of the one of its name."""
        known = tuple(application if a.name == application.name else a for a in self.applications)
        added = () if self.application(application.name) else (application,)
        return replace(self, applications=known + added)

    def to_bytes(self) -> bytes:
        """The image as JSON, one line."""
        return json.dumps(_told(self), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, told: bytes) -> "Image":
        """The image that ``to_bytes`` wrote. Raises ValueError for anything else."""
        try:
            return _heard(json.loads(told))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("these bytes are no card's image") from error


def factory(kind: Kind, uid: bytes, *, random_uid: bool = False) -> Image:
    """Return the card as it leaves its maker: every key zero, version 0.

    A DESFire's only key is a DES key and its settings allow everything (0F), so creating an
    application needs no key; an NTAG 424 has its five keys and three files
    (NT4H2421Gx, sections 8.2.3 and 8.2.4).
    """
    applications: tuple[Application, ...] = ()
    if kind in DESFIRES:
        applications = (Application(PICC, 0x0F, (Key(Suite.DES, bytes(16)),)),)
    if kind is Kind.NTAG424:
        container = bytes.fromhex("001720010000FF0406E104010000000506E10500808283")
        files = (
            File(1, Guard.PLAIN, 0xE000, container.ljust(32, b"\0")),
            File(2, Guard.PLAIN, 0xEEE0, bytes(256)),
            File(3, Guard.FULL, 0x2330, bytes(128)),
        )
        keys = (Key(Suite.AES, bytes(16)),) * 5
        applications = (Application(PICC, 0, ()), Application(NTAG_NAME, 0, keys, files))
    return Image(kind, uid, applications, random_uid)


def issued(
    kind: Kind,
    uid: bytes,
    *,
    keys: Mapping[int, bytes],
    content: bytes,
    generation: int = 1,
    aid: bytes = b"MK1",
    master: bytes | None = None,
) -> Image:
    """Return a card as an office would have made it, its content in file 1 (NTAG 424: 3).

    Keys that are not told, and the chip's own master key, are ones nobody knows. The file is
    read with key 1 (NTAG 424: 2) and written with key 0 (NTAG 424: 3); everything
    else needs key 0.
    """
    card = factory(kind, uid)

    def made(number: int) -> Key:
        return Key(Suite.AES, keys.get(number, _unknown(uid, number)), generation)

    if kind is Kind.NTAG424:
        ours = card.applications[1]
        third = ours.files[2]
        full = content + third.content[len(content) :]
        files = (*ours.files[:2], replace(third, content=full))
        return card.keeping(replace(ours, keys=tuple(map(made, range(5))), files=files))
    top = Key(Suite.AES, master if master is not None else _unknown(uid, 99), generation)
    card = card.keeping(Application(PICC, 0x0F, (top,)))
    file = File(1, Guard.FULL, 0x10F0, content)
    return card.keeping(Application(aid, 0x09, (made(0), made(1)), (file,)))


def copied(image: Image) -> Image:
    """Return the forger's card: the same number, applications and contents, other keys."""

    def forged(application: Application) -> Application:
        numbered = enumerate(application.keys)
        keys = (replace(key, value=_unknown(key.value, no)) for no, key in numbered)
        return replace(application, keys=tuple(keys))

    return replace(image, applications=tuple(map(forged, image.applications)))


def _unknown(told: bytes, number: int) -> bytes:
    return hashlib.sha256(b"nobody knows this key" + told + bytes((number,))).digest()[:16]


def _told(image: Image) -> dict[str, Any]:
    return {
        "kind": image.kind.value,
        "uid": image.uid.hex(),
        "random": image.random_uid,
        "applications": [
            {
                "name": one.name.hex(),
                "settings": one.settings,
                "keys": [[key.suite.value, key.value.hex(), key.version] for key in one.keys],
                "files": [[f.number, f.guard, f.rights, f.content.hex()] for f in one.files],
            }
            for one in image.applications
        ],
    }


def _heard(row: Mapping[str, Any]) -> Image:
    return Image(
        Kind(row["kind"]),
        bytes.fromhex(row["uid"]),
        tuple(_application(one) for one in row["applications"]),
        bool(row["random"]),
    )


def _application(row: Mapping[str, Any]) -> Application:
    keys = (Key(Suite(suite), bytes.fromhex(key), no) for suite, key, no in row["keys"])
    files = (
        File(no, Guard(guard), rights, bytes.fromhex(c)) for no, guard, rights, c in row["files"]
    )
    return Application(bytes.fromhex(row["name"]), int(row["settings"]), tuple(keys), tuple(files))
