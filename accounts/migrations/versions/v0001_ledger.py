"""The first ledger: people, meals, kiosks, journal, and the guards that keep it true."""

from alembic import op

from accounts.migrations import sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in sql.statements(
            revision, "tables_sqlite", "item_sqlite", "views", "guards_sqlite", "append_only_sqlite"
        ):
            connection.exec_driver_sql(statement)
        return
    for name in (
        "tables_postgresql",
        "item_postgresql",
        "views",
        "guards_postgresql",
        "append_only_postgresql",
    ):
        connection.exec_driver_sql(sql.text(revision, name))
