"""What a school's file would change, worked out without touching anything.

- Absence deletes nothing: who is not in the file is named missing, except whom an ambiguous or
  faulty line may mean. Only the kinds of people the file is about can be missing from it.
- An empty cell says "not known" and takes nothing away.
- A line that is ambiguous changes nothing until the office decides (``decisions``).
- A plan made again after it was applied changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.roster import Roster, Row
from accounts.roster_files import Problem
from accounts.roster_likeness import folded_name, has_gone
from accounts.roster_matching import Ambiguous, Match, Matching, Person


@dataclass(frozen=True, slots=True)
class RosterPlan:
    """What would be done. A person may stand in ``changed`` and in one more list.

    ``arrived`` come from another school of the city or back to this one, ``left`` are those the
    file says have gone, ``found`` were missing and are there again. ``of`` is how many were
    there and not missing before: what ``missing`` is measured against.
    """

    new: tuple[Row, ...]
    changed: tuple[Match, ...]
    class_changes: tuple[Match, ...]
    arrived: tuple[Match, ...]
    left: tuple[Match, ...]
    found: tuple[Match, ...]
    missing: tuple[Person, ...]
    ambiguous: tuple[Ambiguous, ...]
    unchanged: tuple[Match, ...]
    problems: tuple[Problem, ...]
    of: int

    @property
    def changes_nothing(self) -> bool:
        """Whether applying it would leave everything as it is."""
        return not (
            self.new
            or self.changed
            or self.class_changes
            or self.arrived
            or self.left
            or self.found
            or self.missing
        )

    @property
    def too_many_missing(self) -> bool:
        """Whether more than a fifth of those who were there would be missing."""
        return 5 * len(self.missing) > self.of


def plan(
    roster: Roster,
    people: Iterable[Person],
    *,
    school_id: int,
    day: date,
    decisions: Mapping[int, int] | None = None,
) -> RosterPlan:
    """Compare a file with the people the city knows, on that day.

    ``decisions`` settle ambiguous lines: the line's number to a person's id, or to NEW.
    """
    known = tuple(people)
    matching = Matching(known, school_id=school_id, day=day)
    found = matching.of(roster.rows, decisions or {})
    here = [person for person in known if matching.is_here(person)]
    staying = [match for match in found.matches if not has_gone(match.row, day)]
    there_still = [match for match in staying if matching.is_here(match.person)]
    moved = [match for match in there_still if _changes_class(match)]
    arrived = [match for match in staying if not matching.is_here(match.person)]
    left = [
        match
        for match in found.matches
        if has_gone(match.row, day)
        and matching.is_here(match.person)
        and last_day_of(match.person, day) is not None
    ]
    returned = [match for match in there_still if _is_missing(match.person)]
    changed = [match for match in staying if _changes_person(match)]
    touched = {match.row.line for group in (moved, arrived, returned, changed) for match in group}
    named = {match.person.id for match in found.matches} | _perhaps(roster.aside, here)
    named |= {person.id for doubt in found.doubts for person in doubt.candidates}
    kinds = {row.kind for row in (*roster.rows, *roster.aside)}
    there = [person for person in here if person.kind in kinds and not _is_missing(person)]
    return RosterPlan(
        new=_by_line(row for row in found.new if not has_gone(row, day)),
        changed=_in_order(changed),
        class_changes=_in_order(moved),
        arrived=_in_order(arrived),
        left=_in_order(left),
        found=_in_order(returned),
        missing=tuple(person for person in there if person.id not in named),
        ambiguous=tuple(sorted(found.doubts, key=lambda doubt: doubt.row.line)),
        unchanged=_in_order(match for match in staying if match.row.line not in touched),
        problems=roster.problems,
        of=len(there),
    )


def last_day_of(person: Person, day: date) -> date | None:
    """The last day here of a person who has gone by ``day``: the day before it.

    Days already past keep what they were. None where the membership ends by then anyway.
    """
    place = person.place
    if place is None:
        return None
    last = max(day - timedelta(days=1), place.valid_from)
    return last if place.valid_to is None or place.valid_to > last else None


def _changes_class(match: Match) -> bool:
    place = match.person.place
    return place is not None and match.row.class_name not in {"", place.class_name}


def _changes_person(match: Match) -> bool:
    row, person = match.row, match.person
    return (
        (row.last_name, row.first_name) != (person.last_name, person.first_name)
        or (row.born is not None and row.born != person.born)
        or (row.number is not None and row.number not in person.numbers)
    )


def _is_missing(person: Person) -> bool:
    return person.place is not None and person.place.missing_since is not None


def _perhaps(aside: Sequence[Row], here: Sequence[Person]) -> set[int]:
    """Whom the faulty lines may mean: anyone here with their number or their name."""
    numbers = {row.number for row in aside if row.number is not None}
    names = {folded_name(row) for row in aside}
    return {
        person.id
        for person in here
        if folded_name(person) in names or not numbers.isdisjoint(person.numbers)
    }


def _in_order(matches: Iterable[Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches, key=lambda match: match.row.line))


def _by_line(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.line))
