"""The kiosks' door: what a role is told is what the ledger's owner would read, and no more."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from builders import MONDAY, NOON, School, add_child, add_offer, eur, row
from fortress import fortify, login, set_clock, signed_in
from ledgers import Ledger, fresh, lived, state
from proven_cards import proven_card, uid
from sqlalchemy import text, update

from accounts.access import Look
from accounts.card_alerts import Alert, AlertKind
from accounts.changes import note_change
from accounts.charge import OverrideReason, VoidReason
from accounts.clock import FixedClock, microseconds
from accounts.database import Database
from accounts.door import Asked, DirectDoor, Door, DoorClosed, RoleDoor
from accounts.facts import Fact, to_json
from accounts.guards import JournalRefused
from accounts.intake import book_facts
from accounts.snapshot import Snapshot
from accounts.snapshot_query import pulse, take_snapshot
from accounts.tables import kiosks, meals, people, proofs
from accounts.verify import verify

pytestmark = pytest.mark.postgresql
CURIOUS = Asked(pulse=None, epochs=(1,), wants=True)
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with a history and roles, at ten past noon."""
    database = fresh(request, "postgresql", tmp_path)
    made = lived(database)
    fortify(database, at=LATER)
    yield made
    database.close()


@pytest.fixture
def door(ledger: Ledger) -> Iterator[RoleDoor]:
    """Kiosk a's own door."""
    yield from opened(ledger.database, ledger.school.kiosk.origin_id)


def opened(database: Database, origin_id: int) -> Iterator[RoleDoor]:
    own = signed_in(database, login(database, origin_id))
    yield RoleDoor(own, origin_id)
    own.close()


def told(door: Door, asked: Asked = CURIOUS) -> Snapshot:
    snapshot = door.news(asked).snapshot
    assert snapshot is not None
    return snapshot


def as_owner(ledger: Ledger, origin_id: int, epochs: tuple[int, ...] = (1,)) -> Snapshot:
    with ledger.database.read() as db:
        taken = take_snapshot(db, origin_id=origin_id, epochs=epochs, at=LATER)
    assert taken is not None
    return taken


def card(school: School, name: str, *, state: str = "active", **holder: int) -> None:
    with school.database.write() as db:
        row(
            db, people.card, uid_hmac=name.encode().ljust(32, b"-"), issue_no=1, printed_no=name,
            state=state, **holder,
        )  # fmt: skip


def plain(_: Ledger) -> None:
    """The history as it is: a funded child, a void, something in quarantine."""


def moved_child(ledger: Ledger) -> None:
    school = ledger.school
    with school.database.write() as db:
        db.execute(
            update(people.membership)
            .where(people.membership.c.pupil_id == school.payer)
            .values(valid_to=MONDAY - timedelta(days=1))
        )
        other = row(db, people.school, number="165001", name="Andere Schule")
        row(
            db, people.membership, pupil_id=school.payer, school_id=other, class_name="6b",
            valid_from=MONDAY,
        )  # fmt: skip
        stranger = add_child(db, other, "Nie Hier")
    card(school, "moved", pupil_id=school.payer)
    card(school, "stranger", pupil_id=stranger)


def cards_and_staff(ledger: Ledger) -> None:
    school = ledger.school
    with school.database.write() as db:
        at_work = row(db, people.staff, school_id=school.id, label="Küche", pin_hash="$argon2id$")
        gone = row(db, people.staff, school_id=school.id, label="Früher", active=0)
    card(school, "blocked", pupil_id=school.payer, state="blocked")
    card(school, "replaced", pupil_id=ledger.third, state="replaced")
    card(school, "active", pupil_id=ledger.third)
    card(school, "staff", staff_id=at_work)
    card(school, "gone", staff_id=gone)


def quarantined_lunches(ledger: Ledger) -> None:
    school, pen = ledger.school, ledger.school.kiosk
    with school.database.write() as db:
        db.execute(people.school.update().values(pupil_day_cap_cents=100))
        mistake = pen.charge(ledger.third, school.veggie, override=OverrideReason.OTHER)
        nobody = pen.charge(None, school.veggie, override=OverrideReason.CARD_NOT_READ)
        again = pen.charge(None, school.lunch, override=OverrideReason.CARD_NOT_READ)
        news = [
            pen.charge(ledger.third, school.lunch), mistake, pen.void(mistake), nobody, again,
            pen.void(again),
        ]  # fmt: skip
        book_facts(db, pen.origin_id, news, now=LATER)


