"""A request in words: what is asked for, how much, for whom, and what else was written with it."""

from collections.abc import Iterator, Mapping

from accounts.directory import person_by_id
from accounts.requests import Request
from accounts.texts import mark
from kiosk.office.answers import Refused
from kiosk.office.desk import Desk
from kiosk.office.persons import OWN_NUMBER, tell_person
from kiosk.sentences_people import ACTS

_DETAILS: Mapping[str, str] = {
    "line": mark("to the payer of bank line {value}"),
    "list": mark("list {value}"),
    "count": mark("{value} opening balances"),
    "digest": mark("file {value}"),
}
_LEADING = 16
"""So much of a digest is shown."""


def told_request(desk: Desk, request: Request) -> str:
    """What, how much, for whom."""
    parts = [desk.say(ACTS.get(request.act, request.act.value))]
    if request.amount is not None:
        parts.append(desk.texts.money(request.amount))
    if request.pupil_id is not None:
        person = person_by_id(desk.db, pupil_id=request.pupil_id, day=desk.day)
        named = f"{OWN_NUMBER}{request.pupil_id}" if person is None else tell_person(person)
        parts.append(named)
    return ", ".join((*parts, *_details(desk, request)))


def _details(desk: Desk, request: Request) -> Iterator[str]:
    for key, value in request.detail.items():
        shown = str(value)
        if key in {"cents", "whom"}:
            continue  # the amount above; whom is compared when it is booked
        if key == "digest":
            shown = shown[:_LEADING]
        yield desk.say(_DETAILS[key], value=shown) if key in _DETAILS else shown


def takes_two(desk: Desk) -> Refused:
    """That the act needs users with rights of their own, and there are none yet."""
    sentence = desk.say(
        "This takes two people with rights of their own, and the ledger has no users yet: "
        "mensa user add NAME --role administrator"
    )
    return Refused("no_users", (sentence,))
