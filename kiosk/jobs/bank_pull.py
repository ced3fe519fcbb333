"""Jobs that fetch from the bank: bank pull, by a timer or a person, and bank tan, for its questions.

Somebody at a terminal needs the right to it; a timer has nobody who could sign in, and whoever may
open the ledger and has the PIN may fetch. What is fetched is booked only as far as the bank's own
balances prove it.
"""

import argparse
import sys
from typing import Any

from kiosk.jobs.words import EVERY, add_user_words, by_right, descriptor, job_of, number


def add(jobs: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words behind ``mensa bank``."""
    summary = "fetch what is new from the bank and from the watched folder"
    pull = jobs.add_parser("pull", help=summary, description=summary)
    pull.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    pull.add_argument(
        "--pin-fd",
        type=descriptor,
        metavar="N",
        help="an open file's number with the PIN; else systemd's credential bank-pin, else asked",
    )
    pull.add_argument(
        "--new-pin",
        action="store_true",
        help="the PIN was changed, or the bank has unlocked the access: try once more",
    )
    add_user_words(pull)
    pull.set_defaults(job=_pull_job())

    tan = job_of(
        jobs,
        "tan",
        "what the bank wants to know while a pull waits; with NUMBER, answer it",
        "bank_tan:answer",
        act="bank.pull",
        about=EVERY,
        first="bank_tan:ask",
    )
    tan.add_argument("number", type=number, nargs="?", metavar="NUMBER", help="the question's")
    how = tan.add_mutually_exclusive_group()
    how.add_argument(
        "--tan-fd", type=descriptor, metavar="N", help="an open file's number with the TAN"
    )
    how.add_argument("--give-up", action="store_true", help="answer none: the pull ends")


def _pull_job() -> Any:
    by_timer = by_right(_pull, act="bank.pull", unattended=True)
    by_person = by_right(_pull, act="bank.pull")

    def job(asked: argparse.Namespace) -> int:
        return (by_person if sys.stdin.isatty() else by_timer)(asked)

    job.need = by_person.need  # type: ignore[attr-defined]  # for the test that finds them all
    return job


def _pull(asked: argparse.Namespace) -> int:
    from kiosk.office.bank_pull import fetch  # noqa: PLC0415  # it opens the ledger

    return fetch(asked)
