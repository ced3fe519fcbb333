"""Alerts: what kiosks noticed and what their facts show, each looked into once."""

from datetime import timedelta
from functools import partial

from builders import NOON, School, add_child, row
from proven_cards import proven_card, uid
from sqlalchemy import text

from accounts.card_alerts import DAILY, Alert, AlertKind, keep_alerts
from accounts.card_matters import (
    Matter,
    MatterKind,
    MatterRefusal,
    card_matter,
    card_matters,
    note_seen,
)
from accounts.charge import OverrideReason
from accounts.clock import FixedClock
from accounts.database import Session
from accounts.door import DirectDoor
from accounts.intake import book_facts
from accounts.notices import notices
from accounts.tables import people

LATER = NOON + timedelta(minutes=10)


def alert(seq: int, kind: AlertKind | str, card: str = "mine", *, late: int = 0) -> Alert:
    word = kind.value if isinstance(kind, AlertKind) else kind
    return Alert(1, seq, NOON + timedelta(seconds=late), word, uid(card))


def matters(db: Session, school_id: int | None = None) -> list[tuple[MatterKind, str, str | None]]:
    found = card_matters(db, since=None, school_id=school_id)
    return sorted(((it.kind, it.kiosk, it.other) for it in found), key=str)


def test_every_kind_has_a_name_for_the_office() -> None:
    assert {kind.value for kind in AlertKind} < {kind.value for kind in MatterKind}


def test_an_alert_is_kept_once_and_names_the_card_not_the_child(school: School) -> None:
    with school.database.write() as db:
        card = proven_card(db, "mine", school.id, pupil_id=school.payer)
    door = DirectDoor(school.database, school.kiosk.origin_id, FixedClock(LATER))
    for _ in range(2):
        assert door.drain((), (), [alert(1, AlertKind.WRONG_KEY), alert(2, "of_the_future")]) == ()
    with school.database.read() as db:
        newest, oldest = card_matters(db, since=NOON)
        assert card_matters(db, since=LATER) == ()
    assert {newest.kind, oldest.kind} == {MatterKind.OTHER, MatterKind.WRONG_KEY}
    assert newest == Matter("a2", MatterKind.OTHER, NOON, school.id, "kiosk a", None,
                            card.printed_no, None)  # fmt: skip


def test_an_alert_of_a_clock_that_runs_ahead_is_of_when_it_was_heard(school: School) -> None:
    door = DirectDoor(school.database, school.kiosk.origin_id, FixedClock(LATER))
    years = 20 * 365 * 24 * 60 * 60
    told = [alert(1, AlertKind.BROKEN), alert(2, AlertKind.BROKEN, late=years)]
    assert door.drain((), (), told) == ()
    with school.database.read() as db:
        assert [it.at for it in card_matters(db, since=None)] == [LATER, NOON]


def test_a_card_of_another_school_is_no_card_to_this_kiosk(school: School) -> None:
    with school.database.write() as db:
        other = row(db, people.school, number="165001", name="Andere Schule")
        cook = row(db, people.staff, school_id=school.id, label="Küche")
        proven_card(db, "theirs", other, pupil_id=add_child(db, other))
        mine = proven_card(db, "cook", school.id, staff_id=cook)
        told = [alert(1, AlertKind.BROKEN, "theirs"), alert(2, AlertKind.BROKEN, "cook"),
                alert(3, AlertKind.BROKEN, "nobody's")]  # fmt: skip
        keep_alerts(db, school.kiosk.origin_id, told, now=LATER)
        found = db.execute(text("SELECT card_id FROM card_alert ORDER BY seq")).scalars().all()
        assert found == [None, mine.id, None]
        assert matters(db, other) == []
        assert len(matters(db, school.id)) == 3


def test_a_flood_is_heard_up_to_a_limit_and_an_alarm_tells(school: School) -> None:
    with school.database.write() as db:
        flood = [alert(number, AlertKind.WRONG_KEY) for number in range(1, DAILY + 51)]
        for start in range(0, len(flood), 200):
            keep_alerts(db, school.kiosk.origin_id, flood[start : start + 200], now=LATER)
        keep_alerts(db, school.kiosk.origin_id, flood[-9:], now=LATER)
        assert db.execute(text("SELECT count(*) FROM card_alert")).scalar_one() == DAILY
        alarms = db.execute(text("SELECT kind, origin_id FROM alarm")).all()
        assert alarms == [("alerts_dropped", school.kiosk.origin_id)]
        keep_alerts(db, school.other_kiosk.origin_id, flood[:1], now=LATER)
        keep_alerts(db, school.kiosk.origin_id, flood[-1:], now=LATER + timedelta(days=1))
        assert db.execute(text("SELECT count(*) FROM card_alert")).scalar_one() == DAILY + 2


