"""What most jobs begin with: the settings and the ledger they name."""

import argparse
from typing import TYPE_CHECKING

from accounts.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from accounts.database import Database


def settings_of(asked: argparse.Namespace) -> Settings:
    """The settings the command line names. Raises SettingsError."""
    return read_settings(asked.config)


def database_of(asked: argparse.Namespace, *, checked: bool = True) -> "Database":
    """The ledger's database; raises SettingsError where none is named, WrongSchema if old."""
    from accounts.database import check_schema  # noqa: PLC0415  # 0.3 s

    database = opened(settings_of(asked))
    if checked:
        check_schema(database)
    return database


def opened(settings: Settings) -> "Database":
    """The database the settings name, not looked into yet. Raises SettingsError."""
    from accounts.database import open_database  # noqa: PLC0415  # as above

    if settings.database is None:
        raise SettingsError(
            "no database is named: set MENSA_DATABASE=sqlite:////PATH/ledger.db or "
            'database = "..." in the settings file'
        )
    try:
        return open_database(settings.database)
    except ValueError as error:
        raise SettingsError(str(error)) from error
