"""Cards that prove themselves as an office would have issued them: chip, ledger and school key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from builders import NOON

from accounts.card_issuing import Issue, begin, finish
from accounts.card_register import Card
from accounts.database import Database, Session
from cards.channel import CardGone, Channel
from cards.field import Field, Report
from cards.layout import AID, Content, Medium
from cards.loop import Loop
from cards.reader import (
    ReaderSetting,
    SecretOf,
    Sink,
    TroubleReason,
    UnreadReason,
    no_secret,
)
from cards.school_key import SchoolKey, seal
from cards.secret import CardSecret
from cards.virtual.chip import Chip
from cards.virtual.image import Image, Kind, issued

T = TypeVar("T")
SCHOOL_KEY = SchoolKey(b"school-1", bytes(range(32)))
MEDIA = {
    Kind.EV1: Medium.EV1,
    Kind.EV2: Medium.EV2,
    Kind.EV3: Medium.EV2,
    Kind.NTAG424: Medium.NTAG424,
}


@dataclass(frozen=True, slots=True)
class Keyed:
    """A card with a key: the chip, what it can prove, and its row in the ledger."""

    uid: str
    image: Image
    secret: CardSecret
    card: Card


def keyed_card(
    database: Database,
    uid: str,
    *,
    hashed: bytes,
    school_id: int,
    pupil_id: int | None = None,
    staff_id: int | None = None,
    replaces: int | None = None,
    kind: Kind = Kind.EV2,
    key: SchoolKey | None = SCHOOL_KEY,
) -> Keyed:
    """Issue a card; without ``key`` its secret was not sealed for the school yet."""
    with database.write() as db:
        return keyed_card_in(
            db, uid, hashed=hashed, school_id=school_id, pupil_id=pupil_id, staff_id=staff_id,
            replaces=replaces, kind=kind, key=key,
        )  # fmt: skip


def keyed_card_in(
    db: Session,
    uid: str,
    *,
    hashed: bytes,
    school_id: int,
    pupil_id: int | None = None,
    staff_id: int | None = None,
    replaces: int | None = None,
    kind: Kind = Kind.EV2,
    key: SchoolKey | None = SCHOOL_KEY,
) -> Keyed:
    """The same in the caller's transaction."""
    medium = MEDIA[kind]
    read_key = bytes.fromhex(uid).rjust(16, b"k")
    token = bytes.fromhex(uid).ljust(12, b"t")
    issue = begin(
        db, uid_hmac=hashed, pupil_id=pupil_id, staff_id=staff_id, replaces=replaces,
        medium=medium.value, generation=1, escrow=b"escrow", actor="office", at=NOON,
    )  # fmt: skip
    assert isinstance(issue, Issue), issue
    secret = CardSecret(medium, AID, read_key, token, issue.issue_no)
    sealed = {school_id: (key.id, seal(key, secret, card=hashed))} if key else {}
    card = finish(db, issue.id, sealed=sealed, actor="office", at=NOON)
    assert isinstance(card, Card), card
    content = Content(city=1, issue_no=issue.issue_no, token=token).to_bytes()
    keys = {medium.read_key: read_key}
    image = issued(kind, bytes.fromhex(uid), keys=keys, content=content, aid=AID)
    return Keyed(uid, image, secret, card)


class Lying:
    """A chip that lies in the field, as a channel; ``between`` may change an answer."""

    def __init__(self, chip: Chip, between: Callable[[int, bytes], bytes | None]) -> None:
        self._chip, self._between = chip, between
        self.said: list[tuple[bytes, bytes]] = []

    def transmit(self, apdu: bytes) -> bytes:
        """The chip's answer, as far as ``between`` lets it through."""
        assert len(self.said) < 100, "a tap without an end"
        answer = self._between(len(self.said), self._chip.answer(apdu))
        if answer is None:
            raise CardGone("taken away")
        self.said.append((apdu, answer))
        return answer


class HandReader:
    """A `cards.reader.Reader` without a process: the real loop, and chips held by a hand.

    Whatever happens is told in the thread of whoever lays a chip down.
    """

    def __init__(self, label: str, now: Callable[[], datetime]) -> None:
        self.label, self._now = label, now
        self._reports: list[Report] = []
        self._count = 0
        self._has_read = False
        self._channel: Channel | None = None
        self._loop: Loop | None = None

    def start(self, sink: Sink, secret_of: SecretOf = no_secret) -> None:
        """See the seam."""
        self._loop = Loop(
            setting=ReaderSetting(self.label, match=self.label),
            admit_virtual=False,
            now=self._now,
            tell=sink,
            alive=lambda: None,
            secret_of=secret_of,
            field=Field(),
        )
        self._loop._ready()

    def close(self) -> None:
        """Take the hand away."""
        self._loop = None

    def lay(
        self, image: Image, between: Callable[[int, bytes], bytes | None] = lambda _, it: it
    ) -> list[tuple[bytes, bytes]]:
        """Lay a chip down and take it away; return its commands and answers."""
        assert self._loop is not None
        chip = Chip(image)
        lying = Lying(chip, between)
        self._channel = lying
        there = Report(raw=0, present=True, count=self._count + 1, atr=chip.atr)
        self._count += 2
        self._reports = [there, Report(raw=0, present=False, count=self._count)]
        self._loop._serve(self, self.label)
        return lying.said

    def readers(self) -> list[str] | TroubleReason:
        """See `cards.loop.Session`, here and below."""
        return [self.label]

    def wait(self, _: str, last: Report | None, __: float) -> Report | TroubleReason:
        if self._has_read and last is not None:
            self._has_read = False
            return last
        return self._reports.pop(0) if self._reports else TroubleReason.NO_READER

    def wait_for_readers(self, _: float) -> TroubleReason | None:
        return TroubleReason.NO_READER

    def read_card(self, _: str, judge: Callable[[bytes, Channel], T]) -> T | UnreadReason:
        assert self._channel is not None
        self._has_read = True
        try:
            answer = self._channel.transmit(bytes.fromhex("FFCA000000"))
            if answer[-2:] != b"\x90\x00":
                return UnreadReason.UNREADABLE
            return judge(answer[:-2], self._channel)
        except CardGone:
            return UnreadReason.UNREADABLE
