"""Jobs about the kiosks a school has."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import ANY, add_school_word, job_of


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("kiosk-device", help="which kiosks may write to the ledger")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(jobs, "add", "enrol a kiosk, and write its file", "devices:add", act="kiosk.add")
    new.add_argument("name", metavar="NAME")
    add_school_word(new)
    _add_out(new)
    again = job_of(
        jobs,
        "renew",
        "write another file for a kiosk; its password of before ends",
        "devices:renew",
        act="kiosk.add",
        about="places:of_kiosk",
    )
    again.add_argument("name", metavar="NAME")
    _add_out(again)
    job_of(
        jobs,
        "list",
        "all kiosks ever enrolled",
        "devices:show",
        act="kiosk.list",
        about=ANY,
        reads=True,
    )
    stop = job_of(
        jobs,
        "revoke",
        "believe a kiosk nothing more from now on",
        "devices:revoke",
        act="kiosk.revoke",
        about="places:of_kiosk",
    )
    stop.add_argument("name", metavar="NAME")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the file goes; else kasse-ORIGIN.json here"
    )
