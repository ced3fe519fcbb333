"""The job that issues cards: at the station, with its reader and its master keys."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.card_keys import add_opening_words
from kiosk.jobs.words import SCHOOL, Job, Need, add_school_word, add_user_words

REASONS = ("lost", "stolen", "defective", "left_school", "other")


def add(jobs: "argparse._SubParsersAction[Any]") -> None:
    """Add the job's words below ``mensa card``."""
    summary = "make a blank card a meal card that proves itself, and give it to somebody"
    new: argparse.ArgumentParser = jobs.add_parser(
        "issue",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. What is cut off, by a card that leaves "
        "the reader or by Ctrl-C, is gone on with by the same command and the same card.",
    )
    new.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    add_school_word(new)
    whose = new.add_mutually_exclusive_group(required=True)
    whose.add_argument(
        "--pupil", metavar="NUMBER", help="number at the school, or @ and the city's"
    )
    whose.add_argument("--staff", metavar="LABEL", help="a member of the canteen's staff")
    whose.add_argument("--replace", metavar="PRINTED_NO", help="a new card instead of this one")
    whose.add_argument("--class", dest="class_name", metavar="CLASS", help="a whole class")
    whose.add_argument(
        "--file", dest="list", type=Path, metavar="LIST", help="a number in each line"
    )
    new.add_argument("--reason", choices=REASONS, default="other", help="why it is replaced")
    new.add_argument(
        "--exchange",
        action="store_true",
        help="class or list: who has a card by its bare number gets another instead",
    )
    new.add_argument("--fee", metavar="CODE", help="charge this offer of today for each card")
    new.add_argument(
        "--format", action="store_true", help="delete what is on a chip, after a typed word"
    )
    new.add_argument(
        "--give-up", action="store_true", help="what was begun with another card is not finished"
    )
    new.add_argument(
        "--wait", type=float, metavar="SECONDS", help="end where no card came for so long"
    )
    add_opening_words(new)
    add_user_words(new)
    new.set_defaults(job=_job())


def _job() -> Job:
    """A job at the desk whose deed takes many transactions and waits for cards between them."""
    need = Need("card.issue", SCHOOL)

    def job(asked: argparse.Namespace) -> int:
        from kiosk.office.issuing import issue  # noqa: PLC0415  # it opens the ledger

        return issue(asked, need)

    job.deeds = ("issuing:issue", None)  # type: ignore[attr-defined]  # as the desk's jobs have it
    job.need = need  # type: ignore[attr-defined]  # as above
    return job
