"""A school's file and the people who are there: planned, applied, never guessed, never deleted."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import NOON, open_school
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from accounts.changes import newest_change
from accounts.charge import PersonKind
from accounts.clock import school_day
from accounts.database import Database, Session, open_database
from accounts.intake import book_facts
from accounts.proof import CheckName
from accounts.pupils import NewPerson, enrol, known_people
from accounts.roster import Roster, Row
from accounts.roster_import import Refused, RosterRefusal, apply, dry_run
from accounts.roster_layout import Format
from accounts.roster_matching import NEW, Doubt, Person
from accounts.roster_plan import RosterPlan
from accounts.schools import add_school
from accounts.tables import metadata
from accounts.tables.journal import account, balance
from accounts.tables.people import identity, membership, pupil, school_number
from accounts.verify import verify

NOVEMBER = datetime(2026, 11, 23, 8, tzinfo=UTC)
AUGUST = datetime(2027, 8, 31, 8, tzinfo=UTC)

ANNA = Row(2, "Müller", "Anna", "5a", date(2015, 5, 5), "1")
BEN = Row(3, "Weber", "Ben", "5a", date(2015, 6, 6), "2")
CEM = Row(4, "Öz", "Cem", "5b", date(2015, 7, 7), "3")
DIDEM = Row(5, "Yildiz", "Didem", "5b", date(2015, 8, 8), "4")
EMIL = Row(6, "Schulz", "Emil", "5c", date(2015, 9, 9), "5")
CLASS = (ANNA, BEN, CEM, DIDEM, EMIL)


def file(*rows: Row, aside: tuple[Row, ...] = ()) -> Roster:
    numbered = tuple(replace(row, line=line) for line, row in enumerate(rows, start=2))
    return Roster(Format.HEADER, ";", numbered, aside, ())


def school(db: Session, number: str = "164512") -> int:
    added = add_school(db, number=number, name=f"Schule {number}")
    assert isinstance(added, int)
    return added


def imported(
    db: Session, school_id: int, *rows: Row, at: datetime = NOVEMBER, **options: Any
) -> RosterPlan:
    done = apply(db, school_id=school_id, roster=file(*rows), at=at, **options)
    assert isinstance(done, RosterPlan), done
    return done


def people(db: Session, school_id: int, at: datetime = NOVEMBER) -> dict[str, Person]:
    return {
        f"{person.first_name} {person.last_name}": person
        for person in known_people(db, school_id=school_id, day=at.date())
    }


def classes(db: Session, pupil_id: int) -> list[tuple[str, date, date | None]]:
    found = select(membership).where(membership.c.pupil_id == pupil_id)
    return [
        (row.class_name, row.valid_from, row.valid_to)
        for row in db.execute(found.order_by(membership.c.id))
    ]


def everything(db: Session) -> dict[str, list[Any]]:
    return {
        table.name: sorted(map(repr, db.execute(select(table)))) for table in metadata.sorted_tables
    }


def test_new_pupils_get_an_account_and_a_balance_of_nothing(db: Session) -> None:
    here = school(db)
    done = imported(db, here, *CLASS)
    assert [row.number for row in done.new] == ["1", "2", "3", "4", "5"]
    anna = people(db, here)["Anna Müller"]
    found = select(account.c.name, account.c.kind, balance.c.cents, balance.c.transfer_id)
    opened = found.join(balance, balance.c.account_id == account.c.id)
    row = db.execute(opened.where(account.c.pupil_id == anna.id)).one()
    assert tuple(row) == (f"pupil:{anna.id}", "pupil", 0, 0)
    assert anna.numbers == {"1"}
    assert classes(db, anna.id) == [("5a", date(2026, 11, 23), None)]


def test_the_same_file_twice_changes_nothing_at_all(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    before = everything(db)
    again = imported(db, here, *CLASS, at=NOVEMBER + timedelta(days=3))
    assert again.changes_nothing
    assert len(again.unchanged) == 5
    assert everything(db) == before


def test_a_dry_run_writes_nothing(db: Session) -> None:
    here = school(db)
    before = everything(db)
    planned = dry_run(db, school_id=here, roster=file(*CLASS), day=NOVEMBER.date())
    assert len(planned.new) == 5
    assert everything(db) == before


def test_every_import_that_changes_something_tells_the_kiosks(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    first = newest_change(db, school_id=here)
    imported(db, here, replace(ANNA, class_name="5b"), *CLASS[1:])
    assert first > 0
    assert newest_change(db, school_id=here) > first


def test_a_class_change_keeps_the_old_class_for_the_days_before(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    done = imported(db, here, replace(ANNA, class_name="6a"), *CLASS[1:], at=AUGUST)
    assert [match.row.class_name for match in done.class_changes] == ["6a"]
    assert classes(db, people(db, here)["Anna Müller"].id) == [
        ("5a", date(2026, 11, 23), date(2027, 8, 30)),
        ("6a", date(2027, 8, 31), None),
    ]


def test_a_class_corrected_on_the_same_day_leaves_no_trace(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    imported(db, here, replace(ANNA, class_name="5b"), *CLASS[1:])
    anna = people(db, here)["Anna Müller"]
    assert classes(db, anna.id) == [("5b", date(2026, 11, 23), None)]


def test_an_empty_cell_takes_nothing_away(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    done = imported(db, here, replace(ANNA, class_name="", born=None), *CLASS[1:])
    assert done.changes_nothing


def test_a_name_changed_by_marriage_is_the_same_child_by_the_number(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    before = people(db, here)["Anna Müller"].id
    done = imported(db, here, replace(ANNA, last_name="Hoffmann"), *CLASS[1:])
    assert [match.person.id for match in done.changed] == [before]
    assert people(db, here)["Anna Hoffmann"].id == before


def test_without_a_number_a_changed_name_is_ambiguous(db: Session) -> None:
    without = [replace(row, number=None) for row in CLASS]
    here = school(db)
    imported(db, here, *without)
    done = imported(db, here, replace(without[0], last_name="Hoffmann"), *without[1:])
    assert [(a.doubt, a.candidates[0].first_name) for a in done.ambiguous] == [
        (Doubt.PERHAPS_RENAMED, "Anna")
    ]
    assert done.changes_nothing


def test_the_office_decides_what_is_ambiguous(db: Session) -> None:
    without = [replace(row, number=None) for row in CLASS]
    renamed = (replace(without[0], last_name="Hoffmann"), *without[1:])
    here = school(db)
    imported(db, here, *without)
    anna = people(db, here)["Anna Müller"].id
    done = imported(db, here, *renamed, decisions={2: anna})
    assert done.ambiguous == ()
    assert people(db, here)["Anna Hoffmann"].id == anna
    again = imported(db, here, *renamed)
    assert again.changes_nothing
    new = imported(db, here, *without, decisions={2: NEW}, allow_many_missing=True)
    assert [row.last_name for row in new.new] == ["Müller"]


def test_a_number_given_to_somebody_else_is_ambiguous(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    other = Row(2, "Kaya", "Selin", "5a", date(2015, 1, 1), "1")
    done = imported(db, here, other, *CLASS[1:])
    assert [a.doubt for a in done.ambiguous] == [Doubt.NUMBER_OF_ANOTHER]
    assert done.changes_nothing
    imported(db, here, other, *CLASS[1:], decisions={2: NEW})
    assert people(db, here)["Selin Kaya"].numbers == {"1"}
    assert people(db, here)["Anna Müller"].numbers == frozenset()


def test_another_schools_file_renames_nobody(db: Session) -> None:
    strangers = [
        Row(2, f"Fremd{n}", f"Kind{n}", "7a", date(2013, 1, n), str(n)) for n in range(1, 6)
    ]
    here = school(db)
    imported(db, here, *CLASS)
    done = imported(db, here, *strangers)
    assert len(done.ambiguous) == 5
    assert done.changes_nothing


def test_twins_with_one_name_are_two_children_and_stay_two(db: Session) -> None:
    one = Row(2, "Müller", "Anna", "5a", date(2015, 5, 5), mark="5a")
    other = Row(3, "Müller", "Anna", "5b", date(2015, 5, 5), mark="5b")
    here = school(db)
    assert len(imported(db, here, one, other).new) == 2
    assert imported(db, here, one, other).changes_nothing
    next_year = (
        replace(one, class_name="6a", mark="6a"),
        replace(other, class_name="6b", mark="6b"),
    )
    done = imported(db, here, *next_year, at=AUGUST)
    assert {a.doubt for a in done.ambiguous} == {Doubt.SEVERAL_CANDIDATES}
    assert done.changes_nothing


def test_twins_with_numbers_change_class_without_a_doubt(db: Session) -> None:
    one = Row(2, "Müller", "Anna", "5a", date(2015, 5, 5), "7")
    other = Row(3, "Müller", "Anna", "5b", date(2015, 5, 5), "8")
    here = school(db)
    imported(db, here, one, other)
    moved = (replace(one, class_name="6b"), replace(other, class_name="6a"))
    assert len(imported(db, here, *moved, at=AUGUST).class_changes) == 2


def test_a_name_alone_confirms_and_never_changes(db: Session) -> None:
    anna = Row(2, "Müller", "Anna", "5a")
    here = school(db)
    imported(db, here, anna)
    assert imported(db, here, anna).changes_nothing
    for differs in (
        replace(anna, class_name="6a"),
        replace(anna, number="9"),
        replace(anna, born=date(2015, 5, 5)),
    ):
        done = imported(db, here, differs)
        assert [a.doubt for a in done.ambiguous] == [Doubt.NAME_ALONE]
        assert done.changes_nothing


def test_two_lines_with_one_name_and_nothing_else_are_ambiguous(db: Session) -> None:
    here = school(db)
    done = imported(db, here, Row(2, "Müller", "Anna", "5a"), Row(3, "Müller", "Anna", "7c"))
    assert [a.doubt for a in done.ambiguous] == [Doubt.NAME_ALONE] * 2


def test_a_corrected_day_of_birth_without_a_number_is_ambiguous(db: Session) -> None:
    without = [replace(row, number=None) for row in CLASS]
    here = school(db)
    imported(db, here, *without)
    done = imported(db, here, replace(without[0], born=date(2015, 5, 15)), *without[1:])
    assert [a.doubt for a in done.ambiguous] == [Doubt.PERHAPS_CORRECTED]


def test_absence_marks_and_never_deletes(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    done = imported(db, here, *CLASS[1:])
    assert [person.first_name for person in done.missing] == ["Anna"]
    anna = people(db, here)["Anna Müller"]
    assert anna.place is not None
    assert anna.place.missing_since == date(2026, 11, 23)
    assert imported(db, here, *CLASS[1:]).changes_nothing
    back = imported(db, here, *CLASS)
    assert [match.person.id for match in back.found] == [anna.id]
    place = people(db, here)["Anna Müller"].place
    assert place is not None
    assert place.missing_since is None


def test_whom_a_faulty_line_may_mean_is_not_missing(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    torn = replace(ANNA, number=None, born=None)
    done = apply(db, school_id=here, roster=file(*CLASS[2:], aside=(torn, BEN)), at=NOVEMBER)
    assert isinstance(done, RosterPlan)
    assert done.missing == ()


def test_half_a_school_in_a_file_is_refused_without_the_flag(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    before = everything(db)
    refusal = apply(db, school_id=here, roster=file(*CLASS[2:]), at=NOVEMBER)
    assert isinstance(refusal, Refused)
    assert refusal.reason is RosterRefusal.TOO_MANY_MISSING
    assert (len(refusal.plan.missing), refusal.plan.of) == (2, 5)
    assert everything(db) == before
    done = imported(db, here, *CLASS[2:], allow_many_missing=True)
    assert len(done.missing) == 2


@pytest.mark.parametrize(("there", "refused"), [(9, True), (10, False)])
def test_a_fifth_may_be_missing_and_not_one_more(db: Session, *, there: int, refused: bool) -> None:
    many = [Row(2, f"Name{n}", f"Kind{n}", "5a", None, str(n)) for n in range(there)]
    here = school(db)
    imported(db, here, *many)
    outcome = apply(db, school_id=here, roster=file(*many[2:]), at=NOVEMBER)
    assert isinstance(outcome, Refused) is refused


def test_a_file_of_pupils_misses_no_teacher(db: Session) -> None:
    ute = Row(2, "Brandt", "Ute", "", date(1975, 12, 3), "77", PersonKind.STAFF)
    here = school(db)
    imported(db, here, ute)
    imported(db, here, *CLASS)
    assert imported(db, here, *CLASS[:4]).missing[0].first_name == "Emil"
    assert people(db, here)["Ute Brandt"].kind is PersonKind.STAFF


def test_who_has_left_ends_and_keeps_everything(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    done = imported(db, here, replace(ANNA, gone=True), *CLASS[1:], at=AUGUST)
    assert [match.row.first_name for match in done.left] == ["Anna"]
    anna = people(db, here, AUGUST)["Anna Müller"]
    assert anna.place is None
    assert classes(db, anna.id) == [("5a", date(2026, 11, 23), date(2027, 8, 30))]
    assert imported(db, here, replace(ANNA, gone=True), *CLASS[1:], at=AUGUST).changes_nothing


def test_who_leaves_on_the_first_day_leaves_once(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    gone = replace(ANNA, gone=True)
    assert len(imported(db, here, gone, *CLASS[1:]).left) == 1
    assert imported(db, here, gone, *CLASS[1:]).changes_nothing


def test_a_last_day_still_to_come_lets_the_child_eat_until_then(db: Session) -> None:
    leaving = replace(ANNA, gone=True, last_day=date(2027, 1, 31))
    here = school(db)
    imported(db, here, *CLASS)
    assert imported(db, here, leaving, *CLASS[1:]).changes_nothing
    assert len(imported(db, here, leaving, *CLASS[1:], at=AUGUST).left) == 1


def test_whoever_has_gone_already_never_gets_an_account(db: Session) -> None:
    here = school(db)
    assert imported(db, here, replace(ANNA, gone=True)).changes_nothing


def test_a_child_back_after_leaving_has_the_same_account(db: Session) -> None:
    here = school(db)
    imported(db, here, *CLASS)
    anna = people(db, here)["Anna Müller"].id
    imported(db, here, replace(ANNA, gone=True), *CLASS[1:], at=AUGUST)
    later = AUGUST + timedelta(days=30)
    done = imported(db, here, *CLASS, at=later)
    assert [match.person.id for match in done.arrived] == [anna]
    assert len(classes(db, anna)) == 2


def test_whoever_moves_after_lunch_belongs_to_the_school_they_ate_at_until_the_evening(
    database: Database,
) -> None:
    place = open_school(database)
    at = NOON + timedelta(hours=2)
    today = school_day(at)
    with database.write() as db:
        second = school(db, "164513")
        anna = imported(db, place.id, ANNA, at=NOON, allow_many_missing=True).new
        assert len(anna) == 1
        pupil_id = people(db, place.id, NOON)["Anna Müller"].id
        book_facts(db, place.kiosk.origin_id, [place.kiosk.charge(pupil_id, place.lunch)], now=at)
    with database.write() as db:
        moved = imported(db, second, replace(ANNA, number="900", class_name="7d"), at=at)
        assert [match.person.id for match in moved.arrived] == [pupil_id]
        assert classes(db, pupil_id) == [
            ("5a", today, today),
            ("7d", today + timedelta(days=1), None),
        ]
        again = imported(db, second, replace(ANNA, number="900", class_name="7d"), at=at)
        assert again.changes_nothing
    with database.read() as db:
        assert verify(db).check(CheckName.PUPILS).holds


def test_a_child_from_another_school_of_the_city_keeps_its_account(db: Session) -> None:
    first, second = school(db), school(db, "164513")
    imported(db, first, *CLASS)
    anna = people(db, first)["Anna Müller"].id
    told = newest_change(db, school_id=first)
    coming = replace(ANNA, number="900", class_name="7d")
    done = imported(db, second, coming, at=AUGUST)
    assert [match.person.id for match in done.arrived] == [anna]
    assert classes(db, anna) == [
        ("5a", date(2026, 11, 23), date(2027, 8, 30)),
        ("7d", date(2027, 8, 31), None),
    ]
    assert newest_change(db, school_id=first) > told
    assert imported(db, second, coming, at=AUGUST).changes_nothing


def test_the_old_school_naming_a_moved_child_is_a_doubt(db: Session) -> None:
    first, second = school(db), school(db, "164513")
    imported(db, first, *CLASS)
    imported(db, second, replace(ANNA, number="900"), at=AUGUST)
    done = imported(db, first, *CLASS, at=AUGUST)
    assert [a.doubt for a in done.ambiguous] == [Doubt.MOVED_AWAY]
    assert done.changes_nothing


def test_a_namesake_elsewhere_with_another_birth_is_somebody_new(db: Session) -> None:
    first, second = school(db), school(db, "164513")
    imported(db, first, *CLASS)
    done = imported(db, second, replace(ANNA, born=date(2014, 5, 5)))
    assert len(done.new) == 1


def test_people_may_be_enrolled_by_hand(db: Session) -> None:
    guest = NewPerson("Gast", "Erika", kind=PersonKind.GUEST)
    here = school(db)
    (erika,) = enrol(db, school_id=here, people=[guest], at=NOVEMBER)
    assert people(db, here)["Erika Gast"].id == erika


# --- properties -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scratch(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("scratch") / "ledger.db"
    shutil.copy(empty_sqlite, path)
    database = open_database(f"sqlite:///{path}")
    yield database
    database.close()


row = st.builds(
    Row,
    line=st.just(0),
    last_name=st.sampled_from(["Müller", "Weber", "Öz"]),
    first_name=st.sampled_from(["Anna", "Ben", "Cem"]),
    class_name=st.sampled_from(["", "5a", "5b"]),
    born=st.sampled_from([None, date(2015, 5, 5), date(2015, 6, 6)]),
    number=st.sampled_from([None, "1", "2", "3", "4"]),
    kind=st.sampled_from([PersonKind.PUPIL, PersonKind.PUPIL, PersonKind.STAFF]),
    gone=st.sampled_from([False, False, False, True]),
)
rows = st.lists(row, max_size=6, unique_by=lambda made: made.number or object())


@settings(deadline=None, max_examples=60)
@given(files=st.lists(st.tuples(rows, st.booleans(), st.integers(0, 2)), min_size=1, max_size=5))
def test_no_history_of_imports_removes_anybody_or_repeats_itself(
    scratch: Database, files: list[tuple[list[Row], bool, int]]
) -> None:
    kept = (pupil, identity, membership, school_number, account, balance)
    with scratch.engine.connect() as db:
        db.execution_options(sqlite_begin="IMMEDIATE")
        with db.begin() as transaction:
            schools = [school(db), school(db, "164513")]
            at = NOVEMBER
            for content, second, days in files:
                at += timedelta(days=days)
                here = schools[second]
                before = [
                    set(db.execute(select(*table.primary_key.columns)).all()) for table in kept
                ]
                imported(db, here, *content, at=at, allow_many_missing=True)
                after = [
                    set(db.execute(select(*table.primary_key.columns)).all()) for table in kept
                ]
                assert all(old <= new for old, new in zip(before, after, strict=True))
                again = imported(db, here, *content, at=at, allow_many_missing=True)
                assert again.changes_nothing
                assert _at_one_school_a_day(db, at.date())
                alone = select(func.count()).select_from(pupil)
                both = alone.join(account, account.c.pupil_id == pupil.c.id)
                both = both.join(balance, balance.c.account_id == account.c.id)
                assert db.execute(alone).scalar() == db.execute(both).scalar()
            transaction.rollback()


def _at_one_school_a_day(db: Session, day: date) -> bool:
    lasting = select(membership.c.pupil_id).where(
        membership.c.valid_from <= day,
        membership.c.valid_to.is_(None) | (membership.c.valid_to > day),
    )
    found = list(db.execute(lasting).scalars())
    return len(found) == len(set(found))