def second_helpings(ledger: Ledger) -> None:
    school, pen = ledger.school, ledger.school.other_kiosk
    with school.database.write() as db:
        more = OverrideReason.SECOND_HELPING
        facts = [
            pen.charge(school.payer, school.lunch, school.veggie, override=more),
            pen.charge(school.guest_of_the_state, school.lunch, school.snack, override=more),
        ]
        book_facts(db, pen.origin_id, facts, now=LATER)


def limits_and_closed_days(ledger: Ledger) -> None:
    school = ledger.school
    with school.database.write() as db:
        db.execute(
            update(people.pupil)
            .where(people.pupil.c.id == school.payer)
            .values(day_limit_cents=500, blocked_classes="drink,snack")
        )
        db.execute(people.school.update().values(accepts="aes,uid", shows_first_name=1))
        for ahead in (-1, 7, 8):
            add_offer(db, school, "1", "lunch", 300, day=MONDAY + timedelta(days=ahead))
        add_offer(db, school, "Ä", "snack", 70)
        row(db, people.closed_day, school_id=school.id, day=date(2026, 11, 27), why="Fest")
        row(db, people.closed_day, school_id=school.id, day=date(2026, 12, 27), why="Ferien")
        db.execute(people.identity.delete().where(people.identity.c.pupil_id == ledger.third))


def changing_tariffs(ledger: Ledger) -> None:
    school = ledger.school
    with school.database.write() as db:
        for pupil, first, last in (
            (school.payer, date(2026, 9, 1), date(2026, 10, 31)),
            (ledger.third, date(2026, 9, 1), None),
            (ledger.third, date(2026, 11, 1), MONDAY),
        ):
            row(
                db, meals.entitlement, pupil_id=pupil, tariff_id=school.funded, valid_from=first,
                valid_to=last,
            )  # fmt: skip
        teacher = add_child(db, school.id, "Lehrer Lämpel", kind="staff")
    card(school, "teacher", pupil_id=teacher)


def two_epochs_and_a_seal(ledger: Ledger) -> None:
    pen = replace(ledger.school.kiosk, epoch=2**62, seq=0)
    with ledger.database.write() as db:
        book_facts(
            db, pen.origin_id, [pen.charge(ledger.third, ledger.school.drink)], now=LATER
        )  # fmt: skip
        row(db, proofs.seal, id=1, at_us=NOON, actor="nightly", before=bytes(32), hash=b"s" * 32)


def cards_with_keys(ledger: Ledger) -> None:
    school = ledger.school
    with school.database.write() as db:
        other = row(db, people.school, number="165002", name="Dritte Schule")
        cook = row(db, people.staff, school_id=school.id, label="Spüle")
        fourth, fifth = add_child(db, school.id), add_child(db, other)
        old = proven_card(db, "old", school.id, other, pupil_id=fourth)
        proven_card(db, "new", other, pupil_id=fourth, replaces=old.id)
        proven_card(db, "elsewhere", school.id, other, pupil_id=fifth)
        proven_card(db, "cook", school.id, staff_id=cook)
        db.execute(people.school.update().values(uid_day_limit_cents=250))


SHAPES = (
    plain,
    cards_with_keys,
    cards_and_staff,
    second_helpings,
    limits_and_closed_days,
    changing_tariffs,
    two_epochs_and_a_seal,
    quarantined_lunches,
    moved_child,
)


def test_a_role_is_told_exactly_the_snapshot_its_owner_would_take(ledger: Ledger) -> None:
    epochs = (2**62, 1, 77)
    asked = replace(CURIOUS, epochs=epochs)
    pens = (ledger.school.kiosk, ledger.school.other_kiosk)
    with ExitStack() as stack:
        doors = [
            stack.enter_context(contextmanager(opened)(ledger.database, pen.origin_id))
            for pen in pens
        ]
        seen: set[Snapshot] = set()
        for shape in SHAPES:
            shape(ledger)
            for pen, door in zip(pens, doors, strict=True):
                snapshot = told(door, asked)
                assert snapshot == as_owner(ledger, pen.origin_id, epochs), shape.__name__
                assert snapshot not in seen, f"{shape.__name__} shows nothing new"
                seen.add(snapshot)


