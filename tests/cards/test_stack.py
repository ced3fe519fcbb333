"""Cards on the real stack: pcscd, the virtual reader's driver, pyscard, the watched process."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC
from pathlib import Path

import pytest
from listening import GENEROUS, Ear, Listen, watched

from cards.reader import (
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
from cards.virtual.stack import Lack, VirtualCards, VirtualCardsUnavailableError, lacking
from cards.watched import Limits, WatchedReader, readers_present

pytestmark = pytest.mark.pcsc

A, B = "04A1B2C3D4E5F6", "04000000000001"


@pytest.fixture
def ear(listen: Listen, reader_a: WatchedReader) -> Ear:
    """An ear at the first reader, which is ready."""
    ear = listen(reader_a)
    ear.next_is(ReaderReady)
    return ear


@pytest.mark.parametrize("card", ["04A1B2C3", A, "04A1B2C3D4E5F6071829"])
def test_a_card_on_the_reader_is_a_tap_with_its_number(
    virtual: VirtualCards, ear: Ear, card: str
) -> None:
    before = time.monotonic_ns()
    virtual.readers[0].insert(card)

    tap = ear.next_is(Tap)

    assert (tap.card, tap.proof, tap.reader) == (card, Proof.UID, "A")
    assert before < tap.seen_ns < time.monotonic_ns()
    assert tap.at.tzinfo is UTC


def test_of_forty_taps_none_is_missed_and_none_is_doubled(
    virtual: VirtualCards, listen: Listen
) -> None:
    ears = [listen(watched(virtual, number)) for number in range(2)]
    for ear in ears:
        ear.next_is(ReaderReady)
    for number in range(20):
        cards = [f"04A1B2C3D4{number:02X}{side:02X}" for side in range(2)]
        for reader, card in zip(virtual.readers, cards, strict=True):
            reader.insert(card)
        assert [ear.next_is(Tap).card for ear in ears] == cards
        for reader in virtual.readers:
            reader.remove()
        assert [ear.next_is(CardTaken).card for ear in ears] == cards

    assert [ear.rest() for ear in ears] == [[], []]


def test_a_card_swapped_while_the_loop_is_held_up_is_the_other_card(
    virtual: VirtualCards, listen: Listen
) -> None:
    others = descendants(os.getpid())
    patient = Limits(hung_after=2 * GENEROUS)
    ear = listen(watched(virtual, limits=patient))
    ear.next_is(ReaderReady)
    (process,) = set(descendants(os.getpid())) - set(others)
    virtual.readers[0].insert(A)
    ear.next_is(Tap)
    witness = listen(watched(virtual))
    witness.next_is(ReaderReady)
    witness.next_is(Tap)

    os.kill(process, signal.SIGSTOP)
    virtual.readers[0].remove()
    witness.next_is(CardTaken)
    virtual.readers[0].insert(B)
    witness.next_is(Tap)
    os.kill(process, signal.SIGCONT)

    assert ear.next() == CardTaken("A", A)
    assert ear.next_is(Tap).card == B


def test_a_card_swapped_behind_a_slow_outcome_is_the_other_card(
    virtual: VirtualCards, listen: Listen
) -> None:
    shown = threading.Event()
    slow = Ear()
    reader = watched(virtual)

    def show(event: ReaderEvent) -> None:
        slow.put(event)
        if isinstance(event, Tap):
            shown.wait(GENEROUS)

    reader.start(show)
    slow.next_is(ReaderReady)
    virtual.readers[0].insert(A)
    assert slow.next_is(Tap).card == A
    witness = listen(watched(virtual))
    witness.next_is(ReaderReady)
    witness.next_is(Tap)
    virtual.readers[0].remove()
    witness.next_is(CardTaken)
    virtual.readers[0].insert(B)
    witness.next_is(Tap)
    shown.set()

    assert slow.next() == CardTaken("A", A)
    assert slow.next_is(Tap).card == B
    reader.close()


def test_a_card_left_lying_over_a_restart_of_pcscd_taps_once(
    virtual: VirtualCards, ear: Ear, capfd: pytest.CaptureFixture[str]
) -> None:
    virtual.readers[0].insert(A)
    ear.next_is(Tap)
    virtual.kill()
    assert ear.next() == ReaderTrouble("A", TroubleReason.NO_SERVICE)
    virtual.start()
    ear.next_is(ReaderReady)
    virtual.readers[0].remove()
    assert ear.next() == CardTaken("A", A)

    virtual.readers[0].insert(B)
    assert ear.next_is(Tap).card == B
    assert capfd.readouterr() == ("", "")


def test_a_card_taken_while_pcscd_was_away_is_told_when_it_is_back(
    virtual: VirtualCards, ear: Ear
) -> None:
    virtual.readers[0].insert(A)
    ear.next_is(Tap)
    virtual.stop()
    ear.next_is(ReaderTrouble)
    virtual.readers[0].remove()
    virtual.start()

    ear.next_is(ReaderReady)
    assert ear.next() == CardTaken("A", A)


def test_a_card_that_lies_there_when_the_reader_starts_is_a_tap(
    virtual: VirtualCards, listen: Listen, reader_a: WatchedReader
) -> None:
    virtual.readers[0].insert(A)

    ear = listen(reader_a)

    ear.next_is(ReaderReady)
    assert ear.next_is(Tap).card == A


def test_readers_do_not_hear_each_others_cards(virtual: VirtualCards, ear: Ear) -> None:
    virtual.readers[1].insert(B)
    virtual.readers[0].insert(A)

    assert ear.next_is(Tap).card == A
    assert ear.rest() == []


def test_a_reader_whose_pcscd_freezes_is_hung_and_comes_back(
    virtual: VirtualCards, listen: Listen
) -> None:
    ear = listen(watched(virtual, limits=Limits(hung_after=2.5, started_after=5.0, pause=0.1)))
    ear.next_is(ReaderReady)
    virtual.freeze()
    assert ear.next() == ReaderTrouble("A", TroubleReason.HUNG)
    virtual.thaw()
    ear.next_is(ReaderReady)

    virtual.readers[0].insert(A)
    assert ear.next_is(Tap).card == A


def test_a_card_that_never_answers_is_a_hung_reader_until_it_is_gone(
    virtual: VirtualCards, listen: Listen
) -> None:
    ear = listen(watched(virtual, limits=Limits(hung_after=2.5, started_after=5.0, pause=0.1)))
    ear.next_is(ReaderReady)
    virtual.readers[0].insert(A, deed="mute")
    assert ear.next() == ReaderTrouble("A", TroubleReason.HUNG)
    virtual.readers[0].remove()
    while not isinstance(ear.next(), ReaderReady):
        pass

    virtual.readers[0].insert(B)
    while not isinstance(event := ear.next(), Tap):
        pass
    assert event.card == B


def test_a_slow_card_is_waited_for(virtual: VirtualCards, ear: Ear) -> None:
    virtual.readers[0].insert(A, slow_ms=1500)

    assert ear.next_is(Tap).card == A


def test_a_card_pulled_while_it_is_read_is_no_tap(virtual: VirtualCards, ear: Ear) -> None:
    virtual.readers[0].insert(A, deed="pulled")

    assert ear.next() == CardUnread("A", UnreadReason.PULLED)
    assert ear.next() == CardTaken("A", None)


def test_a_card_that_answers_nonsense_is_no_tap(virtual: VirtualCards, ear: Ear) -> None:
    virtual.readers[0].insert(A, deed="garbage")

    assert ear.next() == CardUnread("A", UnreadReason.UNREADABLE)


def test_a_random_number_is_no_tap(virtual: VirtualCards, ear: Ear) -> None:
    virtual.readers[0].insert("08C0FFEE")
    assert ear.next() == CardUnread("A", UnreadReason.RANDOM_UID)
    virtual.readers[0].remove()
    assert ear.next() == CardTaken("A", None)


def test_a_virtual_reader_is_not_taken_where_none_is_admitted(
    virtual: VirtualCards, listen: Listen
) -> None:
    ear = listen(watched(virtual, admit_virtual=False))

    assert ear.next() == ReaderTrouble("A", TroubleReason.NOT_ALLOWED)


def test_the_readers_present_can_be_listed(virtual: VirtualCards) -> None:
    listed = readers_present(virtual.socket)

    assert isinstance(listed, list)
    assert "Virtual Reader A 00 00" in listed
    virtual.stop()
    assert readers_present(virtual.socket) is TroubleReason.NO_SERVICE


def test_no_card_number_is_where_other_users_could_read_it(
    virtual: VirtualCards, listen: Listen, reader_a: WatchedReader
) -> None:
    ear = listen(reader_a)
    ear.next_is(ReaderReady)
    virtual.readers[0].insert(A)
    ear.next_is(Tap)

    for process in Path("/proc").glob("[0-9]*"):
        assert A.encode() not in (process / "cmdline").read_bytes()


def test_virtual_cards_refuse_to_run_on_a_kiosk(tmp_path: Path) -> None:
    enrolled = tmp_path / "kiosk.toml"
    enrolled.touch()

    assert Lack.ENROLLED_KIOSK in lacking(enrolled=enrolled)
    with (
        pytest.raises(VirtualCardsUnavailableError, match="kiosk"),
        VirtualCards(enrolled=enrolled),
    ):
        pass


def test_a_driver_that_is_not_unpacked_is_named(tmp_path: Path) -> None:
    assert Lack.DRIVER in lacking(vpcd=tmp_path)


def test_nothing_is_left_when_the_process_that_opened_the_cards_is_killed() -> None:
    script = """
import os, sys, time
from cards.virtual.stack import VirtualCards
with VirtualCards() as virtual:
    virtual.readers[0].insert("04A1B2C3")
    print(virtual.socket, flush=True)
    time.sleep(3600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        place = Path(owner.stdout.readline().decode().strip()).parent
        assert place.is_dir()
        processes = descendants(owner.pid)
        watches = [os.pidfd_open(pid) for pid in processes]
        owner.send_signal(signal.SIGKILL)
        gone = [bool(select.select([watch], [], [], GENEROUS)[0]) for watch in watches]
        for watch in watches:
            os.close(watch)

    assert len(processes) == 3  # the keeper, pcscd, a card
    assert all(gone)
    assert not place.exists()


def descendants(pid: int) -> list[int]:
    """Return the processes this one started, and those they started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(word) for task in tasks for word in task.read_text().split()]
    return children + [grandchild for child in children for grandchild in descendants(child)]