def test_two_charges_of_one_child_at_two_kiosks_within_seconds_are_told(school: School) -> None:
    a, b = school.kiosk, school.other_kiosk
    with school.database.write() as db:
        slow = add_child(db, school.id)
        forgot = add_child(db, school.id)
        first = [a.charge(school.payer, school.lunch), a.charge(slow, school.lunch),
                 a.charge(forgot, school.lunch)]  # fmt: skip
        book_facts(db, a.origin_id, first, now=LATER)
        near, far = NOON + timedelta(seconds=30), NOON + timedelta(seconds=31)
        second = [
            b.charge(school.payer, school.lunch, at=near),  # put aside as a second lunch
            b.charge(slow, school.drink, at=far),
            b.charge(forgot, school.drink, at=near, override=OverrideReason.CARD_FORGOTTEN),
        ]
        book_facts(db, b.origin_id, second, now=LATER)
        again = a.charge(school.payer, school.drink, at=near)
        book_facts(db, a.origin_id, [again], now=LATER)
        # The same kiosk twice is no wonder; the drink at a is close to the lunch at b.
        assert matters(db) == [
            (MatterKind.TWO_KIOSKS, "kiosk a", "kiosk b"),
            (MatterKind.TWO_KIOSKS, "kiosk b", "kiosk a"),
        ]
        assert len(card_matters(db, since=NOON)) == 2
        assert card_matters(db, since=LATER) == ()


def test_who_had_eaten_elsewhere_is_told_only_where_nobody_walks_so_fast(school: School) -> None:
    with school.database.write() as db:
        proven_card(db, "mine", school.id, pupil_id=school.payer)
        eaten = school.other_kiosk.charge(school.payer, school.lunch)
        book_facts(db, school.other_kiosk.origin_id, [eaten], now=LATER)
        told = [alert(1, AlertKind.SEEN_ELSEWHERE, late=31),
                alert(2, AlertKind.SEEN_ELSEWHERE, late=-30)]  # fmt: skip
        keep_alerts(db, school.kiosk.origin_id, told, now=LATER)
        assert [(it.ref, it.other) for it in card_matters(db, since=None)] == [("a2", "kiosk b")]
        keep_alerts(db, school.other_kiosk.origin_id, told[1:], now=LATER)  # its own charge
        assert len(card_matters(db, since=None)) == 1


def test_a_matter_is_looked_into_once(school: School) -> None:
    a, b = school.kiosk, school.other_kiosk
    with school.database.write() as db:
        keep_alerts(db, a.origin_id, [alert(1, AlertKind.WRONG_KEY)], now=LATER)
        book_facts(db, a.origin_id, [a.charge(school.payer, school.lunch)], now=LATER)
        book_facts(db, b.origin_id, [b.charge(school.payer, school.drink)], now=LATER)
        pair, told = sorted(it.ref for it in card_matters(db, since=None))[::-1]
        assert (told, pair[0]) == ("a1", "f")
        look = partial(note_seen, db, actor="user:1", at=LATER)
        for ref in (told, pair.upper()):
            assert look(ref, note=" ") is MatterRefusal.NOTE_MISSING
            assert look(ref, note="Uhr falsch") is None
            again = look(ref, note="noch einmal")
            assert again is MatterRefusal.ALREADY_SEEN
            seen = card_matter(db, ref)
            assert seen is not None
            assert seen.seen is not None
            assert (seen.seen.actor, seen.seen.at, seen.seen.note) == (
                "user:1", LATER, "Uhr falsch",
            )  # fmt: skip
        for unknown in ("a9", "f1", "x1", "a0", "a 1", ""):
            refused = look(unknown, note="x")
            assert refused is MatterRefusal.UNKNOWN_ALERT


def test_the_morning_counts_what_nobody_looked_into(school: School) -> None:
    with school.database.write() as db:
        told = [alert(number, AlertKind.WRONG_KEY) for number in (1, 2)]
        keep_alerts(db, school.kiosk.origin_id, [*told, alert(3, AlertKind.BROKEN)], now=LATER)
        note_seen(db, "a1", note="ok", actor="user:1", at=LATER)
    with school.database.read() as db:
        assert notices(db, since=None, at=LATER).cards == {"broken": 1, "wrong_key": 1}
        assert notices(db, since=LATER, at=LATER).cards == {}


def test_the_recent_is_found_among_very_many_numbers(school: School) -> None:
    pen, other = school.kiosk, school.other_kiosk
    with school.database.write() as db:
        for day in range(20):
            at = NOON + timedelta(days=day)
            book_facts(db, pen.origin_id, [pen.charge(school.payer, school.drink, at=at)], now=at)
            book_facts(db, other.origin_id, [other.charge(school.payer, school.drink, at=at)],
                       now=at)  # fmt: skip
        count = len(card_matters(db, since=NOON + timedelta(days=14)))
        everything = len(card_matters(db, since=None))
        assert db.execute(text("SELECT count(*) FROM fact")).scalar_one() == 40
    assert (count, everything) == (5, 20)
