"""Who may do what: acts, roles, and for which school.

- A role is granted for one school or for all. An act about a school needs a role for that school
  or for all; an act about no one school needs a role for all.
- The matrix below stands in table ``permission`` too, put there by the migration and fixed there;
  the database judges by its own copy, and a test holds the two to the same.
- Whoever was revoked, or whose role has ended, may do nothing from that moment on.
"""

import enum
from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, select

from accounts.tables.rights import office_role, office_user, permission


class Role(enum.Enum):
    """What somebody is in the office."""

    KITCHEN = "kitchen"
    SCHOOL_OFFICE = "school_office"
    TREASURY = "treasury"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Act(enum.Enum):
    """Everything a right is needed for."""

    SCHOOL_LIST = "school.list"
    SCHOOL_ADD = "school.add"
    SCHOOL_SET = "school.set"
    SCHOOL_DAYS = "school.days"  # closed days
    TARIFF_LIST = "tariff.list"  # operators and funding bodies too
    TARIFF_ADD = "tariff.add"  # as above
    TARIFF_GIVE = "tariff.give"
    TAX_SET = "tax.set"
    OFFER_LIST = "offer.list"
    OFFER_ADD = "offer.add"
    PUPILS_LIST = "pupils.list"
    PUPILS_IMPORT = "pupils.import"
    PUPILS_LIMIT = "pupils.limit"
    CARD_SHOW = "card.show"
    CARD_ASSIGN = "card.assign"
    CARD_BLOCK = "card.block"  # and unblock
    CARD_REPLACE = "card.replace"
    CARD_ISSUE = "card.issue"
    CARD_KEYS = "card.keys"  # the master keys, and what is handed to the schools' kiosks
    CARD_ALERTS = "card.alerts"
    CARD_SEEN = "card.seen"  # that an alert was looked into
    STAFF_LIST = "staff.list"
    STAFF_SET = "staff.set"
    KIOSK_LIST = "kiosk.list"
    KIOSK_ADD = "kiosk.add"
    KIOSK_REVOKE = "kiosk.revoke"
    OPENING_BOOK = "opening.book"
    CREDIT_MANUAL = "credit.manual"
    WRITE_OFF = "write_off"
    REFUND = "refund"
    TOPUP_CASH = "topup.cash"  # taken at the city's desk
    BANK_ACCOUNT = "bank.account"
    BANK_IMPORT = "bank.import"
    BANK_PULL = "bank.pull"  # and the answer to the bank's question
    BANK_ASSIGN = "bank.assign"  # split, set aside and take back too
    BANK_OPEN = "bank.open"  # to see the queue
    BANK_STATUS = "bank.status"
    HOUSEHOLD_SET = "household.set"
    REFUND_EXPORT = "refund.export"
    MONTH_CLOSE = "month.close"
    REQUEST_LIST = "request.list"
    USER_LIST = "user.list"
    USER_ADD = "user.add"
    USER_GRANT = "user.grant"
    USER_REVOKE = "user.revoke"
    LEDGER_VERIFY = "ledger.verify"
    LEDGER_SEAL = "ledger.seal"
    LEDGER_NIGHTLY = "ledger.nightly"
    DB_UPGRADE = "db.upgrade"
    DB_BACKUP = "db.backup"
    DB_RESTORE = "db.restore"
    DB_MOVE = "db.move"


class May(enum.Enum):
    """How far a role goes with an act: alone, or as one of the two it takes."""

    DO = "do"
    REQUEST = "request"
    APPROVE = "approve"
    REQUEST_AND_APPROVE = "request_and_approve"


BEGIN = frozenset({May.DO, May.REQUEST, May.REQUEST_AND_APPROVE})
"""Who may sit down to an act: do it, or ask for it."""
ASK = frozenset({May.REQUEST, May.REQUEST_AND_APPROVE})
DECIDE = frozenset({May.APPROVE, May.REQUEST_AND_APPROVE})


class Scope(enum.Enum):
    """Where an act is done that is not about one school."""

    EVERY_SCHOOL = "every"  # the right must be for all schools
    ANY_SCHOOL = "any"  # a right for whichever school will do


Where = int | Scope
"""A school's id, or how many schools are meant."""

_READERS = (Role.SCHOOL_OFFICE, Role.TREASURY, Role.AUDITOR, Role.ADMINISTRATOR)
_EVERYBODY = (Role.KITCHEN, *_READERS)
_TWO = {Role.SCHOOL_OFFICE: May.REQUEST, Role.TREASURY: May.REQUEST_AND_APPROVE}


def _do(*roles: Role) -> Mapping[Role, May]:
    return MappingProxyType(dict.fromkeys(roles, May.DO))


