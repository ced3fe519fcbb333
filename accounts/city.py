"""What every ledger begins with: the city's own accounts and the default tax rules.

Bank, suspense, refunds in transit, fees, interest, opening balances and write-off belong to the
city, one each. Preparing a ledger twice changes nothing.
"""

from sqlalchemy import select

from accounts.database import Database, Session, upgrade
from accounts.roles import install_roles
from accounts.tables.journal import account
from accounts.tax_rules import install_tax_rules

CITY_ACCOUNTS = ("bank", "suspense", "refunds", "fees", "interest", "opening", "write_off")


def prepare(database: Database) -> tuple[str, ...]:
    """Bring the schema to the newest version, open what is missing, and grant to each role its own.

    Returns the statements that only somebody with more rights can run; see ``accounts.roles``.
    """
    upgrade(database)
    with database.write() as db:
        open_city_accounts(db)
        install_tax_rules(db)
    return install_roles(database)


def open_city_accounts(db: Session) -> None:
    """Open those of the city's accounts that are not open yet."""
    known = set(db.execute(select(account.c.name)).scalars())
    for name in CITY_ACCOUNTS:
        if name not in known:
            db.execute(account.insert(), {"name": name, "kind": name})
