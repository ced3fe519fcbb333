"""Two kiosks with journals of their own at one ledger: one lunch a day, whoever gave it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOON, row
from canteen import (
    STAFF_CARD,
    Canteen,
    assert_books_hold,
    assert_proof_holds,
    booked,
    open_canteen,
)
from kiosk_driver import KioskProcess, Nursery
from postgresql_server import Server
from sqlalchemy import text
from till import Till, give_card

from accounts.card_matters import MatterKind, card_matters
from accounts.database import open_database
from accounts.intake import book_facts
from accounts.tables import kiosks as tables
from cards.virtual.stack import VirtualCards
from kiosk import messages as say


@pytest.fixture
def pair(
    canteen: Canteen, kiosks: Nursery, tmp_path: Path
) -> Iterator[tuple[KioskProcess, KioskProcess]]:
    """Both kiosks of the school, serving, with staff signed in."""
    school = canteen.school
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with (
        KioskProcess(kiosks, canteen, folders[0], school.kiosk.origin_id) as first,
        KioskProcess(kiosks, canteen, folders[1], school.other_kiosk.origin_id) as second,
    ):
        for kiosk in (first, second):
            kiosk.start()
            kiosk.next("Today")
            kiosk.act(f"tap {STAFF_CARD}")
            kiosk.next("SignedIn")
        yield first, second


def knows_of(kiosk: KioskProcess, lunches: int) -> None:
    """Wait until the kiosk's own count of the day's first menu is that."""
    kiosk.act("counts")
    while kiosk.next("Counts")["items"]["1"] != lunches:
        kiosk.next("Today")
        kiosk.act("counts")


def test_a_lunch_taken_at_one_is_known_at_the_other_and_the_second_tap_is_refused(
    pair: tuple[KioskProcess, KioskProcess], canteen: Canteen
) -> None:
    first, second = pair
    cards = list(canteen.cards)[:6]
    for number, card in enumerate(cards, start=1):
        here, there = pair if number % 2 else (second, first)
        here.act(f"tap {card}")
        here.next("Served")
        knows_of(there, number)
        there.act(f"tap {card}")
        assert there.next("Served", "Refused")["reason"] == "already_eaten"
    for kiosk in pair:
        kiosk.end()
        assert "Traceback" not in kiosk.words()
        assert_books_hold(
            canteen.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=set()
        )


@pytest.mark.pcsc
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_on_two_real_readers_the_second_tap_of_a_card_within_seconds_is_told_to_the_office(
    canteen: Canteen, kiosks: Nursery, tmp_path: Path
) -> None:
    school, card = canteen.school, next(iter(canteen.cards))
    with VirtualCards(("A", "B")) as virtual, ExitStack() as stack:
        both = []
        for reader, origin in zip(
            virtual.readers, (school.kiosk.origin_id, school.other_kiosk.origin_id), strict=True
        ):
            folder = tmp_path / str(origin)
            folder.mkdir()
            pcsc = {"socket": str(virtual.socket), "match": reader.setting.match}
            kiosk = KioskProcess(kiosks, canteen, folder, origin, pcsc=pcsc)
            both.append(stack.enter_context(kiosk))
            kiosk.start()
            awaiting = {"ReaderUp", "Today"}
            while awaiting:
                awaiting.discard(kiosk.next(*awaiting)["kind"])
        first, second = both
        virtual.readers[1].insert(canteen.chips[STAFF_CARD])
        second.next("SignedIn")
        virtual.readers[1].remove()
        second.next("CardGone")
        virtual.readers[0].insert(canteen.chips[card])
        first.next("Served")
        virtual.readers[0].remove()
        knows_of(second, 1)
        virtual.readers[1].insert(canteen.chips[card])
        assert second.next("Served", "Refused")["reason"] == "already_eaten"
        for kiosk in both:
            kiosk.end()
        second.start()  # what it noticed is brought at the latest now
        second.next("Status", waiting=0, ledger_reachable=True)
        second.end()
    with canteen.database.read() as db:
        (matter,) = card_matters(db, since=None)
    assert matter.kind is MatterKind.SEEN_ELSEWHERE
    assert {matter.kiosk, matter.other} == {"kiosk a", "kiosk b"}
    assert_proof_holds(canteen.database)


@pytest.fixture
def at_the_end() -> Iterator[ExitStack]:
    """What has to be closed whatever the test found."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.postgresql
def test_a_lunch_whose_booking_commits_after_a_later_one_is_known_as_soon(
    postgresql: Server, empty_postgresql: str, tmp_path: Path, at_the_end: ExitStack
) -> None:
    database = open_database(postgresql.url(postgresql.create(empty_postgresql)))
    at_the_end.callback(database.close)
    canteen = open_canteen(database, children=3)
    school = canteen.school
    card = "04AAAAAAAAAAAA"
    with database.write() as db:
        third = row(
            db, tables.origin, kind="kiosk", name="kiosk c", school_id=school.id,
            enrolled_us=NOON - timedelta(days=1),
        )  # fmt: skip
    till = Till(school, third, tmp_path / "journal.db")
    at_the_end.callback(till.switch_off)
    give_card(school, school.payer, card)
    till.sync.once()
    with database.write() as early:
        book_facts(
            early, school.kiosk.origin_id, [school.kiosk.charge(school.payer, school.lunch)],
            now=NOON,
        )  # fmt: skip
        with database.write() as late:
            other = school.other_kiosk.charge(school.guest_of_the_state, school.lunch)
            book_facts(late, school.other_kiosk.origin_id, [other], now=NOON)
        till.sync.once()
    till.sync.once()
    assert isinstance(till.tap(card), say.Refused)


@contextmanager
def no_drain(canteen: Canteen) -> Iterator[None]:
    """The ledger takes no facts meanwhile."""
    with canteen.database.write() as db:
        if not canteen.database.is_sqlite:
            db.execute(text("LOCK TABLE fact IN EXCLUSIVE MODE"))
        yield


def test_a_lunch_taken_at_both_before_either_knew_is_booked_once_and_the_office_asked(
    pair: tuple[KioskProcess, KioskProcess], canteen: Canteen
) -> None:
    card = next(iter(canteen.cards))
    with no_drain(canteen):
        for kiosk in pair:
            kiosk.act(f"tap {card}")
            kiosk.next("Served")
    for kiosk in pair:
        kiosk.end()
        kiosk.start()  # whatever was not drained before the end is drained now
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.end()
    facts = [fact for kiosk in pair for fact in booked(canteen.database, kiosk.origin_id)]
    assert sorted(str(fact.quarantined) for fact in facts) == ["None", "second_lunch"]
    assert_proof_holds(canteen.database)
