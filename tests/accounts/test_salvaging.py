"""Facts from a kiosk's journal, booked by somebody else: all that hold together, and no others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import NOON, Kiosk, School, eur, open_school

from accounts.chain import genesis
from accounts.charge import Choice
from accounts.database import Database
from accounts.facts import Fact
from accounts.intake import book_facts
from accounts.ledger import balance, count_entries
from accounts.salvaging import SET, Salvaged, Stop, may_salvage, salvage
from accounts.verify import verify

LATER = NOON + timedelta(hours=3)


@pytest.fixture
def school(database: Database) -> School:
    return open_school(database)


def brought(school: School, facts: list[Fact]) -> tuple[Salvaged, ...]:
    with school.database.write() as db:
        return salvage(db, origin_id=school.kiosk.origin_id, facts=facts, now=LATER)


def holds(school: School) -> bool:
    with school.database.read() as db:
        return verify(db).holds


def test_what_was_not_brought_is_booked_once(school: School) -> None:
    pen = school.kiosk
    facts = [
        pen.charge(school.payer, school.lunch),
        pen.charge(school.payer, school.lunch, at=NOON + timedelta(minutes=2)),
        pen.charge(school.payer, school.drink),
    ]
    with school.database.write() as db:
        book_facts(db, pen.origin_id, facts[:1], now=NOON)
    first = brought(school, facts)
    assert first == (
        Salvaged(epoch=1, known=1, booked=1, quarantined={"second_lunch": 1}, alarms=0, last=3),
    )
    assert brought(school, facts) == (
        Salvaged(epoch=1, known=3, booked=0, quarantined={}, alarms=0, last=3),
    )
    with school.database.read() as db:
        assert balance(db, school.payer) == -eur("5,20")
    assert holds(school)


def test_a_long_journal_comes_in_sets_and_in_order(school: School) -> None:
    pen = school.kiosk
    facts = [pen.charge(None, school.drink) for _ in range(SET + 5)]
    (told,) = brought(school, list(reversed(facts)))
    assert (told.quarantined, told.last) == ({"unassigned": SET + 5}, SET + 5)
    assert holds(school)


def test_behind_a_missing_number_nothing_is_taken(school: School) -> None:
    pen = school.kiosk
    facts = [pen.charge(school.payer, school.drink) for _ in range(5)]
    (told,) = brought(school, facts[:2] + facts[3:])
    assert told == Salvaged(
        epoch=1, known=0, booked=2, quarantined={}, alarms=0, last=2, stopped=Stop.GAP, at=4, left=2
    )
    assert holds(school)


def test_behind_a_link_that_does_not_hold_nothing_is_taken(school: School) -> None:
    pen = school.kiosk
    facts = [pen.charge(school.payer, school.drink) for _ in range(3)]
    facts[1] = replace(facts[1], occurred_at=NOON - timedelta(hours=1))
    (told,) = brought(school, facts)
    assert (told.booked, told.stopped, told.at, told.left) == (1, Stop.BROKEN_CHAIN, 2, 2)
    assert holds(school)


def test_one_epoch_that_stops_does_not_stop_another(school: School) -> None:
    pen = school.kiosk
    stuck = [pen.charge(school.payer, school.drink) for _ in range(2)][1:]
    other = Kiosk(pen.origin_id, epoch=2)
    whole = [other.charge(school.payer, school.drink)]
    told = brought(school, stuck + whole)
    assert [(it.epoch, it.booked, it.stopped) for it in told] == [(1, 0, Stop.GAP), (2, 1, None)]


def test_another_fact_under_a_known_number_is_an_alarm(school: School) -> None:
    pen = school.kiosk
    mine = pen.charge(school.payer, school.drink)
    before = genesis(origin_id=pen.origin_id, epoch=1)
    forged = replace(mine, items=(Choice(school.drink, 3),)).linked(
        origin_id=pen.origin_id, before=before
    )
    with school.database.write() as db:
        book_facts(db, pen.origin_id, [mine], now=NOON)
    (told,) = brought(school, [forged])
    assert (told.known, told.alarms, told.booked) == (0, 1, 0)
    with school.database.read() as db:
        assert count_entries(db) == 1


def test_the_ledgers_owner_may(database: Database) -> None:
    with database.read() as db:
        assert may_salvage(db)
