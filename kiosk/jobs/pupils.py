"""Jobs about people: a school's file, lists, the canteen's staff, opening balances."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import KINDS, add_school_word, amount, decision, job_of, number


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    _add_pupils(parsers)
    _add_staff(parsers)
    start = job_of(
        parsers,
        "go-live",
        "take over opening balances from a CSV file: ask with --total, book with --request",
        "go_live:begin",
        act="opening.book",
        about="places:of_openings",
        first="go_live:read",
    )
    start.add_argument("file", type=Path, metavar="FILE", help="columns Schule;Nummer;Betrag")
    how = start.add_mutually_exclusive_group()
    how.add_argument("--total", type=amount, metavar="EURO", help="ask; what they come to in all")
    how.add_argument(
        "--request", type=number, metavar="N", help="book what another person approved"
    )


def _add_pupils(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("pupils", help="who belongs to a school")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    bring = job_of(
        jobs,
        "import",
        "bring a school up to what its file says; shows it only, unless --apply is given",
        "rosters:bring_in",
        act="pupils.import",
        first="rosters:read",
    )
    bring.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="SchILD-NRW text export, SchuelerBasisdaten.dat, Untis GPU010, or any other table",
    )
    add_school_word(bring)
    how = bring.add_mutually_exclusive_group()
    how.add_argument("--apply", action="store_true", help="do it")
    how.add_argument("--dry-run", action="store_true", help="show it and change nothing (default)")
    bring.add_argument("--kind", choices=KINDS, default="pupil", help="who the people are")
    bring.add_argument("--profile", type=Path, metavar="FILE", help="how to read another table")
    bring.add_argument(
        "--allow-many-missing", action="store_true", help="more than a fifth has really gone"
    )
    bring.add_argument(
        "--decide",
        action="append",
        default=[],
        type=decision,
        metavar="LINE=WHO",
        help="whom an ambiguous line means: 7=4101, 7=@312 (the city's number) or 7=new",
    )
    listed = job_of(
        jobs, "list", "who belongs to a school", "pupils:show", act="pupils.list", reads=True
    )
    add_school_word(listed)
    listed.add_argument("--class", metavar="CLASS", dest="class_name")
    pay = job_of(
        jobs,
        "reference",
        "how a child's parents pay in: account, holder and the child's reference",
        "pupils:show_reference",
        act="pupils.list",
        reads=True,
    )
    pay.add_argument("number", metavar="NUMBER", help="the school's number of the child")
    add_school_word(pay)
    limit = job_of(
        jobs,
        "limit",
        "what parents allow beside the day's first lunch",
        "wishes:limit",
        act="pupils.limit",
    )
    limit.add_argument("number", metavar="NUMBER", help="the school's number of the child")
    add_school_word(limit)
    how_much = limit.add_mutually_exclusive_group()
    how_much.add_argument("--day-limit", type=amount, metavar="AMOUNT", help="a day, as 5,00")
    how_much.add_argument("--no-day-limit", action="store_true")
    limit.add_argument(
        "--block", nargs="*", choices=("snack", "drink"), help="not for sale to this child"
    )


def _add_staff(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("staff", help="who may act at a school's kiosks")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs,
        "add",
        "add a member of the canteen's staff",
        "staff:add",
        act="staff.set",
        first="staff:ask_pin",
    )
    new.add_argument("label", metavar="LABEL", help="as the kiosk shows it; never a full name")
    add_school_word(new)
    how = new.add_mutually_exclusive_group()
    how.add_argument("--pin-stdin", action="store_true", help="the PIN is standard input's line")
    how.add_argument("--card-only", action="store_true", help="no PIN, a staff card only")
    dismiss = job_of(
        jobs, "dismiss", "neither PIN nor card opens anything", "staff:dismiss", act="staff.set"
    )
    dismiss.add_argument("label", metavar="LABEL")
    add_school_word(dismiss)
    pin = job_of(
        jobs, "pin", "give another PIN", "staff:renew_pin", act="staff.set", first="staff:ask_pin"
    )
    pin.add_argument("label", metavar="LABEL")
    add_school_word(pin)
    pin.add_argument("--pin-stdin", action="store_true", help="the PIN is standard input's line")
    pin.set_defaults(card_only=False)
    show = job_of(jobs, "list", "the canteen's staff", "staff:show", act="staff.list", reads=True)
    add_school_word(show)
