"""Which person each line of a school's file means.

A person is found by the school's own number, else by name and day of birth. Two candidates, two
lines for one person, or a name alone are a doubt with its reason, never a guess; a name alone
may confirm (same name, same class), never change anything.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from accounts.charge import PersonKind
from accounts.roster import Row
from accounts.roster_likeness import folded_name, has_gone, plausible


class Doubt(enum.Enum):
    """Why a line was not matched by itself."""

    NUMBER_OF_ANOTHER = "number_of_another"  # the number's holder has another name and birth
    SEVERAL_CANDIDATES = "several_candidates"  # more than one person, or more than one line
    NAME_ALONE = "name_alone"  # the same name here, and no day of birth to prove it
    PERHAPS_RENAMED = "perhaps_renamed"  # same first name and birth, and not in the file else
    PERHAPS_CORRECTED = "perhaps_corrected"  # same name, other birth, and not in the file else
    MOVED_AWAY = "moved_away"  # left for another school, and this file still names them


@dataclass(frozen=True, slots=True)
class Place:
    """A membership that lasts or is still to come."""

    id: int
    school_id: int
    class_name: str
    valid_from: date
    valid_to: date | None = None
    missing_since: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone the city knows. ``was_here`` tells of any membership of this school, ever."""

    id: int
    kind: PersonKind
    last_name: str
    first_name: str
    born: date | None
    numbers: frozenset[str] = frozenset()
    place: Place | None = None
    was_here: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A line and the person it means."""

    row: Row
    person: Person


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A line that may mean any of these persons, or somebody new."""

    row: Row
    doubt: Doubt
    candidates: tuple[Person, ...]


NEW = 0
"""The decision that an ambiguous line is somebody new."""


@dataclass(frozen=True, slots=True)
class Found:
    """Every line is in one of the three, but for those of people who have gone elsewhere."""

    matches: list[Match] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    doubts: list[Ambiguous] = field(default_factory=list)


