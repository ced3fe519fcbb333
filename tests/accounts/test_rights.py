"""The matrix of acts and roles: the same in the code and in the database, and what it promises."""

import pytest
from builders import NOON, School
from offices import hire, open_treasury
from sqlalchemy import select

from accounts.database import Database
from accounts.rights import (
    ASK,
    BEGIN,
    DECIDE,
    PERMISSIONS,
    Act,
    May,
    Role,
    Scope,
    may,
    roles_that,
)
from accounts.tables.rights import permission
from accounts.users import revoke_user

_LOOKS = (".list", ".show", ".verify", ".alerts", ".open", ".status")
READING = {act for act in Act if act.value.endswith(_LOOKS)}
MONEY = {
    *(Act.OPENING_BOOK, Act.CREDIT_MANUAL, Act.WRITE_OFF, Act.REFUND, Act.MONTH_CLOSE),
    *(Act.TOPUP_CASH, Act.REFUND_EXPORT, Act.BANK_ASSIGN, Act.BANK_IMPORT, Act.BANK_PULL),
}


def test_the_database_holds_the_matrix_of_the_code(database: Database) -> None:
    with database.read() as db:
        stands = {(row.act, row.role, row.may) for row in db.execute(select(permission)).all()}
    assert stands == {
        (act.value, role.value, way.value)
        for act, roles in PERMISSIONS.items()
        for role, way in roles.items()
    }


def test_every_act_is_somebodys() -> None:
    assert set(PERMISSIONS) == set(Act)
    assert all(PERMISSIONS[act] for act in Act)


def test_auditors_read_everything_and_change_nothing() -> None:
    theirs = {act for act in Act if Role.AUDITOR in PERMISSIONS[act]}
    assert theirs == READING
    assert {PERMISSIONS[act][Role.AUDITOR] for act in theirs} == {May.DO}


def test_administrators_book_no_money_and_the_kitchen_sees_no_child() -> None:
    assert not any(Role.ADMINISTRATOR in PERMISSIONS[act] for act in MONEY)
    kitchen = {act for act in Act if Role.KITCHEN in PERMISSIONS[act]}
    assert kitchen == {Act.SCHOOL_LIST, Act.TARIFF_LIST, Act.OFFER_LIST, Act.OFFER_ADD}


@pytest.mark.parametrize("act", [Act.CREDIT_MANUAL, Act.WRITE_OFF, Act.REFUND, Act.TOPUP_CASH])
def test_money_by_hand_takes_two(act: Act) -> None:
    assert May.DO not in PERMISSIONS[act].values()
    assert roles_that(ASK, act) == (Role.SCHOOL_OFFICE, Role.TREASURY)
    assert roles_that(DECIDE, act) == (Role.TREASURY,)


def test_a_role_for_one_school_is_good_for_that_school_only(school: School) -> None:
    with school.database.write() as db:
        folk = open_treasury(db, school)

        def clerk(where: int | Scope) -> bool:
            return may(db, user_id=folk.clerk, act=Act.CARD_BLOCK, where=where)

        assert [clerk(it) for it in (school.id, folk.other_school, *Scope)] == [
            True,
            False,
            False,
            True,
        ]
        everywhere = [
            may(db, user_id=folk.tom, act=Act.CREDIT_MANUAL, where=it, ways=DECIDE)
            for it in (school.id, folk.other_school, Scope.EVERY_SCHOOL)
        ]
        assert everywhere == [True] * 3


def test_whoever_is_revoked_may_nothing(school: School) -> None:
    with school.database.write() as db:
        folk = open_treasury(db, school)
        two = hire(db, "two", Role.ADMINISTRATOR)
        assert may(db, user_id=two, act=Act.SCHOOL_ADD, where=Scope.EVERY_SCHOOL)
        revoke_user(db, user_id=two, at=NOON)
        assert not any(may(db, user_id=two, act=act, where=Scope.ANY_SCHOOL) for act in Act)
        assert not may(db, user_id=999, act=Act.SCHOOL_LIST, where=Scope.ANY_SCHOOL, ways=BEGIN)
        assert may(db, user_id=folk.admin, act=Act.SCHOOL_ADD, where=Scope.EVERY_SCHOOL)
