"""Whether who acts has the right to it, and which role would have.

A right is looked up for the school the job is about; where that school cannot be told from the
words alone (a card, a kiosk, a file of several schools), the job names the function that knows.
"""

import argparse
import importlib
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime

from accounts.clock import SystemClock
from accounts.database import DatabaseBroken, Session, WrongSchema
from accounts.rights import BEGIN, Act, Role, Scope, Where, may, roles_that
from accounts.schools import find_school
from accounts.texts import Texts, mark
from kiosk.jobs.common import database_of
from kiosk.jobs.words import ANY, EVERY, OWN, Need, spoken
from kiosk.office.answers import Refused
from kiosk.office.signing_in import Acting, system_user, who_acts

ROLES = {
    Role.KITCHEN: mark("kitchen"),
    Role.SCHOOL_OFFICE: mark("school office"),
    Role.TREASURY: mark("treasury"),
    Role.AUDITOR: mark("auditor"),
    Role.ADMINISTRATOR: mark("administrator"),
}


def lacks_right(
    db: Session,
    asked: argparse.Namespace,
    need: Need,
    *,
    acting: Acting,
    at: datetime,
    speech: Texts,
) -> Refused | None:
    """None where the act may be done; else that this user may not, and which roles may."""
    if acting.user_id is None or need.act == OWN:
        return None
    act = Act(need.act)
    places = _places(db, asked, need.about, at)
    if all(may(db, user_id=acting.user_id, act=act, where=it) for it in places):
        return None
    roles = roles_that(BEGIN, act)
    sentence = speech.say(
        "{user} has no right to this, or not for this school. It needs the role: {roles}. "
        "An administrator grants it: mensa user grant {user} --role ROLE",
        user=acting.name,
        roles=" / ".join(speech.say(ROLES[role]) for role in roles),
    )
    fields = {"act": act.value, "roles": [role.value for role in roles]}
    return Refused("no_right", (sentence,), fields)


def actor_or_exit(asked: argparse.Namespace, need: Need) -> str | int:
    """The actor of a job away from the desk, or the exit code after a refusal was told.

    A ledger that cannot be read has no users that could be asked: it is about to be restored.
    """
    from kiosk.office.desk import tell  # noqa: PLC0415  # it imports this module

    speech, at = spoken(), SystemClock().now()
    try:
        with closing(database_of(asked)) as database:
            acting = who_acts(asked, database, at=at, speech=speech)
            if isinstance(acting, Refused):
                return tell(acting, as_json=asked.json)
            with database.read() as db:
                lacking = lacks_right(db, asked, need, acting=acting, at=at, speech=speech)
    except (DatabaseBroken, WrongSchema):
        return Acting(system_user()).actor
    return acting.actor if lacking is None else tell(lacking, as_json=asked.json)


def _places(db: Session, asked: argparse.Namespace, about: str, at: datetime) -> Iterable[Where]:
    """Where the act would be done; a right is needed for each of these."""
    if about == EVERY:
        return (Scope.EVERY_SCHOOL,)
    if about == ANY:
        return (Scope.ANY_SCHOOL,)
    if ":" in about:
        module, _, function = about.partition(":")
        found = getattr(importlib.import_module(f"kiosk.office.{module}"), function)
        places: tuple[Where, ...] = found(db, asked, at)
        return places
    number: str | None = getattr(asked, about)
    school = None if number is None else find_school(db, number=number)
    # Of a school that is not there, only who may look at all schools is told so.
    return (Scope.EVERY_SCHOOL if school is None else school.id,)
