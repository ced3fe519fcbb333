"""Jobs about what kiosks noticed of cards."""

import argparse
from typing import Any

from kiosk.jobs.words import job_of

_TEN_YEARS = 3660


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words below ``mensa card``."""
    alerts = job_of(
        parsers,
        "alerts",
        "copies, blocked cards shown, one card at two kiosks",
        "card_alerts:show",
        act="card.alerts",
        reads=True,
    )
    alerts.add_argument("--school", metavar="NUMBER", help="left out: all schools")
    alerts.add_argument("--days", type=days, default=30, metavar="N", help="so far back (30)")
    alerts.add_argument("--all", action="store_true", help="those somebody looked into as well")

    seen = job_of(
        parsers,
        "seen",
        "note that an alert was looked into",
        "card_alerts:seen",
        act="card.seen",
        about="places:of_alert",
    )
    seen.add_argument("alert", metavar="ALERT", help="as mensa card alerts names it: a12, f345")
    seen.add_argument("--note", required=True, metavar="TEXT", help="what came of it")


def days(word: str) -> int:
    """A number of days, up to the ten years that books are kept."""
    number = int(word)
    if not 1 <= number <= _TEN_YEARS:
        raise ValueError(word)
    return number