class Matching:
    """Finds for each line the one person it can mean."""

    def __init__(self, people: Sequence[Person], *, school_id: int, day: date) -> None:
        self.school_id = school_id
        self.day = day
        self.by_id = {person.id: person for person in people}
        self.by_number = {number: person for person in people for number in person.numbers}
        self.by_birth: dict[object, list[Person]] = defaultdict(list)
        self.by_name: dict[object, list[Person]] = defaultdict(list)
        self.by_first: dict[object, list[Person]] = defaultdict(list)
        for person in people:
            if person.born is not None:
                self.by_birth[person.kind, folded_name(person), person.born].append(person)
            if person.was_here:
                self.by_name[person.kind, folded_name(person)].append(person)
                self.by_first[person.kind, folded_name(person)[1], person.born].append(person)

    def of(self, rows: Sequence[Row], decisions: Mapping[int, int]) -> Found:
        """Numbers first, then name and birth, then what is left over is weighed."""
        found = Found()
        rest: list[Row] = []
        for row in rows:
            decided = decisions.get(row.line)
            if decided == NEW:
                found.new.append(row)
            elif decided is not None and decided in self.by_id:
                found.matches.append(Match(row, self.by_id[decided]))
            elif not self._by_number(row, found):
                rest.append(row)
        taken = {match.person.id for match in found.matches}
        rest = self._by_birth(rest, found, taken)
        self._left_over(rest, found, Counter((row.kind, folded_name(row)) for row in rows))
        self._only_once(found)
        return found

    def _by_number(self, row: Row, found: Found) -> bool:
        person = self.by_number.get(row.number) if row.number is not None else None
        if person is None:
            return False
        if person.kind is row.kind and plausible(row, person):
            self._match(row, person, found)
        else:
            found.doubts.append(Ambiguous(row, Doubt.NUMBER_OF_ANOTHER, (person,)))
        return True

    def _match(self, row: Row, person: Person, found: Found) -> None:
        elsewhere = person.place is not None and not self.is_here(person)
        if not (elsewhere and person.was_here):
            found.matches.append(Match(row, person))
        elif not has_gone(row, self.day):
            found.doubts.append(Ambiguous(row, Doubt.MOVED_AWAY, (person,)))

    def _by_birth(self, rows: list[Row], found: Found, taken: set[int]) -> list[Row]:
        """Match what name and birth name uniquely; returns the lines without a candidate."""
        groups: dict[object, list[Row]] = defaultdict(list)
        rest = []
        for row in rows:
            key = (row.kind, folded_name(row), row.born)
            if row.born is not None and self.by_birth.get(key):
                groups[key].append(row)
            else:
                rest.append(row)
        for group, lines in groups.items():
            free = [person for person in self.by_birth[group] if person.id not in taken]
            rest += self._pair(lines, free, found)
        return rest

    def _pair(self, rows: list[Row], people: list[Person], found: Found) -> list[Row]:
        """Namesakes of one day of birth: the class tells them apart, or nothing does."""
        if not people:
            return rows
        if len(rows) == len(people) == 1:
            self._match(rows[0], people[0], found)
            return []
        for row in rows:
            same = [p for p in people if self._same_class(row, p)]
            if len(same) == 1 and sum(r.class_name == row.class_name for r in rows) == 1:
                self._match(row, same[0], found)
            else:
                found.doubts.append(Ambiguous(row, Doubt.SEVERAL_CANDIDATES, tuple(people)))
        return []

    def is_here(self, person: Person) -> bool:
        """Whether the person belongs to the school now, or is about to."""
        return person.place is not None and person.place.school_id == self.school_id

    def _same_class(self, row: Row, person: Person) -> bool:
        place = person.place
        if place is None or place.school_id != self.school_id:
            return False
        return row.class_name in {"", place.class_name}

    def _left_over(
        self, rows: list[Row], found: Found, names: Counter[tuple[PersonKind, tuple[str, str]]]
    ) -> None:
        """Lines nothing proves: new, unless somebody not in the file else may be meant.

        ``names`` counts the file's lines by name.
        """
        taken = {match.person.id for match in found.matches}
        for row in rows:
            alike = [p for p in self.by_name[row.kind, folded_name(row)] if p.id not in taken]
            once = names[row.kind, folded_name(row)] == 1
            if row.born is None and once and self._confirmed(row, alike):
                found.matches.append(Match(row, alike[0]))
                continue
            doubt = self._doubt(row, alike, taken, once=once)
            if doubt is None:
                found.new.append(row)
            else:
                found.doubts.append(doubt)

    def _confirmed(self, row: Row, alike: list[Person]) -> bool:
        return (
            len(alike) == 1
            and self._same_class(row, alike[0])
            and (row.number is None or row.number in alike[0].numbers)
        )

    def _doubt(
        self, row: Row, alike: list[Person], taken: set[int], *, once: bool
    ) -> Ambiguous | None:
        if row.born is None:
            unproven = bool(alike) or (not once and row.number is None)
            return Ambiguous(row, Doubt.NAME_ALONE, tuple(alike)) if unproven else None
        if any(p.born is None for p in alike):
            return Ambiguous(row, Doubt.NAME_ALONE, tuple(alike))
        corrected = tuple(p for p in alike if self.is_here(p))
        if corrected:
            return Ambiguous(row, Doubt.PERHAPS_CORRECTED, corrected)
        again = self.by_first[row.kind, folded_name(row)[1], row.born]
        renamed = tuple(p for p in again if p.id not in taken and self.is_here(p))
        return Ambiguous(row, Doubt.PERHAPS_RENAMED, renamed) if renamed else None

    def _only_once(self, found: Found) -> None:
        """Two lines that would mean one person are both ambiguous."""
        lines: dict[int, list[Match]] = defaultdict(list)
        for match in found.matches:
            lines[match.person.id].append(match)
        for several in (group for group in lines.values() if len(group) > 1):
            for match in several:
                found.matches.remove(match)
                doubt = Ambiguous(match.row, Doubt.SEVERAL_CANDIDATES, (match.person,))
                found.doubts.append(doubt)
