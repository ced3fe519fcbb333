"""A menu as a file: one line an offer, one column a tariff; written whole or not at all.

The same file twice changes nothing; a line that differs from an offer that is there is refused,
because its price may have been eaten by.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.charge import ItemClass, Price
from accounts.roster import read_date
from accounts.roster_columns import folded
from accounts.roster_files import Problem
from accounts.texts import Texts
from kiosk.jobs.words import read_price
from kiosk.office.desk import Answer, Desk, Refused, Said, read_file
from kiosk.office.meals import Wanted, names_of, write_offer
from kiosk.office.tables import Line, read_table
from kiosk.sentences_office import SENTENCES

COLUMNS: Mapping[str, Sequence[str]] = {
    "day": ("Tag", "Datum", "Day", "Date"),
    "code": ("Nr", "Kürzel", "Code"),
    "title": ("Gericht", "Bezeichnung", "Title"),
    "class": ("Art", "Class"),
    "operator": ("Betreiber", "Küche", "Operator"),
}
_CLASSES = {
    **dict.fromkeys(("lunch", "essen", "mittagessen"), ItemClass.LUNCH),
    **dict.fromkeys(("snack", "imbiss"), ItemClass.SNACK),
    **dict.fromkeys(("drink", "getraenk"), ItemClass.DRINK),
}


@dataclass(frozen=True, slots=True)
class _Fault:
    line: int
    sentence: str


def read(asked: argparse.Namespace, speech: Texts) -> Refused | None:
    """Read the file before the ledger is opened; what it asks for is left in ``asked.menu``."""
    raw = read_file(asked.file, speech)
    if isinstance(raw, Refused):
        return raw
    optional = frozenset({"operator"} if asked.operator else ())
    table = read_table(raw, columns=COLUMNS, optional=optional)
    if isinstance(table, Problem):
        told = speech.say(SENTENCES[table.kind], detail=table.detail)
        return _stopped(speech, [_Fault(table.line, told)])
    faults = [
        _Fault(it.line, speech.say(SENTENCES[it.kind], detail=it.detail)) for it in table.problems
    ]
    asked.menu = []
    for line in table.lines:
        wanted = _wanted(line, speech, operator=asked.operator)
        if isinstance(wanted, Wanted):
            asked.menu.append((line.no, wanted))
        else:
            faults.append(_Fault(line.no, wanted))
    return _stopped(speech, faults) if faults else None


def bring_in(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa offer import``."""
    school = desk.school(asked.school)
    if isinstance(school, Refused):
        return school
    names = names_of(desk)
    added = repeated = 0
    faults: list[_Fault] = []
    for line, wanted in asked.menu:
        written = write_offer(desk, school, names, wanted)
        if isinstance(written, Refused):
            faults.append(_Fault(line, written.lines[0]))
        elif written:
            added += 1
        else:
            repeated += 1
    if faults:
        return _stopped(desk.texts, faults)
    told = desk.say(
        "{added} offers written, {repeated} were there already", added=added, repeated=repeated
    )
    return Said((told,), {"school": school.number, "added": added, "repeated": repeated})


def _wanted(line: Line, speech: Texts, *, operator: str | None) -> Wanted | str:
    """The offer a line asks for, or the sentence that says what is wrong with it."""
    cells = line.cells
    day = read_date(cells["day"])
    if day is None:
        return speech.say("{word} is no day; write 31.12.2026 or 2026-12-31", word=cells["day"])
    item_class = _CLASSES.get(folded(cells["class"]))
    if item_class is None:
        return speech.say("{word} is no kind; write Essen, Snack or Getränk", word=cells["class"])
    prices: dict[str, Price] = {}
    for code, cell in line.others.items():
        if not cell:
            continue
        price = read_price(cell)
        if price is None:
            return speech.say(
                "{code}: {word} is no price; write 4,20 or 4,20/1,00 (the parents' part)",
                code=code,
                word=cell,
            )
        prices[code] = price
    return Wanted(
        day=day,
        code=cells["code"],
        title=cells["title"],
        item_class=item_class,
        operator=cells.get("operator") or operator or "",
        prices=prices,
    )


def _stopped(speech: Texts, faults: Sequence[_Fault]) -> Refused:
    """Nothing was written; each line that is wrong, in the order of the file."""
    ordered = sorted(faults, key=lambda fault: fault.line)
    lines = [speech.say("Nothing was written. Mend the file and import it again:")]
    lines += [
        speech.say("Line {line}: {what}", line=it.line, what=it.sentence)
        if it.line
        else it.sentence
        for it in ordered
    ]
    fields = {"lines": [{"line": it.line, "what": it.sentence} for it in ordered]}
    return Refused("bad_lines", tuple(lines), fields)