def test_both_doors_tell_the_same_news(ledger: Ledger, door: RoleDoor) -> None:
    direct = DirectDoor(ledger.database, door.origin_id, FixedClock(LATER))
    first, second = door.news(CURIOUS), direct.news(CURIOUS)
    assert first == second
    still = replace(CURIOUS, pulse=first.pulse, wants=False)
    assert door.news(still) == direct.news(still) == replace(first, snapshot=None)
    assert door.news(replace(still, wants=True)) == first


def test_the_pulse_moves_with_an_entry_and_a_change(ledger: Ledger, door: RoleDoor) -> None:
    known = door.news(CURIOUS).pulse
    still = replace(CURIOUS, pulse=known, wants=False)
    with ledger.database.write() as db:
        note_change(db, what="card", at=NOON, school_id=None)
    changed = door.news(still)
    assert changed.snapshot is not None
    with ledger.database.read() as db:
        assert changed.pulse == pulse(db, ledger.school.id)
    ledger.school.pay_in(ledger.school.payer, eur("1"))
    with ledger.database.write() as db:
        news = [ledger.school.other_kiosk.charge(ledger.third, ledger.school.drink)]
        book_facts(db, ledger.school.other_kiosk.origin_id, news, now=LATER)
    assert door.news(replace(still, pulse=changed.pulse)).snapshot is not None


def test_facts_brought_by_a_role_are_booked_priced_and_answered(
    ledger: Ledger, door: RoleDoor
) -> None:
    school, pen = ledger.school, ledger.school.kiosk
    good = pen.charge(ledger.third, school.drink)
    taken_back = pen.charge(ledger.third, school.snack)
    void = pen.void(taken_back)
    strange = pen.charge(999, school.lunch)
    sent = [good, taken_back, void, strange]
    answers = door.drain(sent, ())
    assert [(a.seq, a.quarantined, a.alarm) for a in answers] == [
        (good.seq, None, False),
        (taken_back.seq, None, False),
        (void.seq, None, False),
        (strange.seq, "not_member", False),
    ]
    before = state(ledger.database)
    assert door.drain(sent, ()) == answers
    assert state(ledger.database) == before
    with ledger.database.read() as db:
        heard = db.execute(
            text("SELECT recorded_us FROM fact WHERE origin_id = :o AND seq = :s"),
            {"o": pen.origin_id, "s": good.seq},
        ).scalar_one()
        proof = verify(db)
    assert heard == microseconds(LATER)
    assert proof.holds, [check for check in proof.checks if not check.holds]


def test_two_hundred_facts_are_one_call_and_more_are_refused(
    ledger: Ledger, door: RoleDoor
) -> None:
    pen = ledger.school.kiosk
    facts = [pen.charge(None, ledger.school.lunch) for _ in range(201)]
    with pytest.raises(JournalRefused, match="too_many"):
        door.drain(facts, ())
    assert len(door.drain(facts[:200], ())) == 200


def test_what_comes_before_its_time_is_a_gap_and_nothing_is_taken(
    ledger: Ledger, door: RoleDoor
) -> None:
    pen = ledger.school.kiosk
    missed, later = (pen.charge(ledger.third, ledger.school.drink) for _ in range(2))
    before = state(ledger.database)
    with pytest.raises(JournalRefused) as refused:
        door.drain([later], ())
    assert refused.value.code == "gap"
    assert state(ledger.database) == before
    assert len(door.drain([missed, later], ())) == 2


