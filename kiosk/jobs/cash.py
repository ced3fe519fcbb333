"""Jobs of the city's desk: cash for families without a bank account, and households."""

import argparse
from typing import Any

from kiosk.jobs.words import add_school_word, amount, job_of, number, shares

_SET = "household.set"


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    taken = job_of(
        parsers,
        "topup",
        "cash was taken for a child; another person approves, then print the receipt",
        "cash_desk:take",
        act="topup.cash",
    )
    taken.add_argument("person", metavar="PERSON", help="number at the school, or @ and the city's")
    taken.add_argument("amount", type=amount, metavar="AMOUNT", help="such as 20,00")
    add_school_word(taken)
    taken.add_argument("--reason", metavar="TEXT", help="left out: taken in cash")
    paper = job_of(
        parsers, "receipt", "the receipt for cash that was booked", "cash_desk:show_receipt",
        act="topup.cash", about="places:of_request", reads=True,
    )  # fmt: skip
    paper.add_argument("number", type=number, metavar="NUMBER", help="the request's")
    _add_households(parsers)


def _add_households(parsers: "argparse._SubParsersAction[Any]") -> None:
    words = parsers.add_parser("household", help="children whose parents pay in one transfer")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs, "add", "make children one household", "households:add", act=_SET,
        about="places:of_household", first="households:read",
    )  # fmt: skip
    new.add_argument(
        "persons", nargs="+", metavar="PERSON", help="number at the school, @ and the city's, or "
        "SCHOOL:NUMBER for one of another school",
    )  # fmt: skip
    new.add_argument("--school", metavar="NNNNNN", help="its official number")
    new.add_argument("--shares", type=shares, metavar="2:1", help="in their order; else equal")
    listed = job_of(
        jobs, "list", "the households with a child at the school", "households:show", act=_SET,
        reads=True,
    )  # fmt: skip
    add_school_word(listed)
    over = job_of(
        jobs, "end", "they are no household any more", "households:end", act=_SET,
        about="places:of_standing_household",
    )  # fmt: skip
    over.add_argument("household", type=number, metavar="HOUSEHOLD", help="its number in the list")
