"""Whose money a bank line is, as the office writes it, and how that is said back to it.

One word, or two, mean one account of the ledger: the number of a suggestion, a child's reference,
a school's number for a child, or one of the city's own accounts. Nothing is guessed: a reference
whose check symbols do not fit is refused, never mended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts import reference
from accounts.directory import Listed, person_by_id
from accounts.operators import SettledAs
from accounts.registers import funding_bodies, operators
from accounts.texts import mark
from kiosk.jobs.words import is_number
from kiosk.office.bank_faults import TargetFault
from kiosk.office.bank_words import refuse
from kiosk.office.desk import Desk, Refused
from kiosk.office.persons import OWN_NUMBER, person_meant, tell_person

CITY: Mapping[str, str] = {
    "fees": mark("bank fees"),
    "interest": mark("bank interest"),
    "cash": mark("cash on its way to the bank"),
    "refunds": mark("refunds in transit"),
}
"""The city's accounts that a line may go to, by the word for each."""
_GERMAN = {
    "gebühren": "fees",
    "zinsen": "interest",
    "bar": "cash",
    "erstattungen": "refunds",
    "forderung": "receivable",
    "verbindlichkeit": "payable",
}
_PUPIL = "pupil:"


@dataclass(frozen=True, slots=True)
class Target:
    """An account of the ledger ("pupil:7", "fees"), and its name for the one who decides.

    ``suggestion`` is the place of the suggestion that was taken, from 0.
    """

    account: str
    named: str
    pupil_id: int | None = None
    suggestion: int | None = None


def meant(desk: Desk, words: Sequence[str], *, suggested: Sequence[str] = ()) -> Target | Refused:
    """What the words mean; ``suggested`` are the accounts of the line's suggestions, in order."""
    if not words:
        return refuse(desk.texts, TargetFault.NO_TARGET, word='""')
    first = words[0].strip()
    rest = " ".join(words[1:]).strip()
    if is_number(first) and not rest:
        place = int(first)
        if not 1 <= place <= len(suggested):
            return refuse(desk.texts, TargetFault.NO_SUGGESTION, word=first)
        target = target_of(desk, suggested[place - 1])
        return Target(target.account, target.named, target.pupil_id, place - 1)
    head, colon, tail = first.partition(":")
    kind = _GERMAN.get(head.casefold(), head.casefold())
    if kind in {"receivable", "payable"} and (colon or rest):
        return _owing(desk, kind, f"{tail} {rest}".strip())
    if kind in CITY and not colon and not rest:
        return target_of(desk, kind)
    if colon and is_number(head):
        return _numbered(desk, head, tail.strip())
    if first.startswith(OWN_NUMBER) and is_number(first[1:]):
        return _by_id(desk, int(first[1:]), first)
    return _coded(desk, first + rest)


def target_of(desk: Desk, account: str) -> Target:
    """An account of the ledger with its name for the office."""
    if account.startswith(_PUPIL):
        pupil_id = int(account.removeprefix(_PUPIL))
        return Target(account, told_pupil(desk, pupil_id), pupil_id)
    kind, _, number = account.partition(":")
    if kind == "receivable":
        names = {one.id: one.name for one in funding_bodies(desk.db)}
        return Target(account, desk.say("funding body {name}", name=names[int(number)]))
    if kind == "payable":
        names = {one.id: one.name for one in operators(desk.db)}
        return Target(account, desk.say("liability to {name}", name=names[int(number)]))
    return Target(account, desk.say(CITY[account]) if account in CITY else account)


def told_pupil(desk: Desk, pupil_id: int) -> str:
    """A child's reference, number, name, class and school, as far as they are known."""
    code = reference.reference_of(desk.db, pupil_id)
    person = person_by_id(desk.db, pupil_id=pupil_id, day=desk.day)
    named = f"{OWN_NUMBER}{pupil_id}" if person is None else tell_person(person)
    at = f" ({person.school_number})" if person is not None and person.school_number else ""
    return f"{reference.format(code)} {named}{at}" if code else f"{named}{at}"


def _owing(desk: Desk, kind: str, name: str) -> Target | Refused:
    bodies = kind == "receivable"
    known = (
        [(one.id, one.name) for one in funding_bodies(desk.db)]
        if bodies
        else [
            (one.id, one.name) for one in operators(desk.db) if one.settled_as is SettledAs.PAYABLE
        ]
    )
    found = [number for number, called in known if called.casefold() == name.casefold()]
    if len(found) != 1:
        fault = TargetFault.UNKNOWN_BODY if bodies else TargetFault.UNKNOWN_OPERATOR
        return refuse(desk.texts, fault, name=name)
    return target_of(desk, f"{kind}:{found[0]}")


def _numbered(desk: Desk, school: str, number: str) -> Target | Refused:
    person: Listed | Refused = person_meant(desk, school=school, number=number)
    return person if isinstance(person, Refused) else target_of(desk, f"{_PUPIL}{person.id}")


def _by_id(desk: Desk, pupil_id: int, word: str) -> Target | Refused:
    if person_by_id(desk.db, pupil_id=pupil_id, day=desk.day) is None:
        return refuse(desk.texts, TargetFault.UNKNOWN_PUPIL, word=word)
    return target_of(desk, f"{_PUPIL}{pupil_id}")


def _coded(desk: Desk, word: str) -> Target | Refused:
    """A reference by its six symbols, in groups or not; any other word means nobody."""
    symbols = "".join(sign for sign in word if sign.isalnum())
    if len(symbols) != reference.LENGTH or not any(sign.isalpha() for sign in symbols):
        return refuse(desk.texts, TargetFault.NO_TARGET, word=word)
    if not reference.is_valid(word):
        return refuse(desk.texts, TargetFault.MISTYPED, word=word)
    pupil_id = reference.references(desk.db).get(reference.compact(word))
    if pupil_id is None:
        return refuse(desk.texts, TargetFault.NOT_ISSUED, word=word)
    return target_of(desk, f"{_PUPIL}{pupil_id}")
