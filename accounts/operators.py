"""Who sells the meals, and the ledger accounts their sales go to.

A city that sells its own meals earns revenue, one account per tax key; for a caterer's meals it
holds money that is the caterer's (payable), one account per caterer.
"""

import enum

from sqlalchemy import Connection, insert, select

from accounts.tables.journal import account
from accounts.tables.meals import operator
from accounts.tax_rules import EXEMPT, GENERAL, NOT_TAXABLE, REDUCED


class OperatorKind(enum.Enum):
    """Who sells the meals: Stadt, gemeinnütziger Verein, Caterer. The tax depends on it."""

    PUBLIC = "public"
    NONPROFIT = "nonprofit"
    COMMERCIAL = "commercial"


class SettledAs(enum.Enum):
    """Whether meals are the city's own revenue or money it holds for a caterer."""

    REVENUE = "revenue"
    PAYABLE = "payable"


class OperatorRefusal(enum.Enum):
    """Why an operator was not written."""

    NAME_MISSING = "name_missing"
    NAME_TAKEN = "name_taken"


def add_operator(
    db: Connection, *, name: str, kind: OperatorKind, settled_as: SettledAs
) -> int | OperatorRefusal:
    """Add who sells meals, with the accounts the sales go to; returns its id."""
    name = name.strip()
    if not name:
        return OperatorRefusal.NAME_MISSING
    if db.execute(select(operator.c.id).where(operator.c.name == name)).first() is not None:
        return OperatorRefusal.NAME_TAKEN
    values = {"name": name, "kind": kind.value, "settled_as": settled_as.value}
    added = int(db.execute(insert(operator).values(values).returning(operator.c.id)).scalar_one())
    if settled_as is SettledAs.PAYABLE:
        owed = {"name": f"payable:{added}", "kind": "payable", "operator_id": added}
        db.execute(insert(account).values(owed))
    else:
        keys = (GENERAL, REDUCED, NOT_TAXABLE, EXEMPT)
        earned = [
            {
                "name": f"revenue:{added}:{key}",
                "kind": "revenue",
                "operator_id": added,
                "tax_key": key,
            }
            for key in keys
        ]
        db.execute(insert(account), earned)
    return added
