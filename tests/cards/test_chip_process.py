"""A virtual card's process at a reader that is no more than a socket."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cards.channel import CardGone
from cards.desfire import NEVER, Card
from cards.layout import AID, PICC, Medium
from cards.secure_messaging import CommMode
from cards.virtual.image import ATRS, Image, Kind, factory, issued
from cards.virtual.manners import Deed
from cards.virtual.placing import Order, placed

UID = bytes.fromhex("04A1B2C3D4E5F6")
ZERO, CONTENT = bytes(16), b"sixteen bytes of"
ASK_UID = bytes.fromhex("FFCA000000")
GENEROUS = 20.0


class Reader:
    """The far end of vpcd's protocol: it takes one card and talks to it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(GENEROUS)
        port = self._listener.getsockname()[1]
        self._line: socket.socket | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cards.virtual.card", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, line: str) -> str:
        """Return the card's answer to one order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def insert(self, order: Order) -> "Reader":
        """Have the card laid down and powered."""
        assert self.order(order.line()) == "ok"
        self._leave()
        self._line, _ = self._listener.accept()
        self._line.settimeout(GENEROUS)
        self._send(b"\1")
        return self

    def remove(self) -> None:
        """Have the card taken away."""
        assert self.order("remove") == "ok"

    def atr(self) -> bytes:
        """Ask for the card's greeting."""
        self._send(b"\4")
        return self._hear()

    def transmit(self, apdu: bytes) -> bytes:
        """Say a command and return the answer; raises CardGone where the card left."""
        self._send(apdu)
        return self._hear()

    def close(self) -> None:
        """End the process and the sockets."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._leave()
        self._listener.close()

    def _leave(self) -> None:
        if self._line is not None:
            self._line.close()

    def _send(self, payload: bytes) -> None:
        assert self._line is not None
        self._line.sendall(len(payload).to_bytes(2, "big") + payload)

    def _hear(self) -> bytes:
        length = int.from_bytes(self._exactly(2), "big")
        return self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        assert self._line is not None
        heard = b""
        while len(heard) < count:
            more = self._line.recv(count - len(heard))
            if not more:
                raise CardGone
            heard += more
        return heard


@pytest.fixture
def reader() -> Iterator[Reader]:
    """A reader with a card's process at it."""
    reader = Reader()
    yield reader
    reader.close()


def personalise(reader: Reader) -> None:
    """Do with a fresh card what an issuing station does, in short."""
    card = Card(reader)
    card.select(PICC)
    card.create_application(AID, keys=2)
    card.select(AID)
    card.authenticate(Medium.EV2, 0, ZERO)
    card.create_file(1, size=16, mode=CommMode.FULL, read=1, write=0, read_write=NEVER, change=0)
    card.write(1, 0, CONTENT, CommMode.FULL)


def content(reader: Reader) -> bytes:
    """Read what `personalise` wrote."""
    card = Card(reader)
    card.select(AID)
    card.authenticate(Medium.EV2, 1, ZERO)
    return card.read(1, 0, 16, CommMode.FULL)


def test_a_card_in_a_file_keeps_what_was_done_to_it_until_tomorrow(
    reader: Reader, tmp_path: Path
) -> None:
    file = tmp_path / "a card.json"
    file.write_bytes(factory(Kind.EV2, UID).to_bytes())
    reader.insert(Order(file))
    personalise(reader)
    reader.remove()

    assert content(reader.insert(Order(file))) == CONTENT
    kept = Image.from_bytes(file.read_bytes())
    assert kept.application(AID) is not None
    assert bytes.fromhex(reader.order("image").removeprefix("ok ")) == kept.to_bytes()


@pytest.mark.parametrize(("deed", "made"), [(Deed.PULLED, False), (Deed.TORN, True)])
def test_a_card_torn_away_is_put_away_as_it_is(
    reader: Reader, tmp_path: Path, deed: Deed, *, made: bool
) -> None:
    file = tmp_path / "card.json"
    file.write_bytes(factory(Kind.EV2, UID).to_bytes())
    reader.insert(Order(file, deed=deed, after=1))
    card = Card(reader)
    card.select(PICC)

    with pytest.raises(CardGone):
        card.create_application(AID, keys=2)

    assert reader.order("remove").startswith("no")
    kept = Image.from_bytes(file.read_bytes())
    assert (kept.application(AID) is not None) is made
    reader.insert(Order(file))


def test_a_card_in_the_line_proves_a_key(reader: Reader) -> None:
    image = issued(Kind.EV2, UID, keys={1: ZERO}, content=CONTENT, aid=AID)

    reader.insert(Order(image))

    assert reader.atr() == ATRS[Kind.EV2]
    assert reader.transmit(ASK_UID) == UID + b"\x90\x00"
    assert content(reader) == CONTENT


def test_a_card_of_a_number_only_is_laid_down_as_ever(reader: Reader) -> None:
    reader.insert(Order("04A1B2C3"))

    assert reader.transmit(ASK_UID).hex() == "04a1b2c39000"
    assert reader.transmit(bytes.fromhex("9060000000")) == b"\x91\x1c"


def test_a_ticket_greets_as_one(reader: Reader) -> None:
    assert reader.insert(Order(factory(Kind.TICKET, UID))).atr() == ATRS[Kind.TICKET]


def test_a_reset_ends_the_session(reader: Reader) -> None:
    reader.insert(Order(issued(Kind.EV2, UID, keys={1: ZERO}, content=CONTENT, aid=AID)))
    assert content(reader) == CONTENT

    reader._send(b"\2")

    assert reader.transmit(bytes.fromhex("9051000000")) == b"\x91\xae"


def test_a_tap_is_taped_and_the_tape_is_played_to_a_reader(reader: Reader, tmp_path: Path) -> None:
    image = issued(Kind.EV2, UID, keys={1: ZERO}, content=CONTENT, aid=AID)
    tape = tmp_path / "tape"
    reader.insert(Order(image, tape=tape))
    assert reader.transmit(ASK_UID)[-2:] == b"\x90\x00"
    said = [reader.transmit(bytes.fromhex(line)) for line in ("905A0000034D4B3100", "9060000000")]
    reader.remove()

    reader.insert(Order(image, replay=tape))

    assert len(tape.read_text().splitlines()) == 2
    assert reader.transmit(ASK_UID) == UID + b"\x90\x00"
    assert [reader.transmit(b"\x90\x00\x00") for _ in said] == said
    assert reader.transmit(b"\x90\x00\x00") == b"\x6f\x00"


@pytest.mark.parametrize(
    "line",
    [
        "insert",
        "insert 04A1 fast=1",
        "insert 04A1 pulled mute",
        "insert nohex",
        "insert =7b7d",
        "insert @/no/such/file",
        "image",
        "remove",
        "dance",
    ],
)
def test_what_is_no_order_is_answered_with_no(reader: Reader, line: str) -> None:
    assert reader.order(line).startswith("no")


@pytest.mark.parametrize("deed", [None, *Deed])
def test_an_order_is_read_as_it_was_written(tmp_path: Path, deed: Deed | None) -> None:
    image = factory(Kind.NTAG424, UID)
    file = tmp_path / "it's a card"
    file.write_bytes(image.to_bytes())
    order = Order(file, slow_ms=20, after=3, deed=deed)

    hand = placed(order.words()[1:])

    assert hand.image == image
    assert hand.slow == pytest.approx(0.02)
    assert (hand.laid._deed, hand.laid._after) == (deed, 3)
