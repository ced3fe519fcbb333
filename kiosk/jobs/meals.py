"""Jobs about the menu: one offer, a week's file, what is offered."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import add_school_word, day, job_of, tariff_price


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("offer", help="what is offered, and its prices")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(jobs, "add", "offer something on a day", "meals:add", act="offer.add")
    add_school_word(new)
    new.add_argument("--day", required=True, type=day, metavar="DAY")
    new.add_argument("--code", required=True, help="what staff press, such as 1 or W")
    new.add_argument("--title", required=True)
    new.add_argument(
        "--class", required=True, choices=("lunch", "snack", "drink"), dest="item_class"
    )
    new.add_argument("--operator", required=True, metavar="NAME")
    new.add_argument(
        "--price",
        required=True,
        action="append",
        type=tariff_price,
        metavar="TARIFF=PRICE",
        help="once a tariff: V=4,20, or with the parents' part of it B=4,20/0,00",
    )

    show = job_of(jobs, "list", "what a school offers", "meals:show", act="offer.list", reads=True)
    add_school_word(show)
    show.add_argument("--day", type=day, metavar="DAY", help="else today and the next 13 days")

    week = job_of(
        jobs,
        "import",
        "a menu from a CSV file, whole or not at all",
        "menu_file:bring_in",
        act="offer.add",
        first="menu_file:read",
    )
    week.add_argument("file", type=Path, metavar="FILE")
    add_school_word(week)
    week.add_argument("--operator", metavar="NAME", help="where the file has no such column")