def test_looks_are_written_down_once_and_only_for_its_own_staff_and_children(
    ledger: Ledger, door: RoleDoor
) -> None:
    with ledger.database.write() as db:
        own = row(db, people.staff, school_id=ledger.school.id, label="Küche", pin_hash=None)
    looks = [
        Look(1, 1, NOON, f"staff:{own}", None, "search"),
        Look(1, 2, NOON, f"staff:{own}", ledger.third, "serve other"),
    ]
    for _ in range(2):
        assert door.drain((), looks) == ()
    with ledger.database.read() as db:
        found = db.execute(text("SELECT actor, pupil_id, purpose FROM access_log")).all()
    assert found == [
        (f"staff:{own}", None, "search"),
        (f"staff:{own}", ledger.third, "serve other"),
    ]


def test_both_doors_keep_the_same_alerts_once(ledger: Ledger, door: RoleDoor) -> None:
    school = ledger.school
    with ledger.database.write() as db:
        other = row(db, people.school, number="165003", name="Vierte Schule")
        proven_card(db, "mine", school.id, pupil_id=ledger.third)
        proven_card(db, "theirs", other, pupil_id=add_child(db, other))
    told = [
        Alert(epoch, seq, NOON + timedelta(seconds=seq), kind.value, uid(card))
        for epoch, card in ((7, "mine"), (2**62, "theirs"))
        for seq, kind in enumerate(AlertKind, start=1)
    ]
    ahead = NOON + timedelta(days=20 * 365)
    told.append(Alert(2**62 + 1, 1, ahead, AlertKind.BROKEN.value, uid("mine")))
    kept = []
    for one in (door, DirectDoor(ledger.database, school.other_kiosk.origin_id, FixedClock(LATER))):
        for _ in range(2):
            assert one.drain((), (), told) == ()
        with ledger.database.read() as db:
            query = "SELECT epoch, seq, at_us, heard_us, kind, card_id FROM card_alert"
            words = {"o": one.origin_id}
            found = db.execute(text(f"{query} WHERE origin_id = :o ORDER BY id"), words)
            kept.append([tuple(row) for row in found])
    assert kept[0] == kept[1]
    assert len(kept[0]) == len(told)
    assert {row[0] for row in kept[0] if row[-1] is None} == {2**62}
    assert {row[2] for row in kept[0] if row[0] == 2**62 + 1} == {microseconds(LATER)}


def test_what_a_kiosk_says_of_itself_is_kept_when_it_changed_or_after_a_minute(
    ledger: Ledger, door: RoleDoor
) -> None:
    def seen() -> tuple[object, ...]:
        with ledger.database.read() as db:
            (found,) = db.execute(text("SELECT at_us, waiting, software FROM kiosk_seen")).all()
        return tuple(found)

    hands = FixedClock(LATER)
    direct = DirectDoor(ledger.database, door.origin_id, hands)
    for one in (door, direct):
        with ledger.database.write() as db:
            db.execute(kiosks.kiosk_seen.delete())
        clock = LATER
        for pause, waiting, moves in ((0, 3, True), (59, 3, False), (60, 3, True), (61, 0, True)):
            before = clock
            clock = LATER + timedelta(seconds=pause)
            set_clock(ledger.database, clock)
            hands.at = clock
            one.news(replace(CURIOUS, waiting=waiting, software="0.1.0"))
            at = clock if moves else LATER
            assert seen() == (microseconds(at), waiting, "0.1.0"), (one, pause, before)


def test_a_revoked_kiosk_gets_nothing_and_brings_nothing(ledger: Ledger, door: RoleDoor) -> None:
    pen = ledger.school.kiosk
    door.news(CURIOUS)
    with ledger.database.write() as db:
        db.execute(update(kiosks.origin).values(revoked_us=LATER))
    before = state(ledger.database)
    with pytest.raises(DoorClosed, match="revoked"):
        door.news(CURIOUS)
    with pytest.raises(DoorClosed, match="revoked"):
        door.drain([pen.charge(ledger.third, ledger.school.drink)], ())
    with pytest.raises(DoorClosed):
        DirectDoor(ledger.database, door.origin_id, FixedClock(LATER)).news(CURIOUS)
    assert state(ledger.database) == before


