"""Jobs about cards. They need the secret for card numbers (pepper_file in the settings)."""

import argparse
from typing import Any

from kiosk.jobs import card_alerts, card_doctor, card_keys, issuing
from kiosk.jobs.words import add_school_word, job_of

OF_CARD = "places:of_card"
REASONS = ("lost", "stolen", "defective", "left_school", "other")


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("card", help="cards and whose they are")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs,
        "assign",
        "give somebody their first card",
        "cards:assign",
        act="card.assign",
        first="cards:ask",
    )
    new.add_argument(
        "uid",
        nargs="?",
        metavar="UID",
        help="the number the card shows a reader; left out: a keyboard reader types it, or you do",
    )
    add_school_word(new)
    whose = new.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--pupil", metavar="NUMBER", help="number at the school, or @ and the city's"
    )
    whose.add_argument("--staff", metavar="LABEL", help="a member of the canteen's staff")

    block = job_of(
        jobs, "block", "refuse a card from now on", "cards:block", act="card.block", about=OF_CARD
    )
    _add_printed(block)
    block.add_argument("--reason", choices=REASONS, default="lost")

    unblock = job_of(
        jobs,
        "unblock",
        "a blocked card was found",
        "cards:unblock",
        act="card.block",
        about=OF_CARD,
    )
    _add_printed(unblock)

    new = job_of(
        jobs,
        "replace",
        "a new card instead of this one",
        "cards:replace",
        act="card.replace",
        about=OF_CARD,
        first="cards:ask_other",
    )
    new.add_argument(
        "words",
        nargs="+",
        metavar="PRINTED_NO",
        help="the nine digits on the old card; then the new card's number, as for assign",
    )
    new.add_argument("--reason", choices=REASONS, default="other")
    new.usage = "mensa card replace [-h] [--json] [--reason REASON] PRINTED_NO [UID]"

    show = job_of(
        jobs,
        "show",
        "whose card this is, and what became of it",
        "cards:show",
        act="card.show",
        about=OF_CARD,
        reads=True,
    )
    _add_printed(show)
    issuing.add(jobs)
    card_keys.add(jobs)
    card_alerts.add(jobs)
    card_doctor.add(jobs)


def _add_printed(parser: argparse.ArgumentParser) -> None:
    # Printed and spoken in threes, so typed in threes.
    parser.add_argument(
        "words", nargs="+", metavar="PRINTED_NO", help="the nine digits on the card"
    )
