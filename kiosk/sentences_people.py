"""Sentences about users, signing in and what takes two people."""

import enum
from collections.abc import Mapping

from accounts.approvals import ApprovalRefusal
from accounts.passwords import PasswordFault
from accounts.rights import Act
from accounts.sign_ins import SignInRefusal
from accounts.texts import mark
from accounts.users import UserRefusal

PEOPLE: Mapping[enum.Enum, str] = {
    UserRefusal.BAD_NAME: mark(
        "{user} is no name to sign in by: 2 to 32 small letters, digits, dots and dashes, "
        "a letter first."
    ),
    UserRefusal.NAME_TAKEN: mark(
        "Somebody is or was called {user}. Names are never given again: choose another."
    ),
    UserRefusal.UNKNOWN_USER: mark("There is no user {user}. All users: mensa user list"),
    UserRefusal.REVOKED: mark("{user} was revoked and stays so. Make a new user: mensa user add"),
    UserRefusal.FIRST_IS_ADMINISTRATOR: mark(
        "The first user sets up all the others: "
        "mensa user add {user} --role administrator, without --school"
    ),
    UserRefusal.LAST_ADMINISTRATOR: mark(
        "{user} is the last administrator. Make another one first: "
        "mensa user add NAME --role administrator"
    ),
    UserRefusal.HAS_ROLE: mark("{user} has this role already. All users: mensa user list"),
    UserRefusal.LACKS_ROLE: mark("{user} does not have this role. All users: mensa user list"),
    PasswordFault.TOO_SHORT: mark(
        "A password has 12 characters at least; several words make a good one."
    ),
    PasswordFault.TOO_LONG: mark("A password has 256 characters at most."),
    SignInRefusal.WRONG: mark(
        "Name or password is wrong. After five failures in a row the user is locked for some time."
    ),
    SignInRefusal.LOCKED: mark(
        "Too many failures: {user} is locked until {until}. Wait for it, or ask an administrator "
        "whether somebody else has tried."
    ),
    ApprovalRefusal.NO_RIGHT: mark(
        "{user} has no right to this request, or not for its school. What waits for you: "
        "mensa approve"
    ),
    ApprovalRefusal.NO_AMOUNT: mark("An amount above 0,00 is needed."),
    ApprovalRefusal.NO_REASON: mark("A reason is needed, in words."),
    ApprovalRefusal.UNKNOWN_ACCOUNT: mark(
        "The city's accounts are not open yet. To open them: mensa db upgrade"
    ),
    ApprovalRefusal.UNKNOWN_REQUEST: mark(
        "There is no request {request}. What waits for you: mensa approve"
    ),
    ApprovalRefusal.OWN_REQUEST: mark(
        "You asked for request {request} yourself: another person has to decide."
    ),
    ApprovalRefusal.ALREADY_DECIDED: mark("Request {request} is decided already."),
    ApprovalRefusal.TOO_OLD: mark(
        "Request {request} is older than 30 days and can no longer be approved. Ask anew."
    ),
    ApprovalRefusal.NOT_APPROVED: mark("Request {request} is not approved."),
}

ACTS: Mapping[Act, str] = {
    Act.CREDIT_MANUAL: mark("credit by hand"),
    Act.WRITE_OFF: mark("write-off"),
    Act.REFUND: mark("refund"),
    Act.TOPUP_CASH: mark("top-up in cash"),
    Act.OPENING_BOOK: mark("opening balances"),
    Act.MONTH_CLOSE: mark("close a month although something is open"),
}
"""What can be asked for."""
