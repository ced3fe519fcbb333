"""Who sells, who pays, and by which tariff, at the office's desk."""

import argparse

from accounts.charge import PersonKind
from accounts.operators import OperatorKind, OperatorRefusal, SettledAs, add_operator
from accounts.registers import funding_bodies, operators
from accounts.tariffs import TariffRefusal, add_funding_body, add_tariff, entitle, tariffs
from kiosk.office.columns import in_columns
from kiosk.office.desk import Answer, Desk, Refused, Said, refused
from kiosk.office.persons import person_meant, tell_person
from kiosk.sentences_office import KINDS


def add_seller(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa operator add``."""
    made = add_operator(
        desk.db,
        name=asked.name,
        kind=OperatorKind(asked.kind),
        settled_as=SettledAs(asked.settled_as),
    )
    if isinstance(made, OperatorRefusal):
        return refused(desk.texts, made, name=asked.name)
    told = desk.say("Added: operator {name}", name=asked.name)
    fields = {"name": asked.name, "kind": asked.kind, "settled_as": asked.settled_as}
    return Said((told,), {"operator": fields})


def show_sellers(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa operator list``."""
    found = operators(desk.db)
    if not found:
        hint = desk.say("Nobody sells meals yet. Add who does: mensa operator add NAME ...")
        return Said((hint,), {"operators": []})
    head = (desk.say("Name"), desk.say("Kind"), desk.say("Settled as"))
    fields = [
        {"name": it.name, "kind": it.kind.value, "settled_as": it.settled_as.value} for it in found
    ]
    rows = [
        (it.name, desk.say(KINDS[it.kind.value]), desk.say(KINDS[it.settled_as.value]))
        for it in found
    ]
    return Said(in_columns(head, rows), {"operators": fields})


def add_body(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa body add``."""
    made = add_funding_body(desk.db, name=asked.name)
    if isinstance(made, TariffRefusal):
        return refused(desk.texts, made, name=asked.name)
    told = desk.say("Added: funding body {name}", name=asked.name)
    return Said((told,), {"body": {"name": asked.name}})


def show_bodies(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa body list``."""
    names = [body.name for body in funding_bodies(desk.db)]
    hint = desk.say("There is no funding body yet. Add one: mensa body add NAME")
    return Said(tuple(names) or (hint,), {"bodies": [{"name": name} for name in names]})


def add(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa tariff add``."""
    body_id = None
    if asked.body is not None:
        bodies = {body.name: body.id for body in funding_bodies(desk.db)}
        if asked.body.strip() not in bodies:
            return refused(desk.texts, TariffRefusal.UNKNOWN_BODY, name=asked.body)
        body_id = bodies[asked.body.strip()]
    made = add_tariff(
        desk.db,
        code=asked.code,
        name=asked.name,
        person_kind=PersonKind(asked.kind),
        at=desk.at,
        base=asked.base,
        funding_body_id=body_id,
    )
    if isinstance(made, TariffRefusal):
        return refused(desk.texts, made, code=asked.code, name=asked.body)
    told = desk.say("Added: tariff {code}, {name}", code=asked.code, name=asked.name)
    fields = {
        "code": asked.code,
        "name": asked.name,
        "kind": asked.kind,
        "base": asked.base,
        "body": asked.body,
    }
    return Said((told,), {"tariff": fields})


def show(desk: Desk, _asked: argparse.Namespace) -> Answer:
    """``mensa tariff list``."""
    bodies = {body.id: body.name for body in funding_bodies(desk.db)}
    found = tariffs(desk.db)
    if not found:
        hint = desk.say(
            "There is no tariff yet. The first one: mensa tariff add V NAME --kind pupil --base"
        )
        return Said((hint,), {"tariffs": []})
    head = (
        desk.say("Code"),
        desk.say("Name"),
        desk.say("For"),
        desk.say("Base"),
        desk.say("Funding body"),
    )
    rows = [
        (
            it.code,
            it.name,
            desk.say(KINDS[it.person_kind.value]),
            desk.yes_no(it.base),
            bodies.get(it.funding_body_id or 0, "-"),
        )
        for it in found
    ]
    fields = [
        {
            "code": it.code,
            "name": it.name,
            "kind": it.person_kind.value,
            "base": it.base,
            "body": bodies.get(it.funding_body_id or 0),
        }
        for it in found
    ]
    return Said(in_columns(head, rows), {"tariffs": fields})


def give(desk: Desk, asked: argparse.Namespace) -> Answer:
    """``mensa entitle``."""
    person = person_meant(desk, school=asked.school, number=asked.pupil)
    if isinstance(person, Refused):
        return person
    by_code = {it.code: it.id for it in tariffs(desk.db)}
    if asked.tariff not in by_code:
        return refused(desk.texts, TariffRefusal.UNKNOWN_TARIFF, code=asked.tariff)
    made = entitle(
        desk.db,
        pupil_id=person.id,
        tariff_id=by_code[asked.tariff],
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
        at=desk.at,
    )
    if isinstance(made, TariffRefusal):
        return refused(desk.texts, made, code=asked.tariff)
    desk.look("entitle", pupil_id=person.id)
    days = {
        "code": asked.tariff,
        "person": tell_person(person),
        "first": desk.texts.day(asked.valid_from),
    }
    told = desk.say("{person}: tariff {code} from {first} on", **days)
    if asked.valid_to is not None:
        last = desk.texts.day(asked.valid_to)
        told = desk.say("{person}: tariff {code} from {first} to {last}", **days, last=last)
    fields = {
        "pupil": asked.pupil,
        "tariff": asked.tariff,
        "from": str(asked.valid_from),
        "to": None if asked.valid_to is None else str(asked.valid_to),
    }
    return Said((told,), {"entitlement": fields})
