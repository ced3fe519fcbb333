"""Schools, their closed days and settings, and who may write for them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.changes import newest_change
from accounts.database import Session
from accounts.money import Money
from accounts.schools import (
    SchoolRefusal,
    add_school,
    close_day,
    closed_days,
    enrol_kiosk,
    enrol_office,
    find_school,
    open_day,
    revoke_origin,
    schools,
    set_school,
)

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize("number", ["", "12345", "1234567", "16451a", "١٦٤٥١٢", "064512"])
def test_a_school_number_has_six_digits(db: Session, number: str) -> None:
    assert add_school(db, number=number, name="Schule") is SchoolRefusal.BAD_NUMBER


def test_a_school_begins_with_careful_settings(db: Session) -> None:
    added = add_school(db, number=" 164512 ", name=" Gesamtschule Nord ")
    found = find_school(db, number="164512")
    assert found is not None
    assert found.id == added
    assert found.name == "Gesamtschule Nord"
    assert found.floor == Money(-1500)
    assert found.accepts == {"aes"}
    assert not found.shows_first_name


def test_a_number_is_one_school(db: Session) -> None:
    add_school(db, number="164513", name="Süd")
    add_school(db, number="164512", name="Nord")
    assert add_school(db, number="164512", name="Ost") is SchoolRefusal.NUMBER_TAKEN
    assert add_school(db, number="164514", name=" ") is SchoolRefusal.NAME_MISSING
    assert [school.name for school in schools(db)] == ["Nord", "Süd"]


def test_settings_change_alone_and_are_told_to_the_kiosks(db: Session) -> None:
    here = add_school(db, number="164512", name="Nord")
    assert isinstance(here, int)
    assert set_school(db, school_id=here, at=NOW, floor=Money(-500), accepts=["uid"]) is None
    found = find_school(db, number="164512")
    assert found is not None
    assert (found.floor, found.accepts, found.language) == (
        Money(-500),
        frozenset({"uid"}),
        "de",
    )
    assert newest_change(db, school_id=here) > 0


def test_impossible_settings_are_refused_whole(db: Session) -> None:
    here = add_school(db, number="164512", name="Nord")
    assert isinstance(here, int)
    before = find_school(db, number="164512")
    bad = SchoolRefusal.BAD_SETTING
    assert set_school(db, school_id=here, at=NOW, name="Ost", floor=Money(1)) is bad
    assert set_school(db, school_id=here, at=NOW, accepts=[]) is bad
    assert set_school(db, school_id=here, at=NOW, accepts=["face"]) is bad
    assert set_school(db, school_id=here, at=NOW, language="fr") is bad
    assert set_school(db, school_id=here, at=NOW, pupil_day_cap=Money(-1)) is bad
    assert find_school(db, number="164512") == before
    unknown = set_school(db, school_id=here + 1, at=NOW, language="en")
    assert unknown is SchoolRefusal.UNKNOWN_SCHOOL


def test_a_closed_day_has_one_reason_and_can_open_again(db: Session) -> None:
    christmas = date(2026, 12, 24)
    here = add_school(db, number="164512", name="Nord")
    assert isinstance(here, int)
    close_day(db, school_id=here, day=christmas, why="Ferien", at=NOW)
    close_day(db, school_id=here, day=christmas, why="Heiligabend", at=NOW)
    around = {"first": christmas, "last": christmas + timedelta(days=7)}
    assert closed_days(db, school_id=here, **around) == {christmas: "Heiligabend"}
    told = newest_change(db, school_id=here)
    open_day(db, school_id=here, day=christmas, at=NOW)
    assert closed_days(db, school_id=here, **around) == {}
    assert newest_change(db, school_id=here) > told


def test_an_origin_has_one_name_and_is_revoked_once(db: Session) -> None:
    here = add_school(db, number="164512", name="Nord")
    assert isinstance(here, int)
    kiosk = enrol_kiosk(db, school_id=here, name="nord-1", at=NOW)
    assert isinstance(kiosk, int)
    taken = enrol_office(db, name="nord-1", at=NOW)
    assert taken is SchoolRefusal.NAME_TAKEN
    nowhere = enrol_kiosk(db, school_id=here + 1, name="ost-1", at=NOW)
    assert nowhere is SchoolRefusal.UNKNOWN_SCHOOL
    assert isinstance(enrol_office(db, name="amt", at=NOW), int)
    assert revoke_origin(db, origin_id=kiosk, at=NOW)
    assert not revoke_origin(db, origin_id=kiosk, at=NOW)


def test_a_change_of_one_school_is_not_told_to_another(db: Session) -> None:
    one = add_school(db, number="164512", name="Nord")
    other = add_school(db, number="164513", name="Süd")
    assert isinstance(one, int)
    assert isinstance(other, int)
    close_day(db, school_id=one, day=date(2026, 12, 24), why="Ferien", at=NOW)
    assert newest_change(db, school_id=one) > 0
    assert newest_change(db, school_id=other) == 0
