"""What every ledger begins with: the city's own accounts and the default tax rules.

Bank, suspense, refunds in transit, fees, interest, opening balances, write-off and cash (taken at the
desk, on its way to the bank) belong to the city, one each; the bank has more where the city has more
accounts there. Preparing a ledger twice changes nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select

from accounts import reference
from accounts.clock import Clock, SystemClock
from accounts.database import Database, Session, upgrade
from accounts.roles import install_roles
from accounts.tables.journal import account
from accounts.tax_rules import install_tax_rules

_OWN_KIND = ("bank", "suspense", "refunds", "fees", "interest", "opening", "write_off")
CITY_ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {**dict(zip(_OWN_KIND, _OWN_KIND, strict=True)), "cash": "suspense"}
)
"""Their names, and the kind of each."""

_SYSTEM = SystemClock()


def prepare(database: Database, *, clock: Clock = _SYSTEM) -> tuple[str, ...]:
    """Bring the schema to the newest version, open what is missing, and grant to each role its own.

    Whoever was enrolled before there were payment references gets one, dated by the clock.

    Returns the statements that only somebody with more rights can run; see ``accounts.roles``.
    """
    upgrade(database)
    with database.write() as db:
        open_city_accounts(db)
        install_tax_rules(db)
        reference.issue_missing(db, at=clock.now())
    return install_roles(database)


def open_city_accounts(db: Session) -> None:
    """Open those of the city's accounts that are not open yet."""
    known = set(db.execute(select(account.c.name)).scalars())
    for name, kind in CITY_ACCOUNTS.items():
        if name not in known:
            db.execute(account.insert(), {"name": name, "kind": kind})
