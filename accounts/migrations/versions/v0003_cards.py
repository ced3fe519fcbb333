"""Cards that prove themselves; charges whose transfers are their lines; sets in less time."""

from alembic import op

from accounts.migrations import sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQLITE: tuple[str, ...] = ("charges_sqlite", "cards_sqlite")
_POSTGRESQL: tuple[str, ...] = (
    "facts_postgresql",
    "balances_postgresql",
    "charges_postgresql",
    "cards_postgresql",
    "door_postgresql",
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sql.statements(revision, *_SQLITE):
            connection.exec_driver_sql(statement)
    else:
        for name in _POSTGRESQL:
            connection.exec_driver_sql(sql.text(revision, name))
