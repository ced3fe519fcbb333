"""``mensa card doctor`` on the real stack: a card looked at, a reader counted."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from accounts.texts import Language, texts
from cards.layout import AID
from cards.reader import (
    CardUnread,
    Reader,
    ReaderSetting,
    ScriptedReader,
    SecretOf,
    Sink,
    UnreadReason,
    no_secret,
)
from cards.station import Station
from cards.virtual.image import Image, Kind, factory
from cards.virtual.stack import VirtualCards
from cards.watched import WatchedReader
from kiosk import card_doctor

UID = "04A1B2C3D4E5F6"


@pytest.fixture
def virtual() -> Iterator[VirtualCards]:
    """A private pcscd with one virtual reader."""
    with VirtualCards(("A",)) as cards:
        yield cards


@pytest.fixture
def doctor(virtual: VirtualCards) -> Callable[..., tuple[int, str]]:
    """The command on the first virtual reader: its exit code and what it wrote."""

    def run(
        *, as_json: bool = False, patience: float = 60.0, match: str = "Reader A"
    ) -> tuple[int, str]:
        out = io.StringIO()
        code = card_doctor.main(
            match=match,
            aid=AID,
            taps=None,
            as_json=as_json,
            speech=texts(Language.GERMAN),
            out=out,
            patience=patience,
            station=lambda it: Station(it, admit_virtual=True, pcsc_socket=virtual.socket),
        )
        return code, out.getvalue()

    return run


@pytest.mark.pcsc
def test_a_blank_desfire_is_described_without_its_number(
    virtual: VirtualCards, doctor: Callable[..., tuple[int, str]]
) -> None:
    virtual.readers[0].insert(factory(Kind.EV2, bytes.fromhex(UID)))
    code, said = doctor()
    assert code == 0
    for words in ("ATR 3B 81 80 01 80 80", "Nummer: 7 Bytes", "desfire ev2", "mensa card issue"):
        assert words in said
    assert UID not in said.replace(" ", "")


@pytest.mark.pcsc
def test_one_object_says_the_same(
    virtual: VirtualCards, doctor: Callable[..., tuple[int, str]]
) -> None:
    virtual.readers[0].insert(factory(Kind.NTAG424, bytes.fromhex(UID)))
    code, said = doctor(as_json=True)
    told = json.loads(said)
    assert (code, told["kind"], told["use"], told["ours"]) == (0, "ntag 424 dna", "proves", "no")
    assert UID not in said


@pytest.mark.pcsc
@pytest.mark.parametrize(("match", "code"), [("Reader A", 75), ("no such reader", 69)])
def test_no_card_and_no_reader_are_told_apart(
    doctor: Callable[..., tuple[int, str]], match: str, code: int
) -> None:
    assert doctor(patience=0.01, match=match)[0] == code


class Hands(ScriptedReader):
    """A reader at which somebody lays cards down as soon as it is started."""

    def __init__(self, deeds: Callable[["Hands"], None]) -> None:
        super().__init__("doctor", lambda: datetime.now(UTC))
        self._deeds = deeds

    def start(self, sink: Sink, _: SecretOf = no_secret) -> None:
        """Start, and lay cards down in a thread."""
        super().start(sink)
        threading.Thread(target=self._deeds, args=(self,), daemon=True).start()


def count_of(reader: Reader, taps: int, quiet: float) -> card_doctor.Tested:
    said: list[str] = []
    found = card_doctor.try_reader(
        reader, taps=taps, say=said.append, speech=texts(Language.GERMAN), quiet=quiet
    )
    assert isinstance(found, card_doctor.Tested)
    return found


def test_a_reader_that_hears_all_has_lost_none() -> None:
    def lay(hands: Hands) -> None:
        for _ in range(20):
            hands.insert(UID)
            hands.remove()

    found = count_of(Hands(lay), 20, 60)
    assert (found.heard, found.unread, found.lost) == (20, 0, 0)
    assert found.a_minute is not None
    assert found.read_ms is not None


def test_what_was_laid_down_and_not_heard_of_is_lost() -> None:
    def lay(hands: Hands) -> None:
        for _ in range(7):
            hands.insert(UID)
            hands.remove()
        hands.say(CardUnread("doctor", UnreadReason.PULLED))

    found = count_of(Hands(lay), 10, 0.05)
    assert (found.heard, found.unread, found.lost) == (7, 1, 2)


def test_each_tap_of_a_reader_test_comes_through_the_kiosk_s_own_process(
    virtual: VirtualCards,
) -> None:
    out = io.StringIO()
    card: Image = factory(Kind.EV2, bytes.fromhex(UID))
    virtual.readers[0].insert(card)

    def reader(setting: ReaderSetting) -> Reader:
        return WatchedReader(
            setting,
            admit_virtual=True,
            now=lambda: datetime.now(UTC),
            pcsc_socket=virtual.socket,
        )

    code = card_doctor.main(
        match="Reader A",
        aid=AID,
        taps=1,
        as_json=True,
        speech=texts(Language.GERMAN),
        out=out,
        reader=reader,
    )
    told = json.loads(out.getvalue())
    assert (code, told["heard"], told["lost"]) == (0, 1, 0)
