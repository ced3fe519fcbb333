"""The office's users at the office's desk: made, given roles, revoked, signed in and out."""

import argparse
import sys

from accounts.passwords import fault_of
from accounts.rights import Role
from accounts.sessions import LONGEST, close_session, open_session
from accounts.texts import Texts
from accounts.users import (
    Granted,
    User,
    UserRefusal,
    add_user,
    end_role,
    find_user,
    grant,
    revoke_user,
    set_password,
    users,
)
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, ask_hidden, refused
from kiosk.office.entitled import ROLES
from kiosk.office.signing_in import drop_token, keep_token, kept_token, secret_from


def ask_new_password(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Ask for a new password before the ledger is locked; it is left in ``asked.new_password``."""
    given = secret_from(asked.new_password_file, asked.new_password_fd, speech)
    if isinstance(given, Refused):
        return given
    if given is None and not sys.stdin.isatty():
        sentence = speech.say(
            "The new password is typed at a terminal, or comes from a file: "
            "--new-password-file FILE"
        )
        return Refused("no_password", (sentence,))
    if given is None:
        given = ask_hidden(speech.say("New password (12 characters at least): "))
        if ask_hidden(speech.say("Once more: ")) != given:
            sentence = speech.say("That was another password. Try again.")
            return Refused("passwords_differ", (sentence,))
    fault = fault_of(given)
    if fault is not None:
        return refused(speech, fault)
    asked.new_password = given
    return None


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa user add``."""
    school_id = _school_id(desk, asked)
    if isinstance(school_id, Refused):
        return school_id
    made = add_user(
        desk.db,
        name=asked.name,
        password=asked.new_password,
        role=Role(asked.role),
        school_id=school_id,
        at=desk.at,
    )
    if isinstance(made, UserRefusal):
        return refused(desk.texts, made, user=asked.name)
    told = desk.say(
        "Added: user {user}, {role}",
        user=asked.name,
        role=_role(desk.texts, Granted(Role(asked.role), asked.school)),
    )
    lines: tuple[str, ...] = (told,)
    if desk.acting.user_id is None:
        lines += (
            desk.say(
                "From now on every command needs a right. Sign in: mensa sign-in --user {user}",
                user=asked.name,
            ),
        )
    return Said(lines, {"user": {"id": made, "name": asked.name, **_asked_role(asked)}})


def give(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa user grant``."""
    user = _user(desk, asked.name)
    school_id = _school_id(desk, asked)
    if isinstance(user, Refused):
        return user
    if isinstance(school_id, Refused):
        return school_id
    role = Role(asked.role)
    refusal = grant(desk.db, user_id=user.id, role=role, school_id=school_id, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, user=user.name)
    told = desk.say(
        "{user} is from now on: {role}",
        user=user.name,
        role=_role(desk.texts, Granted(role, asked.school)),
    )
    return Said((told,), {"user": {"name": user.name, **_asked_role(asked)}})


def revoke(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa user revoke``: the whole user, or with --role one role."""
    user = _user(desk, asked.name)
    if isinstance(user, Refused):
        return user
    if asked.role is None:
        refusal = revoke_user(desk.db, user_id=user.id, at=desk.at)
        told = desk.say("{user} may do nothing any more", user=user.name)
    else:
        school_id = _school_id(desk, asked)
        if isinstance(school_id, Refused):
            return school_id
        role = Role(asked.role)
        refusal = end_role(desk.db, user_id=user.id, role=role, school_id=school_id, at=desk.at)
        told = desk.say(
            "{user} is no longer: {role}",
            user=user.name,
            role=_role(desk.texts, Granted(role, asked.school)),
        )
    if refusal is not None:
        return refused(desk.texts, refusal, user=user.name)
    return Said((told,), {"user": {"name": user.name, **_asked_role(asked), "revoked": True}})


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa user list``."""
    found = users(desk.db)
    if not found:
        hint = desk.say("There is no user yet: mensa user add NAME --role administrator")
        return Said((hint,), {"users": []})
    head = (desk.say("Name"), desk.say("Roles"), desk.say("Since"), desk.say("Revoked"))
    rows = [
        (
            it.name,
            ", ".join(_role(desk.texts, one) for one in it.roles) or "-",
            desk.texts.moment(it.since),
            desk.texts.moment(it.until) if it.until else "-",
        )
        for it in found
    ]
    fields = [
        {
            "id": it.id,
            "name": it.name,
            "roles": [{"role": one.role.value, "school": one.school} for one in it.roles],
            "since": it.since.isoformat(),
            "until": it.until.isoformat() if it.until else None,
        }
        for it in found
    ]
    return Said(in_columns(head, rows), {"users": fields})


def renew_password(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa user password``: one's own."""
    if desk.acting.user_id is None:
        return _no_users(desk)
    refusal = set_password(
        desk.db, user_id=desk.acting.user_id, password=asked.new_password, at=desk.at
    )
    if refusal is not None:
        return refused(desk.texts, refusal, user=desk.acting.name)
    told = desk.say("{user} has another password from now on", user=desk.acting.name)
    return Said((told,), {"user": {"name": desk.acting.name, "password": True}})


def reset_password(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa user reset``: somebody's who forgot it."""
    user = _user(desk, asked.name)
    if isinstance(user, Refused):
        return user
    refusal = set_password(desk.db, user_id=user.id, password=asked.new_password, at=desk.at)
    if refusal is not None:
        return refused(desk.texts, refusal, user=user.name)
    told = desk.say("{user} has another password from now on", user=user.name)
    return Said((told,), {"user": {"name": user.name, "password": True}})


def sign_in(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa sign-in``."""
    if desk.acting.user_id is None:
        return _no_users(desk)
    token = open_session(desk.db, user_id=desk.acting.user_id, at=desk.at)
    url = desk.acting.database_url
    try:
        keep_token(url, token)
    except OSError as error:
        sentence = desk.say("The sign-in cannot be kept: {path}: {why}", path=error.filename or "",
                            why=error.strerror)  # fmt: skip
        return Refused("not_kept", (sentence,))
    until = desk.at + LONGEST
    told = desk.say(
        "{user} is signed in, until {until} at most, and until half an hour without a command",
        user=desk.acting.name,
        until=desk.texts.moment(until),
    )
    return Said((told,), {"user": desk.acting.name, "until": until.isoformat()})


def sign_out(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa sign-out``."""
    url = desk.acting.database_url
    token = kept_token(url)
    if token is not None:
        close_session(desk.db, token=token, at=desk.at)
        drop_token(url)
    return Said((desk.say("Signed out."),), {"signed_in": False})


def _no_users(desk: Desk) -> Refused:
    hint = desk.say("There is no user yet: mensa user add NAME --role administrator")
    return Refused("no_users", (hint,))


def _user(desk: Desk, name: str) -> User | Refused:
    found = find_user(desk.db, name=name)
    if found is None:
        return refused(desk.texts, UserRefusal.UNKNOWN_USER, user=name)
    return found


def _school_id(desk: Desk, asked: argparse.Namespace) -> int | Refused | None:
    if asked.school is None:
        return None
    school = desk.school(asked.school)
    return school if isinstance(school, Refused) else school.id


def _role(speech: Texts, granted: Granted) -> str:
    role = speech.say(ROLES[granted.role])
    if granted.school is None:
        return speech.say("{role} (all schools)", role=role)
    return speech.say("{role} (school {number})", role=role, number=granted.school)


def _asked_role(asked: argparse.Namespace) -> dict[str, object]:
    return {"role": asked.role, "school": asked.school}
