"""A PostgreSQL ledger with its roles, a server's clock of the tests' own, and kiosks' logins.

The tests' server believes whoever comes by its socket, so no password is needed here; those are
tried in test_enrol.py. The clock is a function in pg_catalog, where only a superuser may make
one: the ledger's own ``ledger_now`` stays as it was shipped, and is found second.
"""

from datetime import datetime, timedelta

from builders import NOON
from sqlalchemy import text

from accounts.clock import microseconds
from accounts.database import Database, open_database
from accounts.enrolment import verifier_of
from accounts.roles import install_roles


def fortify(database: Database, *, at: datetime | timedelta = NOON) -> None:
    """Install the roles, and let the ledger's clock stand at a moment or be shifted by a span."""
    assert install_roles(database) == ()
    set_clock(database, at)


def set_clock(database: Database, at: datetime | timedelta) -> None:
    """What the ledger takes for now: always that moment, or the true one and so much."""
    told = (
        str(microseconds(at))
        if isinstance(at, datetime)
        else "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        f" + {round(at.total_seconds() * 1e6)}"
    )
    with database.write() as db:
        db.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION pg_catalog.ledger_now() RETURNS bigint LANGUAGE plpgsql"
            f" VOLATILE AS $$ BEGIN RETURN {told}; END $$"
        )


def login(database: Database, origin_id: int) -> str:
    """Make the kiosk's role; returns its name."""
    with database.write() as db:
        made = db.execute(
            text("SELECT enrol_login(:origin, :verifier)"),
            {"origin": origin_id, "verifier": verifier_of(db, "a password of the tests")},
        )
        return str(made.scalar_one())


def signed_in(database: Database, name: str) -> Database:
    """The same database, opened as that role."""
    return open_database(database.url.set(username=name).render_as_string(hide_password=False))
