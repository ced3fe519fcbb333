"""Money that arrives by itself: bank lines that book, allocations, refunds, and who may what."""

from alembic import op

from accounts.migrations import sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQLITE: tuple[str, ...] = (
    "tables_sqlite",
    "views",
    "history_sqlite",
    "bank_sqlite",
    "requests_sqlite",
)
_POSTGRESQL: tuple[str, ...] = (
    "tables_postgresql",
    "views",
    "history_postgresql",
    "bank_postgresql",
    "requests_postgresql",
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sql.statements(revision, *_SQLITE):
            connection.exec_driver_sql(statement)
    else:
        for name in _POSTGRESQL:
            connection.exec_driver_sql(sql.text(revision, name))
