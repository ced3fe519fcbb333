"""A kiosk killed at any moment: what it acknowledged is booked, once, and nothing twice."""

import random
import time
from pathlib import Path

import pytest
from canteen import STAFF_CARD, STRANGE_CARD, Canteen, assert_books_hold
from kiosk_driver import KioskProcess, Nursery

TAPS = 200
UNBOOKED = {"unassigned", "target_quarantined"}
"""What a kiosk alone at its school may have in quarantine: strangers served, and voids of that."""


def lunch_rush(canteen: Canteen, rng: random.Random) -> list[str]:
    """Two hundred taps and what staff do between them."""
    school = canteen.school
    trays = [
        f"{school.lunch}",
        f"{school.drink}",
        f"{school.lunch} {school.snack}",
        f"{school.snack}",
    ]
    cards = [*canteen.cards, STRANGE_CARD]
    acts = [f"tap {STAFF_CARD}"]
    for _ in range(TAPS):
        acts.append(f"tap {rng.choice(cards)}")
        if rng.random() < 0.15:
            acts.append(rng.choice(["void", "serve", "find kind", f"tray {rng.choice(trays)}"]))
    return acts


def drained(kiosk: KioskProcess) -> None:
    """Wait until the ledger has all that earlier lives left behind."""
    kiosk.next("Status", waiting=0, ledger_reachable=True)


def test_nothing_acknowledged_is_lost_or_booked_twice_whenever_the_kiosk_is_killed(
    canteen: Canteen, kiosks: Nursery, tmp_path: Path
) -> None:
    rounds = 50 if canteen.database.is_sqlite else 10
    rng = random.Random(20261123)
    with KioskProcess(kiosks, canteen, tmp_path) as kiosk:
        for _ in range(rounds):
            kiosk.start()
            drained(kiosk)
            assert_books_hold(
                canteen.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=UNBOOKED
            )
            kiosk.act(*lunch_rush(canteen, rng))
            for _ in range(rng.randrange(TAPS)):
                kiosk.next("Served", "Refused")
            time.sleep(rng.random() * 0.005)  # any moment will do
            kiosk.kill()
        kiosk.start()
        drained(kiosk)
        kiosk.end()
    found = assert_books_hold(
        canteen.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=UNBOOKED
    )
    assert len({epoch for epoch, _ in (fact.key for fact in found)}) > rounds // 2
    assert "Traceback" not in kiosk.words()


@pytest.mark.parametrize(
    "where",
    [
        "before the ledger commits",
        "before the answer is heard",
        "before the answer is marked",
        "before the mark commits",
        "before the outcome is told",
    ],
)
def test_a_drain_that_is_cut_off_anywhere_books_each_tap_once(
    where: str, canteen: Canteen, kiosks: Nursery, tmp_path: Path
) -> None:
    rng = random.Random(where)
    with KioskProcess(kiosks, canteen, tmp_path) as kiosk:
        for _ in range(8 if canteen.database.is_sqlite else 4):
            kiosk.start(crash={"where": where, "count": rng.randrange(1, 5)})
            if kiosk.next_or_end("Today"):  # before it knows the school it knows no card
                kiosk.act(*lunch_rush(canteen, rng), f"tray {canteen.school.drink}")
            while kiosk.next_or_end("Today"):  # it fetches after each drain, until it dies
                kiosk.act(f"tap {canteen.rich}")
            kiosk.wait()
        kiosk.start()
        drained(kiosk)
        kiosk.end()
    assert_books_hold(canteen.database, kiosk.origin_id, kiosk.acknowledged(), quarantined=UNBOOKED)
