"""When a line of a school's file and a person look like the same one, and when a line says goodbye."""

from datetime import date
from typing import Protocol

from accounts.roster import Row


class Named(Protocol):
    """Whoever has a name and perhaps a day of birth: a line, or a person."""

    @property
    def last_name(self) -> str: ...  # noqa: D102  # the words say it

    @property
    def first_name(self) -> str: ...  # noqa: D102  # as above

    @property
    def born(self) -> date | None: ...  # noqa: D102  # as above


def folded_name(of: Named) -> tuple[str, str]:
    """Last and first name as they are compared: without case."""
    return of.last_name.casefold(), of.first_name.casefold()


def plausible(row: Named, person: Named) -> bool:
    """Whether the number's holder can be the one in the line.

    A marriage changes the last name, a correction one of the three; where nothing agrees the
    number was given to somebody else, or the file is another school's.
    """
    (last, first), (known_last, known_first) = folded_name(row), folded_name(person)
    if row.born is not None and person.born is not None:
        return row.born == person.born or (last, first) == (known_last, known_first)
    return last == known_last or first == known_first


def has_gone(row: Row, day: date) -> bool:
    """Whether the line says the person has left; a last day still to come lets them stay."""
    return row.gone if row.last_day is None else row.last_day < day
