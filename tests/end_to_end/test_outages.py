"""What goes away under a kiosk: the ledger, the disk. It serves on, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from canteen import Canteen, assert_books_hold, open_canteen
from kiosk_driver import KioskProcess, Nursery
from postgresql_server import Server, run_server

from accounts.database import open_database, upgrade


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A PostgreSQL that this test may stop."""
    with run_server() as server:
        yield server


@pytest.mark.postgresql
def test_a_postgresql_that_stops_and_comes_back_loses_and_doubles_nothing(
    own_server: Server, kiosks: Nursery, tmp_path: Path
) -> None:
    database = open_database(own_server.url(own_server.create()))
    upgrade(database)
    canteen = open_canteen(database, children=12)
    cards = list(canteen.cards)
    data = str(own_server.folder / "data")
    with KioskProcess(kiosks, canteen, tmp_path) as kiosk:
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.act(f"tap {cards[0]}")
        kiosk.next("Served")
        kiosk.next("Today")
        database.close()
        own_server.run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        kiosk.next("Status", ledger_reachable=False)
        for card in cards[1:9]:
            kiosk.act(f"tap {card}")
            kiosk.next("Served")
        kiosk.next("Status", waiting=8, ledger_reachable=False)
        kiosk.act(f"tap {cards[3]}")
        assert kiosk.next("Served", "Refused")["reason"] == "already_eaten"
        kiosk.kill()
        kiosk.start()
        kiosk.next("Status", waiting=8, ledger_reachable=False)
        kiosk.act(f"tap {cards[4]}", f"tap {cards[9]}")
        assert kiosk.next("Served", "Refused")["reason"] == "already_eaten"
        kiosk.next("Served")
        # `restart` and not `start`: it alone takes the options of before.
        own_server.run("pg_ctl", "-D", data, "-l", str(own_server.folder / "log"), "-w", "restart")
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.end()
        assert "Traceback" not in kiosk.words()
    found = assert_books_hold(database, kiosk.origin_id, kiosk.acknowledged(), quarantined=set())
    assert len(found) == 10
    database.close()


@pytest.fixture
def ashore(empty_sqlite: Path, tmp_path: Path) -> Iterator[Canteen]:
    """A canteen whose ledger lies in a folder of its own."""
    (tmp_path / "share").mkdir()
    path = tmp_path / "share" / "ledger.db"
    path.write_bytes(empty_sqlite.read_bytes())
    database = open_database(f"sqlite:///{path}")
    yield open_canteen(database, children=12)
    database.close()


def test_a_ledgers_folder_that_is_not_there_is_told_and_everything_drains_on_its_return(
    ashore: Canteen, kiosks: Nursery, tmp_path: Path
) -> None:
    cards = list(ashore.cards)
    with KioskProcess(kiosks, ashore, tmp_path) as kiosk:
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.end()
        ashore.database.close()
        (tmp_path / "share").rename(tmp_path / "away")
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=False)
        for card in cards[:5]:
            kiosk.act(f"tap {card}")
            kiosk.next("Served")
        kiosk.next("Status", waiting=5, ledger_reachable=False)
        (tmp_path / "away").rename(tmp_path / "share")
        kiosk.act(f"tap {cards[5]}")  # it tries again at once, whatever it was waiting for
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.end()
        assert "Traceback" not in kiosk.words()
    found = assert_books_hold(
        ashore.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=set()
    )
    assert len(found) == 6


def test_on_a_full_disk_nobody_is_shown_as_served_and_service_goes_on_when_there_is_room(
    ashore: Canteen, kiosks: Nursery, tmp_path: Path
) -> None:
    cards = list(ashore.cards)
    with KioskProcess(kiosks, ashore, tmp_path) as kiosk:
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.act(f"tap {cards[0]}")
        kiosk.next("Served")
        kiosk.act("limit 1")
        kiosk.next("Limited")
        for card in cards[1:5]:
            kiosk.act(f"tap {card}")
            assert kiosk.next("Served", "Refused", "CardNotRead")["kind"] == "CardNotRead"
        kiosk.act("limit -1")
        kiosk.next("Limited")
        for card in cards[3:8]:
            kiosk.act(f"tap {card}")
            assert kiosk.next("Served", "Refused", "CardNotRead")["kind"] == "Served"
        kiosk.kill()
        kiosk.start()
        kiosk.next("Status", waiting=0, ledger_reachable=True)
        kiosk.end()
    found = assert_books_hold(
        ashore.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=set()
    )
    assert len(found) == len(kiosk.acknowledged()) == 6
