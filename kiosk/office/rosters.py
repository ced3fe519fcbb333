"""A school's file at the office's desk: shown first, applied when it is asked for."""

import argparse
from collections.abc import Mapping

from accounts.charge import PersonKind
from accounts.roster import Roster, read_roster
from accounts.roster_columns import Profile, read_profile
from accounts.roster_files import Problem
from accounts.roster_import import Refused as RosterRefused
from accounts.roster_import import RosterRefusal, apply, dry_run
from accounts.roster_matching import NEW, Ambiguous
from accounts.roster_plan import RosterPlan
from accounts.texts import Texts
from kiosk.office.desk import Answer, Desk, Refused, Said, read_file
from kiosk.office.persons import OWN_NUMBER
from kiosk.office.roster_words import handle, open_lines, plan_fields, plan_lines
from kiosk.sentences_office import SENTENCES

_NEW_WORDS = frozenset({"new", "neu"})


def read(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Read the file before the ledger is opened; who is in it is left in ``asked.roster``."""
    profile = _profile(asked, speech)
    if isinstance(profile, Refused):
        return profile
    raw = read_file(asked.file, speech)
    if isinstance(raw, Refused):
        return raw
    roster = read_roster(raw, kind=PersonKind(asked.kind), profile=profile)
    if isinstance(roster, Problem):
        return _unreadable(roster, speech)
    asked.roster = roster
    return None


def bring_in(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa pupils import``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    roster: Roster = asked.roster
    desk.look("roster import")
    planned = dry_run(desk.db, school_id=school.id, roster=roster, day=desk.day)
    decisions = _decisions(desk, planned, asked.decide)
    if isinstance(decisions, Refused):
        return decisions
    if not asked.apply:
        todo = planned
        if decisions:
            todo = dry_run(
                desk.db, school_id=school.id, roster=roster, day=desk.day, decisions=decisions
            )
        return _shown(desk, todo, allowed=asked.allow_many_missing)
    done = apply(
        desk.db,
        school_id=school.id,
        roster=roster,
        at=desk.at,
        allow_many_missing=asked.allow_many_missing,
        decisions=decisions,
    )
    if isinstance(done, RosterRefused):
        nothing = desk.say("Nothing was changed.")
        lines = (*plan_lines(desk.texts, done.plan), "", nothing, _too_many(desk.texts, done.plan))
        fields = {"applied": False, **plan_fields(done.plan)}
        return Refused(done.reason.value, lines, fields)
    end = (
        desk.say("Nothing had to be changed.")
        if done.changes_nothing
        else desk.say("Done. The school's kiosks know it within seconds.")
    )
    lines = (*open_lines(desk.texts, done), "", end, *_open_ends(desk.texts, done))
    return Said(lines, {"applied": True, **plan_fields(done)})


def _shown(desk: Desk, todo: RosterPlan, *, allowed: bool) -> Said:
    if todo.too_many_missing and not allowed:
        end = [_too_many(desk.texts, todo)]
    elif todo.changes_nothing:
        end = [desk.say("There is nothing to change.")]
    else:
        end = [desk.say("Nothing was changed yet. To do it: once more with --apply")]
    lines = (*plan_lines(desk.texts, todo), "", *end, *_open_ends(desk.texts, todo))
    return Said(lines, {"applied": False, **plan_fields(todo)})


def _open_ends(speech: Texts, todo: RosterPlan) -> list[str]:
    if not todo.ambiguous:
        return []
    line = todo.ambiguous[0].row.line
    return [
        speech.say(
            "Lines marked ? change nothing until you decide, each for itself: "
            "--decide {line}=NUMBER or --decide {line}=new",
            line=line,
        )
    ]


def _too_many(speech: Texts, todo: RosterPlan) -> str:
    sentence = SENTENCES[RosterRefusal.TOO_MANY_MISSING]
    return speech.say(sentence, count=len(todo.missing), of=todo.of)


def _decisions(
    desk: Desk, planned: RosterPlan, decided: list[tuple[int, str]]
) -> Mapping[int, int] | Refused:
    """The person's id for each decided line; only ambiguous lines are decided, among their own."""
    doubts = {doubt.row.line: doubt for doubt in planned.ambiguous}
    found: dict[int, int] = {}
    for line, who in decided:
        doubt = doubts.get(line)
        if doubt is None:
            sentence = desk.say("Line {line} is not ambiguous: nothing to decide.", line=line)
            return Refused("not_ambiguous", (sentence,))
        chosen = NEW if who.casefold() in _NEW_WORDS else _candidate(doubt, who)
        if chosen is None:
            sentence = desk.say(
                "Line {line} cannot mean {who}. It can be: {whom}",
                line=line,
                who=who,
                whom=", ".join([*map(handle, doubt.candidates), desk.say("new")]),
            )
            return Refused("no_candidate", (sentence,))
        found[line] = chosen
    return found


def _candidate(doubt: Ambiguous, who: str) -> int | None:
    for person in doubt.candidates:
        if who in person.numbers or who == f"{OWN_NUMBER}{person.id}":
            return person.id
    return None


def _profile(asked: argparse.Namespace, speech: Texts) -> Profile | Refused | None:
    if asked.profile is None:
        return None
    raw = read_file(asked.profile, speech)
    if isinstance(raw, Refused):
        return raw
    try:
        profile = read_profile(raw.decode("utf-8"))
    except UnicodeDecodeError:
        sentence = speech.say("{path} is no UTF-8 text.", path=asked.profile)
        return Refused("unreadable", (sentence,))
    return _unreadable(profile, speech) if isinstance(profile, Problem) else profile


def _unreadable(problem: Problem, speech: Texts) -> Refused:
    told = speech.say(SENTENCES[problem.kind], detail=problem.detail)
    if problem.line:
        told = speech.say("Line {line}: {what}", line=problem.line, what=told)
    return Refused(problem.kind.value, (told,), {"line": problem.line, "detail": problem.detail})
