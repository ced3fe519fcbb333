"""The issuing station's reader on the real stack: pcscd, the virtual reader, a process of its own."""

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from issuing_stage import KINDS, PureBook, blank, tools
from listening import GENEROUS

from cards.channel import CardGone
from cards.reader import TroubleReason
from cards.station import CardUnreadable, LaidCard, Patience, Station
from cards.virtual.image import Kind, factory
from cards.virtual.stack import VirtualCards
from kiosk.issuing import lay
from kiosk.issuing_terms import Done, Open, Wanted

pytestmark = pytest.mark.pcsc

UID = "04A1B2C3D4E5F6"
GET_VERSION = bytes.fromhex("9060000000")


@pytest.fixture
def station(virtual: VirtualCards) -> Iterator[Station]:
    """A station at the first virtual reader."""
    with Station("Reader A", admit_virtual=True, pcsc_socket=virtual.socket) as station:
        yield station


def laid(station: Station) -> LaidCard:
    found = station.wait(GENEROUS)
    assert isinstance(found, LaidCard), found
    return found


def test_a_card_is_waited_for_spoken_to_and_missed_when_it_is_gone(
    virtual: VirtualCards, station: Station
) -> None:
    assert station.wait(0.01) is None
    virtual.readers[0].insert(factory(Kind.EV2, bytes.fromhex(UID)))
    card = laid(station)
    assert (card.uid, card.atr) == (bytes.fromhex(UID), bytes.fromhex("3B8180018080"))
    assert "Reader A" in card.reader
    assert station.transmit(GET_VERSION)[-2:] == b"\x91\xaf"
    assert station.wait_for_removal(0.01) is False
    virtual.readers[0].remove()
    assert station.wait_for_removal(GENEROUS) is True
    with pytest.raises(CardGone):
        station.transmit(GET_VERSION)


def test_a_reset_ends_what_the_card_was_in_the_middle_of(
    virtual: VirtualCards, station: Station
) -> None:
    virtual.readers[0].insert(factory(Kind.EV2, bytes.fromhex(UID)))
    laid(station)
    station.transmit(GET_VERSION)
    station.reset()
    assert station.transmit(bytes.fromhex("90AF000000"))[-2:] == b"\x91\x1c"


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_card_is_issued_through_the_real_stack(
    virtual: VirtualCards, station: Station, kind: Kind
) -> None:
    book = PureBook()
    virtual.readers[0].insert(blank(kind))
    outcome = lay(tools(), book, Wanted(1, pupil_id=7), uid=laid(station).uid, laid=station)
    assert isinstance(outcome, Done), outcome


def test_a_card_torn_from_the_real_reader_is_finished_when_it_is_laid_down_again(
    virtual: VirtualCards, station: Station, tmp_path: Path
) -> None:
    book, wanted, chip = PureBook(), Wanted(1, pupil_id=7), tmp_path / "chip"
    chip.write_bytes(blank(Kind.EV2).to_bytes())
    reader, outcomes = virtual.readers[0], []
    for after in count(7, 9):
        reader.insert(chip, after=after, deed="torn")
        outcome = lay(tools(), book, wanted, uid=laid(station).uid, laid=station)
        outcomes.append(outcome)
        if isinstance(outcome, Done):
            break
        assert isinstance(outcome, Open)
        station.wait_for_removal(GENEROUS)
    assert len(outcomes) > 2


def test_a_card_by_number_only_and_one_that_says_nothing_are_told_apart(
    virtual: VirtualCards, station: Station
) -> None:
    virtual.readers[0].insert(UID, deed="garbage")
    found = station.wait(GENEROUS)
    assert isinstance(found, CardUnreadable)


def test_a_virtual_reader_is_taken_only_where_it_is_admitted(virtual: VirtualCards) -> None:
    with Station("Reader A", pcsc_socket=virtual.socket) as station:
        assert station.wait(0.01) is TroubleReason.NOT_ALLOWED
        with pytest.raises(CardGone):
            station.transmit(GET_VERSION)
    with Station("no such reader", admit_virtual=True, pcsc_socket=virtual.socket) as station:
        assert station.wait(0.01) is TroubleReason.NO_READER


def test_a_service_that_comes_back_is_found_again(virtual: VirtualCards, station: Station) -> None:
    assert station.wait(0.01) is None
    virtual.kill()
    assert isinstance(station.wait(0.01), TroubleReason)
    virtual.start()
    virtual.readers[0].insert(UID)
    found = station.wait(GENEROUS)
    while isinstance(found, TroubleReason):
        found = station.wait(GENEROUS)
    assert isinstance(found, LaidCard)


def test_a_reader_that_hangs_is_given_up_and_another_process_takes_its_place(
    virtual: VirtualCards,
) -> None:
    patience = Patience(start=GENEROUS, answer=0.2)
    with Station("Reader A", admit_virtual=True, pcsc_socket=virtual.socket,
                 patience=patience) as station:  # fmt: skip
        virtual.readers[0].insert(factory(Kind.EV2, bytes.fromhex(UID)))
        laid(station)
        virtual.freeze()
        with pytest.raises(CardGone):
            station.transmit(GET_VERSION)
        virtual.thaw()
        assert laid(station).uid == bytes.fromhex(UID)


def test_a_process_that_dies_is_replaced(virtual: VirtualCards, station: Station) -> None:
    virtual.readers[0].insert(factory(Kind.EV2, bytes.fromhex(UID)))
    laid(station)
    child = station._child
    assert child is not None
    os.kill(child._process.pid, signal.SIGKILL)
    with pytest.raises(CardGone):
        station.transmit(GET_VERSION)
    assert laid(station).uid == bytes.fromhex(UID)


def test_a_process_that_cannot_be_started_is_told_and_no_fault() -> None:
    with Station("Reader A", command=("/nonexistent/python",)) as station:
        assert station.wait(0) is TroubleReason.CRASHED
        with pytest.raises(CardGone):
            station.transmit(GET_VERSION)