PERMISSIONS: Mapping[Act, Mapping[Role, May]] = MappingProxyType(
    {
        Act.SCHOOL_LIST: _do(*_EVERYBODY),
        Act.SCHOOL_ADD: _do(Role.ADMINISTRATOR),
        Act.SCHOOL_SET: _do(Role.ADMINISTRATOR),
        Act.SCHOOL_DAYS: _do(Role.SCHOOL_OFFICE, Role.ADMINISTRATOR),
        Act.TARIFF_LIST: _do(*_EVERYBODY),
        Act.TARIFF_ADD: _do(Role.ADMINISTRATOR),
        Act.TARIFF_GIVE: _do(Role.SCHOOL_OFFICE, Role.TREASURY),
        Act.TAX_SET: _do(Role.ADMINISTRATOR),
        Act.OFFER_LIST: _do(*_EVERYBODY),
        Act.OFFER_ADD: _do(Role.KITCHEN, Role.SCHOOL_OFFICE),
        Act.PUPILS_LIST: _do(Role.SCHOOL_OFFICE, Role.TREASURY, Role.AUDITOR),
        Act.PUPILS_IMPORT: _do(Role.SCHOOL_OFFICE),
        Act.PUPILS_LIMIT: _do(Role.SCHOOL_OFFICE),
        Act.CARD_SHOW: _do(Role.SCHOOL_OFFICE, Role.TREASURY, Role.AUDITOR),
        Act.CARD_ASSIGN: _do(Role.SCHOOL_OFFICE),
        Act.CARD_BLOCK: _do(Role.SCHOOL_OFFICE),
        Act.CARD_REPLACE: _do(Role.SCHOOL_OFFICE),
        Act.CARD_ISSUE: _do(Role.SCHOOL_OFFICE),
        Act.CARD_KEYS: _do(Role.ADMINISTRATOR),
        Act.CARD_ALERTS: _do(Role.SCHOOL_OFFICE, Role.AUDITOR, Role.ADMINISTRATOR),
        Act.CARD_SEEN: _do(Role.SCHOOL_OFFICE, Role.ADMINISTRATOR),
        Act.STAFF_LIST: _do(Role.SCHOOL_OFFICE, Role.AUDITOR, Role.ADMINISTRATOR),
        Act.STAFF_SET: _do(Role.SCHOOL_OFFICE, Role.ADMINISTRATOR),
        Act.KIOSK_LIST: _do(*_READERS),
        Act.KIOSK_ADD: _do(Role.ADMINISTRATOR),
        Act.KIOSK_REVOKE: _do(Role.SCHOOL_OFFICE, Role.ADMINISTRATOR),
        Act.OPENING_BOOK: MappingProxyType({Role.TREASURY: May.REQUEST_AND_APPROVE}),
        Act.CREDIT_MANUAL: MappingProxyType(_TWO),
        Act.WRITE_OFF: MappingProxyType(_TWO),
        Act.REFUND: MappingProxyType(_TWO),
        Act.TOPUP_CASH: MappingProxyType(_TWO),
        Act.BANK_ACCOUNT: _do(Role.ADMINISTRATOR),
        Act.BANK_IMPORT: _do(Role.TREASURY),
        Act.BANK_PULL: _do(Role.TREASURY),
        Act.BANK_ASSIGN: _do(Role.TREASURY),
        Act.BANK_OPEN: _do(Role.TREASURY, Role.AUDITOR),
        Act.BANK_STATUS: _do(Role.TREASURY, Role.AUDITOR, Role.ADMINISTRATOR),
        Act.HOUSEHOLD_SET: _do(Role.SCHOOL_OFFICE, Role.TREASURY),
        Act.REFUND_EXPORT: _do(Role.TREASURY),
        Act.MONTH_CLOSE: MappingProxyType({Role.TREASURY: May.REQUEST_AND_APPROVE}),
        Act.REQUEST_LIST: _do(Role.SCHOOL_OFFICE, Role.TREASURY, Role.AUDITOR),
        Act.USER_LIST: _do(Role.AUDITOR, Role.ADMINISTRATOR),
        Act.USER_ADD: _do(Role.ADMINISTRATOR),
        Act.USER_GRANT: _do(Role.ADMINISTRATOR),
        Act.USER_REVOKE: _do(Role.ADMINISTRATOR),
        Act.LEDGER_VERIFY: _do(Role.TREASURY, Role.AUDITOR, Role.ADMINISTRATOR),
        Act.LEDGER_SEAL: _do(Role.ADMINISTRATOR),
        Act.LEDGER_NIGHTLY: _do(Role.ADMINISTRATOR),
        Act.DB_UPGRADE: _do(Role.ADMINISTRATOR),
        Act.DB_BACKUP: _do(Role.ADMINISTRATOR),
        Act.DB_RESTORE: _do(Role.ADMINISTRATOR),
        Act.DB_MOVE: _do(Role.ADMINISTRATOR),
    }
)


def roles_that(ways: Collection[May], act: Act) -> tuple[Role, ...]:
    """The roles that go so far with the act, in the order of their enum."""
    given = PERMISSIONS[act]
    return tuple(role for role in Role if given.get(role) in ways)


def may(
    db: Connection, *, user_id: int, act: Act, where: Where, ways: Collection[May] = BEGIN
) -> bool:
    """Whether this user may, now, by what the ledger itself says."""
    held = (
        select(office_role.c.id)
        .join(office_user, office_user.c.id == office_role.c.user_id)
        .join(permission, permission.c.role == office_role.c.role)
        .where(
            office_user.c.id == user_id,
            office_user.c.until_us.is_(None),
            office_role.c.until_us.is_(None),
            permission.c.act == act.value,
            permission.c.may.in_([way.value for way in ways]),
        )
    )
    if where is Scope.EVERY_SCHOOL:
        held = held.where(office_role.c.school_id.is_(None))
    elif isinstance(where, int):
        held = held.where(office_role.c.school_id.is_(None) | (office_role.c.school_id == where))
    return db.execute(held.limit(1)).first() is not None