def test_whoever_is_no_kiosk_is_told_so(ledger: Ledger) -> None:
    owner = RoleDoor(ledger.database, ledger.school.kiosk.origin_id)
    with pytest.raises(DoorClosed, match="unknown"):
        owner.news(CURIOUS)
    with pytest.raises(DoorClosed, match="unknown"):
        owner.drain((), [Look(1, 1, NOON, "staff:1", None, "search")])


BROKEN = [
    "null",
    "[]",
    '"x"',
    "{}",
    '{"version": 0}',
    '{"version": "1; DROP TABLE fact"}',
    '{"version": 1, "facts": {}}',
    '{"version": 1, "facts": [1]}',
    '{"version": 1, "facts": [null]}',
    '{"version": 1, "facts": [{}]}',
    '{"version": 1, "looks": 7}',
    '{"version": 1, "looks": [[]]}',
    '{"version": 2, "alerts": 7}',
    '{"version": 2, "alerts": [null]}',
    '{"version": 2, "alerts": [{"epoch": 1, "seq": 1, "at": 1, "kind": "x", "card": "AB"}]}',
    '{"version": 1, "epochs": 7}',
    '{"version": 1, "epochs": ["x"]}',
    '{"version": 1, "epochs": [null]}',
    '{"version": 1, "epochs": [99999999999999999999]}',
    '{"version": 1, "epochs": [9999999999999999999]}',
    '{"version": 1, "waiting": -1}',
    '{"version": 1, "software": "1.0\\u0007"}',
]


def test_a_broken_document_is_answered_and_says_nothing_of_what_is_there(
    ledger: Ledger, door: RoleDoor
) -> None:
    before = state(ledger.database)
    for words in BROKEN:
        answers = [asked(door, function, words) for function in ("kiosk_drain", "kiosk_news")]
        refusals = [answer for answer in answers if "refused" in answer]
        assert refusals, words
        for answer in refusals:
            assert set(answer) == {"version", "refused"}, words
            assert answer["refused"] in {"broken", "not_yours"}, words
    assert state(ledger.database) == before


def asked(door: RoleDoor, function: str, words: str) -> dict[str, object]:
    with door.database.held() as db:
        answer: dict[str, object] = db.exec_driver_sql(
            f"SELECT {function}(%s::jsonb)", (words,)
        ).scalar_one()
    return answer


def test_a_kiosk_of_a_newer_version_is_answered_in_the_newest_known(door: RoleDoor) -> None:
    for function in ("kiosk_drain", "kiosk_news"):
        answer = asked(door, function, '{"version": 17, "of the future": [[[1]]]}')
        assert answer["version"] == 2
        assert "refused" not in answer


FAR = {"items": "[[1,1]]x", "reason": "a reason with blanks", "chain": "zz"}


def test_a_text_no_reader_would_understand_never_reaches_the_ledger(
    ledger: Ledger, door: RoleDoor
) -> None:
    fact: Fact = ledger.school.kiosk.charge(None, ledger.school.lunch)
    before = state(ledger.database)
    for field, strange in FAR.items():
        words = {**to_json(fact, door.origin_id), field: strange}
        with pytest.raises(JournalRefused, match="broken"):
            door._ask("kiosk_drain", {"facts": [words], "looks": []})
    assert state(ledger.database) == before


def test_every_word_the_kiosks_software_may_send_is_understood(
    ledger: Ledger, door: RoleDoor
) -> None:
    school, pen = ledger.school, ledger.school.kiosk
    with ledger.database.write() as db:
        staff = row(db, people.staff, school_id=school.id, label="Küche", pin_hash=None)
    for override in OverrideReason:
        eaten = pen.charge(school.payer, school.drink, override=override)
        assert [a.quarantined for a in door.drain([eaten], ())] == [None]
    for reason in VoidReason:
        eaten = pen.charge(school.payer, school.drink)
        void = replace(pen.void(eaten), reason=reason.value).linked(
            origin_id=pen.origin_id, before=eaten.chain
        )
        pen.last = void.chain
        assert [a.quarantined for a in door.drain([eaten, void], ())] == [None, None]
    looks = [
        Look(9, number, NOON, f"staff:{staff}", school.payer, f"serve {reason.value}")
        for number, reason in enumerate(OverrideReason, start=1)
    ]
    assert door.drain((), looks) == ()
