"""Sealed keys: each school's kiosks get their own, of active cards only, and nothing opens here."""

from dataclasses import replace
from datetime import timedelta

from builders import MONDAY, NOON, School, add_child, row
from proven_cards import proven_card, uid
from sqlalchemy import text, update

from accounts.card_keys import put_keys, schools_of_holder, secrets_to_seal
from accounts.card_register import card_of
from accounts.changes import newest_change
from accounts.database import Session
from accounts.holdings import BlockReason, block_card, issue_card, unblock_card
from accounts.snapshot import KeyRow, Snapshot, from_bytes, to_bytes
from accounts.snapshot_query import take_snapshot
from accounts.tables import people
from accounts.verify import verify


def told(db: Session, school: School) -> Snapshot:
    snapshot = take_snapshot(db, origin_id=school.kiosk.origin_id, epochs=(), at=NOON)
    assert snapshot is not None
    return snapshot


def keys(db: Session, school: School) -> dict[str, str | None]:
    """By card, what its kiosks get."""
    return {
        bytes.fromhex(one.hash).rstrip(b"-").decode(): one.sealed
        and bytes.fromhex(one.sealed).decode()
        for one in told(db, school).keys
    }


def test_a_kiosk_is_told_the_keys_of_its_schools_active_cards_and_no_others(
    school: School,
) -> None:
    with school.database.write() as db:
        other = row(db, people.school, number="165001", name="Andere Schule")
        stranger = add_child(db, other)
        cook = row(db, people.staff, school_id=school.id, label="Küche")
        gone = row(db, people.staff, school_id=school.id, label="Früher", active=0)
        mine = proven_card(db, "mine", school.id, other, pupil_id=school.payer)
        proven_card(db, "not sealed yet", other, pupil_id=school.guest_of_the_state)
        proven_card(db, "stranger", other, school.id, pupil_id=stranger)
        proven_card(db, "cook", school.id, staff_id=cook)
        proven_card(db, "gone", school.id, staff_id=gone)
        child = add_child(db, school.id)
        issue_card(db, uid_hmac=uid("plain"), pupil_id=child, actor="o", at=NOON)
        assert keys(db, school) == {
            "mine": "mine at " + str(school.id),
            "not sealed yet": None,
            "cook": "cook at " + str(school.id),
        }
        block_card(db, card_id=mine.id, reason=BlockReason.LOST, actor="o", at=NOON)
        assert "mine" not in keys(db, school)
        unblock_card(db, card_id=mine.id, actor="o", at=NOON)
        assert "mine" in keys(db, school)
        proven_card(db, "newer", school.id, pupil_id=school.payer, replaces=mine.id)
        assert {"mine", "newer"} & set(keys(db, school)) == {"newer"}
        db.execute(
            update(people.membership)
            .where(people.membership.c.pupil_id == school.payer)
            .values(valid_to=MONDAY - timedelta(days=1))
        )
        assert set(keys(db, school)) == {"not sealed yet", "cook"}


def test_a_snapshot_keeps_keys_and_limit_on_a_disk_and_reads_what_older_ones_kept(
    school: School,
) -> None:
    with school.database.write() as db:
        proven_card(db, "mine", school.id, pupil_id=school.payer)
        db.execute(people.school.update().values(uid_day_limit_cents=300))
        snapshot = told(db, school)
    assert snapshot.uid_day_limit_cents == 300
    assert isinstance(snapshot.keys[0], KeyRow)
    assert from_bytes(to_bytes(snapshot)) == snapshot
    older = replace(snapshot, keys=(), uid_day_limit_cents=None)
    kept = to_bytes(older).replace(b',"keys":[],"uid_day_limit_cents":null', b"")
    assert b"keys" not in kept
    assert from_bytes(kept) == older


def test_what_is_not_sealed_under_the_newest_key_is_handed_to_the_station(school: School) -> None:
    with school.database.write() as db:
        mine = proven_card(db, "mine", school.id, pupil_id=school.payer)
        other = proven_card(db, "other", pupil_id=school.guest_of_the_state)
        blocked = proven_card(db, "blocked", pupil_id=add_child(db, school.id))
        block_card(db, card_id=blocked.id, reason=BlockReason.LOST, actor="o", at=NOON)
        assert secrets_to_seal(db, school_id=school.id, key_id=b"key-1") == (
            (other.id, uid("other"), b"escrow of other"),
        )
        anew = secrets_to_seal(db, school_id=school.id, key_id=b"key-2")
        assert [card_id for card_id, _, _ in anew] == [mine.id, other.id]
        before = newest_change(db, school_id=school.id)
        put_keys(
            db, school_id=school.id, key_id=b"key-2",
            sealed={card_id: b"anew" for card_id, _, _ in anew}, at=NOON,
        )  # fmt: skip
        assert newest_change(db, school_id=school.id) > before
        assert secrets_to_seal(db, school_id=school.id, key_id=b"key-2") == ()
        assert set(keys(db, school).values()) == {"anew"}
        assert db.execute(text("SELECT count(*) FROM card_key")).scalar_one() == 2
    with school.database.read() as db:
        proof = verify(db)
    assert proof.holds, [check for check in proof.checks if not check.holds]


def test_a_card_is_sealed_for_every_school_its_holder_goes_to(school: School) -> None:
    with school.database.write() as db:
        other = row(db, people.school, number="165001", name="Andere Schule")
        row(
            db, people.membership, pupil_id=school.payer, school_id=other, class_name="6b",
            valid_from=MONDAY + timedelta(days=30),
        )  # fmt: skip
        cook = row(db, people.staff, school_id=other, label="Küche")
        both = schools_of_holder(db, pupil_id=school.payer, staff_id=None, day=MONDAY)
        assert both == (school.id, other)
        assert schools_of_holder(db, pupil_id=None, staff_id=cook, day=MONDAY) == (other,)
        made = proven_card(db, "mine", *both, pupil_id=school.payer)
        assert card_of(db, card_id=made.id) == made
        assert secrets_to_seal(db, school_id=other, key_id=b"key-1", day=MONDAY) == ()


def test_an_old_row_of_a_school_keeps_its_form_until_it_has_a_limit(school: School) -> None:
    with school.database.write() as db:
        db.execute(text("UPDATE school SET name = 'Neu'"))
        db.execute(text("UPDATE school SET uid_day_limit_cents = 250"))
    with school.database.read() as db:
        images = db.execute(
            text("SELECT image FROM history WHERE name = 'school' ORDER BY id")
        ).scalars().all()  # fmt: skip
        assert [image.partition(",2:de")[2] for image in images] == [
            "", "", ",uid_day_limit_cents=250",
        ]  # fmt: skip
        assert verify(db).holds
