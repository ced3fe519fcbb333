"""Alembic's line of migrations; ``accounts.database.upgrade`` runs it without an ini file."""
