"""Jobs about the bank: what came in, what nobody understood, and whether ledger and bank agree."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs import bank_pull
from kiosk.jobs.words import EVERY, add_user_words, amount, by_right, job_of, number

_OPEN, _ASSIGN = "bank.open", "bank.assign"
_VAULT = "bank_words:open_vault"
_LINE = "its number in mensa bank open"


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("bank", help="what the bank shows, and whose money it is")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    _add_accounts(jobs)
    bank_pull.add(jobs)
    _add_files(jobs)
    _add_looks(jobs)
    _add_decisions(jobs)


def _add_accounts(jobs: "argparse._SubParsersAction[Any]") -> None:
    words = jobs.add_parser("account", help="the city's accounts at banks")
    accounts = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        accounts,
        "add",
        "an account that parents pay into",
        "bank_accounts:add",
        act="bank.account",
        about=EVERY,
    )
    new.add_argument("iban", metavar="IBAN", help="in one word, or in quotes")
    new.add_argument(
        "holder",
        metavar="HOLDER",
        help="exactly as the bank has it: payers' banks compare it letter by letter",
    )
    job_of(
        accounts,
        "list",
        "the city's accounts at banks",
        "bank_accounts:show",
        act="bank.status",
        about=EVERY,
        reads=True,
    )


def _add_files(jobs: "argparse._SubParsersAction[Any]") -> None:
    bring = jobs.add_parser(
        "import",
        help="read statements from files (camt.052, camt.053, MT940, or a zip of them)",
    )
    bring.add_argument("files", nargs="+", type=Path, metavar="FILE")
    bring.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    add_user_words(bring)
    bring.set_defaults(job=by_right(_import, act="bank.import"))
    job_of(
        jobs,
        "files",
        "files that wait or could not be taken, and why",
        "bank_files:show",
        act="bank.status",
        about=EVERY,
        reads=True,
    )


def _import(asked: argparse.Namespace) -> int:
    from kiosk.office.bank_import import bring_in  # noqa: PLC0415  # it opens the ledger

    return bring_in(asked)


def _add_looks(jobs: "argparse._SubParsersAction[Any]") -> None:
    queue = job_of(
        jobs,
        "open",
        "lines of which nobody knows yet whose money it is",
        "bank_queue:show",
        act=_OPEN,
        about=EVERY,
        first=_VAULT,
        reads=True,
    )
    queue.add_argument("--all", action="store_true", help="those set aside, too")
    queue.add_argument(
        "--most", type=number, default=40, metavar="N", help="how many lines; else 40"
    )
    one = job_of(
        jobs,
        "show",
        "one line: what the bank says, where it went and why",
        "bank_show:show",
        act=_OPEN,
        about=EVERY,
        first=_VAULT,
        reads=True,
    )
    one.add_argument("line", type=number, metavar="LINE", help=_LINE)
    job_of(
        jobs,
        "status",
        "whether ledger and bank agree, and what is open; 1 where they do not",
        "bank_status:show",
        act="bank.status",
        about=EVERY,
        reads=True,
    )


def _add_decisions(jobs: "argparse._SubParsersAction[Any]") -> None:
    give = job_of(
        jobs,
        "assign",
        "say whose money it is",
        "bank_decisions:assign",
        act=_ASSIGN,
        about=EVERY,
        first="bank_decisions:prepare",
    )
    give.add_argument("line", type=number, metavar="LINE", help=_LINE)
    give.add_argument(
        "target",
        nargs="+",
        metavar="TARGET",
        help="1 to 3 (a suggestion; 1 2 takes both), a code as K7M-4XP, SCHOOL:NUMBER, or fees, interest, cash, "
        "refunds, receivable NAME, payable NAME",
    )
    give.add_argument("--amount", type=amount, metavar="EURO", help="a part of it, as 30,00")

    split = job_of(
        jobs,
        "split",
        "divide a line among several",
        "bank_decisions:split",
        act=_ASSIGN,
        about=EVERY,
        first="bank_decisions:prepare",
    )
    split.add_argument("line", type=number, metavar="LINE", help=_LINE)
    split.add_argument(
        "parts",
        nargs="+",
        metavar="TARGET=AMOUNT",
        help="as K7M-4XP=30,00; one target without an amount takes the rest",
    )

    aside = job_of(
        jobs,
        "ignore",
        "set a line aside: it stays in suspense and out of the queue",
        "bank_undoing:set_aside",
        act=_ASSIGN,
        about=EVERY,
    )
    aside.add_argument("line", type=number, metavar="LINE", help=_LINE)
    how = aside.add_mutually_exclusive_group(required=True)
    how.add_argument("--reason", metavar="WORDS", help="why")
    how.add_argument("--back", action="store_true", help="into the queue again")

    undo = job_of(
        jobs,
        "undo",
        "take back where a line went: it is in suspense again",
        "bank_undoing:take_back",
        act=_ASSIGN,
        about=EVERY,
    )
    undo.add_argument("line", type=number, metavar="LINE", help=_LINE)
    undo.add_argument("--reason", required=True, metavar="WORDS", help="why")
