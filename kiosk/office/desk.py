"""The office's desk: one deed at a time, whole or not at all, and an answer people can read.

- Nothing is done before the right to it was found in the ledger, in the deed's own transaction;
  which right that is stands where the job is declared. While a ledger has no users at all,
  whoever can open it sets it up.
- A deed that is refused leaves nothing behind, whatever it had written before.
- Whoever was looked at is in the access log before anything about them is shown.
- ``--json`` gives one object on standard output, for a refusal too ("refused", "sentence").
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from accounts.acting import act_as
from accounts.clock import SystemClock, school_day
from accounts.database import Database, Session
from accounts.office import Seen, note_looks, office_origin
from accounts.schools import School, SchoolRefusal, find_school
from accounts.texts import Texts
from kiosk.jobs.common import database_of
from kiosk.jobs.words import Need, spoken
from kiosk.office.answers import Answer, Refused, Said, ask_hidden, read_file, refused
from kiosk.office.entitled import lacks_right
from kiosk.office.signing_in import Acting, who_acts

__all__ = [
    "Answer",
    "Desk",
    "Refused",
    "Said",
    "ask_hidden",
    "carry_out",
    "read_file",
    "refused",
    "tell",
]

DONE, REFUSED = 0, 1


@dataclass(slots=True)
class Desk:
    """What a deed is given: the ledger in a transaction, the time, who asks, and a language."""

    db: Session
    at: datetime
    acting: Acting
    texts: Texts
    seen: list[Seen] = field(default_factory=list)

    @property
    def day(self) -> date:
        """Today in Germany."""
        return school_day(self.at)

    @property
    def actor(self) -> str:
        """Who acts, as the ledger names them."""
        return self.acting.actor

    def say(self, msgid: str, /, **values: object) -> str:
        """A sentence in the office's language."""
        return self.texts.say(msgid, **values)

    def yes_no(self, yes: bool) -> str:  # noqa: FBT001  # it is the whole question
        """Yes or no."""
        return self.say("yes") if yes else self.say("no")

    def look(self, purpose: str, *, pupil_id: int | None = None) -> None:
        """Somebody's data will be shown; without a pupil, those of many."""
        self.seen.append(Seen(purpose, pupil_id))

    def school(self, number: str) -> School | Refused:
        """The school with that number."""
        found = find_school(self.db, number=number)
        if found is None:
            return refused(self.texts, SchoolRefusal.UNKNOWN_SCHOOL, number=number)
        return found


def carry_out(
    asked: argparse.Namespace, *, deed: str, first: str | None, reads: bool, need: Need
) -> int:
    """Do one deed on the ledger the settings name; returns the exit code.

    A deed that only ``reads`` takes no lock that a till would wait for. Who acts is asked, and
    what ``first`` asks, before anything is locked.
    """
    speech = spoken()
    act: Callable[[Desk, argparse.Namespace], Answer] = _function(deed)
    database = database_of(asked)
    try:
        acting = who_acts(asked, database, at=SystemClock().now(), speech=speech)
        if isinstance(acting, Refused):
            return tell(acting, as_json=asked.json)
        if first is not None:
            stopped: Refused | None = _function(first)(asked, speech)
            if stopped is not None:
                return tell(stopped, as_json=asked.json)
        answer = _done(database, act, asked, speech, reads=reads, acting=acting, need=need)
    finally:
        database.close()
    return tell(answer, as_json=asked.json)


def _done(
    database: Database,
    act: Callable[[Desk, argparse.Namespace], Answer],
    asked: argparse.Namespace,
    speech: Texts,
    *,
    reads: bool,
    acting: Acting,
    need: Need,
) -> Answer:
    with database.read() if reads else database.write() as db:
        desk = Desk(db, SystemClock().now(), acting, speech)
        if not reads:
            act_as(db, desk.actor)
        lacking = lacks_right(db, asked, need, acting=acting, at=desk.at, speech=speech)
        answer = act(desk, asked) if lacking is None else lacking
        if isinstance(answer, Refused) and not reads:
            db.rollback()
    if desk.seen:
        with database.write() as db:
            act_as(db, desk.actor)
            origin_id = office_origin(db, name=acting.origin, at=desk.at)
            note_looks(db, origin_id=origin_id, seen=desk.seen, actor=desk.actor, at=desk.at)
    return answer


def tell(answer: Answer, *, as_json: bool) -> int:
    """Print an answer for people, or as one object for programs; returns the exit code."""
    code = DONE if isinstance(answer, Said) and answer.holds else REFUSED
    if as_json:
        told = dict(answer.fields)
        if isinstance(answer, Refused):
            told = {"refused": answer.reason, "sentence": "\n".join(answer.lines), **told}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return code
    stream = sys.stdout if isinstance(answer, Said) else sys.stderr
    stream.write("".join(f"{line}\n" for line in answer.lines))
    return code


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"kiosk.office.{module}"), function)
    return found
