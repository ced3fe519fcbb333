"""Opening balances from a file at the office's desk: one asks, another agrees, then it is booked.

Who asks types the sum that the system of before tells; the file has to come to it. What is
agreed on is this file and no other, to the byte, and it is booked whole or not at all.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence

from accounts.approvals import ApprovalRefusal
from accounts.money import Money
from accounts.opening import (
    Doubtful,
    Opened,
    Opening,
    OpeningList,
    OpeningRefusal,
    ask_openings,
    book_openings,
    booked_list,
    doubts,
)
from accounts.roster_files import Problem
from accounts.texts import Texts
from kiosk.jobs.words import read_bounded
from kiosk.office.desk import Answer, Desk, Refused, Said, read_file, refused
from kiosk.office.persons import everybody_at, nobody
from kiosk.office.request_words import takes_two
from kiosk.office.tables import read_table
from kiosk.sentences_office import SENTENCES

COLUMNS: Mapping[str, Sequence[str]] = {
    "school": ("Schule", "Schulnummer", "School"),
    "number": ("Nummer", "Nr", "Schülernummer", "Number"),
    "amount": ("Betrag", "Guthaben", "Amount"),
}


def read(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Read the file before the ledger is opened; its lines are left in ``asked.openings``."""
    raw = read_file(asked.file, speech)
    if isinstance(raw, Refused):
        return raw
    asked.digest = hashlib.sha256(raw).digest()
    table = read_table(raw, columns=COLUMNS)
    if isinstance(table, Problem):
        told = speech.say(SENTENCES[table.kind], detail=table.detail)
        return _stopped(speech, {table.line: told})
    faults = {it.line: speech.say(SENTENCES[it.kind], detail=it.detail) for it in table.problems}
    openings: list[tuple[int, str, str, Money]] = []
    for line in table.lines:
        cells = line.cells
        amount = read_bounded(cells["amount"])
        if amount is None:
            faults[line.no] = speech.say(
                "{word} is no amount; write 3,90 or 1.234,50", word=cells["amount"]
            )
        else:
            openings.append((line.no, cells["school"], cells["number"], amount))
    asked.openings = openings
    return _stopped(speech, faults) if faults else None


def begin(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa go-live``: asks for the list, or books what was approved."""
    there = booked_list(desk.db, asked.digest)
    if there is not None:
        return _booked(desk, there)
    listed = _listed(desk, asked)
    if isinstance(listed, Refused):
        return listed
    if asked.request is not None:
        return _book(desk, asked, listed)
    return _ask(desk, asked, listed)


def _listed(desk: Desk, asked: argparse.Namespace) -> OpeningList | Refused:
    """The file's lines as people of the ledger."""
    faults: dict[int, str] = {}
    openings: list[Opening] = []
    lines: list[int] = []
    wanted: list[tuple[int, str, str, Money]] = asked.openings
    named = {school for _line, school, _number, _amount in wanted}
    schools = {school: everybody_at(desk, school) for school in named}
    for line, school, number, amount in wanted:
        there = schools[school]
        person = there if isinstance(there, Refused) else there.get(number)
        if person is None:
            person = nobody(desk, school=school, number=number)
        if isinstance(person, Refused):
            faults[line] = person.lines[0]
        else:
            openings.append(Opening(person.id, amount))
            lines.append(line)
    if faults:
        return _stopped(desk.texts, faults)
    listed = OpeningList(asked.digest, tuple(openings))
    against = doubts(desk.db, listed)
    return _against(desk, against, lines) if against else listed


def _ask(desk: Desk, asked: argparse.Namespace, listed: OpeningList) -> Answer:
    if desk.acting.user_id is None:
        return takes_two(desk)
    if asked.total is None:
        sentence = desk.say(
            "These are {count} opening balances. To ask for them, type what they come to "
            "in the system of before: --total 12.345,67",
            count=desk.texts.number(listed.count),
        )
        return Refused("no_total", (sentence,), {"count": listed.count})
    made = ask_openings(
        desk.db,
        listed,
        control=asked.total,
        requester_id=desk.acting.user_id,
        school_id=_one_school(desk, asked),
        reason=asked.file.name,
        at=desk.at,
    )
    if isinstance(made, ApprovalRefusal):
        return refused(desk.texts, made, user=desk.acting.name, request="")
    if isinstance(made, OpeningRefusal):
        return _refused(desk, asked, made, listed)
    told = desk.say(
        "Request {request}: {count} opening balances, {total} in all. Nothing is booked until "
        "another person approves (mensa approve {request}); then: mensa go-live {file} --request "
        "{request}",
        request=made,
        count=desk.texts.number(listed.count),
        total=desk.texts.money(listed.total),
        file=asked.file,
    )
    fields = {
        "request": made,
        "count": listed.count,
        "total": str(listed.total),
        "digest": listed.digest.hex(),
    }
    return Said((told,), fields)


def _book(desk: Desk, asked: argparse.Namespace, listed: OpeningList) -> Answer:
    opened = book_openings(desk.db, listed, request_id=asked.request, actor=desk.actor, now=desk.at)
    if isinstance(opened, OpeningRefusal):
        return _refused(desk, asked, opened, listed)
    if not isinstance(opened, Opened):
        raise TypeError(f"lines that were good a moment ago: {opened}")
    return _booked(desk, opened)


def _booked(desk: Desk, opened: Opened) -> Said:
    sentence = (
        desk.say(
            "This file is in the ledger already, by request {request}: {booked} opening "
            "balances, {total} in all. Nothing was changed.",
            request=opened.request_id,
            booked=desk.texts.number(opened.booked),
            total=desk.texts.money(opened.total),
        )
        if opened.repeated
        else desk.say(
            "{booked} opening balances booked, {total} in all, as the file says.",
            booked=desk.texts.number(opened.booked),
            total=desk.texts.money(opened.total),
        )
    )
    fields = {
        "request": opened.request_id,
        "booked": opened.booked,
        "total": str(opened.total),
        "repeated": opened.repeated,
    }
    return Said((sentence,), fields)


def _one_school(desk: Desk, asked: argparse.Namespace) -> int | None:
    named = {school for _line, school, _number, _amount in asked.openings}
    found = desk.school(named.pop()) if len(named) == 1 else None
    return None if found is None or isinstance(found, Refused) else found.id


def _refused(
    desk: Desk, asked: argparse.Namespace, reason: OpeningRefusal, listed: OpeningList
) -> Refused:
    typed = "" if asked.total is None else desk.texts.money(asked.total)
    return refused(
        desk.texts,
        reason,
        request=asked.request,
        total=desk.texts.money(listed.total),
        typed=typed,
    )


def _against(desk: Desk, against: Sequence[Doubtful], lines: Sequence[int]) -> Refused:
    told = {
        lines[it.at]: desk.say(
            SENTENCES[it.reason], booked=desk.texts.money(it.booked) if it.booked else ""
        )
        for it in against
    }
    return _stopped(desk.texts, told)


def _stopped(speech: Texts, faults: Mapping[int, str]) -> Refused:
    lines = [speech.say("Nothing was booked. Mend the file and try again:")]
    lines += [
        speech.say("Line {line}: {what}", line=line, what=faults[line]) if line else faults[line]
        for line in sorted(faults)
    ]
    fields = {"lines": [{"line": line, "what": faults[line]} for line in sorted(faults)]}
    return Refused("bad_lines", tuple(lines), fields)
