"""A ledger that proves itself: seals, closed months, rights, and a door for kiosks."""

import secrets

from alembic import op

from accounts.clock import SystemClock, microseconds
from accounts.migrations import sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQLITE = ("tables_sqlite", "journal_sqlite", "seals_sqlite", "closings_sqlite", "people_sqlite")
_POSTGRESQL = (
    "tables_postgresql",
    "journal_postgresql",
    "seals_postgresql",
    "closings_postgresql",
    "people_postgresql",
    "door_postgresql",
)


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        for statement in sql.statements(revision, *_SQLITE):
            connection.exec_driver_sql(statement)
    else:
        for name in _POSTGRESQL:
            connection.exec_driver_sql(sql.text(revision, name))
    life = "INSERT INTO incarnation (number, at_us, why, actor) VALUES (%s, %s, 'made', 'system')"
    values = (secrets.randbits(62) + 1, microseconds(SystemClock().now()))
    connection.exec_driver_sql(life.replace("%s", "?") if sqlite else life, values)
