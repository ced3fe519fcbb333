"""Opening balances from a file at the office's desk: all of them or none.

The same file twice books nothing twice; an amount that differs from the one in the ledger is
refused, as is a person named twice.
"""

import argparse
from collections.abc import Mapping, Sequence

from accounts.money import Money, read_money
from accounts.opening import Opened, Opening, book_openings
from accounts.roster_files import Problem
from accounts.texts import Texts
from kiosk.office.desk import Answer, Desk, Refused, Said, read_file
from kiosk.office.persons import everybody_at, nobody
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
    table = read_table(raw, columns=COLUMNS)
    if isinstance(table, Problem):
        told = speech.say(SENTENCES[table.kind], detail=table.detail)
        return _stopped(speech, {table.line: told})
    faults = {it.line: speech.say(SENTENCES[it.kind], detail=it.detail) for it in table.problems}
    openings: list[tuple[int, str, str, Money]] = []
    for line in table.lines:
        cells = line.cells
        amount = read_money(cells["amount"])
        if amount is None:
            faults[line.no] = speech.say(
                "{word} is no amount; write 3,90 or 1.234,50", word=cells["amount"]
            )
        else:
            openings.append((line.no, cells["school"], cells["number"], amount))
    asked.openings = openings
    return _stopped(speech, faults) if faults else None


def begin(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa go-live``."""
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
    opened = book_openings(desk.db, openings, actor=desk.actor, now=desk.at)
    if not isinstance(opened, Opened):
        return _stopped(
            desk.texts,
            {
                lines[it.at]: desk.say(
                    SENTENCES[it.reason], booked=desk.texts.money(it.booked) if it.booked else ""
                )
                for it in opened
            },
        )
    told = desk.say(
        "{booked} opening balances booked, {total} in all; "
        "{repeated} were in the ledger already, {empty} were nothing",
        booked=opened.booked,
        total=desk.texts.money(opened.total),
        repeated=opened.repeated,
        empty=opened.empty,
    )
    fields = {
        "booked": opened.booked,
        "total": str(opened.total),
        "repeated": opened.repeated,
        "empty": opened.empty,
    }
    return Said((told,), fields)


def _stopped(speech: Texts, faults: Mapping[int, str]) -> Refused:
    lines = [speech.say("Nothing was booked. Mend the file and try again:")]
    lines += [
        speech.say("Line {line}: {what}", line=line, what=faults[line]) if line else faults[line]
        for line in sorted(faults)
    ]
    fields = {"lines": [{"line": line, "what": faults[line]} for line in sorted(faults)]}
    return Refused("bad_lines", tuple(lines), fields)
