"""Jobs about the kiosks a school has."""

import argparse
from pathlib import Path
from typing import Any

from kiosk.jobs.words import ANY, add_school_word, descriptor, job_of


def add(parsers: "argparse._SubParsersAction[Any]") -> None:
    """Add the jobs' words."""
    words = parsers.add_parser("kiosk-device", help="which kiosks may write to the ledger")
    jobs = words.add_subparsers(required=True, metavar="JOB")
    new = job_of(
        jobs,
        "add",
        "enrol a kiosk, and write its file",
        "devices:add",
        act="kiosk.add",
        first="devices:read_key",
    )
    new.add_argument("name", metavar="NAME")
    add_school_word(new)
    _add_out(new)
    _add_school_key(new)
    again = job_of(
        jobs,
        "renew",
        "write another file for a kiosk; its password of before ends",
        "devices:renew",
        act="kiosk.add",
        about="places:of_kiosk",
        first="devices:read_key",
    )
    again.add_argument("name", metavar="NAME")
    _add_out(again)
    _add_school_key(again)
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
    rescue = job_of(
        jobs,
        "salvage",
        "book what a revoked kiosk never brought, from its journal",
        "salvaging:book",
        act="kiosk.add",
        about="places:of_kiosk",
        first="salvaging:ask_key",
    )
    rescue.add_argument("name", metavar="NAME")
    rescue.add_argument("file", type=Path, metavar="FILE", help="the kiosk's journal")
    opens = rescue.add_argument_group("what opens the journal (else its passphrase is asked for)")
    how = opens.add_mutually_exclusive_group()
    how.add_argument("--key-file", type=Path, metavar="FILE", help="the kiosk's key, 32 bytes")
    how.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="readable by its owner alone"
    )
    how.add_argument("--passphrase-fd", type=descriptor, metavar="N", help="an open file's number")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where the file goes; else kasse-ORIGIN.json here"
    )


def _add_school_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--school-key",
        type=Path,
        metavar="FILE",
        help="the school's card key, to go with it: mensa card keys export-school",
    )
