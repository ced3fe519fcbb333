"""The whole kiosk on pcscd, pyscard and a virtual reader: what happens to them and to it.

Cards prove themselves here, as they do in the city; one test is of a school that takes numbers.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from canteen import STAFF_CARD, Canteen, assert_books_hold, open_canteen
from kiosk_driver import KioskProcess, Nursery

from accounts.database import open_database
from cards.virtual.stack import VirtualCards, VirtualReader

pytestmark = pytest.mark.pcsc


@pytest.fixture
def canteen(
    request: pytest.FixtureRequest, empty_sqlite: Path, tmp_path: Path
) -> Iterator[Canteen]:
    """On SQLite alone: what is shown here is the reader's side."""
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_sqlite.read_bytes())
    database = open_database(f"sqlite:///{path}")
    yield open_canteen(database, children=12, by_number=getattr(request, "param", "") == "numbers")
    database.close()


@pytest.fixture
def virtual() -> Iterator[VirtualCards]:
    """One virtual reader on a private pcscd."""
    with VirtualCards() as cards:
        yield cards


@pytest.fixture
def kiosk(
    canteen: Canteen, kiosks: Nursery, virtual: VirtualCards, tmp_path: Path
) -> Iterator[KioskProcess]:
    """A kiosk at that reader; at its end nothing has left a traceback and the books hold."""
    pcsc = {
        "socket": str(virtual.socket),
        "match": virtual.readers[0].setting.match,
        "hung_after": 3.0,
    }
    with KioskProcess(kiosks, canteen, tmp_path, pcsc=pcsc) as made:
        begin(made)
        yield made
        made.end()
        begin(made)
        made.end()
    assert "Traceback" not in made.words()
    assert_books_hold(canteen.database, made.origin_id, made.acknowledged(), quarantined=set())


def begin(kiosk: KioskProcess) -> None:
    """Start it, until its reader works and the ledger has all that earlier lives left behind."""
    kiosk.start()
    seen: set[str] = set()
    while not {"ReaderUp", "Status"} <= seen:
        told = kiosk.next("ReaderUp", "Status")
        if told["kind"] == "ReaderUp" or (told["ledger_reachable"] and not told["waiting"]):
            seen.add(told["kind"])


def lay(kiosk: KioskProcess, hand: VirtualReader, card: str) -> str:
    """A child lays its card down, as often as the kiosk asks for it; what came of it."""
    while True:
        hand.insert(kiosk.canteen.chips[card])
        verdict: str = kiosk.next("Served", "Refused", "CardNotRead")["kind"]
        hand.remove()
        kiosk.next("CardGone")
        if verdict != "CardNotRead":
            return verdict


def serve(kiosk: KioskProcess, hand: VirtualReader, card: str) -> None:
    """A child lays its card down, is served, and takes it away."""
    hand.insert(kiosk.canteen.chips[card])
    assert kiosk.next("Served", "Refused", "CardNotRead")["kind"] == "Served"
    hand.remove()
    kiosk.next("CardGone")


def test_a_kiosk_killed_between_and_during_taps_books_each_lunch_once(
    kiosk: KioskProcess, virtual: VirtualCards, canteen: Canteen
) -> None:
    hand = virtual.readers[0]
    rng = random.Random(4)
    cards = list(canteen.cards)
    for card in cards[:4]:
        hand.insert(canteen.chips[card])
        if rng.random() < 0.5:
            kiosk.next("Said")
        else:
            kiosk.next("Served", "CardNotRead")
        kiosk.kill()
        hand.remove()
        begin(kiosk)
    verdicts = [lay(kiosk, hand, card) for card in cards[:6]]
    assert verdicts[4:] == ["Served", "Served"]


def test_a_pcscd_that_is_killed_is_told_and_service_goes_on_after_its_return(
    kiosk: KioskProcess, virtual: VirtualCards, canteen: Canteen
) -> None:
    hand = virtual.readers[0]
    cards = list(canteen.cards)
    serve(kiosk, hand, cards[0])
    for round_ in range(2):
        virtual.kill()
        assert kiosk.next("ReaderDown")["reason"] == "no service"
        virtual.start()
        kiosk.next("ReaderUp")
        serve(kiosk, hand, cards[1 + round_])


def test_a_pcscd_that_hangs_is_told_and_service_goes_on_when_it_answers_again(
    kiosk: KioskProcess, virtual: VirtualCards, canteen: Canteen
) -> None:
    hand = virtual.readers[0]
    cards = list(canteen.cards)
    serve(kiosk, hand, cards[0])
    virtual.freeze()
    # Waiting for a card is answered by the library itself; what asks pcscd is the next tap.
    hand.insert(canteen.chips[cards[1]])
    assert kiosk.next("ReaderDown")["reason"] == "hung"
    virtual.thaw()
    kiosk.next("ReaderUp")
    assert kiosk.next("Served", "Refused")["kind"] == "Served"
    hand.remove()
    kiosk.next("CardGone")
    serve(kiosk, hand, cards[2])


def test_a_card_swapped_behind_a_slow_outcome_is_seen_as_the_other_card(
    kiosk: KioskProcess, virtual: VirtualCards, canteen: Canteen
) -> None:
    hand = virtual.readers[0]
    first, second = list(canteen.cards)[:2]
    kiosk.act("hold")
    kiosk.next("Held")
    hand.insert(canteen.chips[first])
    kiosk.next("Served")  # who shows it does not come back until told to
    hand.remove()
    hand.insert(canteen.chips[second])
    kiosk.next("Said", reason="Tap")
    kiosk.act("go")
    assert kiosk.next("Served", "Refused")["kind"] == "Served"
    hand.remove()
    kiosk.next("CardGone")
    serve(kiosk, hand, list(canteen.cards)[2])


@pytest.mark.parametrize("canteen", ["numbers"], indirect=True)
def test_at_a_school_that_takes_numbers_a_card_buys_a_lunch_and_no_more_than_its_limit(
    kiosk: KioskProcess, virtual: VirtualCards, canteen: Canteen
) -> None:
    hand, school = virtual.readers[0], canteen.school
    card = canteen.rich
    serve(kiosk, hand, card)
    hand.insert(canteen.chips[STAFF_CARD])
    kiosk.next("SignedIn")
    kiosk.act(f"tray {' '.join([str(school.snack)] * 4)}")  # 6.00 of 5.00
    kiosk.next("Today")
    hand.remove()
    kiosk.next("CardGone")
    hand.insert(canteen.chips[card])
    assert kiosk.next("Served", "Refused")["reason"] == "number_limit"
