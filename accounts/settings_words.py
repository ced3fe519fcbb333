"""How a table of the settings is read: only what is known, of the kind it should be."""

from typing import Any


class SettingsError(Exception):
    """A settings file is missing, unreadable, or says something this software does not know."""


_SAID = {str: "a text in quotes", int: "a whole number", bool: "true or false", list: "a list"}


def table(found: object, where: str) -> dict[str, Any]:
    """A table of its own to take from. Raises SettingsError for anything else."""
    if not isinstance(found, dict):
        raise SettingsError(f"{where} is a table, not {found!r}")
    return dict(found)


def known(found: dict[str, Any], where: str, **kinds: type) -> None:
    """Raises SettingsError for a word nobody knows, and for a value of another kind."""
    strange = sorted(set(found) - set(kinds))
    if strange:
        raise SettingsError(f"{where} has {', '.join(strange)}; known are {', '.join(kinds)}")
    for name, value in found.items():
        if type(value) is not kinds[name]:  # a bool is an int to isinstance
            raise SettingsError(f"{where} {name} is {_SAID[kinds[name]]}, not {value!r}")
