"""What a school's file would change or has changed, in lines a clerk reads.

Counts come first; then one line a person, with the file's line number wherever there is one.
Unchanged people are counted only. Names are shown to whoever asked and go nowhere else.
"""

from collections.abc import Iterator

from accounts.roster import Row
from accounts.roster_matching import Ambiguous, Match, Person
from accounts.roster_plan import RosterPlan
from accounts.texts import Texts
from kiosk.office.persons import OWN_NUMBER
from kiosk.sentences_office import SENTENCES


def plan_lines(speech: Texts, plan: RosterPlan) -> tuple[str, ...]:
    """Counts, then who is meant: for a look before it is done."""
    return (*_counts(speech, plan), *_people(speech, plan), *_open(speech, plan))


def open_lines(speech: Texts, plan: RosterPlan) -> tuple[str, ...]:
    """Counts, then what still needs a person: for after it was done."""
    return (*_counts(speech, plan), *_open(speech, plan))


def plan_fields(plan: RosterPlan) -> dict[str, object]:
    """Counts and lines for programs; names stay in the file."""
    return {
        "new": [row.line for row in plan.new],
        "changed": _lines(plan.changed),
        "class_changes": _lines(plan.class_changes),
        "arrived": _lines(plan.arrived),
        "left": _lines(plan.left),
        "found": _lines(plan.found),
        "missing": [handle(person) for person in plan.missing],
        "ambiguous": [
            {
                "line": doubt.row.line,
                "doubt": doubt.doubt.value,
                "candidates": [handle(person) for person in doubt.candidates],
            }
            for doubt in plan.ambiguous
        ],
        "unchanged": len(plan.unchanged),
        "problems": [
            {"line": problem.line, "kind": problem.kind.value, "detail": problem.detail}
            for problem in plan.problems
        ],
        "of": plan.of,
        "too_many_missing": plan.too_many_missing,
    }


def handle(person: Person) -> str:
    """What names this person at the command line: a school's number, or the city's own."""
    return min(person.numbers) if person.numbers else f"{OWN_NUMBER}{person.id}"


def _counts(speech: Texts, plan: RosterPlan) -> Iterator[str]:
    counted = (
        (speech.say("new"), len(plan.new)),
        (speech.say("changed"), len(plan.changed)),
        (speech.say("change of class"), len(plan.class_changes)),
        (speech.say("from elsewhere"), len(plan.arrived)),
        (speech.say("left"), len(plan.left)),
        (speech.say("missing in the file"), len(plan.missing)),
        (speech.say("there again"), len(plan.found)),
        (speech.say("unchanged"), len(plan.unchanged)),
        (speech.say("ambiguous"), len(plan.ambiguous)),
        (speech.say("lines with a problem"), len(plan.problems)),
    )
    width = max(len(name) for name, _count in counted)
    for name, count in counted:
        yield f"{name:<{width}}  {speech.number(count):>6}"


def _people(speech: Texts, plan: RosterPlan) -> Iterator[str]:
    for row in plan.new:
        yield _line(speech, "+", row, speech.say("new"))
    for match in plan.changed:
        yield _line(speech, "~", match.row, _was(speech, match))
    for match in plan.class_changes:
        old = match.person.place.class_name if match.person.place else ""
        yield _line(speech, "~", match.row, speech.say("class {old} before", old=old or "-"))
    for match in plan.arrived:
        yield _line(speech, ">", match.row, speech.say("comes from elsewhere"))
    for match in plan.found:
        yield _line(speech, "~", match.row, speech.say("there again"))
    for match in plan.left:
        yield _line(speech, "<", match.row, speech.say("has left"))
    for person in plan.missing:
        what = speech.say("missing in the file, stays")
        yield f"-  {'':>9}  {_name(person)}: {what}"


def _open(speech: Texts, plan: RosterPlan) -> Iterator[str]:
    for doubt in plan.ambiguous:
        yield _line(speech, "?", doubt.row, _doubt(speech, doubt))
    for problem in plan.problems:
        what = speech.say(SENTENCES[problem.kind], detail=problem.detail)
        yield f"!  {_at(speech, problem.line)}  {what}"


def _line(speech: Texts, sign: str, row: Row, what: str) -> str:
    return f"{sign}  {_at(speech, row.line)}  {_file_name(row)}: {what}"


def _at(speech: Texts, line: int) -> str:
    return speech.say("line {line}", line=line).rjust(9)


def _file_name(row: Row) -> str:
    place = f", {row.class_name}" if row.class_name else ""
    number = f"{row.number} " if row.number else ""
    return f"{number}{row.last_name}, {row.first_name}{place}"


def _name(person: Person) -> str:
    place = f", {person.place.class_name}" if person.place and person.place.class_name else ""
    return f"{handle(person)} {person.last_name}, {person.first_name}{place}"


def _was(speech: Texts, match: Match) -> str:
    """What was known before, of what changes."""
    row, person = match.row, match.person
    parts: list[str] = []
    if (row.last_name, row.first_name) != (person.last_name, person.first_name):
        name = f"{person.last_name}, {person.first_name}"
        parts.append(speech.say("{name} before", name=name))
    if row.born is not None and row.born != person.born:
        before = speech.day(person.born) if person.born else "-"
        parts.append(
            speech.say("born {day}, {before} before", day=speech.day(row.born), before=before)
        )
    if row.number is not None and row.number not in person.numbers:
        parts.append(speech.say("number {number} is new", number=row.number))
    return "; ".join(parts)


def _doubt(speech: Texts, doubt: Ambiguous) -> str:
    why = speech.say(SENTENCES[doubt.doubt])
    whom = "; ".join(_name(person) for person in doubt.candidates)
    return f"{why} ({whom})" if whom else why


def _lines(matches: tuple[Match, ...]) -> list[int]:
    return [match.row.line for match in matches]
