"""The whole kiosk on pcscd with chips that prove themselves, and with all that only pretend to."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import add_child
from canteen import PEPPER, Canteen, assert_books_hold, open_canteen
from keyed_cards import Keyed, keyed_card
from kiosk_driver import KioskProcess, Nursery
from sqlalchemy import text

from accounts.database import open_database
from accounts.holdings import card_hash
from cards.virtual.image import Image, Kind, copied, factory
from cards.virtual.manners import Deed
from cards.virtual.stack import VirtualCards, VirtualReader

pytestmark = pytest.mark.pcsc

KINDS = (Kind.EV1, Kind.EV2, Kind.EV3, Kind.NTAG424)


@pytest.fixture
def canteen(empty_sqlite: Path, tmp_path: Path) -> Iterator[Canteen]:
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_sqlite.read_bytes())
    database = open_database(f"sqlite:///{path}")
    yield open_canteen(database, children=2, by_number=True)
    database.close()


@pytest.fixture
def cards(canteen: Canteen) -> list[Keyed]:
    """Two cards of each kind, for eight more children."""
    school = canteen.school
    made = []
    for number, kind in enumerate(KINDS * 2):
        uid = f"04A0{number:010X}"
        with canteen.database.write() as db:
            pupil = add_child(db, school.id, f"Kind{number} Karte")
        hashed = card_hash(PEPPER, uid)
        made.append(
            keyed_card(
                canteen.database, uid, hashed=hashed, school_id=school.id, pupil_id=pupil, kind=kind
            )
        )
    return made


@pytest.fixture
def hand() -> Iterator[VirtualReader]:
    with VirtualCards() as virtual:
        reader = virtual.readers[0]
        reader.socket = virtual.socket  # type: ignore[attr-defined]  # where the kiosk finds it
        yield reader


@pytest.fixture
def kiosk(
    canteen: Canteen, cards: list[Keyed], kiosks: Nursery, hand: VirtualReader, tmp_path: Path
) -> Iterator[KioskProcess]:
    """A kiosk with its school's key at that reader, which ends without a traceback."""
    pcsc = {
        "socket": str(hand.socket),  # type: ignore[attr-defined]  # as above
        "match": hand.setting.match,
        "hung_after": 3.0,
    }
    with KioskProcess(kiosks, canteen, tmp_path, pcsc=pcsc) as made:
        begin(made)
        yield made
        made.end()
        begin(made)  # and all that earlier lives left behind is in the ledger
        made.end()
    assert "Traceback" not in made.words()
    assert_books_hold(canteen.database, made.origin_id, made.acknowledged(), quarantined=set())


def begin(kiosk: KioskProcess) -> None:
    """Start it, until its reader works and the ledger has all it knows."""
    kiosk.start()
    seen: set[str] = set()
    while not {"ReaderUp", "Status"} <= seen:
        told = kiosk.next("ReaderUp", "Status")
        if told["kind"] == "ReaderUp" or (told["ledger_reachable"] and not told["waiting"]):
            seen.add(told["kind"])


def lay(
    kiosk: KioskProcess, hand: VirtualReader, card: str | Image, **manners: object
) -> tuple[str, str | None, str | None]:
    """Lay a card down and take it away: kind, reason and detail of what came of it."""
    hand.insert(card, **manners)  # type: ignore[arg-type]  # passed on as they are
    told = kiosk.next("Served", "Refused", "CardNotRead")
    if manners.get("deed") is not Deed.PULLED:
        hand.remove()
    kiosk.next("CardGone")
    return told["kind"], told["reason"], told["detail"]


def test_cards_of_every_kind_are_served_and_what_pretends_to_be_one_is_not(
    kiosk: KioskProcess, hand: VirtualReader, cards: list[Keyed], canteen: Canteen, tmp_path: Path
) -> None:
    for number, card in enumerate(cards[:4]):
        tape = tmp_path / f"tape{number}"
        assert lay(kiosk, hand, copied(card.image)) == ("Refused", "proof", "wrong_key")
        assert lay(kiosk, hand, card.uid) == ("Refused", "proof", "no_application")
        assert lay(kiosk, hand, card.image, tape=tape)[0] == "Served"
        assert lay(kiosk, hand, card.image, replay=tape) == ("Refused", "proof", "broken")
        assert lay(kiosk, hand, card.image)[1] == "already_eaten"
    ticket = factory(Kind.TICKET, bytes.fromhex(cards[0].uid))
    assert lay(kiosk, hand, ticket) == ("CardNotRead", "ticket", None)
    # A card by number only, of a school that takes them.
    assert lay(kiosk, hand, next(iter(canteen.cards)))[0] == "Served"


def test_whatever_a_card_does_it_is_not_served_for_it_and_the_next_child_is(
    kiosk: KioskProcess, hand: VirtualReader, cards: list[Keyed], canteen: Canteen
) -> None:
    rng = random.Random(11)
    bad, *rest = cards[4:]
    for deed in (Deed.GARBAGE, Deed.MANGLED, Deed.PULLED) * 3:
        told = lay(kiosk, hand, bad.image, deed=deed, after=rng.randrange(1, 4))
        assert told[0] == "CardNotRead" if deed is Deed.PULLED else told[1] == "proof"
    hand.insert(bad.image, deed=Deed.MUTE, after=3)
    assert kiosk.next("ReaderDown")["reason"] == "hung"
    hand.remove()
    kiosk.next("ReaderUp")
    for card in (bad, *rest):
        assert lay(kiosk, hand, card.image)[0] == "Served"
    kiosk.end()
    begin(kiosk)
    with canteen.database.read() as db:
        kinds = set(db.execute(text("SELECT kind FROM card_alert")).scalars())
    assert kinds
    assert kinds <= {"broken", "wrong_key"}
