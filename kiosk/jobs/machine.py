"""Jobs about the machine and its ledger: demo, doctor, verify, db upgrade."""

import argparse
import json
import sys
from contextlib import closing
from typing import Any

from accounts.texts import mark
from kiosk.jobs import saving
from kiosk.jobs.common import database_of
from kiosk.jobs.words import by_right, spoken


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    demo = parsers.add_parser("demo", help="a school lunch on this machine, with virtual cards")
    demo.add_argument("--json", action="store_true", help="by script, one object at the end")
    demo.add_argument("--script", action="store_true", help="by script, even on a terminal")
    demo.set_defaults(job=_demo)

    doctor = parsers.add_parser("doctor", help="what this machine has, lacks, and how to get it")
    doctor.add_argument("--role", choices=("kiosk", "office", "server"))
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(job=_doctor)

    verify = parsers.add_parser("verify", help="prove the ledger: every balance, every guard")
    verify.add_argument("--seal", metavar="HEX", help="a seal noted elsewhere: is it still here?")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(job=by_right(_verify, act="ledger.verify", unattended=True))

    db = parsers.add_parser("db", help="the ledger's database").add_subparsers(required=True)
    upgrade = db.add_parser("upgrade", help="make it, or bring it to the newest schema")
    upgrade.add_argument("--json", action="store_true")
    upgrade.set_defaults(job=by_right(_upgrade, act="db.upgrade", unattended=True))
    saving.add(db)


def _demo(asked: argparse.Namespace) -> int:
    from kiosk.demo.command import main  # noqa: PLC0415

    return main(as_object=asked.json, by_script=asked.script, out=sys.stdout)


def _doctor(asked: argparse.Namespace) -> int:
    from kiosk.doctor import Role, main  # noqa: PLC0415

    return main(Role(asked.role) if asked.role else None, asked.json, sys.stdout)


def _verify(asked: argparse.Namespace) -> int:
    from kiosk.proving import main  # noqa: PLC0415

    with closing(database_of(asked)) as database:
        return main(database, as_json=asked.json, out=sys.stdout, seal=asked.seal)


def _upgrade(asked: argparse.Namespace) -> int:
    from accounts.city import prepare  # noqa: PLC0415

    with closing(database_of(asked, checked=False)) as database:
        hints = prepare(database)
    if asked.json:
        sys.stdout.write(json.dumps({"upgraded": True, "to_run": hints}) + "\n")
        return 0
    say = spoken().say
    sys.stdout.write(say(mark("The ledger is at the newest schema.")) + "\n")
    if hints:
        sentence = mark(
            "Not all its roles' limits could be set. An administrator of the server has to run, "
            "in this database:"
        )
        sys.stdout.write("\n".join([say(sentence), *(f"  {hint};" for hint in hints)]) + "\n")
    return 0
