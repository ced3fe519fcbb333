"""Parents' wishes reach the kiosk's rules, and never stop the first lunch."""

import pytest
from builders import NOON, School, eur

from accounts.charge import ItemClass
from accounts.limits import Wishes, set_wishes, wishes_of
from accounts.snapshot_query import pulse, take_snapshot

CAREFUL = Wishes(eur("2,50"), frozenset({ItemClass.SNACK, ItemClass.DRINK}))


def test_a_wish_is_what_the_kiosks_snapshot_says_and_is_told_once(school: School) -> None:
    with school.database.write() as db:
        before = pulse(db, school.id)
        assert wishes_of(db, school.payer) == Wishes()
        assert set_wishes(db, CAREFUL, pupil_id=school.payer, at=NOON)
        told = pulse(db, school.id)
        assert told != before
        assert not set_wishes(db, CAREFUL, pupil_id=school.payer, at=NOON)
        assert pulse(db, school.id) == told
        assert wishes_of(db, school.payer) == CAREFUL
    with school.database.read() as db:
        snapshot = take_snapshot(db, origin_id=school.kiosk.origin_id, epochs=(), at=NOON)
    assert snapshot is not None
    wished = {one.id: (one.day_limit_cents, one.blocked_classes) for one in snapshot.people}
    assert wished[school.payer] == (250, ("drink", "snack"))
    assert wished[school.guest_of_the_state] == (None, ())


def test_a_wish_can_be_taken_back(school: School) -> None:
    with school.database.write() as db:
        set_wishes(db, CAREFUL, pupil_id=school.payer, at=NOON)
        assert set_wishes(db, Wishes(), pupil_id=school.payer, at=NOON)
        assert wishes_of(db, school.payer) == Wishes()


def test_what_cannot_be_wished_is_a_fault_and_changes_nothing(school: School) -> None:
    with school.database.write() as db:
        with pytest.raises(ValueError, match="below zero"):
            set_wishes(db, Wishes(eur("-1,00")), pupil_id=school.payer, at=NOON)
        with pytest.raises(LookupError, match="999"):
            set_wishes(db, CAREFUL, pupil_id=999, at=NOON)
        assert wishes_of(db, school.payer) == Wishes()
