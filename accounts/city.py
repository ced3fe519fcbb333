"""What every ledger begins with: the city's own accounts and the default tax rules.

Bank, suspense, refunds in transit, fees, interest, opening balances and write-off belong to the
city, one each. Preparing a ledger twice changes nothing.
"""

from sqlalchemy import select

from accounts.database import Database, Session, upgrade
from accounts.tables.journal import account
from accounts.tax_rules import install_tax_rules

CITY_ACCOUNTS = ("bank", "suspense", "refunds", "fees", "interest", "opening", "write_off")


def prepare(database: Database) -> None:
    """Bring the schema to the newest version and open what is missing."""
    upgrade(database)
    with database.write() as db:
        open_city_accounts(db)
        install_tax_rules(db)


def open_city_accounts(db: Session) -> None:
    """Open those of the city's accounts that are not open yet."""
    known = set(db.execute(select(account.c.name)).scalars())
    for name in CITY_ACCOUNTS:
        if name not in known:
            db.execute(account.insert(), {"name": name, "kind": name})
