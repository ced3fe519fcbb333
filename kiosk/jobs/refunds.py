"""Jobs about money that goes back: asked for, listed, exported for the bank, cancelled."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import (
    ANY,
    EVERY,
    add_school_word,
    add_user_words,
    amount,
    by_right,
    day,
    job_of,
    number,
    year,
)

_ACT = "refund"
_VAULT = "bank_words:open_vault"


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("refund", help="money that goes back to who paid in")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    _add_request(jobs)
    listed = job_of(
        jobs, "list", "refunds, to whom, and how they stand", "refund_list:show", act="request.list",
        about=ANY, first=_VAULT, reads=True,
    )  # fmt: skip
    listed.add_argument("--all", action="store_true", help="those that are over, too")
    _add_leavers(jobs)
    _add_export(jobs)
    undone = job_of(
        jobs, "cancel", "the money is the child's again", "refunds:cancel", act="refund.export",
        about=EVERY,
    )  # fmt: skip
    undone.add_argument("refund", type=number, metavar="REFUND", help="its number in the list")
    undone.add_argument("--reason", required=True, metavar="TEXT")
    undone.add_argument(
        "--not-paid", action="store_true", help="the bank did not and will not carry it out"
    )


def _add_request(jobs: "argparse._SubParsersAction[Any]") -> None:
    wish = job_of(
        jobs,
        "request",
        "ask for a refund to an account that paid in, which another person approves",
        "refunds:request",
        act=_ACT,
        about="places:of_refund",
        first=_VAULT,
    )
    wish.add_argument(
        "person", nargs="?", metavar="PERSON", help="number at the school, or @ and the city's"
    )
    wish.add_argument("--school", metavar="NNNNNN", help="its official number")
    wish.add_argument("--amount", type=amount, metavar="EURO", help="left out: all that is left")
    wish.add_argument(
        "--line", type=number, metavar="LINE", help="the bank line whose payer gets it"
    )
    wish.add_argument("--reason", required=True, metavar="TEXT")


def _add_leavers(jobs: "argparse._SubParsersAction[Any]") -> None:
    left = job_of(
        jobs,
        "leavers",
        "who left and has money; with --apply, ask for all those refunds as one list",
        "leavers:run",
        act=_ACT,
        first=_VAULT,
    )
    add_school_word(left)
    whom = left.add_mutually_exclusive_group(required=True)
    whom.add_argument(
        "--class", metavar="CLASS", dest="class_name", help="everyone of it; or '10*'"
    )
    whom.add_argument(
        "--year", type=year, metavar="YYYY", help="who left in the school year that began then"
    )
    left.add_argument("--apply", action="store_true", help="do it")
    left.add_argument("--reason", metavar="TEXT", help="left out: left the school")


def _add_export(jobs: "argparse._SubParsersAction[Any]") -> None:
    out = jobs.add_parser("export", help="write all agreed refunds into a file for the bank")
    out.add_argument("file", type=Path, metavar="FILE", help="pain.001.001.09; it must not exist")
    out.add_argument("--on", type=day, metavar="DAY", help="when to pay; left out: today")
    out.add_argument(
        "--account", metavar="IBAN", help="from which account, where there are several"
    )
    out.add_argument("--again", type=number, metavar="RUN", help="the file of an earlier run")
    out.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    add_user_words(out)
    out.set_defaults(job=by_right(_export, act="refund.export"))


def _export(asked: argparse.Namespace) -> int:
    from kiosk.office.refund_export import export  # noqa: PLC0415  # it opens the ledger

    return export(asked)
