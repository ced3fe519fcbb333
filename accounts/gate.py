"""The gate of the journal: entries get their numbers behind it, many at once or one writer alone.

Every writer of entries shares it until its transaction ends (the database sees to that). Who
holds it alone sees every entry below the numbers still to come, and nobody books meanwhile. On
SQLite a writing transaction is alone anyway.
"""

from sqlalchemy import Connection, text

_PATIENCE = text("SELECT set_config('lock_timeout', :limit, true)")
_NOBODY_STUCK = text("SELECT end_stuck_kiosks()")
_ALONE = text("SELECT pg_advisory_xact_lock(4210001)")
_LONGEST_WAIT = "10s"
"""Bookings queue behind who waits for it: a kiosk is told to try again, an office waits."""


def hold_gate(db: Connection) -> None:
    """Hold the gate alone until the transaction ends; call it in ``Database.write()``.

    Raises what ``Database.write`` turns into DatabaseUnavailable where bookings leave no room
    for ten seconds: try again later.
    """
    if db.dialect.name == "sqlite":
        return
    before = db.execute(text("SELECT current_setting('lock_timeout')")).scalar_one()
    db.execute(_PATIENCE, {"limit": _LONGEST_WAIT})
    db.execute(_NOBODY_STUCK)
    db.execute(_ALONE)
    db.execute(_PATIENCE, {"limit": before})
