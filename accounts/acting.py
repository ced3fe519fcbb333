"""Who is writing, for the history of master data.

The name holds for one transaction and is gone with it; who does not say is "system". On
PostgreSQL it is the setting ``mensa.actor``, on SQLite the function ``acting()``, which every
connection of ours has: a program without it cannot change master data.
"""

import hashlib
from typing import Any

from sqlalchemy import Connection, text

SYSTEM = "system"
_KEPT = "acting"
_SET = text("SELECT set_config('mensa.actor', :actor, true)")


def act_as(db: Connection, actor: str) -> None:
    """Until the transaction ends, what is written in it was written by ``actor``."""
    if db.dialect.name == "sqlite":
        db.info[_KEPT] = actor
    else:
        db.execute(_SET, {"actor": actor})


def forget(db: Connection) -> None:
    """Another transaction begins on SQLite; nobody has said who writes in it."""
    db.info.pop(_KEPT, None)


def equip_sqlite(connection: Any, info: dict[Any, Any]) -> None:
    """Give a connection the functions that the triggers of SQLite call.

    ``info`` is what SQLAlchemy keeps with the connection as long as it lives.
    """
    connection.create_function("acting", 0, lambda: info.get(_KEPT, SYSTEM))
    connection.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)


def _sha256_hex(secret: str | None) -> str | None:
    return None if secret is None else hashlib.sha256(secret.encode()).hexdigest()
