"""Jobs about the kiosks a school has."""

import argparse
from typing import Any

from kiosk.jobs.words import add_school_word, job_of


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("kiosk-device", help="which kiosks may write to the ledger")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(jobs, "add", "enrol a kiosk, and print its settings", "devices:add")
    new.add_argument("name", metavar="NAME")
    add_school_word(new)
    job_of(jobs, "list", "all kiosks ever enrolled", "devices:show", reads=True)
    stop = job_of(jobs, "revoke", "believe a kiosk nothing more from now on", "devices:revoke")
    stop.add_argument("name", metavar="NAME")
