"""Cards prove themselves on the real stack: pcscd, the virtual driver, pyscard, the process."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from listening import GENEROUS, Ear, Listen, watched

from cards.layout import AID, Content, Medium
from cards.reader import (
    CardFault,
    CardTaken,
    CardUnread,
    Proof,
    ReaderEvent,
    ReaderReady,
    ReaderTrouble,
    Tap,
    TroubleReason,
    UnreadReason,
)
from cards.secret import CardSecret
from cards.virtual.image import Image, Kind, copied, factory, issued
from cards.virtual.manners import Deed
from cards.virtual.stack import VirtualCards, VirtualReader
from cards.watched import Limits

pytestmark = pytest.mark.pcsc

UID = "04A1B2C3D4E5F6"
KEY, TOKEN = bytes(range(16)), bytes(range(100, 112))
MEDIA = {Kind.EV1: Medium.EV1, Kind.EV3: Medium.EV2, Kind.NTAG424: Medium.NTAG424}


def card(kind: Kind) -> Image:
    content = Content(city=1, issue_no=1, token=TOKEN).to_bytes()
    keys = {MEDIA[kind].read_key: KEY}
    return issued(kind, bytes.fromhex(UID), keys=keys, content=content, aid=AID)


class Secrets:
    """Knows the secret of the one card, for the kind that lies there."""

    def __init__(self) -> None:
        self.kind = Kind.EV1
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, uid: str) -> CardSecret | None:
        self.gate.wait(GENEROUS)
        return CardSecret(MEDIA[self.kind], AID, KEY, TOKEN, 1) if uid == UID else None


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def hand(virtual: VirtualCards) -> VirtualReader:
    return virtual.readers[0]


@pytest.fixture
def ear(virtual: VirtualCards, listen: Listen, secrets: Secrets) -> Iterator[Ear]:
    """An ear at the first reader, which is ready."""
    ear = listen(watched(virtual), secrets)
    ear.next_is(ReaderReady)
    yield ear
    secrets.gate.set()


def test_cards_of_every_kind_prove_themselves_and_copies_are_told(
    hand: VirtualReader, ear: Ear, secrets: Secrets
) -> None:
    for kind in MEDIA:
        secrets.kind = kind
        for image, found in (
            (card(kind), (Proof.AES, None)),
            (copied(card(kind)), (Proof.UID, CardFault.WRONG_KEY)),
            (UID, (Proof.UID, CardFault.NO_APPLICATION)),
        ):
            hand.insert(image)
            tap = ear.next_is(Tap)
            hand.remove()
            assert ear.next() == CardTaken("A", UID)
            assert (tap.card, tap.proof, tap.fault) == (UID, *found)


def test_a_card_nobody_knows_is_a_number(hand: VirtualReader, ear: Ear) -> None:
    hand.insert("04000000000001")

    tap = ear.next_is(Tap)

    assert (tap.proof, tap.fault) == (Proof.UID, None)


def test_a_ticket_is_not_read(hand: VirtualReader, ear: Ear) -> None:
    hand.insert(factory(Kind.TICKET, bytes.fromhex(UID)))
    assert ear.next() == CardUnread("A", UnreadReason.TICKET)
    hand.remove()
    assert ear.next() == CardTaken("A", None)


def test_a_card_pulled_in_the_midst_of_its_proof_is_no_tap_and_proves_itself_next(
    hand: VirtualReader, ear: Ear
) -> None:
    for commands in range(1, 5):
        hand.insert(card(Kind.EV1), after=commands, deed=Deed.PULLED)
        assert ear.next() == CardUnread("A", UnreadReason.PULLED)
        assert ear.next() == CardTaken("A", None)
    hand.insert(card(Kind.EV1))
    assert ear.next_is(Tap).proof is Proof.AES


@pytest.mark.parametrize("deed", [Deed.GARBAGE, Deed.MANGLED])
def test_answers_that_are_no_answers_are_a_fault(
    hand: VirtualReader, ear: Ear, secrets: Secrets, deed: Deed
) -> None:
    secrets.kind = Kind.EV3
    for commands in (2, 3, 4):
        hand.insert(card(Kind.EV3), after=commands, deed=deed)
        tap = ear.next_is(Tap)
        hand.remove()
        ear.next_is(CardTaken)
        assert tap.proof is Proof.UID
        # A challenge with a bit turned makes our answer to it wrong, as the chip sees it.
        assert tap.fault in {CardFault.BROKEN, CardFault.WRONG_KEY}


def test_a_recorded_tap_played_to_the_reader_is_a_fault(
    hand: VirtualReader, ear: Ear, tmp_path: Path
) -> None:
    hand.insert(card(Kind.EV1), tape=tmp_path / "tape")
    assert ear.next_is(Tap).proof is Proof.AES
    hand.remove()
    ear.next_is(CardTaken)

    hand.insert(card(Kind.EV1), replay=tmp_path / "tape")

    tap = ear.next_is(Tap)
    assert (tap.proof, tap.fault) == (Proof.UID, CardFault.BROKEN)


def test_a_card_that_falls_silent_in_its_proof_is_a_hung_reader_that_comes_back(
    virtual: VirtualCards, hand: VirtualReader, listen: Listen, secrets: Secrets
) -> None:
    limits = Limits(hung_after=2.5, started_after=5.0, pause=0.1)
    ear = listen(watched(virtual, limits=limits), secrets)
    ear.next_is(ReaderReady)
    hand.insert(card(Kind.EV1), after=3, deed=Deed.MUTE)
    assert ear.next() == ReaderTrouble("A", TroubleReason.HUNG)
    hand.remove()
    while not isinstance(ear.next(), ReaderReady):
        pass

    hand.insert(card(Kind.EV1))
    event: ReaderEvent = ear.next()
    while not isinstance(event, Tap):
        event = ear.next()
    assert event.proof is Proof.AES


def test_a_card_that_drags_is_not_waited_for_to_its_end(hand: VirtualReader, ear: Ear) -> None:
    hand.insert(card(Kind.EV1), slow_ms=1600)
    assert ear.next() == CardUnread("A", UnreadReason.UNREADABLE)
    hand.remove()
    ear.next_is(CardTaken)

    hand.insert(card(Kind.EV1), slow_ms=100)
    assert ear.next_is(Tap).proof is Proof.AES


def test_a_kiosk_that_does_not_answer_in_time_costs_a_tap_and_no_more(
    hand: VirtualReader, ear: Ear, secrets: Secrets
) -> None:
    secrets.gate.clear()
    hand.insert(card(Kind.EV1))
    # The reader's own thread is the one that does not answer, so what its process says waits.
    secrets.gate.wait(2.0)
    secrets.gate.set()
    assert ear.next() == CardUnread("A", UnreadReason.NOT_TOLD)
    hand.remove()
    ear.next_is(CardTaken)

    hand.insert(card(Kind.EV1))
    assert ear.next_is(Tap).proof is Proof.AES


def test_no_key_and_no_number_is_in_the_log(
    hand: VirtualReader, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for image in (card(Kind.EV1), copied(card(Kind.EV1))):
            hand.insert(image)
            ear.next_is(Tap)
            hand.remove()
            ear.next_is(CardTaken)
        hand.insert(card(Kind.EV1), after=2, deed=Deed.GARBAGE)
        ear.next_is(Tap)

    for secret in (UID, KEY.hex(), KEY.hex().upper(), TOKEN.hex()):
        assert secret not in caplog.text
