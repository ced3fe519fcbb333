"""An office with its people: a clerk, two in the treasury, one each of the other roles.

Their passwords are nobody's: what is tested here is what they may, not how they sign in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from builders import NOON, School, eur, row
from sqlalchemy import insert, select

from accounts.approvals import Ask, ask, decide
from accounts.database import Session
from accounts.entries import Move
from accounts.money import Money
from accounts.rights import Act, Role
from accounts.tables import journal, people, rights

HIRED = NOON - timedelta(days=50)
NO_PASSWORD = "$argon2id$nobody"  # it opens nothing


@dataclass(frozen=True, slots=True)
class People:
    """Users' numbers; the clerk and the cook are of the school, the stranger of another."""

    admin: int
    clerk: int
    cook: int
    stranger: int
    tom: int
    ute: int
    auditor: int
    other_school: int


def hire(
    db: Session, name: str, role: Role, school_id: int | None = None, *, at: datetime = HIRED
) -> int:
    """A user with one role."""
    user = row(db, rights.office_user, name=name, password_hash=NO_PASSWORD, since_us=at)
    db.execute(
        insert(rights.office_role).values(
            user_id=user, role=role.value, school_id=school_id, since_us=at
        )
    )
    return user


def open_treasury(db: Session, school: School) -> People:
    """The people of this module's docstring, and the account that bears what is given."""
    accounts = select(journal.account.c.name)
    if "write_off" not in set(db.execute(accounts).scalars()):
        row(db, journal.account, name="write_off", kind="write_off")
    other = row(db, people.school, number="165001", name="Die andere Schule")
    return People(
        admin=hire(db, "admin", Role.ADMINISTRATOR),
        clerk=hire(db, "clerk", Role.SCHOOL_OFFICE, school.id),
        cook=hire(db, "cook", Role.KITCHEN, school.id),
        stranger=hire(db, "stranger", Role.TREASURY, other),
        tom=hire(db, "tom", Role.TREASURY),
        ute=hire(db, "ute", Role.TREASURY),
        auditor=hire(db, "auditor", Role.AUDITOR),
        other_school=other,
    )


def credit(school: School, requester: int, amount: Money | None = None) -> Ask:
    """A credit by hand for the paying child: five euro."""
    return Ask(
        act=Act.CREDIT_MANUAL,
        requester_id=requester,
        reason="Essen kalt",
        school_id=school.id,
        pupil_id=school.payer,
        move=Move("write_off", f"pupil:{school.payer}", eur("5") if amount is None else amount),
    )


def approved(db: Session, school: School, folk: People, amount: Money | None = None) -> int:
    """A request the clerk made and the treasury approved."""
    request = ask(db, credit(school, folk.clerk, amount), at=NOON)
    assert isinstance(request, int)
    refusal = decide(db, request_id=request, approver_id=folk.tom, approved=True, at=NOON)
    assert refusal is None
    return request
