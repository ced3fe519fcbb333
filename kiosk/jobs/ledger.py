"""Jobs about the books: closing a month, and what is done every night."""

import argparse
from typing import Any

from kiosk.jobs.words import EVERY, Need, add_user_words, at_desk, by_right, job_of, number

_ACT = "month.close"


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("month", help="close a month's books, list the closed ones")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    close = jobs.add_parser("close", help="close a month for ever: nothing is booked into it again")
    close.add_argument("month", metavar="YYYY-MM")
    how = close.add_mutually_exclusive_group()
    how.add_argument(
        "--override", metavar="REASON", help="ask for closing it although something is still open"
    )
    how.add_argument("--request", type=number, metavar="N", help="what another person approved")
    close.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    add_user_words(close)
    close.set_defaults(job=_close_or_ask)
    job_of(
        jobs,
        "list",
        "the closed months, and those that could be closed",
        "months:show",
        act="ledger.verify",
        about=EVERY,
        reads=True,
    )

    nightly = parsers.add_parser("nightly", help="verify, seal, backup, and what is due")
    nightly.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    nightly.set_defaults(job=by_right(_nightly, act="ledger.nightly", unattended=True))


def _close(asked: argparse.Namespace) -> int:
    from kiosk.office.months import close  # noqa: PLC0415  # it opens the ledger

    return close(asked)


_ask = at_desk("months:ask_override", first=None, reads=False, act=_ACT, about=EVERY)
_close_alone = by_right(_close, act=_ACT)


def _close_or_ask(asked: argparse.Namespace) -> int:
    return _close_alone(asked) if asked.override is None else _ask(asked)


_close_or_ask.need = Need(_ACT, EVERY)  # type: ignore[attr-defined]  # for the test that finds them all


def _nightly(asked: argparse.Namespace) -> int:
    from kiosk.office.nightly import main  # noqa: PLC0415  # as above

    return main(asked)
