"""Who is at a school, and what the office's registers say, on both engines."""

from datetime import date, timedelta

import pytest
from builders import NOON, School
from sqlalchemy import select

from accounts.charge import PersonKind
from accounts.clock import school_day
from accounts.database import Session
from accounts.directory import people_at, person_by_id, person_by_number
from accounts.office import Seen, note_looks, office_origin
from accounts.pupils import NewPerson, end_membership, enrol, known_people
from accounts.registers import enrolled_kiosks, funding_bodies, operators, staff_of
from accounts.schools import add_school, enrol_kiosk, revoke_origin
from accounts.staff import add_staff
from accounts.tables import kiosks

TODAY = school_day(NOON)
PEOPLE = (
    NewPerson("Weiß", "Ida", "10a", date(2010, 1, 1), "7"),
    NewPerson("Çelik", "Ada", "9b", date(2011, 1, 1), "12"),
    NewPerson("Dahm", "Ben", "9b", date(2011, 1, 1)),
    NewPerson("Böll", "Cem", "9b", date(2011, 1, 1), "3"),
    NewPerson("Amt", "Doro", number="77", kind=PersonKind.STAFF),
)


def fresh_school(db: Session, number: str = "164512") -> int:
    added = add_school(db, number=number, name=f"Schule {number}")
    assert isinstance(added, int)
    return added


def test_a_list_goes_by_class_and_name_as_a_register_does(school: School) -> None:
    with school.database.write() as db:
        here = fresh_school(db)
        enrol(db, school_id=here, people=PEOPLE, at=NOON)
        listed = people_at(db, school_id=here, day=TODAY)
        of_9b = people_at(db, school_id=here, day=TODAY, class_name="9b")
    assert [it.last_name for it in listed] == ["Böll", "Çelik", "Dahm", "Weiß", "Amt"]
    assert [it.numbers for it in of_9b] == [("3",), ("12",), ()]
    assert listed[-1].kind is PersonKind.STAFF


def test_a_number_means_the_person_of_that_school_alone(school: School) -> None:
    with school.database.write() as db:
        here, there = fresh_school(db), fresh_school(db, "164513")
        enrol(db, school_id=here, people=PEOPLE, at=NOON)
        found = person_by_number(db, school_id=here, number="12", day=TODAY)
        assert found is not None
        assert (found.last_name, found.class_name, found.school_number) == ("Çelik", "9b", "164512")
        assert person_by_number(db, school_id=there, number="12", day=TODAY) is None
        assert person_by_id(db, pupil_id=found.id, day=TODAY) == found
        assert person_by_id(db, pupil_id=10**9, day=TODAY) is None


def test_who_has_gone_is_in_no_list_and_belongs_nowhere(school: School) -> None:
    with school.database.write() as db:
        here = fresh_school(db)
        (ida, *_others) = enrol(db, school_id=here, people=PEOPLE, at=NOON - timedelta(days=9))
        known = {it.id: it for it in known_people(db, school_id=here, day=TODAY)}
        end_membership(db, known[ida], TODAY)
        assert ida not in {it.id for it in people_at(db, school_id=here, day=TODAY)}
        gone = person_by_number(db, school_id=here, number="7", day=TODAY)
        assert gone is not None
        assert (gone.id, gone.school_number, gone.class_name) == (ida, None, "")


def test_the_registers_say_what_was_added(school: School) -> None:
    with school.database.write() as db:
        here = fresh_school(db)
        kiosk = enrol_kiosk(db, school_id=here, name="Hof", at=NOON)
        assert isinstance(kiosk, int)
        revoke_origin(db, origin_id=kiosk, at=NOON + timedelta(hours=1))
        add_staff(db, school_id=here, label="Küche", pin="2468", at=NOON)
        add_staff(db, school_id=here, label="Hof", pin=None, at=NOON)
        assert [(it.name, it.settled_as.value) for it in operators(db)] == [
            ("Küche der Stadt", "revenue")
        ]
        assert [it.name for it in funding_bodies(db)] == ["Jobcenter"]
        (enrolled,) = (it for it in enrolled_kiosks(db) if it.origin_id == kiosk)
        assert (enrolled.school_number, enrolled.enrolled_at, enrolled.revoked_at) == (
            "164512",
            NOON,
            NOON + timedelta(hours=1),
        )
        assert [(it.label, it.has_pin) for it in staff_of(db, school_id=here)] == [
            ("Hof", False),
            ("Küche", True),
        ]


def test_an_office_is_one_origin_however_often_it_acts(school: School) -> None:
    with school.database.write() as db:
        first = office_origin(db, name="office ida", at=NOON)
        assert office_origin(db, name="office ida", at=NOON) == first
        (kiosk, *_others) = enrolled_kiosks(db)
        with pytest.raises(LookupError):
            office_origin(db, name=kiosk.name, at=NOON)


def test_looks_of_one_moment_have_numbers_of_their_own(school: School) -> None:
    seen = (Seen("pupils list"), Seen("card show", school.payer))
    for _ in range(2):
        with school.database.write() as db:
            origin_id = office_origin(db, name="office ida", at=NOON)
            note_looks(db, origin_id=origin_id, seen=seen, actor="office:ida", at=NOON)
    with school.database.read() as db:
        log = kiosks.access_log.c
        found = db.execute(select(log.seq, log.purpose, log.pupil_id).order_by(log.id)).all()
    assert found == [
        (1, "pupils list", None),
        (2, "card show", school.payer),
        (3, "pupils list", None),
        (4, "card show", school.payer),
    ]
