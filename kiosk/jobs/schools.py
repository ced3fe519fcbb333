"""Jobs about schools, who sells there, who pays, and the tariffs."""

import argparse
from typing import Any

from kiosk.jobs.words import ANY, EVERY, KINDS, add_school_word, amount, day, job_of, on_off, proofs


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    _add_schools(parsers)
    _add_sellers(parsers)
    _add_tariffs(parsers)


def _add_schools(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("school", help="schools and their settings")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(jobs, "add", "add a school", "schools:add", act="school.add", about=EVERY)
    new.add_argument("number", metavar="NUMBER", help="its official number, six digits")
    new.add_argument("name", metavar="NAME")

    job_of(
        jobs, "list", "all schools with their settings", "schools:show", act="school.list",
        about=ANY, reads=True,
    )  # fmt: skip

    change = job_of(
        jobs,
        "set",
        "change a school's settings",
        "schools:change",
        act="school.set",
        about="number",
    )
    change.add_argument("number", metavar="NUMBER")
    change.add_argument("--name")
    change.add_argument(
        "--floor",
        type=amount,
        metavar="EURO",
        help="how deep the day's first lunch may go, such as -15,00",
    )
    change.add_argument(
        "--accepts",
        type=proofs,
        metavar="KINDS",
        help="aes (genuine cards), uid (bare numbers, which can be copied) or aes,uid",
    )
    change.add_argument(
        "--uid-limit",
        type=amount,
        metavar="EURO",
        help="what a bare number may buy a day besides the first lunch; at the start 5,00",
    )
    change.add_argument(
        "--first-name", type=on_off, metavar="on|off", help="greet the child by its first name"
    )
    change.add_argument("--language", choices=("de", "en"))
    change.add_argument(
        "--remember-iban",
        type=on_off,
        metavar="on|off",
        help="a payer's account that paid for one child may stand for it without a reference",
    )

    close = job_of(
        jobs,
        "close",
        "no meals at a school on a day",
        "schools:close",
        act="school.days",
        about="number",
    )
    close.add_argument("number", metavar="NUMBER")
    close.add_argument("day", type=day, metavar="DAY", help="31.12.2026 or 2026-12-31")
    close.add_argument("why", metavar="WHY", help="what staff read, such as Karneval")

    reopen = job_of(
        jobs,
        "open",
        "meals after all on a closed day",
        "schools:reopen",
        act="school.days",
        about="number",
    )
    reopen.add_argument("number", metavar="NUMBER")
    reopen.add_argument("day", type=day, metavar="DAY")


def _add_sellers(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("operator", help="who sells the meals")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs, "add", "add who sells meals", "tariffs:add_seller", act="tariff.add", about=EVERY
    )
    new.add_argument("name", metavar="NAME")
    new.add_argument(
        "--kind",
        required=True,
        choices=("public", "nonprofit", "commercial"),
        help="city, non-profit body or caterer: the tax depends on it",
    )
    new.add_argument(
        "--settled-as",
        required=True,
        choices=("revenue", "payable"),
        help="the city's own revenue, or money it holds for a caterer",
    )
    job_of(
        jobs,
        "list",
        "all who sell meals",
        "tariffs:show_sellers",
        act="tariff.list",
        about=ANY,
        reads=True,
    )

    words = parsers.add_parser("body", help="funding bodies (Kostenträger)")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs,
        "add",
        "add a body that pays for others",
        "tariffs:add_body",
        act="tariff.add",
        about=EVERY,
    )
    new.add_argument("name", metavar="NAME")
    job_of(
        jobs,
        "list",
        "all funding bodies",
        "tariffs:show_bodies",
        act="tariff.list",
        about=ANY,
        reads=True,
    )


def _add_tariffs(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("tariff", help="tariffs")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(jobs, "add", "add a tariff", "tariffs:add", act="tariff.add", about=EVERY)
    new.add_argument("code", metavar="CODE", help="short, such as V or B")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--kind", required=True, choices=KINDS, help="for whom")
    new.add_argument("--base", action="store_true", help="everybody of that kind has it")
    new.add_argument("--body", metavar="NAME", help="the funding body that pays the rest")
    job_of(jobs, "list", "all tariffs", "tariffs:show", act="tariff.list", about=ANY, reads=True)

    given = job_of(
        parsers,
        "entitle",
        "give a person a tariff for some time",
        "tariffs:give",
        act="tariff.give",
    )
    given.add_argument("pupil", metavar="PUPIL", help="number at the school, or @ and the city's")
    add_school_word(given)
    given.add_argument("--tariff", required=True, metavar="CODE")
    given.add_argument("--from", required=True, type=day, metavar="DAY", dest="valid_from")
    given.add_argument(
        "--to", type=day, metavar="DAY", dest="valid_to", help="the last day; none: no end"
    )
